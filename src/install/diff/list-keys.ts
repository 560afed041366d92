import type { FieldPath, ItemKey } from './path.ts';

/** How server-side apply merges a list: by keys of its items, as a set of values, or as one value. */
export type ListKind = { keys: readonly string[] } | 'set' | 'atomic';

const byName = { keys: ['name'] };

/**
 * Lists that are merged item by item, by the field's name; all others are one value. Kubernetes' OpenAPI document has them as
 * `x-kubernetes-list-type` and `x-kubernetes-list-map-keys`.
 */
const merged: Readonly<Record<string, ListKind>> = {
  containers: byName,
  initContainers: byName,
  ephemeralContainers: byName,
  env: byName,
  volumes: byName,
  volumeMounts: { keys: ['mountPath'] },
  volumeDevices: { keys: ['devicePath'] },
  hostAliases: { keys: ['ip'] },
  topologySpreadConstraints: { keys: ['topologyKey', 'whenUnsatisfiable'] },
  resourceClaims: byName,
  claims: byName,
  schedulingGates: byName,
  webhooks: byName,
  matchConditions: byName,
  conditions: { keys: ['type'] },
  ownerReferences: { keys: ['uid'] },
  finalizers: 'set',
};

/** What a key of an item is where nobody wrote it. */
const defaults: ItemKey = { protocol: 'TCP' };

/** @param path that of the list */
export function listKind(kind: string, path: FieldPath): ListKind {
  const field = path.at(-1);
  if (typeof field !== 'string' || kind === 'CustomResourceDefinition') return 'atomic';
  if (field === 'ports') {
    if (typeof path.at(-2) === 'object') return { keys: ['containerPort', 'protocol'] };
    return kind === 'Service' && path.length === 2 ? { keys: ['port', 'protocol'] } : 'atomic';
  }
  if (field === 'imagePullSecrets') return kind === 'ServiceAccount' ? 'atomic' : byName;
  if (field === 'secrets') return kind === 'ServiceAccount' ? byName : 'atomic';
  return merged[field] ?? 'atomic';
}

/** Undefined where an item does not have the keys, as nothing valid does. */
export function keyOf(item: unknown, keys: readonly string[]): ItemKey | undefined {
  if (typeof item !== 'object' || item === null) return undefined;
  const key: Record<string, string | number | boolean> = {};
  for (const name of keys) {
    const value = (item as Record<string, unknown>)[name] ?? defaults[name];
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return undefined;
    key[name] = value;
  }
  return key;
}

/** Whether an item has the values of a key. */
export function hasKey(item: unknown, key: ItemKey): boolean {
  if (typeof item !== 'object' || item === null) return false;
  return Object.entries(key).every(([name, value]) => ((item as Record<string, unknown>)[name] ?? defaults[name]) === value);
}

/** Maps that are one value, as `x-kubernetes-map-type: atomic` says; in all others, each key is somebody's. */
const atomicMaps: ReadonlySet<string> = new Set([
  'selector',
  'labelSelector',
  'namespaceSelector',
  'objectSelector',
  'podSelector',
  'nodeSelector',
  'roleRef',
  'fieldRef',
  'resourceFieldRef',
  'configMapKeyRef',
  'secretKeyRef',
  'requiredDuringSchedulingIgnoredDuringExecution',
]);

export function isAtomicMap(path: FieldPath): boolean {
  const field = path.at(-1);
  return typeof field === 'string' && atomicMaps.has(field);
}
