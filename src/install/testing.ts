import type { KubeObject } from '../kube/object.ts';
import { isMap } from '../model/untyped.ts';
import { keyOf, listKind } from './diff/list-keys.ts';
import type { FieldPath } from './diff/path.ts';
import { fieldManager } from './values.ts';

/**
 * An object as the API server keeps what was applied: with metadata of its own, quantities in their canonical form, defaults of lists'
 * items, without what is empty, and with the fields by their manager.
 */
export function applied(desired: KubeObject, manager: string = fieldManager): KubeObject {
  const kept = stored(structuredClone(desired), desired.kind, []) as KubeObject;
  const { apiVersion: _, kind: __, metadata, ...rest } = desired;
  const { labels, annotations } = metadata;
  const set = { ...rest, metadata: { ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) } };
  return {
    ...kept,
    metadata: {
      ...kept.metadata,
      uid: 'b5a1c1c5-0000-4000-8000-000000000000',
      resourceVersion: '7',
      generation: 1,
      creationTimestamp: '2025-06-01T00:00:00Z',
      managedFields: [{ manager, operation: 'Apply', fieldsV1: fieldsOf(set, desired.kind, []) }],
    },
    ...(desired.kind === 'Deployment' ? { status: { observedGeneration: 1 } } : {}),
  };
}

const strings: ReadonlySet<unknown> = new Set(['labels', 'annotations', 'data', 'matchLabels', 'nodeSelector', 'selector']);

function stored(value: unknown, kind: string, path: FieldPath): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item, index) => stored(item, kind, [...path, index]));
    return path.at(-1) === 'ports' ? items.map((item) => ({ protocol: 'TCP', ...(item as object) })) : items;
  }
  if (!isMap(value)) return ['requests', 'limits'].includes(path.at(-2) as string) ? canonical(String(value)) : value;
  const out: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    const kept = stored(inner, kind, [...path, key]);
    const isEmpty = kept === undefined || kept === null || (Array.isArray(kept) && kept.length === 0) || (isMap(kept) && Object.keys(kept).length === 0);
    if (!isEmpty && !(kept === '' && !strings.has(path.at(-1)))) out[key] = kept;
  }
  if (path.at(-1) === 'spec' && 'containers' in out)
    Object.assign(out, { dnsPolicy: 'ClusterFirst', restartPolicy: 'Always', schedulerName: 'default-scheduler' });
  if (path.length === 1 && path[0] === 'spec' && kind === 'Service') Object.assign(out, { clusterIP: '10.96.0.7', sessionAffinity: 'None' });
  return out;
}

function canonical(quantity: string): string {
  const milli = /^(\d+)000m$/.exec(quantity)?.[1];
  if (milli !== undefined) return milli;
  const fraction = /^0\.(\d{1,3})$/.exec(quantity)?.[1];
  if (fraction !== undefined) return `${Number(fraction.padEnd(3, '0'))}m`;
  const mebi = /^(\d+)Mi$/.exec(quantity)?.[1];
  return mebi !== undefined && Number(mebi) % 1024 === 0 ? `${Number(mebi) / 1024}Gi` : quantity;
}

/** In the form of `metadata.managedFields`. */
export function fieldsOf(value: unknown, kind: string, path: FieldPath): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  if (isMap(value)) {
    if (path.length > 0 && typeof path.at(-1) === 'object') fields['.'] = {};
    for (const [key, inner] of Object.entries(value)) fields[`f:${key}`] = fieldsOf(inner, kind, [...path, key]);
  } else if (Array.isArray(value)) {
    const list = listKind(kind, path);
    if (list === 'set') for (const item of value) fields[`v:${JSON.stringify(item)}`] = {};
    else if (list !== 'atomic') {
      for (const item of value) {
        const key = keyOf(item, list.keys);
        if (key) fields[`k:${JSON.stringify(key)}`] = fieldsOf(item, kind, [...path, key]);
      }
    }
  }
  return fields;
}
