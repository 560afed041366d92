// The workloads behind a destination as the proxies that guard them, and who callers prove to be.
import type { Cluster } from '../ir/cluster.ts';
import type { ExpectedEndpoints } from '../ir/provenance.ts';
import type { Origin, ProxyIdentity } from '../ir/table.ts';
import { hasSidecar } from '../model/capture.ts';
import { containersOf, injectionLabel, injectLabel, proxyImageOf, revisionLabel } from '../model/injection.ts';
import type { Namespace, Pod } from '../model/kubernetes.ts';
import type { Mesh } from '../model/mesh.ts';
import { trustDomainOf } from '../model/mesh-config.ts';
import { type MtlsMode, PeerPolicies } from '../model/peer-authentication.ts';
import { spiffeIdOf } from '../model/principal.ts';
import { targetPortOf } from '../model/service-ports.ts';
import { Services } from '../model/services.ts';
import { items, text } from '../model/untyped.ts';
import type { Workload } from '../model/workloads.ts';
import { originOf } from './statuses.ts';
import { namedProxy, sidecarOf } from './workload-identity.ts';

/** One workload, or several that nothing tells apart. */
export interface Server {
  proxy: ProxyIdentity;
  /** As it is connected to; undefined: not known. */
  address: string | undefined;
  /** Of the workload. */
  port: number;
  /** `assumed`: it runs nowhere yet, and the input does not tell whether it gets one. */
  sidecar: 'yes' | 'assumed' | 'no';
  /** Clients that choose by themselves speak mTLS to it. */
  tlsMode: 'istio' | 'disabled';
  /** What it takes (SEC-R10), with the policy that says so. */
  accepts: { mode: MtlsMode; policy?: Origin };
}

/** Of a cluster of a service; workloads that run nowhere yet where it has no endpoints. @param expected of the cluster */
export function serversOf(mesh: Mesh, cluster: Cluster, expected: ExpectedEndpoints | undefined): Server[] {
  const endpoints = cluster.localities.flatMap((locality) => locality.endpoints);
  if (endpoints.length === 0) return (expected?.workloads ?? []).flatMap((origin) => expectedServer(mesh, cluster, origin) ?? []);
  const pods = podsByAddress(mesh);
  const found = new Map<string, Server>();
  for (const { address, port, labels, workload, namespace, serviceAccount, tlsMode, origin } of endpoints) {
    const pod = pods.get(address);
    const named = pod
      ? sidecarOf(mesh, pod.namespace, pod.name)
      : origin?.kind === 'WorkloadEntry'
        ? sidecarOf(mesh, origin.namespace, origin.name)
        : undefined;
    const described = { ...namedProxy('sidecar', namespace, workload), labels, serviceAccount: serviceAccount || 'default', addresses: [address] };
    const proxy = named ?? described;
    const sidecar = pod ? hasProxy(pod) : labels[tlsModeLabel] === 'istio';
    const server: Server = { proxy, address, port, sidecar: sidecar ? 'yes' : 'no', tlsMode, accepts: acceptedBy(mesh, proxy, port) };
    const key = JSON.stringify([
      proxy.namespace,
      proxy.serviceAccount,
      Object.entries(proxy.labels).filter(([name]) => !ofOnePod.has(name)),
      port,
      sidecar,
      tlsMode,
    ]);
    if (!found.has(key)) found.set(key, server);
  }
  return [...found.values()];
}

const tlsModeLabel = 'security.istio.io/tlsMode';
/** Labels that tell pods of one workload apart. */
const ofOnePod: ReadonlySet<string> = new Set([
  'statefulset.kubernetes.io/pod-name',
  'apps.kubernetes.io/pod-index',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
  'topology.istio.io/subzone',
  'kubernetes.io/hostname',
]);

function hasProxy({ labels, spec }: Pod): boolean {
  return labels[tlsModeLabel] === 'istio' || proxyImageOf([...containersOf(spec), ...items(spec.initContainers)]) !== '';
}

