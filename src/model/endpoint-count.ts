import type { ServiceEntry, WorkloadGroup } from '../manifest/istio/networking.gen.ts';
import type { Resource } from '../manifest/resource.ts';
import type { HostEntry } from './hosts.ts';
import type { ServiceSpec } from './kubernetes.ts';
import { LabelIndex, type Labels } from './label-index.ts';
import type { Mesh } from './mesh.ts';
import { workloadsSelected } from './selection.ts';
import { matchesLabels } from './selectors.ts';
import { serviceEntriesByHost } from './service-entry-hosts.ts';
import { ofPlace, workloadEntries } from './subset-endpoints.ts';
import { isFinished } from './workload-endpoints.ts';
import type { Workload } from './workloads.ts';

/**
 * How many endpoints a host has, or those of it that have the labels of a subset. Undefined where the input cannot tell: names that
 * DNS resolves, endpoints that someone else makes, workloads that do not say how many they are.
 */
export function endpointCount(mesh: Mesh, entry: HostEntry, subset: Labels): number | undefined {
  if (Object.keys(subset).some((key) => ofPlace.has(key))) return undefined;
  const { resource, selector = {} } = entry;
  const selects = Object.keys(selector).length > 0;
  if (resource.kindName === 'Service') {
    const { type, clusterIP } = (resource as Resource<ServiceSpec>).spec;
    // Clients of a headless service choose an address themselves.
    return type === 'ExternalName' || clusterIP === 'None' || !selects ? undefined : selected(mesh, resource.namespace, selector, subset);
  }
  const { resolution, addresses = [], endpoints = [] } = (resource as Resource<ServiceEntry>).spec;
  // Several entries of one host have their endpoints together, and several addresses count each endpoint several times (TCP-R15).
  const alone = serviceEntriesByHost(mesh).get(entry.host)?.length === 1 && addresses.length <= 1;
  if (resolution !== 'STATIC' || !alone) return undefined;
  return selects ? selected(mesh, resource.namespace, selector, subset) : endpoints.filter((e) => e && matchesLabels(subset, e.labels ?? {})).length;
}

function selected(mesh: Mesh, namespace: string, selector: Labels, subset: Labels): number | undefined {
  if (Object.entries(subset).some(([key, value]) => Object.hasOwn(selector, key) && selector[key] !== value)) return 0;
  const labels = { ...selector, ...subset };
  // Virtual machines of a group come and go by themselves.
  if (workloadGroups(mesh, namespace).matching(labels).length > 0) return undefined;
  const pods = podCount(workloadsSelected(mesh, namespace, labels));
  return pods === undefined ? undefined : pods + workloadEntries(mesh, namespace, labels).length;
}

function workloadGroups(mesh: Mesh, namespace: string): LabelIndex<Resource<WorkloadGroup>> {
  const indexes = mesh.memo('workload groups by labels', ['WorkloadGroup'], () => new Map<string, LabelIndex<Resource<WorkloadGroup>>>());
  let index = indexes.get(namespace);
  if (!index) {
    index = new LabelIndex(mesh.listIn('WorkloadGroup', namespace), ({ spec }) => spec.metadata?.labels ?? {});
    indexes.set(namespace, index);
  }
  return index;
}

/**
 * How many pods there are, and will be; undefined where a workload does not say it. Pods that have an owner were made of a template, so that
 * the templates of the input do not count again.
 */
export function podCount(workloads: readonly Workload[]): number | undefined {
  const pods = workloads.filter(({ isPod, resource }) => isPod && !isFinished(resource));
  if (pods.some(({ resource }) => isOwned(resource))) return pods.length;
  let count = pods.length;
  for (const { isPod, resource, replicas } of workloads) {
    if (isPod || (resource.kindName === 'ReplicaSet' && isOwned(resource))) continue;
    if (replicas === undefined) return undefined;
    count += replicas;
  }
  return count;
}

function isOwned({ raw }: Resource): boolean {
  const { ownerReferences } = raw.metadata as { ownerReferences?: unknown };
  return Array.isArray(ownerReferences) && ownerReferences.length > 0;
}
