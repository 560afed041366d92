// What a proxy knows of the mesh: its Sidecar, the services and the virtual services of each of its listeners.

import type { Origin, ProxyIdentity } from '../ir/table.ts';
import { compareText } from '../manifest/compare-text.ts';
import type { Destination, IstioEgressListener, OutboundTrafficPolicy, Sidecar } from '../manifest/istio/networking.gen.ts';
import type { Resource } from '../manifest/resource.ts';
import { byCreation } from '../model/creation.ts';
import type { Mesh } from '../model/mesh.ts';
import { difference, keepList } from '../model/same.ts';
import { matchesLabels } from '../model/selectors.ts';
import { type MeshService, oneForEachHost, Services, withPorts, withPortsOf } from '../model/services.ts';
import { isSeenIn } from '../model/visibility.ts';
import { EgressHosts } from './egress-hosts.ts';
import { Streams } from './outbound/tcp-chains.ts';
import { type ProxyView, wholeView } from './proxy-view.ts';
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
  /** Of them those with rules for streams. */
  streams: Streams;
  origin?: Origin;
}

export interface ProxyScope {
  view: ProxyView;
  sidecar: Resource<Sidecar> | undefined;
  /** One without a port at gateways, and where there is no Sidecar. */
  egress: readonly EgressListener[];
  /** Every service that the proxy has clusters for, each host once: those of the listeners, then destinations of their virtual services. */
  services: readonly MeshService[];
  /** Traffic that no service takes (SEL-R35). */
  outboundMode: 'ALLOW_ANY' | 'REGISTRY_ONLY';
  /** Takes it in place of PassthroughCluster (SEL-R76). */
  egressProxy: Destination | undefined;
  /** Of the mesh that the scope is of. */
  allServices: Services;
}

export function proxyScope(mesh: Mesh, proxy: ProxyIdentity): ProxyScope {
  return scopeOf(mesh, wholeView(mesh, proxy));
}

/** @param former of the same view in a mesh before this one: lists without a change are the same */
export function scopeOf(mesh: Mesh, view: ProxyView, former?: ProxyScope): ProxyScope {
  const sidecar = view.role === 'sidecar' ? sidecarOf(mesh, view) : undefined;
  const written = (sidecar?.spec.egress ?? []).map((entry, i) => ({ entry, i })).filter(({ entry }) => entry);
  const egress =
    sidecar && written.length > 0
      ? written.map(({ entry, i }, at) => egressListener(mesh, view, sidecar, entry, i, former?.egress[at]))
      : [everything(mesh, view, sidecar ? originOf(sidecar) : undefined, former?.egress[0])];
  const policy = sidecar?.spec.outboundTrafficPolicy ?? (mesh.meshConfig.outboundTrafficPolicy as OutboundTrafficPolicy | undefined);
  return {
    view,
    sidecar,
    egress,
    services: keepList(former?.services, allServices(mesh, view.namespace, egress, former)),
    // The zero value of the field is REGISTRY_ONLY; a mesh that says nothing allows all.
    outboundMode: policy === undefined || policy.mode === 'ALLOW_ANY' ? 'ALLOW_ANY' : 'REGISTRY_ONLY',
    egressProxy: policy?.egressProxy ?? undefined,
    allServices: Services.of(mesh),
  };
}

