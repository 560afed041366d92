import { isMap } from '../manifest/is-map.ts';

export { isMap };

/**
 * The maps of a list in a core kind. Core kinds are not checked against their schema, so any field may hold anything; a `null`
 * item is an empty map, as in Kubernetes. Indexes are those of the list, so that they can be part of a path.
 */
export function items<T extends object>(list: readonly (T | null)[] | null | undefined): T[] {
  return Array.isArray(list) ? list.map((item: unknown) => (isMap(item) ? item : {}) as T) : [];
}

/** A text field of a core kind; empty when it holds something else. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The same of a number; undefined when it holds something else. */
export function numberIn(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
