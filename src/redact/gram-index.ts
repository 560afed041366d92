/** Characters by which a pattern is looked up. */
const gramLength = 4;
const bits = 22;

interface Entry<T> {
  pattern: string;
  /** Of the gram in the pattern. */
  offset: number;
  value: T;
}

/**
 * Many patterns, found in one pass over a text: each is filed under a few of its characters in a row, those that the fewest others are
 * filed under. Most places of a text are passed with one look into a bit map.
 */
export class GramIndex<T> {
  private readonly filter = new Uint8Array(1 << (bits - 3));
  private readonly entries = new Map<string, Entry<T>[]>();

  /** @param pattern of at least four characters */
  add(pattern: string, value: T): void {
    const last = pattern.length - gramLength;
    let offset = 0;
    let fewest = Number.POSITIVE_INFINITY;
    // Keys and tokens of one kind begin alike: a few places are tried.
    const step = Math.max(1, Math.floor(last / 3));
    for (let at = 0; at <= last && fewest > 0; at += step) {
      const count = this.entries.get(pattern.slice(at, at + gramLength))?.length ?? 0;
      if (count < fewest) [offset, fewest] = [at, count];
    }
    const gram = pattern.slice(offset, offset + gramLength);
    const known = this.entries.get(gram);
    if (known?.some((entry) => entry.pattern === pattern)) return;
    if (known) known.push({ pattern, offset, value });
    else this.entries.set(gram, [{ pattern, offset, value }]);
    const hash = hashAt(gram, 0);
    this.filter[hash >>> 3] = (this.filter[hash >>> 3] as number) | (1 << (hash & 7));
  }

  /** Tells of every occurrence of every pattern, in no particular order. */
  search(text: string, found: (start: number, pattern: string, value: T) => void): void {
    if (this.entries.size === 0) return;
    const { filter, entries } = this;
    for (let at = 0; at + gramLength <= text.length; at++) {
      const hash = hashAt(text, at);
      if (((filter[hash >>> 3] as number) & (1 << (hash & 7))) === 0) continue;
      for (const { pattern, offset, value } of entries.get(text.slice(at, at + gramLength)) ?? [])
        if (text.startsWith(pattern, at - offset) && at >= offset) found(at - offset, pattern, value);
    }
  }
}

function hashAt(text: string, at: number): number {
  const low = text.charCodeAt(at) | (text.charCodeAt(at + 1) << 8) | (text.charCodeAt(at + 2) << 16) | (text.charCodeAt(at + 3) << 24);
  return Math.imul(low, 0x9e3779b1) >>> (32 - bits);
}
