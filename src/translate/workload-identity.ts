// Workloads of a mesh as the proxies beside them.

import type { Locality, ProxyIdentity } from '../ir/table.ts';
import { isIp } from '../manifest/ip.ts';
import type { Gateway, WorkloadEntry } from '../manifest/istio/networking.gen.ts';
import type { Resource } from '../manifest/resource.ts';
import { gatewayNameLabel } from '../model/gateway-api.ts';
import type { Mesh } from '../model/mesh.ts';
import { matchesLabels } from '../model/selectors.ts';
import { text } from '../model/untyped.ts';
import { regionLabel, subzoneLabel, zoneLabel } from '../model/workload-endpoints.ts';
import type { Workload } from '../model/workloads.ts';

type Described = Pick<ProxyIdentity, 'labels' | 'serviceAccount' | 'locality' | 'addresses'>;

/** What nothing is known of. */
const undescribed: Described = { labels: {}, serviceAccount: 'default', locality: { region: '', zone: '', subzone: '' }, addresses: [] };

/** A proxy that nothing but its name is known of. */
export function namedProxy(role: ProxyIdentity['role'], namespace: string, name: string): ProxyIdentity {
  return { role, namespace, name, ...undescribed };
}

/** The sidecar of a workload, or of a machine with a WorkloadEntry; undefined where the mesh has none of this name. */
export function sidecarOf(mesh: Mesh, namespace: string, name: string): ProxyIdentity | undefined {
  const workload = workloadNamed(mesh, namespace, name);
  if (workload) return { ...namedProxy('sidecar', namespace, name), ...ofWorkload(mesh, workload) };
  const entry = mesh.find('WorkloadEntry', namespace, name);
  return entry && { ...namedProxy('sidecar', namespace, name), ...ofEntry(entry) };
}

/** A workload as a gateway; undefined where the mesh has none of this name. */
export function gatewayWorkload(mesh: Mesh, namespace: string, name: string): ProxyIdentity | undefined {
  const workload = workloadNamed(mesh, namespace, name);
  return workload && { ...namedProxy('gateway', namespace, name), ...ofWorkload(mesh, workload) };
}

/**
 * What runs a Gateway of this name: the first workload that it selects. Where nothing in the mesh does, whoever has exactly the
 * labels that it selects by. Undefined where there is no Gateway of this name.
 */
export function gatewayOfResource(mesh: Mesh, namespace: string, name: string): ProxyIdentity | undefined {
  const resource = mesh.find('Gateway', namespace, name) as Resource<Gateway> | undefined;
  const base = namedProxy('gateway', namespace, name);
  if (resource) {
    const labels = resource.spec.selector ?? {};
    const pods = mesh.allWorkloads().find((workload) => Object.keys(labels).length > 0 && matchesLabels(labels, workload.labels));
    return pods ? { ...base, ...ofWorkload(mesh, pods), namespace: pods.namespace, name: pods.name } : { ...base, labels };
  }
  return mesh.find('gateway-api/Gateway', namespace, name) && { ...base, labels: { [gatewayNameLabel]: name } };
}

/** What `gatewayOfResource` finds, as `NAMESPACE/NAME`. */
export function gatewayNames(mesh: Mesh): string[] {
  return [...mesh.list('Gateway'), ...mesh.list('gateway-api/Gateway')].map((gateway) => gateway.fullName);
}

/** `region[/zone[/subzone]]` */
export function parseLocality(text: string): Locality {
  const [region = '', zone = '', subzone = ''] = text.split('/');
  return { region, zone, subzone };
}

type DescribedWorkload = Pick<Workload, 'labels' | 'spec'> & { resource: Resource };

function workloadNamed(mesh: Mesh, namespace: string, name: string): DescribedWorkload | undefined {
  const pod = mesh.find('Pod', namespace, name);
  // Pods come first, and their index spares a search through all of them.
  if (pod) return { labels: pod.labels, spec: pod.spec, resource: pod };
  return mesh.options.templates ? mesh.workloads(namespace).find((workload) => workload.name === name) : undefined;
}

function ofWorkload(mesh: Mesh, { labels, spec, resource }: DescribedWorkload): Described {
  const node = typeof spec.nodeName === 'string' ? mesh.find('Node', '', spec.nodeName) : undefined;
  const locality = labels['istio-locality'];
  const podIP = text((resource.raw.status as { podIP?: unknown } | undefined)?.podIP);
  return {
    labels,
    serviceAccount: spec.serviceAccountName || 'default',
    locality: locality
      ? parseLocality(locality.replaceAll('.', '/'))
      : { region: node?.labels[regionLabel] ?? '', zone: node?.labels[zoneLabel] ?? '', subzone: node?.labels[subzoneLabel] ?? '' },
    addresses: podIP === '' ? [] : [podIP],
  };
}

function ofEntry({ spec }: Resource<WorkloadEntry>): Described {
  const { address = '', labels = {}, serviceAccount = 'default', locality = '' } = spec;
  return { labels, serviceAccount, locality: parseLocality(locality), addresses: isIp(address) ? [address] : [] };
}
