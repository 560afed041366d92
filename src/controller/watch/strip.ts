import type { KubeMeta, KubeObject } from '../../kube/object.ts';
import { isMap, items } from '../../model/untyped.ts';

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * An object without what nothing of the control plane reads, which is most of a Pod and a Node.
 *
 * @param kind by its name in src/manifest/kinds.ts
 */
export function strip(kind: string, object: KubeObject): KubeObject {
  const { apiVersion, metadata } = object;
  const base = { apiVersion, kind: object.kind, metadata: stripMeta(metadata) };
  switch (kind) {
    case 'Pod':
      return { ...base, spec: stripPodSpec(object.spec), status: stripPodStatus(object.status) };
    case 'Node':
      return { ...base, status: { nodeInfo: pick(isMap(object.status) ? object.status.nodeInfo : undefined, ['kubeletVersion']) } };
    case 'Namespace':
      return base;
    case 'Service':
      return { ...base, spec: object.spec };
    case 'MutatingWebhookConfiguration':
    case 'ValidatingWebhookConfiguration':
      return { ...base, webhooks: items(object.webhooks as Record<string, unknown>[]).map((webhook) => pick(webhook, ['name', 'clientConfig'])) };
    default:
      return { ...object, metadata: base.metadata };
  }
}

function stripMeta(metadata: KubeMeta): KubeMeta {
  const { managedFields: _, ...rest } = metadata;
  const { annotations } = rest;
  if (annotations?.[lastApplied] === undefined) return rest;
  const { [lastApplied]: __, ...others } = annotations;
  return { ...rest, annotations: others };
}

function stripPodSpec(spec: unknown): Record<string, unknown> {
  const containers = (list: unknown): unknown => (Array.isArray(list) ? items(list).map((one) => pick(one, ['name', 'image', 'ports'])) : undefined);
  const { containers: own, initContainers } = isMap(spec) ? spec : {};
  return defined({
    ...pick(spec, ['nodeName', 'hostNetwork', 'serviceAccountName', 'serviceAccount']),
    containers: containers(own),
    initContainers: containers(initContainers),
  });
}

function stripPodStatus(status: unknown): Record<string, unknown> {
  const { conditions } = isMap(status) ? status : {};
  const ready = Array.isArray(conditions) ? items(conditions).filter((condition) => isMap(condition) && condition.type === 'Ready') : undefined;
  return defined({ ...pick(status, ['phase', 'podIP']), conditions: ready?.map((condition) => pick(condition, ['type', 'status'])) });
}

function pick(value: unknown, names: readonly string[]): Record<string, unknown> {
  return isMap(value) ? defined(Object.fromEntries(names.map((name) => [name, value[name]]))) : {};
}

function defined(value: Record<string, unknown>): Record<string, unknown> {
  for (const key of Object.keys(value)) if (value[key] === undefined) delete value[key];
  return value;
}