/** The Sidecar of a proxy: one that selects it, else its namespace's, else the root namespace's (SEL-R30). */
export function sidecarOf(mesh: Mesh, { namespace, labels }: Pick<ProxyIdentity, 'namespace' | 'labels'>): Resource<Sidecar> | undefined {
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

function everything(mesh: Mesh, { namespace }: ProxyView, origin: Origin | undefined, former: EgressListener | undefined): EgressListener {
  const virtualServices = keepList(former?.virtualServices, VirtualServices.of(mesh).boundTo('mesh', namespace));
  return {
    port: undefined,
    bind: '',
    ownSocket: isUncaptured(mesh),
    services: keepList(former?.services, Services.of(mesh).visibleTo(namespace)),
    virtualServices,
    streams: streamsOf(virtualServices, former),
    ...(origin ? { origin } : {}),
  };
}

const streams = new WeakMap<readonly RoutingService[], Streams>();

function streamsOf(services: readonly RoutingService[], former: EgressListener | undefined): Streams {
  let found = streams.get(services);
  if (!found) {
    const { gone, come } = difference(former?.virtualServices ?? [], services);
    found = former && ![...gone, ...come].some(hasStreams) ? former.streams : new Streams(services.filter(hasStreams));
    streams.set(services, found);
  }
  return found;
}

function hasStreams({ tls, tcp }: RoutingService): boolean {
  return tls.length + tcp.length > 0;
}

function isUncaptured(mesh: Mesh): boolean {
  return mesh.meshConfig.defaultConfig?.interceptionMode === 'NONE';
}

function egressListener(
  mesh: Mesh,
  { namespace }: ProxyView,
  sidecar: Resource<Sidecar>,
  entry: IstioEgressListener,
  index: number,
  former: EgressListener | undefined,
): EgressListener {
  const hosts = new EgressHosts(entry.hosts ?? [], namespace);
  const { number = 0, name = '', protocol = '' } = entry.port ?? {};
  const imported = Services.of(mesh)
    .exportedTo(namespace)
    .flatMap((service) => {
      if (!hosts.covers(service.namespace, service.host)) return [];
      if (!onlyItsPort(entry)) return [service];
      const ports = service.ports.filter((port) => port.number === number);
      return ports.length > 0 ? [withPorts(service, ports)] : [];
    });
  const overlapping = VirtualServices.of(mesh)
    .boundTo('mesh', namespace)
    .filter((service) => hosts.overlaps(service.namespace, service.hosts));
  const virtualServices = keepList(former?.virtualServices, overlapping);
  return {
    port: entry.port ? { number, name, protocol: protocol.toUpperCase() } : undefined,
    bind: entry.bind ?? '',
    ownSocket: entry.captureMode === 'NONE' || isUncaptured(mesh),
    services: keepList(former?.services, oneForEachHost(imported, namespace)),
    virtualServices,
    streams: streamsOf(virtualServices, former),
    origin: originOf(sidecar, 'spec', 'egress', index),
  };
}

/** A listener with a port imports services of this port only, but for proxies of HTTP clients and Unix sockets (SEL-R58). */
function onlyItsPort({ port }: IstioEgressListener): boolean {
  return (port?.number ?? 0) !== 0 && port?.protocol?.toUpperCase() !== 'HTTP_PROXY';
}

function allServices(mesh: Mesh, namespace: string, egress: readonly EgressListener[], former: ProxyScope | undefined): readonly MeshService[] {
  const before = former?.allServices === Services.of(mesh) ? former : undefined;
  const isAsBefore = ({ services, virtualServices }: EgressListener, i: number): boolean =>
    services === before?.egress[i]?.services && virtualServices === before.egress[i]?.virtualServices;
  if (before?.egress.length === egress.length && egress.every(isAsBefore)) return before.services;
  const [only, another] = egress;
  if (only && !only.port && !another) return withDestinations(mesh, namespace, only, before);
  const byHost = new Map<string, MeshService>();
  const add = (service: MeshService): void => {
    const there = byHost.get(service.host);
    if (!there) byHost.set(service.host, service);
    // Listeners of single ports know parts of one service.
    else if (there.namespace === service.namespace && there.resource === service.resource) byHost.set(service.host, withPortsOf(there, service));
  };
  for (const { services, virtualServices } of egress) {
    for (const service of services) add(service);
    for (const [host, ports] of destinationsOf(virtualServices, namespace, noServices)) {
      const service = destinationAt(mesh, host, ports, namespace);
      if (service) add(service);
    }
  }
  return [...byHost.values()];
}

const noServices: ReadonlyMap<string, MeshService> = new Map();

/** Of a listener that has services with all of their ports: a virtual service only adds those that it does not have. */
function withDestinations(
  mesh: Mesh,
  namespace: string,
  { services, virtualServices }: EgressListener,
  former: ProxyScope | undefined,
): readonly MeshService[] {
  const [was, another] = former?.egress ?? [];
  // Where virtual services added nothing before, only those that are new can.
  const onlyNew = was && !another && was.services === services && former?.services === services;
  const others = destinationsOf(onlyNew ? difference(was.virtualServices, virtualServices).come : virtualServices, namespace, servicesByHost(services));
  const found = [...others].flatMap(([host, ports]) => destinationAt(mesh, host, ports, namespace) ?? []);
  return found.length > 0 ? [...services, ...found] : services;
}

/** The service of a destination with the ports that are sent to. */
function destinationAt(mesh: Mesh, host: string, ports: ReadonlySet<number>, namespace: string): MeshService | undefined {
  const service = destination(mesh, host, namespace);
  if (!service || ports.has(0)) return service;
  const named = service.ports.filter(({ number }) => ports.has(number));
  return named.length > 0 ? withPorts(service, named) : undefined;
}

/** A service that a virtual service sends to, imported or not (SEL-R32). */
function destination(mesh: Mesh, host: string, namespace: string): MeshService | undefined {
  const known = Services.of(mesh).byHost(host);
  return (
    known.find((service) => service.namespace === namespace) ??
    known.filter(({ scopes }) => isSeenIn(scopes, namespace)).sort((a, b) => compareText(a.namespace, b.namespace))[0]
  );
}

/** Ports by host that virtual services send to from a namespace, without hosts that are known; 0 stands for every port. */
function destinationsOf(services: readonly RoutingService[], namespace: string, known: ReadonlyMap<string, unknown>): Map<string, Set<number>> {
  const found = new Map<string, Set<number>>();
  for (const service of services) {
    for (const { host, port, from } of targetsOf(service)) {
      if (known.has(host) || (from && !from.includes(namespace))) continue;
      const ports = found.get(host) ?? new Set();
      found.set(host, ports.add(port));
    }
  }
  return found;
}

interface Target {
  host: string;
  port: number;
  /** Namespaces of the clients that it is for; undefined: all. */
  from: readonly string[] | undefined;
}

const targets = new WeakMap<RoutingService, readonly Target[]>();

function targetsOf(service: RoutingService): readonly Target[] {
  let found = targets.get(service);
  if (!found) {
    found = findTargets(service);
    targets.set(service, found);
  }
  return found;
}

function findTargets({ http, tcp, tls }: RoutingService): Target[] {
  const found: Target[] = [];
  const add = (to: Destination | undefined, from?: readonly string[]): void => {
    if (!to?.host) return;
    const target = { host: to.host, port: to.port?.number ?? 0, from };
    if (!found.some(({ host, port, from: of }) => host === target.host && port === target.port && of === from)) found.push(target);
  };
  for (const { route } of http) {
    const matches = (route.match ?? []).filter(Boolean);
    const named = matches.flatMap(({ sourceNamespace }) => sourceNamespace || []);
    const from = matches.length > 0 && named.length === matches.length ? named : undefined;
    for (const to of route.route ?? []) add(to.destination, from);
    add(route.mirror, from);
    for (const to of route.mirrors ?? []) add(to.destination, from);
  }
  for (const { route } of [...tcp, ...tls]) for (const to of route.route ?? []) add(to.destination);
  return found;
}

const byHost = new WeakMap<readonly MeshService[], ReadonlyMap<string, MeshService>>();

/** A list of services, each host once, by host. */
export function servicesByHost(services: readonly MeshService[]): ReadonlyMap<string, MeshService> {
  let found = byHost.get(services);
  if (!found) {
    found = new Map(services.map((service) => [service.host, service]));
    byHost.set(services, found);
  }
  return found;
}
