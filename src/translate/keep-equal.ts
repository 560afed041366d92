// What is equal to what was there before stays the same object, so that whoever compares objects sees what really changed. Of plain
// data, which is never written to.

type Fields = Record<string, unknown>;

function isStructure(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Whether two values are equal, down to the order of their fields. */
export function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (!isStructure(a) || !isStructure(b) || Array.isArray(a) !== Array.isArray(b)) return false;
  if (Array.isArray(a)) return a.length === (b as unknown[]).length && a.every((item, i) => isEqual(item, (b as unknown[])[i]));
  const names = Object.keys(a);
  const others = Object.keys(b);
  return names.length === others.length && names.every((name, i) => name === others[i] && isEqual((a as Fields)[name], (b as Fields)[name]));
}

/** The former value where it is equal to the next one. */
export function keepWhole<T>(former: T | undefined, next: T): T {
  return former !== undefined && isEqual(former, next) ? former : next;
}

/** The next value with the former one in place of each part that is equal to it: the former value itself where all is. */
export function keepEqual<T>(former: unknown, next: T): T {
  if (isEqual(former, next)) return former as T;
  if (!isStructure(former) || !isStructure(next) || Array.isArray(former) !== Array.isArray(next)) return next;
  if (Array.isArray(next)) {
    const kept = next.map((item, i) => keepEqual((former as unknown[])[i], item));
    return (kept.every((item, i) => item === next[i]) ? next : kept) as T;
  }
  const kept = Object.entries(next).map(([name, value]) => [name, Object.hasOwn(former, name) ? keepEqual((former as Fields)[name], value) : value] as const);
  return kept.every(([name, value]) => value === (next as Fields)[name]) ? next : (Object.fromEntries(kept) as T);
}
