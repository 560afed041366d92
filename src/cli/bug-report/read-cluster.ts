import { analyzers } from '../../../analyzers/index.ts';
import type { KubeClient, KubeResource } from '../../kube/client.ts';
import { KubeError } from '../../kube/error.ts';
import { inParallel } from '../../kube/in-parallel.ts';
import { type LoadProgress, loadCluster } from '../../kube/load.ts';
import type { KubeObject } from '../../kube/object.ts';
import { apiKind } from '../../manifest/kinds.ts';
import { systemNamespaces } from '../../manifest/load.ts';
import { tableReads } from '../../translate/table.ts';
import { wantedKinds } from '../cluster-source/wanted-kinds.ts';
import type { LeftOut } from './contents.ts';

export interface KindOfCluster {
  /** Its name in src/manifest/kinds.ts, or of others KIND.GROUP. */
  kind: string;
  objects: readonly KubeObject[];
}

/** What the API of a cluster tells, as it tells it. */
export interface ReadCluster {
  /** Its context, or its address. */
  name: string;
  kinds: readonly KindOfCluster[];
  /** Kinds of which everything is there. */
  complete: ReadonlySet<string>;
  secrets: readonly KubeObject[];
  /** Why values of Secrets are not known; undefined: they are. */
  noSecrets: string | undefined;
  leftOut: readonly LeftOut[];
}

/** Kinds besides those that analyzers look at. */
const further = ['Node', 'ServiceAccount', 'MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'];

/** Kinds that weft does not know, by group: all of the mesh, and of others what tells why a pod does not run. */
const ofMesh = /(?:^|\.)istio\.io$|^gateway\.networking\.(?:k8s|x-k8s)\.io$/;
const byName: ReadonlySet<string> = new Set(['/Event', 'autoscaling/HorizontalPodAutoscaler', 'policy/PodDisruptionBudget', 'networking.k8s.io/NetworkPolicy']);

/** Large, of no interest for a mesh, and full of what has to be taken out. */
const notRead = ['helm.sh/release.v1'];

export interface ReadClusterOptions {
  istioNamespace: string;
  /** Where a kind is read that may not be read in all namespaces. */
  namespace: string;
  concurrency: number;
  onProgress: (progress: LoadProgress) => void;
}

/** @throws KubeError where the cluster does not answer, or lets nothing be read */
export async function readCluster(client: KubeClient, options: ReadClusterOptions): Promise<ReadCluster> {
  const { istioNamespace, namespace, concurrency } = options;
  const served = await client.resources();
  const groups = new Set(served.map(({ group }) => group));
  const reads = new Set([...analyzers.flatMap((analyzer) => [...analyzer.reads]), ...tableReads, ...further, 'ConfigMap']);
  const wanted = wantedKinds(reads, { istioNamespace, templates: true, serves: (group) => groups.has(group) })
    .filter(({ kind }) => kind !== 'CustomResourceDefinition')
    // The versions of their kubelets are in the status.
    .map((want) => (want.kind === 'Node' ? { kind: 'Node' } : want));
  const { kinds, complete, gaps } = await loadCluster(client, wanted, {
    namespaces: [...new Set([namespace, istioNamespace])],
    without: systemNamespaces,
    concurrency,
    onProgress: options.onProgress,
  });
  const leftOut: LeftOut[] = gaps.map(({ kind, reason, readIn }) => ({
    what: readIn.length > 0 ? `${kind} outside of ${readIn.join(', ')}` : `all of kind ${kind}`,
    why: reason,
  }));
  const more = await readFurther(client, served, { reads, leftOut, concurrency });
  const secrets = await readSecrets(client, served, leftOut);
  return {
    name: client.context === '' ? client.server : client.context,
    kinds: [...kinds, ...more].filter(({ objects }) => objects.length > 0),
    complete: new Set([...complete].filter((kind) => kind !== 'ConfigMap')),
    ...secrets,
    leftOut,
  };
}

interface FurtherOptions {
  reads: ReadonlySet<string>;
  leftOut: LeftOut[];
  concurrency: number;
}

