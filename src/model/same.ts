/** Whether two lists have the same items in the same order, each the same object or value. */
export function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The former list where it has the same items as the next one, so that who compares lists sees no change. */
export function keepList<T>(former: readonly T[] | undefined, next: readonly T[]): readonly T[] {
  return former && sameItems(former, next) ? former : next;
}

/** What is between the items at the beginning and the end that two lists have in common. */
interface Middle {
  start: number;
  /** In the list before. */
  endBefore: number;
  /** In the list now. */
  endNow: number;
}

function middleOf(before: readonly unknown[], now: readonly unknown[]): Middle {
  let start = 0;
  while (start < now.length && start < before.length && now[start] === before[start]) start++;
  let endBefore = before.length;
  let endNow = now.length;
  while (endNow > start && endBefore > start && now[endNow - 1] === before[endBefore - 1]) {
    endNow--;
    endBefore--;
  }
  return { start, endBefore, endNow };
}

/** Where items of a list were in a list before, of those at the beginning and the end that did not change. */
export function placesIn(before: readonly unknown[], now: readonly unknown[]): (i: number) => number | undefined {
  const { start, endBefore, endNow } = middleOf(before, now);
  return (i) => (i < start ? i : i >= endNow ? i - endNow + endBefore : undefined);
}

/** All that may have changed from one list to the next: for one change it is one item of each. */
export function difference<T>(before: readonly T[], now: readonly T[]): { gone: readonly T[]; come: readonly T[] } {
  const { start, endBefore, endNow } = middleOf(before, now);
  return { gone: before.slice(start, endBefore), come: now.slice(start, endNow) };
}

/** The list with other items in the places of some; the list itself where it has none of them. */
export function replaced<T>(list: readonly T[], gone: readonly T[], come: readonly T[]): readonly T[] {
  let out: T[] | undefined;
  for (const [i, item] of gone.entries()) {
    const place = list.indexOf(item);
    if (place < 0) continue;
    out ??= [...list];
    out[place] = come[i] as T;
  }
  return out ?? list;
}
