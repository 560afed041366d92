import { compareText } from '../manifest/compare-text.ts';
import type { KubeClient } from './client.ts';
import { KubeError } from './error.ts';
import { type LabelSelector, labelSelectorText } from './label-selector.ts';
import { type KubeObject, refOf } from './object.ts';
import { because, conditionOf, isPodReady, podReason } from './pod-reason.ts';
import { podResource } from './pods.ts';

export interface Readiness {
  ready: boolean;
  /** Empty when it is ready; else for users: `0 of 2 pods are ready: weft-controller-abc: ImagePullBackOff in container …`. */
  reason: string;
}

/** What readiness asks of a cluster. */
export type Source = Pick<KubeClient, 'get' | 'list' | 'resource'>;

type Check = (object: KubeObject, client: Source) => string | Promise<string>;

/** By kind; what is in no list is ready when it is there. */
const checks: Readonly<Record<string, Check>> = {
  'apps/Deployment': deployment,
  'apps/DaemonSet': daemonSet,
  'apps/StatefulSet': statefulSet,
  'batch/Job': job,
  'apiextensions.k8s.io/CustomResourceDefinition': definition,
  '/Namespace': namespace,
  '/Pod': (pod) => ((pod.status as { phase?: string } | undefined)?.phase === 'Succeeded' ? '' : podReason(pod)),
};

/**
 * Whether the cluster's object does what its kind is for: pods of a Deployment, DaemonSet or StatefulSet are those of the newest version
 * and ready, a Job is complete, a CustomResourceDefinition is established and its kind among those that the cluster lists, a Namespace
 * active. Others are, and are not asked for;
 * Services of type LoadBalancer too, since an address is not given everywhere.
 *
 * @param object as it was sent; what counts is the cluster's
 * @throws KubeError where the cluster cannot be asked
 */
export async function readinessOf(client: Source, object: KubeObject): Promise<Readiness> {
  const group = object.apiVersion.includes('/') ? object.apiVersion.split('/')[0] : '';
  const check = checks[`${group}/${object.kind}`];
  if (!check) return { ready: true, reason: '' };
  const found = await client.get(refOf(object));
  const reason = found ? await check(found, client) : 'it is not there';
  return { ready: reason === '', reason };
}

interface WorkloadSpec {
  replicas?: number;
  selector?: LabelSelector;
  updateStrategy?: { type?: string; rollingUpdate?: { partition?: number } };
}

interface WorkloadStatus {
  observedGeneration?: number;
  replicas?: number;
  updatedReplicas?: number;
  readyReplicas?: number;
  availableReplicas?: number;
  desiredNumberScheduled?: number;
  updatedNumberScheduled?: number;
  numberAvailable?: number;
  currentRevision?: string;
  updateRevision?: string;
}

const statusOf = (object: KubeObject): WorkloadStatus => (object.status ?? {}) as WorkloadStatus;
const specOf = (object: KubeObject): WorkloadSpec => (object.spec ?? {}) as WorkloadSpec;

/** The status is about an earlier state of the object. */
function isStale({ metadata, status }: KubeObject): boolean {
  return (metadata.generation ?? 0) > ((status as WorkloadStatus | undefined)?.observedGeneration ?? 0);
}

const unseen = 'no controller has taken the change up yet';

async function deployment(object: KubeObject, client: Source): Promise<string> {
  if (isStale(object)) return unseen;
  const wanted = specOf(object).replicas ?? 1;
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = statusOf(object);
  if (updatedReplicas >= wanted && replicas <= updatedReplicas && availableReplicas >= wanted) return '';
  const reasons = [
    updatedReplicas < wanted
      ? `${updatedReplicas} of ${wanted} pods are of the new version`
      : replicas > updatedReplicas
        ? `${counted(replicas - updatedReplicas, 'pod')} of the old version left`
        : `${availableReplicas} of ${wanted} pods are ready`,
  ];
  const progressing = conditionOf(object, 'Progressing');
  if (progressing?.status === 'False') reasons.push(`no progress within its deadline (${progressing.reason})`);
  const failure = conditionOf(object, 'ReplicaFailure');
  if (failure?.status === 'True') reasons.push(`pods cannot be made${because(failure.message ?? failure.reason)}`);
  return [...reasons, ...(await podReasons(object, client))].join(': ');
}

