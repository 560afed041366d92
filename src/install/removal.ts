import type { KubeClient, KubeResource } from '../kube/client.ts';
import { KubeError } from '../kube/error.ts';
import { inParallel } from '../kube/in-parallel.ts';
import { listAll } from '../kube/list-all.ts';
import { type KubeObject, type ObjectRef, refOf } from '../kube/object.ts';
import { revisionLabel } from '../model/injection.ts';
import { createdAnnotation, idOf, prunedKinds } from './plan.ts';
import { tagLabel } from './render/revision-tag.ts';
import { installedNames, ownerLabels } from './values.ts';

/** What is removed: one revision, or everything. */
export type RemovalTarget = { revision: string /** Absent: wherever it is. */; namespace?: string | undefined } | 'everything';

export interface Removal {
  /** In the order in which they go. */
  objects: readonly KubeObject[];
  /** Webhooks of tags that lead to the revision: without it, they refuse pods. */
  tags: readonly KubeObject[];
  /** Namespaces with the label of an installation; which of them go is seen at the end. */
  namespaces: readonly KubeObject[];
  /** How many objects of users go with the definitions of their kinds, by the name of the definition. */
  userObjects: ReadonlyMap<string, number>;
}

/** After these, nothing reads the rest any more. The controller makes its Secret and its Lease again as long as it runs. */
const order = [
  'MutatingWebhookConfiguration',
  'ValidatingWebhookConfiguration',
  'HorizontalPodAutoscaler',
  'PodDisruptionBudget',
  'Deployment',
  'NetworkPolicy',
  'Service',
  'RoleBinding',
  'Role',
  'ClusterRoleBinding',
  'ClusterRole',
  'ServiceAccount',
  'Secret',
  'Lease',
  'CustomResourceDefinition',
  // The record is the last: as long as it is there, the revision is.
  'ConfigMap',
];

