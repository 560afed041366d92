// All objects of a cluster, to compare what is there before and after.
import type { KubeClient, KubeResource } from '../../src/kube/client.ts';
import { KubeError } from '../../src/kube/error.ts';
import type { KubeObject } from '../../src/kube/object.ts';

/** What the cluster itself writes all the time. */
const restless: ReadonlySet<string> = new Set(['/Event', 'events.k8s.io/Event', 'coordination.k8s.io/Lease', '/Endpoints', '/ComponentStatus']);

/** Made for other objects, without an owner, and what a kubelet writes. */
const derived: ReadonlySet<string> = new Set(['networking.k8s.io/IPAddress', '/Node']);

/** What the API server makes for each version of a group, and takes away some moments after its last kind. */
const madeForKinds = 'kube-aggregator.kubernetes.io/automanaged';

/** What every namespace gets. */
const ofNamespaces: ReadonlySet<string> = new Set(['/ConfigMap kube-root-ca.crt', '/ServiceAccount default']);

const groupOf = ({ apiVersion }: KubeObject): string => (apiVersion.includes('/') ? `${apiVersion.split('/')[0]}` : '');

/** Every object of every kind that can be listed, by `GROUP/KIND NAMESPACE/NAME`; without what the cluster writes by itself. */
export async function inventory(client: KubeClient): Promise<Map<string, KubeObject>> {
  // Each object once, in the preferred version of its group.
  const kinds = new Map<string, KubeResource>();
  await client.resource('v1', 'Pod', { fresh: true });
  for (const resource of await client.resources()) {
    const key = `${resource.group}/${resource.kind}`;
    if (resource.verbs.includes('list') && !kinds.has(key) && !restless.has(key)) kinds.set(key, resource);
  }
  const lists = await Promise.all([...kinds.values()].map((resource) => client.list(resource).then(({ items }) => items, noneOfKindThatWent)));
  const found = new Map<string, KubeObject>();
  for (const object of lists.flat()) {
    const { namespace, name, labels } = object.metadata;
    if (labels?.[madeForKinds] !== undefined || ofNamespaces.has(`${groupOf(object)}/${object.kind} ${name}`)) continue;
    found.set(`${groupOf(object)}/${object.kind} ${namespace === undefined ? name : `${namespace}/${name}`}`, object);
  }
  return found;
}

/** Kinds whose definition was deleted are told for a while after. */
function noneOfKindThatWent(error: unknown): KubeObject[] {
  if (error instanceof KubeError && error.status === 404) return [];
  throw error;
}

/**
 * Changes whenever somebody changes an object, and not with what controllers tell of it: of some kinds that comes a good while after the
 * object (an autoscaler has its first status after 15 s).
 */
export function contentOf({ metadata, status: _, ...object }: KubeObject): string {
  const { resourceVersion: __, managedFields: ___, annotations, ...kept } = metadata;
  return JSON.stringify({ ...object, metadata: { ...kept, annotations: withoutRevision(annotations) } });
}

function withoutRevision({ 'deployment.kubernetes.io/revision': _, ...notes }: Readonly<Record<string, string>> = {}): Record<string, string> {
  return notes;
}

/**
 * What somebody wrote: without what other objects own (pods of a Deployment), and without what the server, its controllers and chance
 * put into objects.
 */
export function written(objects: ReadonlyMap<string, KubeObject>): Record<string, unknown> {
  const own = [...objects].filter(([, object]) => !object.metadata.ownerReferences?.length && !derived.has(`${groupOf(object)}/${object.kind}`));
  return Object.fromEntries(own.map(([key, object]) => [key, plain(object)]).sort());
}

function plain({ metadata, status: _, ...object }: KubeObject): unknown {
  const { uid, resourceVersion, creationTimestamp, generation, managedFields, annotations, ...kept } = metadata;
  const rest = structuredClone({ ...object, metadata: { ...kept, annotations: withoutRevision(annotations) } }) as KubeObject;
  if (rest.kind === 'Service') {
    const spec = rest.spec as { clusterIP?: string; clusterIPs?: string[]; ports?: { nodePort?: number }[]; healthCheckNodePort?: number };
    delete spec.clusterIP;
    delete spec.clusterIPs;
    delete spec.healthCheckNodePort;
    for (const port of spec.ports ?? []) delete port.nodePort;
  }
  // A controller collects them from other roles.
  if (rest.aggregationRule !== undefined) delete rest.rules;
  // Certificates differ each time.
  if (rest.kind === 'Secret') rest.data = Object.keys((rest.data ?? {}) as object).sort();
  if (rest.kind.endsWith('WebhookConfiguration')) {
    for (const { clientConfig } of rest.webhooks as { clientConfig: { caBundle?: string } }[]) {
      if (clientConfig.caBundle) clientConfig.caBundle = 'some';
    }
  }
  return rest;
}
