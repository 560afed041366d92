// Looking for what is written in an object, without knowing what it means.
import type { Origin } from '../../ir/table.ts';
import type { Path } from '../../manifest/problem.ts';
import type { Resource } from '../../manifest/resource.ts';
import { originOf } from '../statuses.ts';

/** What is at a path; undefined: nothing, or null. */
export function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string | number, unknown>)[key];
  }
  return value ?? undefined;
}

/** The place of a field, where it is written. */
export function writtenAt(resource: Resource, ...path: Path): Origin | undefined {
  return valueAt(resource.raw, path) === undefined ? undefined : originOf(resource, ...path);
}

/** Items of a list that are not null, with their places. */
export function placedItems(resource: Resource, path: Path): { value: unknown; path: Path }[] {
  const list = valueAt(resource.raw, path);
  return Array.isArray(list)
    ? list.flatMap((value, i) => (value === null || value === undefined ? [] : [{ value: value as unknown, path: [...path, i] }]))
    : [];
}