const definitionKind = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' };
const runtimeKinds = [
  { apiVersion: 'v1', kind: 'Secret' },
  { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' },
];

/**
 * Finds everything that is to be removed. Only what has our labels is found, and what the controllers of the revisions made for themselves.
 *
 * @throws KubeError
 */
export async function findRemoval(client: KubeClient, target: RemovalTarget): Promise<Removal> {
  const kinds = [...prunedKinds, ...runtimeKinds, ...(target === 'everything' ? [definitionKind] : [])];
  const labelSelector = target === 'everything' ? ownerLabels.component : `${ownerLabels.component},${revisionLabel}=${target.revision}`;
  const lists = await inParallel(kinds, ({ apiVersion, kind }) => listAll(client, apiVersion, kind, { labelSelector, metadataOnly: true }));
  const owned = lists.flat().filter((object) => target === 'everything' || target.namespace === undefined || ownerOf(object) === target.namespace);
  const found = new Map(owned.map((object) => [idOf(refOf(object)), object]));
  const made = await madeByControllers(client, owned);
  if (target === 'everything') made.push(...(await authorityOf(client)));
  for (const object of made) found.set(idOf(refOf(object)), object);
  const objects = [...found.values()].sort((a, b) => rank(a) - rank(b));
  const definitions = objects.filter(({ kind }) => kind === definitionKind.kind);
  return {
    objects: objects.filter((object) => !isTag(object) || target === 'everything'),
    tags: objects.filter(isTag),
    namespaces: target === 'everything' ? await listAll(client, 'v1', 'Namespace', { labelSelector: ownerLabels.component, metadataOnly: true }) : [],
    userObjects: await countObjects(client, definitions),
  };
}

function isTag({ metadata }: KubeObject): boolean {
  return metadata.labels?.[tagLabel] !== undefined;
}

function ownerOf({ metadata }: KubeObject): string | undefined {
  return metadata.labels?.[ownerLabels.owner];
}

function rank({ kind, metadata }: KubeObject): number {
  const isRecord = metadata.name === installedNames(metadata.labels?.[revisionLabel] ?? '').values;
  return order.indexOf(kind) + (isRecord ? 1 : 0);
}

/** The Secret and the Lease of each revision that is there, whatever labels they have. */
async function madeByControllers(client: KubeClient, owned: readonly KubeObject[]): Promise<KubeObject[]> {
  const refs = new Map<string, ObjectRef>();
  for (const { metadata } of owned) {
    const revision = metadata.labels?.[revisionLabel];
    const namespace = metadata.labels?.[ownerLabels.owner];
    if (revision === undefined || namespace === undefined) continue;
    const { servingCertificate, controller } = installedNames(revision);
    for (const ref of [
      { ...(runtimeKinds[0] as ObjectRef), namespace, name: servingCertificate },
      { ...(runtimeKinds[1] as ObjectRef), namespace, name: controller },
    ]) {
      refs.set(idOf(ref), ref);
    }
  }
  return (await inParallel([...refs.values()], (ref) => client.get(ref))).filter((object) => object !== undefined);
}

/** Labels of what the controllers of all revisions share. */
const madeByController = 'app.kubernetes.io/managed-by=weft-controller';

/** The root that the controllers made for the mesh, and its certificate in every namespace. An authority that a user brought stays. */
async function authorityOf(client: KubeClient): Promise<KubeObject[]> {
  const { rootSecret, roots } = installedNames('default');
  const names = new Map([
    ['Secret', rootSecret],
    ['ConfigMap', roots],
  ]);
  const options = { labelSelector: madeByController, metadataOnly: true };
  const lists = await inParallel([...names], async ([kind, name]) =>
    (await listAll(client, 'v1', kind, options)).filter(({ metadata }) => metadata.name === name),
  );
  return lists.flat();
}

/** Of each definition, the objects that go with it. */
async function countObjects(client: KubeClient, definitions: readonly KubeObject[]): Promise<Map<string, number>> {
  const resources = await client.resources();
  const counts = await inParallel(definitions, async ({ metadata: { name = '' } }) => {
    const resource = resources.find(({ plural, group }) => `${plural}.${group}` === name);
    return [name, resource ? (await client.list(resource, { metadataOnly: true })).items.length : 0] as const;
  });
  return new Map(counts.filter(([, count]) => count > 0));
}

export interface RemoveOptions {
  /** Until everything is gone. */
  timeoutMs: number;
  signal?: AbortSignal;
  removed(object: KubeObject): void;
  /** What is not gone yet. */
  waiting?(objects: readonly KubeObject[]): void;
}

/** What was still there when the time was over. */
export type Left = readonly { ref: ObjectRef; finalizers: readonly string[] }[];

/**
 * Removes objects, kind by kind, and waits for workloads and definitions: what they make or hold goes with them.
 *
 * @throws KubeError
 */
export async function remove(client: KubeClient, objects: readonly KubeObject[], options: RemoveOptions): Promise<Left> {
  const groups = new Map<string, KubeObject[]>();
  for (const object of objects) {
    const key = `${rank(object)}`;
    groups.set(key, [...(groups.get(key) ?? []), object]);
  }
  const left: { ref: ObjectRef; finalizers: readonly string[] }[] = [];
  for (const group of groups.values()) {
    options.signal?.throwIfAborted();
    await inParallel(group, async (object) => {
      const { uid } = object.metadata;
      const isGone = !(await deleteObject(client, object, uid));
      if (!isGone) options.removed(object);
    });
    if (group.some(({ kind }) => awaited.has(kind))) left.push(...(await untilGone(client, group, options)));
  }
  return left;
}

/** What holds other objects: these go with it, after it was told to. */
const awaited: ReadonlySet<string> = new Set(['Deployment', definitionKind.kind, 'Namespace']);

/** @returns false: there was no such object any more */
async function deleteObject(client: KubeClient, object: KubeObject, uid: string | undefined): Promise<boolean> {
  try {
    const propagation = object.kind === 'Deployment' ? 'Foreground' : 'Background';
    return await client.delete(refOf(object), { propagation, ...(uid === undefined ? {} : { uid }) });
  } catch (error) {
    // Another one has its name now.
    if (error instanceof KubeError && error.reason === 'Conflict') return false;
    throw error;
  }
}

const pollMs = 300;

async function untilGone(client: KubeClient, objects: readonly KubeObject[], { timeoutMs, signal, waiting }: RemoveOptions): Promise<Left> {
  const end = performance.now() + timeoutMs;
  let there = objects;
  for (;;) {
    const now = await inParallel(there, (object) => client.get(refOf(object)));
    const still = now.filter((object, index) => object !== undefined && object.metadata.uid === there[index]?.metadata.uid) as KubeObject[];
    if (still.length === 0) return [];
    waiting?.(still);
    signal?.throwIfAborted();
    if (performance.now() > end) return still.map((object) => ({ ref: refOf(object), finalizers: object.metadata.finalizers ?? [] }));
    there = still;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** Kinds of which Kubernetes puts something into every namespace, or that tell only what happens. */
const notCounted: ReadonlySet<string> = new Set(['Event', 'Endpoints', 'EndpointSlice', 'PodMetrics', 'Lease']);

/** What Kubernetes puts into every namespace. */
const defaults: ReadonlySet<string> = new Set(['ServiceAccount/default', 'ConfigMap/kube-root-ca.crt']);

export type NamespaceFate = { goes: true } | { goes: false; why: string };

/**
 * Whether a namespace goes with what was installed in it: where weft made it, and nothing of anybody else is in it.
 *
 * @param removed what goes in any case
 * @throws KubeError
 */
export async function fateOfNamespace(client: KubeClient, namespace: KubeObject, removed: readonly KubeObject[]): Promise<NamespaceFate> {
  if (namespace.metadata.annotations?.[createdAnnotation] === undefined) return { goes: false, why: 'it was there before weft' };
  const going = new Set(removed.map((object) => idOf(refOf(object))));
  const definitions = new Set(removed.filter(({ kind }) => kind === definitionKind.kind).map(({ metadata }) => metadata.name));
  const resources = namespacedKinds(await client.resources()).filter(({ plural, group }) => !definitions.has(`${plural}.${group}`));
  const others = await inParallel(resources, async (resource) => {
    const { items } = await client.list(resource, { namespace: namespace.metadata.name, metadataOnly: true });
    return items.filter((object) => {
      const isDefault = defaults.has(`${object.kind}/${object.metadata.name}`);
      const goesWithOther = (object.metadata.ownerReferences ?? []).length > 0;
      return !isDefault && !goesWithOther && object.metadata.deletionTimestamp === undefined && !going.has(idOf(refOf(object)));
    });
  });
  const [first, ...more] = others.flat();
  if (!first) return { goes: true };
  return {
    goes: false,
    why: `it has ${first.kind} ${first.metadata.name}${more.length > 0 ? ` and ${more.length} other objects` : ''}, which ${more.length > 0 ? 'are' : 'is'} not of weft`,
  };
}

/** Each kind once, in the version that the cluster prefers. */
function namespacedKinds(resources: readonly KubeResource[]): KubeResource[] {
  const kinds = new Map<string, KubeResource>();
  for (const resource of resources) {
    const key = `${resource.group}/${resource.kind}`;
    if (resource.namespaced && resource.verbs.includes('list') && !notCounted.has(resource.kind) && !kinds.has(key)) kinds.set(key, resource);
  }
  return [...kinds.values()];
}
