// What a proxy knows of the mesh: its Sidecar, the services and the virtual services of each of its listeners.
import type { Origin, ProxyIdentity } from '../ir/table.ts';
import type { Destination, IstioEgressListener, OutboundTrafficPolicy, Sidecar } from '../manifest/istio/networking.gen.ts';
import type { Resource } from '../manifest/resource.ts';
import { byCreation } from '../model/creation.ts';
import type { Mesh } from '../model/mesh.ts';
import { matchesLabels } from '../model/selectors.ts';
import { type MeshService, oneForEachHost, Services, withPortsOf } from '../model/services.ts';
import { isSeenIn } from '../model/visibility.ts';
import { EgressHosts } from './egress-hosts.ts';
import { originOf } from './statuses.ts';
import { type RoutingService, VirtualServices } from './virtual-services.ts';

/** Listeners of one port, or of every port of the services, with what they route. */
export interface EgressListener {
  /** As a Sidecar asks for it; undefined: one listener for each port of the services. */
  port: { number: number; name: string; protocol: string } | undefined;
  /** Address that is written; empty: chosen by the port's protocol. */
  bind: string;
  /** It has a socket of its own: captureMode NONE. */
  ownSocket: boolean;
  /** With the port of the listener only, where it has one. */
  services: readonly MeshService[];
  /** In the order in which they are taken (SEL-R13). */
  virtualServices: readonly RoutingService[];
  origin?: Origin;
}

export interface ProxyScope {
  proxy: ProxyIdentity;
  sidecar: Resource<Sidecar> | undefined;
  /** One without a port at gateways, and where there is no Sidecar. */
  egress: readonly EgressListener[];
  /** Every service that the proxy has clusters for, each host once: those of the listeners, then destinations of their virtual services. */
  services: readonly MeshService[];
  /** Traffic that no service takes (SEL-R35). */
  outboundMode: 'ALLOW_ANY' | 'REGISTRY_ONLY';
  /** Takes it in place of PassthroughCluster (SEL-R76). */
  egressProxy: Destination | undefined;
}

export function proxyScope(mesh: Mesh, proxy: ProxyIdentity): ProxyScope {
  const sidecar = proxy.role === 'sidecar' ? sidecarOf(mesh, proxy) : undefined;
  const written = (sidecar?.spec.egress ?? []).map((entry, i) => ({ entry, i })).filter(({ entry }) => entry);
  const egress =
    sidecar && written.length > 0
      ? written.map(({ entry, i }) => egressListener(mesh, proxy, sidecar, entry, i))
      : [everything(mesh, proxy, sidecar ? originOf(sidecar) : undefined)];
  const policy = sidecar?.spec.outboundTrafficPolicy ?? (mesh.meshConfig.outboundTrafficPolicy as OutboundTrafficPolicy | undefined);
  return {
    proxy,
    sidecar,
    egress,
    services: allServices(mesh, proxy.namespace, egress),
    // The zero value of the field is REGISTRY_ONLY; a mesh that says nothing allows all.
    outboundMode: policy === undefined || policy.mode === 'ALLOW_ANY' ? 'ALLOW_ANY' : 'REGISTRY_ONLY',
    egressProxy: policy?.egressProxy ?? undefined,
  };
}

/** The Sidecar of a proxy: one that selects it, else its namespace's, else the root namespace's (SEL-R30). */
export function sidecarOf(mesh: Mesh, { namespace, labels }: ProxyIdentity): Resource<Sidecar> | undefined {
  const selector = ({ spec }: Resource<Sidecar>): Readonly<Record<string, string>> | undefined => spec.workloadSelector?.labels;
  const own = mesh.listIn('Sidecar', namespace).toSorted(byCreation);
  return (
    own.find((sidecar) => selector(sidecar) !== undefined && matchesLabels(selector(sidecar), labels)) ??
    own.find((sidecar) => selector(sidecar) === undefined) ??
    mesh
      .listIn('Sidecar', mesh.rootNamespace)
      .toSorted(byCreation)
      .find((sidecar) => selector(sidecar) === undefined)
  );
}

function everything(mesh: Mesh, { namespace }: ProxyIdentity, origin: Origin | undefined): EgressListener {
  return {
    port: undefined,
    bind: '',
    ownSocket: isUncaptured(mesh),
    services: Services.of(mesh).visibleTo(namespace),
    virtualServices: VirtualServices.of(mesh).boundTo('mesh', namespace),
    ...(origin ? { origin } : {}),
  };
}

function isUncaptured(mesh: Mesh): boolean {
  return mesh.meshConfig.defaultConfig?.interceptionMode === 'NONE';
}