function podsByAddress(mesh: Mesh): ReadonlyMap<string, Pod> {
  return mesh.memo<ReadonlyMap<string, Pod>>('pods by address', ['Pod'], () => {
    const addressOf = ({ raw }: Pod): string => text((raw.status as { podIP?: unknown } | undefined)?.podIP);
    return new Map(mesh.list('Pod').flatMap((pod) => (addressOf(pod) === '' ? [] : [[addressOf(pod), pod] as const])));
  });
}

function expectedServer(mesh: Mesh, cluster: Cluster, { namespace, name, kind }: Origin): Server | undefined {
  const proxy = sidecarOf(mesh, namespace, name);
  const workload = mesh.workloads(namespace).find((one) => one.name === name && one.resource.kind === kind);
  if (!proxy || !workload) return undefined;
  const service = Services.of(mesh)
    .byHost(cluster.host)
    .find((one) => one.namespace === cluster.namespace);
  const servicePort = service?.ports.find(({ number }) => number === cluster.port);
  const written = servicePort?.targetPort || cluster.port;
  const port = (/^\d+$/.test(String(written)) ? Number(written) : targetPortOf({ port: cluster.port, targetPort: written }, workload.spec)) ?? cluster.port;
  const sidecar = sidecarToCome(workload, mesh.find('Namespace', '', namespace));
  const accepts = acceptedBy(mesh, proxy, port);
  return { proxy, address: proxy.addresses[0], port, sidecar, tlsMode: sidecar === 'no' || accepts.mode === 'DISABLE' ? 'disabled' : 'istio', accepts };
}

/** Whether what a workload sends goes through a sidecar. @param proxy of the workload, as `sidecarOf` finds it; others are as they say they are */
export function callerSidecar(mesh: Mesh, { role, namespace, name }: ProxyIdentity): Server['sidecar'] {
  const workload = role === 'sidecar' && name !== '' ? mesh.workloads(namespace).find((one) => one.name === name) : undefined;
  if (!workload) return 'yes';
  if (workload.isPod && (workload.resource.raw.status as { podIP?: unknown } | undefined)?.podIP) return hasProxy(workload.resource as Pod) ? 'yes' : 'no';
  return sidecarToCome(workload, mesh.find('Namespace', '', namespace));
}

/** Of what runs nowhere yet. A revision that somebody names is taken to be there. */
function sidecarToCome(workload: Workload, namespace: Namespace | undefined): Server['sidecar'] {
  if (hasSidecar(workload, namespace)) return 'yes';
  if (workload.spec.hostNetwork === true || (workload.labels[injectLabel] ?? workload.annotations[injectLabel]) !== undefined) return 'no';
  if (!namespace) return 'assumed';
  return namespace.labels[injectionLabel] === undefined && (workload.labels[revisionLabel] ?? '') !== '' ? 'yes' : 'no';
}

/** A workload that is meant itself, not as an endpoint of a service. @param port of the workload */
export function serverAt(mesh: Mesh, proxy: ProxyIdentity, port: number): Server {
  const accepts = acceptedBy(mesh, proxy, port);
  return { proxy, address: proxy.addresses[0], port, sidecar: 'yes', tlsMode: accepts.mode === 'DISABLE' ? 'disabled' : 'istio', accepts };
}

function acceptedBy(mesh: Mesh, proxy: ProxyIdentity, port: number): Server['accepts'] {
  const policies = PeerPolicies.of(mesh);
  // Where the input does not tell which of several is the oldest, it is as the control plane would decide now.
  const accepted = policies.acceptedAt(proxy, port) ?? { mode: policies.modeAt(proxy, port) };
  const { mode, policy, path = [] } = accepted as { mode: MtlsMode; policy?: Parameters<typeof originOf>[0]; path?: (string | number)[] };
  return { mode, ...(policy ? { policy: originOf(policy, ...path) } : {}) };
}

/** Who a proxy proves to be over mTLS; undefined: nothing says what its service account is. */
export function principalOf(mesh: Mesh, proxy: ProxyIdentity): string | undefined {
  const { namespace, name, serviceAccount } = proxy;
  const known = name !== '' && sidecarOf(mesh, namespace, name) !== undefined;
  if (!known && serviceAccount === namedProxy('sidecar', '', '').serviceAccount) return undefined;
  return spiffeIdOf(trustDomainOf(mesh.meshConfig), { namespace, serviceAccount });
}
