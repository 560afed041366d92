// What the operations of patches do to lists whose order counts: filters and routes.
import type { EnvoyPatch } from '../../ir/envoy-patch.ts';
import type { JsonObject } from '../json.ts';

export type List = readonly JsonObject[];

/**
 * @param selected whether the patch is relative to an item; undefined: it selects none
 * @param end where an item goes that is to be the last one
 * @returns the same list where nothing changes
 */
export function patchList(
  list: List,
  operation: EnvoyPatch['operation'],
  value: JsonObject,
  selected: ((item: JsonObject) => boolean) | undefined,
  end: (list: List) => number,
): List {
  switch (operation) {
    case 'ADD':
      return list.toSpliced(end(list), 0, value);
    case 'INSERT_FIRST':
      return [value, ...list];
    case 'INSERT_BEFORE':
      return selected ? beside(list, list.findIndex(selected), value, 0) : [value, ...list];
    case 'INSERT_AFTER':
      return selected ? beside(list, list.findIndex(selected), value, 1) : list.toSpliced(end(list), 0, value);
    case 'REPLACE': {
      const at = selected ? list.findIndex(selected) : -1;
      return at < 0 ? list : list.with(at, value);
    }
    case 'REMOVE':
      return selected ? without(list, selected) : list;
    case 'MERGE':
      return list;
  }
}

function beside(list: List, at: number, value: JsonObject, offset: 0 | 1): List {
  return at < 0 ? list : list.toSpliced(at + offset, 0, value);
}

/** @returns the same list where nothing is taken out */
export function without(list: List, removed: (item: JsonObject) => boolean): List {
  return list.some(removed) ? list.filter((item) => !removed(item)) : list;
}

/** @returns the same list where no item changes; items that are gone are left out */
export function mapList(list: List, change: (item: JsonObject) => JsonObject | undefined): List {
  const changed = list.map(change);
  return changed.every((item, i) => item === list[i]) ? list : changed.filter((item) => item !== undefined);
}

/** The object with a list in a field; the same object where the list is the same. */
export function withList<T extends JsonObject>(object: T, field: string, before: List, after: List): T {
  return before === after ? object : { ...object, [field]: [...after] };
}
