// Parts of a table that are as they were before, as the same objects.

/**
 * The new value with everything in it that equals the old one replaced by the old one. Members of lists are compared by their name
 * where they have one, else by their place.
 */
export function sameWherePossible<T>(before: T, after: T): T {
  if (before === after || typeof after !== 'object' || after === null || typeof before !== 'object' || before === null)
    return Object.is(before, after) ? before : after;
  if (Array.isArray(before) !== Array.isArray(after)) return after;
  if (Array.isArray(after)) return sameList(before as unknown[], after) as T;
  const [old, made] = [before as Record<string, unknown>, after as Record<string, unknown>];
  let same = Object.keys(old).length === Object.keys(made).length;
  const out: Record<string, unknown> = {};
  for (const key in made) {
    const value = sameWherePossible(old[key], made[key]);
    out[key] = value;
    if (value !== old[key] || !(key in old)) same = false;
  }
  return same ? before : (out as T);
}

function sameList(before: readonly unknown[], after: readonly unknown[]): readonly unknown[] {
  const found = counterparts(before, after);
  let same = before.length === after.length;
  const out = after.map((value, i) => {
    const made = sameWherePossible(found ? found.get(nameOf(value)) : before[i], value);
    if (made !== before[i]) same = false;
    return made;
  });
  return same ? before : out;
}

/** By name, where places say nothing because something was added or removed. */
function counterparts(before: readonly unknown[], after: readonly unknown[]): Map<unknown, unknown> | undefined {
  if (before.length === after.length || nameOf(before[0]) === undefined) return undefined;
  return new Map(before.map((value) => [nameOf(value), value]));
}

function nameOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? (value as { name?: unknown }).name : undefined;
}
