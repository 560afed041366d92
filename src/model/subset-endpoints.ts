import type { ServiceEntry } from '../manifest/istio/networking.gen.ts';
import type { Resource } from '../manifest/resource.ts';
import type { HostEntry } from './hosts.ts';
import type { PodSpec, ServiceSpec } from './kubernetes.ts';
import { LabelIndex, type Labels } from './label-index.ts';
import type { Mesh } from './mesh.ts';
import { workloadsSelected } from './selection.ts';
import { matchesLabels } from './selectors.ts';
import type { Workload } from './workloads.ts';

/** Labels that an endpoint gets from the node that its pod runs on. */
const ofNode = ['topology.kubernetes.io/region', 'topology.kubernetes.io/zone', 'topology.istio.io/subzone'] as const;
const hostname = 'kubernetes.io/hostname';
/** Labels that the control plane gives to endpoints by where they are: no file shows them. */
export const ofPlace: ReadonlySet<string> = new Set<string>([...ofNode, hostname, 'topology.istio.io/network', 'topology.istio.io/cluster']);

function nodeLabels(mesh: Mesh, { nodeName }: PodSpec): Labels {
  if (typeof nodeName !== 'string' || nodeName === '') return {};
  const node = mesh.find('Node', '', nodeName);
  if (!node) return {};
  const out: Record<string, string> = { [hostname]: nodeName };
  for (const key of ofNode) if (node.labels[key]) out[key] = node.labels[key];
  return out;
}

/**
 * As the reference sees a subset: a pod of any namespace is an endpoint of it, whatever the service selects. Of a service entry
 * the labels of its workload selector count, too.
 */
export function podsAnywhere(mesh: Mesh, entry: HostEntry, subset: Labels): boolean {
  const index = mesh.memo('workloads with the labels of their nodes', ['Pod', 'Node'], () => {
    const labels = new Map(mesh.allWorkloads().map((w) => [w, { ...w.labels, ...nodeLabels(mesh, w.spec) }]));
    return new LabelIndex<Workload>([...labels.keys()], (w) => labels.get(w) as Labels);
  });
  const base = entry.resource.kindName === 'ServiceEntry' ? (entry.selector ?? {}) : {};
  return index.matching({ ...base, ...subset }).length > 0;
}

/**
 * Whether a host has an endpoint with the labels of a subset, as far as files tell: pods that the service selects in its own
 * namespace, workload entries, and endpoints of the service entry. True when nothing can be said.
 */
export function hasEndpoint(mesh: Mesh, entry: HostEntry, subset: Labels): boolean {
  const labels = Object.fromEntries(Object.entries(subset).filter(([key]) => !ofPlace.has(key)));
  const { namespace } = entry.resource;
  if (entry.resource.kindName === 'Service') {
    const { type } = (entry.resource as Resource<ServiceSpec>).spec;
    // Endpoints of a Service without a selector are made by someone else.
    if (type === 'ExternalName' || !entry.selector || Object.keys(entry.selector).length === 0) return true;
  } else {
    const { endpoints = [], workloadSelector } = (entry.resource as Resource<ServiceEntry>).spec;
    if (!workloadSelector) {
      if (endpoints.length === 0) return Object.keys(labels).length === 0;
      return endpoints.some((endpoint) => matchesLabels(labels, endpoint?.labels ?? {}));
    }
  }
  const selector = { ...entry.selector, ...labels };
  return workloadsSelected(mesh, namespace, selector).length > 0 || workloadEntries(mesh, namespace, selector).length > 0;
}

export function workloadEntries(mesh: Mesh, namespace: string, selector: Labels): readonly Resource[] {
  const indexes = mesh.memo('workload entries by labels', ['WorkloadEntry'], () => new Map<string, LabelIndex<Resource>>());
  let index = indexes.get(namespace);
  if (!index) {
    index = new LabelIndex<Resource>(mesh.listIn('WorkloadEntry', namespace), (r) => (r.spec as { labels?: Labels }).labels ?? {});
    indexes.set(namespace, index);
  }
  return index.matching(selector);
}
