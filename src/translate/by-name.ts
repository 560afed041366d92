import type { Mesh } from '../model/mesh.ts';

interface Known {
  /** Names in the order in which they came. */
  came: readonly string[];
  /** Places of them in the order of their names. */
  order: readonly number[];
}

export function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/**
 * Sorted by name. A list whose names come as they did before is not sorted again.
 *
 * @param key which list of the mesh it is
 */
export function sortedByName<T extends { name: string }>(mesh: Mesh, key: string, list: readonly T[]): T[] {
  const known = mesh.cache<Known>(`order of ${key}`, () => ({ came: [], order: [] }));
  if (known.came.length !== list.length || list.some(({ name }, i) => known.came[i] !== name)) {
    known.came = list.map(({ name }) => name);
    known.order = list.map((_, i) => i).sort((a, b) => byName(list[a] as T, list[b] as T) || a - b);
  }
  return known.order.map((i) => list[i] as T);
}
