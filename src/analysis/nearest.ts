import { editDistance } from '../manifest/nearest.ts';

/** Shorter words are too near to everything. */
const shortest = 4;

/** `cart-v1` and `cart-v2` are two things, not a typing error. */
function otherVersion(a: string, b: string): boolean {
  return a.replace(/\d/g, '') === b.replace(/\d/g, '');
}

/** Every text that is left of a word without one of its letters, and the word itself. */
function* without(word: string): Generator<string> {
  yield word;
  for (let i = 0; i < word.length; i++) yield word.slice(0, i) + word.slice(i + 1);
}

/**
 * Finds the name that a person most likely meant. Two names are near when they are the same after at most one letter is taken
 * out of each (case not counted), so that near names are found by a look-up and not by a look at all names.
 */
export class NearestIndex {
  private readonly names: Iterable<string>;
  /** Names by what `without` makes of them; mostly one. */
  private index: Map<string, string | string[]> | undefined;

  constructor(names: Iterable<string>) {
    this.names = names;
  }

  /** Undefined when no name is near, or two are equally near. */
  find(word: string): string | undefined {
    if (word.length < shortest) return undefined;
    this.index ??= this.build();
    const near = new Set<string>();
    for (const key of without(word.toLowerCase())) {
      const found = this.index.get(key) ?? [];
      for (const name of typeof found === 'string' ? [found] : found) if (name !== word && !otherVersion(name, word)) near.add(name);
    }
    let best: string | undefined;
    let distance = Number.POSITIVE_INFINITY;
    let tie = false;
    for (const name of near) {
      const d = editDistance(word.toLowerCase(), name.toLowerCase(), 2);
      if (d > distance) continue;
      tie = d === distance;
      if (!tie) best = name;
      distance = d;
    }
    return tie ? undefined : best;
  }

  private build(): Map<string, string | string[]> {
    const index = new Map<string, string | string[]>();
    for (const name of new Set(this.names)) {
      for (const key of without(name.toLowerCase())) {
        const found = index.get(key);
        if (found === undefined) index.set(key, name);
        else if (typeof found === 'string') index.set(key, [found, name]);
        else found.push(name);
      }
    }
    return index;
  }
}