async function daemonSet(object: KubeObject, client: Source): Promise<string> {
  if (isStale(object)) return unseen;
  const { desiredNumberScheduled: wanted = 0, updatedNumberScheduled = 0, numberAvailable = 0 } = statusOf(object);
  const onDelete = specOf(object).updateStrategy?.type === 'OnDelete';
  if (!onDelete && updatedNumberScheduled < wanted)
    return [`${updatedNumberScheduled} of ${wanted} pods are of the new version`, ...(await podReasons(object, client))].join(': ');
  return numberAvailable < wanted ? [`${numberAvailable} of ${wanted} pods are ready`, ...(await podReasons(object, client))].join(': ') : '';
}

async function statefulSet(object: KubeObject, client: Source): Promise<string> {
  if (isStale(object)) return unseen;
  const { replicas: wanted = 1, updateStrategy } = specOf(object);
  const { readyReplicas = 0, updatedReplicas = 0, currentRevision, updateRevision } = statusOf(object);
  const partition = updateStrategy?.rollingUpdate?.partition ?? 0;
  const updated = Math.max(0, wanted - partition);
  // What is updated is counted only while two versions are about.
  const ofNew = currentRevision === updateRevision ? wanted : updatedReplicas;
  if (updateStrategy?.type !== 'OnDelete' && ofNew < updated)
    return [`${ofNew} of ${updated} pods are of the new version`, ...(await podReasons(object, client))].join(': ');
  return readyReplicas < wanted ? [`${readyReplicas} of ${wanted} pods are ready`, ...(await podReasons(object, client))].join(': ') : '';
}

async function job(object: KubeObject, client: Source): Promise<string> {
  if (conditionOf(object, 'Complete')?.status === 'True') return '';
  const failed = conditionOf(object, 'Failed');
  if (failed?.status === 'True') return `it failed: ${failed.reason ?? ''}${because(failed.message)}`;
  const { succeeded = 0 } = (object.status ?? {}) as { succeeded?: number };
  const { completions = 1 } = (object.spec ?? {}) as { completions?: number };
  return [`${succeeded} of ${counted(completions, 'pod')} completed`, ...(await podReasons(object, client))].join(': ');
}

interface DefinitionSpec {
  group?: string;
  names?: { kind?: string };
  versions?: { name: string; served?: boolean }[];
}

const unserved = 'the API server does not serve the kind yet';

/** The API server lists a kind some moments after it has established it, and until then clients say that there is no such kind. */
async function definition(object: KubeObject, client: Source): Promise<string> {
  const names = conditionOf(object, 'NamesAccepted');
  if (names?.status === 'False') return `its names are taken${because(names.message ?? names.reason)}`;
  if (conditionOf(object, 'Established')?.status !== 'True') return unserved;
  const { group, names: { kind = '' } = {}, versions = [] } = (object.spec ?? {}) as DefinitionSpec;
  const listed = await Promise.all(versions.filter(({ served }) => served).map(({ name }) => client.resource(`${group}/${name}`, kind)));
  return listed.includes(undefined) ? unserved : '';
}

function namespace(object: KubeObject): string {
  const { phase } = (object.status ?? {}) as { phase?: string };
  if (phase !== 'Terminating' && !object.metadata.deletionTimestamp) return '';
  const left = conditionOf(object, 'NamespaceContentRemaining') ?? conditionOf(object, 'NamespaceFinalizersRemaining');
  return `it is being removed${because(left?.status === 'True' ? left.message : undefined)}`;
}

/** `NAME: why`, of the newest pod that is not ready; how many more there are. Nothing where pods may not be read. */
async function podReasons(object: KubeObject, client: Source): Promise<string[]> {
  const labelSelector = labelSelectorText(specOf(object).selector);
  const { namespace } = object.metadata;
  if (!labelSelector || !namespace) return [];
  let items: readonly KubeObject[];
  try {
    ({ items } = await client.list(podResource, { namespace, labelSelector }));
  } catch (error) {
    if (error instanceof KubeError && error.status > 0) return [];
    throw error;
  }
  const unready = items
    .filter((pod) => !isPodReady(pod) && !pod.metadata.deletionTimestamp)
    .sort(
      (a, b) =>
        compareText(b.metadata.creationTimestamp ?? '', a.metadata.creationTimestamp ?? '') || compareText(a.metadata.name ?? '', b.metadata.name ?? ''),
    );
  const [newest] = unready;
  if (!newest) return [];
  const others = unready.length > 1 ? ` (and ${unready.length - 1} more)` : '';
  return [`${newest.metadata.name}: ${podReason(newest)}${others}`];
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
