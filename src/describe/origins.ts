import type { Origin } from '../ir/table.ts';

/** Equal for origins in one object. */
export function originKey({ kind, namespace, name }: Origin): string {
  return `${kind}|${namespace}|${name}`;
}

export function isSameObject(a: Origin, b: Origin): boolean {
  return originKey(a) === originKey(b);
}

/** Each object once, without its fields. */
export function objectsOf(origins: Iterable<Origin>): Origin[] {
  const found = new Map<string, Origin>();
  for (const origin of origins) if (!found.has(originKey(origin))) found.set(originKey(origin), { ...origin, path: [] });
  return [...found.values()];
}
