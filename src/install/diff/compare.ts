import type { KubeObject } from '../../kube/object.ts';
import { isMap } from '../../model/untyped.ts';
import { hasKey, isAtomicMap, keyOf, listKind } from './list-keys.ts';
import type { FieldPath } from './path.ts';
import { sameQuantity } from './quantity.ts';

/** One field that is not as it should be. */
export interface FieldChange {
  path: FieldPath;
  /** Undefined: the field is new. */
  from: unknown;
  /** Undefined: the field goes. */
  to: unknown;
}

/** Maps of strings that mean something even where they are empty. */
const stringMaps: ReadonlySet<unknown> = new Set(['labels', 'annotations', 'data', 'binaryData', 'matchLabels', 'nodeSelector', 'selector']);

/** Where quantities are; the API server writes them in its own way. */
const quantityParents: ReadonlySet<unknown> = new Set(['requests', 'limits', 'hard']);
const quantityFields: ReadonlySet<unknown> = new Set(['sizeLimit', 'averageValue', 'divisor']);

/**
 * The fields of `desired` that `live` does not have with that value. What only `live` has counts as a default, or as somebody
 * else's: managed-fields.ts finds what is ours there. Values that the API server writes differently, or leaves out because they are
 * empty, are the same.
 */
export function differences(desired: KubeObject, live: KubeObject): FieldChange[] {
  const found: FieldChange[] = [];
  const { metadata, ...rest } = desired;
  const { labels, annotations, finalizers, ownerReferences } = metadata;
  const compare = new Comparison(desired.kind, found);
  compare.field({ labels, annotations, finalizers, ownerReferences }, live.metadata, ['metadata']);
  for (const [key, value] of Object.entries(rest)) {
    if (key !== 'apiVersion' && key !== 'kind' && key !== 'status') compare.field(value, live[key], [key]);
  }
  return found;
}

/** What the API server adds to values that are one, with all that is in them. */
const addedFields: ReadonlySet<string> = new Set(['scope', 'apiGroup', 'apiVersion', 'divisor', 'expirationSeconds', 'protocol']);

/** Whether some part of a value that is one has fields in `live` that `desired` does not have, and that are no defaults. */
function hasMore(desired: unknown, live: unknown): boolean {
  if (Array.isArray(desired) && Array.isArray(live)) return live.some((item, index) => hasMore(desired[index], item));
  if (!isMap(desired) || !isMap(live)) return false;
  return Object.entries(live).some(([key, value]) => (key in desired ? hasMore(desired[key], value) : !addedFields.has(key)));
}

class Comparison {
  private readonly kind: string;
  private readonly found: FieldChange[];

  constructor(kind: string, found: FieldChange[]) {
    this.kind = kind;
    this.found = found;
  }

  field(desired: unknown, live: unknown, path: FieldPath): void {
    if (live === undefined || live === null) {
      if (!this.isEmpty(desired, path)) this.found.push({ path, from: undefined, to: desired });
    } else if (desired === undefined || desired === null) {
      // Nothing is asked for.
    } else if (isMap(desired) && isMap(live)) {
      if (isAtomicMap(path) && hasMore(desired, live)) this.found.push({ path, from: live, to: desired });
      else for (const [key, value] of Object.entries(desired)) this.field(value, live[key], [...path, key]);
    } else if (Array.isArray(desired) && Array.isArray(live)) this.list(desired, live, path);
    else if (!this.isSame(desired, live, path)) this.found.push({ path, from: live, to: desired });
  }

  private list(desired: readonly unknown[], live: readonly unknown[], path: FieldPath): void {
    const kind = listKind(this.kind, path);
    if (kind === 'set') {
      if (desired.some((item) => !live.includes(item))) this.found.push({ path, from: live, to: desired });
    } else if (kind === 'atomic') {
      if (desired.length !== live.length || hasMore(desired, live)) this.found.push({ path, from: live, to: desired });
      else for (const [index, item] of desired.entries()) this.field(item, live[index], [...path, index]);
    } else {
      for (const [index, item] of desired.entries()) {
        const key = keyOf(item, kind.keys);
        this.field(item, key ? live.find((other) => hasKey(other, key)) : live[index], [...path, key ?? index]);
      }
    }
  }

  /** The API server leaves out empty values. */
  private isEmpty(value: unknown, path: FieldPath): boolean {
    if (value === undefined || value === null) return true;
    if (typeof value !== 'object') return (value === '' || value === 0 || value === false) && !stringMaps.has(path.at(-2)) && path.at(-1) !== 'default';
    if (Array.isArray(value)) return value.length === 0;
    return Object.entries(value).every(([key, inner]) => this.isEmpty(inner, [...path, key]));
  }

  private isSame(desired: unknown, live: unknown, path: FieldPath): boolean {
    if (desired === live) return true;
    const mayBeQuantity = quantityFields.has(path.at(-1)) || quantityParents.has(path.at(-2)) || (path.at(-1) === 'value' && path.at(-2) === 'target');
    return mayBeQuantity && sameQuantity(desired, live);
  }
}