/** Kinds that weft does not interpret, and the definitions of those of the mesh. */
async function readFurther(client: KubeClient, served: readonly KubeResource[], { reads, leftOut, concurrency }: FurtherOptions): Promise<KindOfCluster[]> {
  const known = new Set([...reads].flatMap((name) => apiKind(name) ?? []).map(({ group, kind }) => `${group}/${kind}`));
  const seen = new Set<string>();
  const wanted = served.filter((resource) => {
    const key = `${resource.group}/${resource.kind}`;
    if (known.has(key) || seen.has(key) || !resource.verbs.includes('list') || !(ofMesh.test(resource.group) || byName.has(key))) return false;
    seen.add(key);
    return true;
  });
  const lists = await inParallel(
    wanted,
    async (resource) => {
      const { kind, group } = resource;
      const objects = await orLeftOut(`all of kind ${kind}`, leftOut, async () => (await client.list(resource, withoutSystem(resource))).items);
      return { kind: group === '' ? kind : `${kind}.${group}`, objects: (objects ?? []).map(withoutManagers) };
    },
    concurrency,
  );
  const definitions = await inParallel(
    [...new Set(served.filter(({ group }) => ofMesh.test(group)).map(({ plural, group }) => `${plural}.${group}`))].sort(),
    (name) =>
      orLeftOut(`CustomResourceDefinition ${name}`, leftOut, async () => {
        const found = await client.get({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', name });
        return found && versionsOf(found);
      }),
    concurrency,
  );
  return [...lists, { kind: 'CustomResourceDefinition', objects: definitions.filter((found) => found !== undefined) }];
}

function withoutSystem({ namespaced }: KubeResource): { fieldSelector?: string } {
  return namespaced ? { fieldSelector: [...systemNamespaces].map((name) => `metadata.namespace!=${name}`).join(',') } : {};
}

/** Which versions there are of a kind; its schemas are long, and the same everywhere. */
function versionsOf({ apiVersion, kind, metadata, spec, status }: KubeObject): KubeObject {
  const { versions = [] } = (spec ?? {}) as { versions?: { name?: string; served?: boolean; storage?: boolean; deprecated?: boolean }[] };
  const { name, creationTimestamp, labels, annotations } = metadata;
  return {
    apiVersion,
    kind,
    metadata: { name, creationTimestamp, labels, annotations },
    spec: { versions: versions.map(({ name: version, served, storage, deprecated }) => ({ name: version, served, storage, deprecated })) },
    status: { storedVersions: (status as { storedVersions?: unknown } | undefined)?.storedVersions },
  };
}

function withoutManagers(object: KubeObject): KubeObject {
  delete object.metadata.managedFields;
  return object;
}

/** With their values: to find these where they should not be. */
async function readSecrets(client: KubeClient, served: readonly KubeResource[], leftOut: LeftOut[]): Promise<Pick<ReadCluster, 'secrets' | 'noSecrets'>> {
  const resource = served.find(({ group, kind }) => group === '' && kind === 'Secret');
  if (!resource) return { secrets: [], noSecrets: undefined };
  const fieldSelector = [...notRead.map((type) => `type!=${type}`), withoutSystem(resource).fieldSelector].join(',');
  const own: LeftOut[] = [];
  const secrets = await orLeftOut('Secrets (their names, keys and certificates)', own, async () => (await client.list(resource, { fieldSelector })).items);
  leftOut.push(...own);
  leftOut.push({ what: 'Secrets of Helm (helm.sh/release.v1)', why: 'they are copies of everything that was installed, values of Secrets included' });
  return { secrets: (secrets ?? []).map(withoutManagers), noSecrets: own[0]?.why };
}

/** @throws what is about more than one kind */
async function orLeftOut<T>(what: string, leftOut: LeftOut[], read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof KubeError) || error.status === 0 || error.reason === 'Unauthorized') throw error;
    leftOut.push({ what, why: error.message });
    return undefined;
  }
}
