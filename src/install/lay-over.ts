import { isMap } from '../model/untyped.ts';
import type { ListSchema, Schema } from './schema/types.ts';

/** What an item of a list has that is there under no such name yet. */
export type NewItem = (name: string) => unknown;

/**
 * Lays values over others: maps are merged, lists that are merged by a field are merged item by item, all else is replaced, and
 * `null` takes away. Neither is changed.
 *
 * @param newItem absent: a new item has what is given of it, and `null`s stay, so that the result can be laid over something else
 */
export function layOver(schema: Schema, base: unknown, over: unknown, newItem?: NewItem): unknown {
  switch (schema.type) {
    case 'object':
      return mergeMaps(base, over, (key, before, after) => layOver(schema.fields[key] as Schema, before, after, newItem), newItem === undefined);
    case 'map':
      return mergeMaps(base, over, (_, before, after) => layOver(schema.values, before, after, newItem), newItem === undefined);
    case 'message':
    case 'free':
      return mergeFree(base, over, newItem === undefined);
    case 'list':
      return schema.mergeBy !== undefined && Array.isArray(base) && Array.isArray(over)
        ? mergeItems(schema, schema.mergeBy, base, over, newItem)
        : clone(over, newItem);
    default:
      return over;
  }
}

function clone(value: unknown, newItem: NewItem | undefined): unknown {
  return newItem === undefined ? structuredClone(value) : mergeFree(undefined, value, false);
}

function mergeMaps(base: unknown, over: unknown, merge: (key: string, before: unknown, after: unknown) => unknown, keepNulls: boolean): unknown {
  const out: Record<string, unknown> = isMap(base) ? { ...base } : {};
  for (const [key, after] of Object.entries(over as object)) {
    if (after !== null) out[key] = merge(key, out[key] ?? undefined, after);
    else if (keepNulls) out[key] = null;
    else delete out[key];
  }
  return out;
}

function mergeFree(base: unknown, over: unknown, keepNulls: boolean): unknown {
  if (Array.isArray(over)) return over.map((item) => mergeFree(undefined, item, keepNulls));
  return isMap(over) ? mergeMaps(base, over, (_, before, after) => mergeFree(before, after, keepNulls), keepNulls) : over;
}

function mergeItems({ items }: ListSchema, field: string, base: readonly unknown[], over: readonly unknown[], newItem: NewItem | undefined): unknown[] {
  const out = [...base];
  const nameOf = (item: unknown): unknown => (item as Record<string, unknown>)[field];
  for (const item of over) {
    const at = out.findIndex((other) => nameOf(other) === nameOf(item));
    if (at >= 0) out[at] = layOver(items, out[at], item, newItem);
    else out.push(layOver(items, newItem?.(String(nameOf(item))) ?? {}, item, newItem));
  }
  return out;
}
