import { compareText } from '../manifest/compare-text.ts';
import type { Resource } from '../manifest/resource.ts';
import type { Pod, PodSpec, PodTemplate, WorkloadControllerSpec } from './kubernetes.ts';

/** A pod that runs, or that a Deployment, StatefulSet … will make of its template. */
export interface Workload {
  /** The Pod or the owner of the template. */
  resource: Resource;
  isPod: boolean;
  name: string;
  namespace: string;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  spec: PodSpec;
  /** How many pods of it there are; undefined where the input does not say. */
  replicas: number | undefined;
}

/** An order that does not depend on that of the input, for where one workload stands for several. */
export function byName(a: Workload, b: Workload): number {
  const [x, y] = [a, b].map(({ namespace, name, resource }) => `${namespace}/${name} ${resource.kindName}`) as [string, string];
  return compareText(x, y);
}

export type PodTemplateOwner = Resource<WorkloadControllerSpec & { jobTemplate?: { spec?: { template?: PodTemplate } } }>;

/** Owners of pods that can say how many there are. */
const withReplicas: ReadonlySet<string> = new Set(['Deployment', 'ReplicaSet', 'StatefulSet']);

/** Without a number there is one, or as many as an autoscaler wants; a DaemonSet has one for each node. */
function replicasOf({ kindName, spec }: PodTemplateOwner): number | undefined {
  const { replicas } = spec as { replicas?: unknown };
  return withReplicas.has(kindName) && typeof replicas === 'number' ? replicas : undefined;
}

// A resource stands for the same workload in every mesh.
const known = new WeakMap<Resource, Workload | null>();

/** Pods, then what the owners' templates stand for. */
export function workloadsOf(pods: readonly Pod[], owners: readonly PodTemplateOwner[]): Workload[] {
  return [...pods.map((pod) => once(pod, () => ofPod(pod))), ...owners.map((owner) => once(owner, () => ofTemplate(owner)))].filter((found) => found !== null);
}

function once(resource: Resource, make: () => Workload | null): Workload | null {
  let found = known.get(resource);
  if (found === undefined) {
    found = make();
    known.set(resource, found);
  }
  return found;
}

function ofPod(pod: Pod): Workload {
  return {
    resource: pod,
    isPod: true,
    name: pod.name,
    namespace: pod.namespace,
    labels: pod.labels,
    annotations: pod.annotations,
    spec: pod.spec,
    replicas: 1,
  };
}

function ofTemplate(owner: PodTemplateOwner): Workload | null {
  const template = owner.spec.template ?? owner.spec.jobTemplate?.spec?.template;
  if (!template) return null;
  return {
    resource: owner,
    isPod: false,
    name: owner.name,
    namespace: owner.namespace,
    labels: template.metadata?.labels ?? {},
    annotations: template.metadata?.annotations ?? {},
    spec: template.spec ?? {},
    replicas: replicasOf(owner),
  };
}