function egressListener(mesh: Mesh, { namespace }: ProxyIdentity, sidecar: Resource<Sidecar>, entry: IstioEgressListener, index: number): EgressListener {
  const hosts = new EgressHosts(entry.hosts ?? [], namespace);
  const { number = 0, name = '', protocol = '' } = entry.port ?? {};
  const imported = Services.of(mesh)
    .exportedTo(namespace)
    .flatMap((service) => {
      if (!hosts.covers(service.namespace, service.host)) return [];
      if (!onlyItsPort(entry)) return [service];
      const ports = service.ports.filter((port) => port.number === number);
      return ports.length > 0 ? [{ ...service, ports }] : [];
    });
  return {
    port: entry.port ? { number, name, protocol: protocol.toUpperCase() } : undefined,
    bind: entry.bind ?? '',
    ownSocket: entry.captureMode === 'NONE' || isUncaptured(mesh),
    services: oneForEachHost(imported, namespace),
    virtualServices: VirtualServices.of(mesh)
      .boundTo('mesh', namespace)
      .filter((service) => hosts.overlaps(service.namespace, service.hosts)),
    origin: originOf(sidecar, 'spec', 'egress', index),
  };
}

/** A listener with a port imports services of this port only, but for proxies of HTTP clients and Unix sockets (SEL-R58). */
function onlyItsPort({ port }: IstioEgressListener): boolean {
  return (port?.number ?? 0) !== 0 && port?.protocol?.toUpperCase() !== 'HTTP_PROXY';
}

function allServices(mesh: Mesh, namespace: string, egress: readonly EgressListener[]): MeshService[] {
  const byHost = new Map<string, MeshService>();
  const add = (service: MeshService): void => {
    const there = byHost.get(service.host);
    if (!there) byHost.set(service.host, service);
    // Listeners of single ports know parts of one service.
    else if (there.namespace === service.namespace && there.resource === service.resource) byHost.set(service.host, withPortsOf(there, service));
  };
  for (const { services, virtualServices } of egress) {
    for (const service of services) add(service);
    for (const [host, ports] of destinationsOf(virtualServices, namespace)) {
      const service = destination(mesh, host, namespace);
      if (!service) continue;
      if (ports.has(0)) add(service);
      else {
        const named = service.ports.filter(({ number }) => ports.has(number));
        if (named.length > 0) add({ ...service, ports: named });
      }
    }
  }
  return [...byHost.values()];
}

/** A service that a virtual service sends to, imported or not (SEL-R32). */
function destination(mesh: Mesh, host: string, namespace: string): MeshService | undefined {
  const known = Services.of(mesh).byHost(host);
  return (
    known.find((service) => service.namespace === namespace) ??
    known.filter(({ scopes }) => isSeenIn(scopes, namespace)).sort((a, b) => (a.namespace < b.namespace ? -1 : a.namespace > b.namespace ? 1 : 0))[0]
  );
}

/** Ports by host that virtual services send to from a namespace; 0 stands for every port. */
function destinationsOf(services: readonly RoutingService[], namespace: string): Map<string, Set<number>> {
  const found = new Map<string, Set<number>>();
  for (const service of services) {
    for (const { host, port, from } of targetsOf(service)) {
      if (from && !from.includes(namespace)) continue;
      const ports = found.get(host);
      if (ports) ports.add(port);
      else found.set(host, new Set([port]));
    }
  }
  return found;
}

interface Target {
  host: string;
  port: number;
  /** Clients of other namespaces do not get the rule; undefined: every client does. */
  from: readonly string[] | undefined;
}

const targets = new WeakMap<RoutingService, readonly Target[]>();

function targetsOf(service: RoutingService): readonly Target[] {
  const known = targets.get(service);
  if (known) return known;
  const found = new Map<string, Target>();
  const add = (to: Destination | undefined, from: readonly string[] | undefined): void => {
    if (to?.host) found.set(JSON.stringify([to.host, to.port?.number, from]), { host: to.host, port: to.port?.number ?? 0, from });
  };
  for (const { route } of service.http) {
    const matches = (route.match ?? []).filter(Boolean);
    const from =
      matches.length > 0 && matches.every(({ sourceNamespace }) => sourceNamespace)
        ? matches.map(({ sourceNamespace }) => sourceNamespace as string)
        : undefined;
    for (const to of route.route ?? []) add(to.destination, from);
    add(route.mirror, from);
    for (const to of route.mirrors ?? []) add(to.destination, from);
  }
  for (const { route } of [...service.tcp, ...service.tls]) for (const to of route.route ?? []) add(to.destination, undefined);
  const made = [...found.values()];
  targets.set(service, made);
  return made;
}
