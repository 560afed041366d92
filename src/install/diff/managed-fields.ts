import type { KubeObject, ManagedFields } from '../../kube/object.ts';
import { isMap } from '../../model/untyped.ts';
import { hasKey, isAtomicMap, listKind } from './list-keys.ts';
import type { FieldPath, ItemKey, Segment } from './path.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Who set which field of an object, as `metadata.managedFields` says. */
export class FieldOwners {
  private readonly ours: Fields | undefined;
  private readonly others: readonly ManagedFields[];
  private readonly object: KubeObject;

  /** @param manager the field manager whose server-side apply is ours */
  constructor(object: KubeObject, manager: string) {
    const isOurs = (entry: ManagedFields): boolean => entry.manager === manager && entry.operation === 'Apply' && !entry.subresource;
    const entries = object.metadata.managedFields ?? [];
    this.object = object;
    this.ours = entries.find(isOurs)?.fieldsV1;
    this.others = entries.filter((entry) => !isOurs(entry));
  }

  /** Whether we applied the object at all. */
  get appliedByUs(): boolean {
    return this.ours !== undefined;
  }

  /** Whether we set the field, or the list or map that it is in as a whole. */
  isOurs(path: FieldPath): boolean {
    return this.ours !== undefined && owns(this.ours, path);
  }

  /** The other managers that set the field; server-side apply asks them before it changes the value. */
  othersOf(path: FieldPath): string[] {
    return [...new Set(this.others.filter(({ fieldsV1 }) => fieldsV1 && owns(fieldsV1, path)).map(({ manager }) => manager))];
  }

  /** The fields that we set and that `desired` does not have any more; whole items of lists count as one. */
  *gone(desired: KubeObject): Generator<{ path: FieldPath; value: unknown }> {
    if (this.ours) yield* gone(this.ours, desired, this.object, [], desired.kind);
  }
}

function owns(fields: Fields, path: FieldPath): boolean {
  let node: Fields = fields;
  for (const [index, segment] of path.entries()) {
    // Without fields below it, it is owned as one value, or as a map that was empty.
    if (index > 0 && Object.keys(node).length === 0) return typeof segment === 'number' || isAtomicMap(path.slice(0, index));
    const child = childOf(node, segment);
    if (!isMap(child)) return false;
    node = child;
  }
  // With fields below it and no mark of its own, only those are owned.
  return Object.keys(node).length === 0 || '.' in node;
}

function childOf(node: Fields, segment: Segment): unknown {
  if (typeof segment === 'string') return node[`f:${segment}`];
  if (typeof segment === 'number') return node[`i:${segment}`];
  const names = Object.keys(segment);
  for (const [key, child] of Object.entries(node)) {
    const item = itemKey(key);
    if (item && Object.keys(item).length === names.length && names.every((name) => item[name] === segment[name])) return child;
  }
  return undefined;
}

/** Of `k:{"name":"discovery"}`. */
function itemKey(key: string): ItemKey | undefined {
  return key.startsWith('k:') ? (JSON.parse(key.slice(2)) as ItemKey) : undefined;
}

function* gone(fields: Fields, desired: unknown, live: unknown, path: FieldPath, kind: string): Generator<{ path: FieldPath; value: unknown }> {
  for (const [key, child] of Object.entries(fields)) {
    if (key.startsWith('f:')) {
      const name = key.slice(2);
      const value = isMap(live) ? live[name] : undefined;
      const wanted = isMap(desired) ? desired[name] : undefined;
      const below = isMap(child) ? child : {};
      if (value === undefined) continue;
      if (Object.keys(below).some((inner) => inner !== '.')) yield* gone(below, wanted, value, [...path, name], kind);
      else if (isMap(value) && !isAtomicMap([...path, name])) continue;
      else if (wanted === undefined || wanted === null) yield { path: [...path, name], value };
    } else if (key.startsWith('k:')) {
      const item = itemKey(key) as ItemKey;
      const value = Array.isArray(live) ? live.find((other) => hasKey(other, item)) : undefined;
      const wanted = Array.isArray(desired) ? desired.find((other) => hasKey(other, item)) : undefined;
      if (value === undefined) continue;
      if (wanted === undefined) yield { path: [...path, item], value };
      else yield* gone(isMap(child) ? child : {}, wanted, value, [...path, item], kind);
    } else if (key.startsWith('v:') && listKind(kind, path) === 'set') {
      const value: unknown = JSON.parse(key.slice(2));
      if (Array.isArray(live) && live.includes(value) && !(Array.isArray(desired) && desired.includes(value))) yield { path, value };
    }
  }
}
