// Lists in the order of names, as tables have them.
import { compareText } from '../manifest/compare-text.ts';

interface Named {
  name: string;
}

export function byName(a: Named, b: Named): number {
  return compareText(a.name, b.name);
}

/** One list of two, each of which is in the order of its names; of equal names those of the first come first. */
export function merged<T extends Named>(a: readonly T[], b: readonly T[]): readonly T[] {
  if (b.length === 0) return a;
  if (a.length === 0) return b;
  const out: T[] = [];
  let at = 0;
  for (const item of a) {
    for (let next = b[at]; next && next.name < item.name; next = b[++at]) out.push(next);
    out.push(item);
  }
  for (; at < b.length; at++) out.push(b[at] as T);
  return out;
}

/**
 * A list of different names in their order, after some of its items went and others came. Undefined where a name comes that is there,
 * or goes and is not there.
 *
 * @param removed with the names of those that go, in any order
 * @param added in any order
 */
export function changed<T extends Named>(list: readonly T[], removed: readonly Named[], added: readonly T[]): readonly T[] | undefined {
  const going = removed.toSorted(byName);
  const coming = added.toSorted(byName);
  const out: T[] = [];
  let gone = 0;
  let come = 0;
  for (const item of list) {
    if (going[gone]?.name === item.name) {
      gone++;
      continue;
    }
    for (let next = coming[come]; next && next.name <= item.name; next = coming[++come]) {
      if (next.name === item.name || out.at(-1)?.name === next.name) return undefined;
      out.push(next);
    }
    out.push(item);
  }
  for (; come < coming.length; come++) {
    if (out.at(-1)?.name === coming[come]?.name) return undefined;
    out.push(coming[come] as T);
  }
  return gone === going.length ? out : undefined;
}

/** The item of a name in a sorted list; of several the first. */
export function named<T extends Named>(list: readonly T[], name: string): T | undefined {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle] as T).name < name) low = middle + 1;
    else high = middle;
  }
  return list[low]?.name === name ? list[low] : undefined;
}

/** Whether all names of a sorted list are different. */
export function areDifferent(list: readonly Named[]): boolean {
  return list.every(({ name }, i) => i === 0 || list[i - 1]?.name !== name);
}

/** The items of a map by their names, in order. @param former a sorted list with mostly the same names, which saves the sorting */
export function sorted<T extends Named>(items: ReadonlyMap<string, T>, former: readonly T[] = []): T[] {
  const out: T[] = [];
  const taken = new Set<string>();
  for (const { name } of former) {
    const item = items.get(name);
    if (!item) continue;
    out.push(item);
    taken.add(name);
  }
  if (out.length < items.size) {
    for (const [name, item] of items) if (!taken.has(name)) out.push(item);
    out.sort(byName);
  }
  return out;
}
