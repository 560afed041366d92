import { isIP } from 'node:net';
import type { ProxyIdentity } from '../../ir/table.ts';
import type { Gateway, WorkloadEntry } from '../../manifest/istio/networking.gen.ts';
import type { Resource } from '../../manifest/resource.ts';
import type { Mesh } from '../../model/mesh.ts';
import { matchesLabels } from '../../model/selectors.ts';
import { text } from '../../model/untyped.ts';
import { CliError, usageError } from '../exit.ts';
import { type ManifestFlags, parseLabels, parseLocality, parseLocalityFlag, parseNamespacedName } from './flags.ts';
import { knownNames } from './known-names.ts';

const nowhere = { region: '', zone: '', subzone: '' };

/**
 * The proxy that the flags ask for: what the manifests know of it, then what the flags say.
 *
 * @throws CliError when the manifests do not have it and the flags do not describe it
 */
export function identityOf(flags: ManifestFlags, mesh: Mesh): ProxyIdentity {
  if (flags.proxy !== undefined && flags.gateway !== undefined) throw usageError('--proxy and --gateway do not go together: a process is one proxy');
  for (const address of flags.ip ?? []) if (isIP(address) === 0) throw usageError(`--ip takes an IP address, not "${address}"`);
  const found = flags.gateway === undefined ? sidecar(flags, mesh) : gateway(flags.gateway, flags, mesh);
  return {
    ...found,
    ...(flags.labels === undefined ? {} : { labels: parseLabels(flags.labels) }),
    ...(flags.locality === undefined ? {} : { locality: parseLocalityFlag(flags.locality) }),
    ...(flags.ip === undefined ? {} : { addresses: flags.ip }),
  };
}

function sidecar(flags: ManifestFlags, mesh: Mesh): ProxyIdentity {
  const base: ProxyIdentity = {
    role: 'sidecar',
    namespace: flags.namespace ?? onlyNamespace(mesh),
    name: '',
    labels: {},
    serviceAccount: 'default',
    locality: nowhere,
    addresses: [],
  };
  if (flags.proxy === undefined) return base;
  const { namespace, name } = parseNamespacedName('proxy', flags.proxy, base.namespace);
  const workload = mesh.workloads(namespace).find((w) => w.name === name);
  if (workload) return { ...base, ...ofWorkload(mesh, workload), namespace, name };
  const entry = mesh.find('WorkloadEntry', namespace, name);
  if (entry) return { ...base, ...ofEntry(entry), namespace, name };
  if (flags.labels !== undefined) return { ...base, namespace, name };
  const workloads = [...mesh.allWorkloads(), ...mesh.list('WorkloadEntry')].map((w) => `${w.namespace}/${w.name}`);
  throw new CliError(
    `--proxy: the manifests have no workload ${namespace}/${name}`,
    undefined,
    workloads.length > 0
      ? `${knownNames(`${namespace}/${name}`, workloads)} Or describe it with --labels.`
      : 'They have none at all. Describe it with --labels app=…,version=….',
  );
}

type Workload = ReturnType<Mesh['workloads']>[number];

function ofWorkload(mesh: Mesh, { labels, spec, resource }: Workload): Pick<ProxyIdentity, 'labels' | 'serviceAccount' | 'locality' | 'addresses'> {
  const node = typeof spec.nodeName === 'string' ? mesh.find('Node', '', spec.nodeName) : undefined;
  const locality = labels['istio-locality'];
  const podIP = text((resource.raw.status as { podIP?: unknown } | undefined)?.podIP);
  return {
    labels,
    serviceAccount: spec.serviceAccountName || 'default',
    locality: locality
      ? parseLocality(locality.replaceAll('.', '/'))
      : {
          region: node?.labels['topology.kubernetes.io/region'] ?? '',
          zone: node?.labels['topology.kubernetes.io/zone'] ?? '',
          subzone: node?.labels['topology.istio.io/subzone'] ?? '',
        },
    addresses: podIP === '' ? [] : [podIP],
  };
}

function ofEntry({ spec }: Resource<WorkloadEntry>): Pick<ProxyIdentity, 'labels' | 'serviceAccount' | 'locality' | 'addresses'> {
  const { address = '', labels = {}, serviceAccount = 'default', locality = '' } = spec;
  return { labels, serviceAccount, locality: parseLocality(locality), addresses: isIP(address) === 0 ? [] : [address] };
}

/** A Gateway resource by its name, or the workload of gateways. */
function gateway(name: string, flags: ManifestFlags, mesh: Mesh): ProxyIdentity {
  const wanted = parseNamespacedName('gateway', name, flags.namespace ?? onlyNamespace(mesh));
  const base: ProxyIdentity = { role: 'gateway', ...wanted, labels: {}, serviceAccount: 'default', locality: nowhere, addresses: [] };
  const workload = mesh.workloads(wanted.namespace).find((w) => w.name === wanted.name);
  if (workload) return { ...base, ...ofWorkload(mesh, workload) };
  if (flags.labels !== undefined) return base;
  const resource = mesh.find('Gateway', wanted.namespace, wanted.name);
  if (resource) {
    const labels = (resource as Resource<Gateway>).spec.selector ?? {};
    const pods = mesh.allWorkloads().find((w) => Object.keys(labels).length > 0 && matchesLabels(labels, w.labels));
    if (pods) return { ...base, ...ofWorkload(mesh, pods), namespace: pods.namespace, name: pods.name };
    // Nothing in the input runs it: whoever has exactly these labels would.
    return { ...base, labels };
  }
  const ofApi = mesh.find('gateway-api/Gateway', wanted.namespace, wanted.name);
  if (ofApi) return { ...base, labels: { 'gateway.networking.k8s.io/gateway-name': wanted.name } };
  const known = [...mesh.list('Gateway'), ...mesh.list('gateway-api/Gateway')].map((g) => g.fullName);
  throw new CliError(
    `--gateway: the manifests have no gateway ${wanted.namespace}/${wanted.name}`,
    undefined,
    known.length > 0 ? knownNames(`${wanted.namespace}/${wanted.name}`, known) : 'They have none at all. A sidecar needs no --gateway.',
  );
}

/** The namespace that all virtual services and services are in; `default` where there are several. */
function onlyNamespace(mesh: Mesh): string {
  const namespaces = new Set(
    (['VirtualService', 'Service', 'ServiceEntry', 'DestinationRule'] as const).flatMap((kind) => mesh.list(kind).map((r) => r.namespace)),
  );
  return namespaces.size === 1 ? ([...namespaces][0] as string) : 'default';
}
