import { compareText } from '../manifest/compare-text.ts';

const reverse = (text: string): string => text.split('').reverse().join('');

/** Finds the hosts that have a name in common with a host (see `hostsOverlap` in hosts.ts), without a look at all of them. */
export class OverlapIndex<T> {
  private readonly exact = new Map<string, T[]>();
  /** Hosts that begin with `*`, by what follows it. */
  private readonly wild = new Map<string, T[]>();
  /** All hosts without their `*`, read backwards and sorted: hosts with one ending stand together. */
  private backwards: { text: string; host: string }[] | undefined;

  add(host: string, item: T): void {
    const wild = host.startsWith('*');
    const map = wild ? this.wild : this.exact;
    const key = wild ? host.slice(1) : host;
    const list = map.get(key);
    if (list) list.push(item);
    else map.set(key, [item]);
    this.backwards = undefined;
  }

  /** What was added under an overlapping host; an item that was added under several of them comes once. */
  overlapping(host: string): Set<T> {
    const found = new Set<T>();
    for (const items of this.lists(host)) for (const item of items) found.add(item);
    return found;
  }

  overlaps(host: string): boolean {
    return !this.lists(host).next().done;
  }

  private *lists(host: string): Generator<T[]> {
    const wild = host.startsWith('*');
    const bare = wild ? host.slice(1) : host;
    const same = this.exact.get(host);
    if (!wild && same) yield same;
    if (this.wild.size > 0) {
      for (let start = 0; start <= bare.length; start++) {
        const items = this.wild.get(bare.slice(start));
        if (items) yield items;
      }
    }
    if (wild) yield* this.endingWith(bare);
  }

  private *endingWith(suffix: string): Generator<T[]> {
    this.backwards ??= [...this.exact.keys(), ...[...this.wild.keys()].map((key) => `*${key}`)]
      .map((host) => ({ text: reverse(host.replace(/^\*/, '')), host }))
      .sort((a, b) => compareText(a.text, b.text));
    const wanted = reverse(suffix);
    let low = 0;
    let high = this.backwards.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.backwards[middle] as { text: string }).text < wanted) low = middle + 1;
      else high = middle;
    }
    for (let at = low; this.backwards[at]?.text.startsWith(wanted); at++) {
      const { host } = this.backwards[at] as { host: string };
      const items = host.startsWith('*') ? this.wild.get(host.slice(1)) : this.exact.get(host);
      if (items) yield items;
    }
  }
}
