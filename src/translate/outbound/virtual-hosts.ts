import { passthroughCluster } from '../../ir/cluster.ts';
import type { Route, RouteConfig, VirtualHost } from '../../ir/route.ts';
import { OverlapIndex } from '../../model/host-overlap.ts';
import type { MeshService } from '../../model/services.ts';
import { Services } from '../../model/services.ts';
import { sortedByName } from '../by-name.ts';
import { hashOfService } from '../hash-policies.ts';
import { knownRoutes } from '../known-routes.ts';
import { isHttpOrDetected } from '../port-protocols.ts';
import type { EgressListener } from '../proxy-scope.ts';
import { defaultRoute } from '../routes.ts';
import { originOf } from '../statuses.ts';
import type { Translation } from '../translation.ts';
import type { RoutingService } from '../virtual-services.ts';
import { outboundCluster } from './catch-all.ts';
import { type Domains, domainsOf } from './domains.ts';
import { ServiceBinding } from './service-binding.ts';

/** Routes for some hosts at one port. */
interface Group {
  port: number;
  routes: readonly Route[];
  /** Hosts of a virtual service that are no service there. */
  hosts: readonly string[];
  services: readonly MeshService[];
  by: RoutingService | undefined;
}

const meshOnly: ReadonlySet<string> = new Set(['mesh']);

/** Ports of the names that clients of an HTTP proxy leave out. */
const defaultPort = 80;

/** Route configuration of a listener's HTTP port that many services share. */
export function sharedRoutes(translation: Translation, listener: EgressListener, name: string, port: number): RouteConfig {
  const hosts = virtualHosts(translation, listener, port);
  return { name, virtualHosts: [...hosts, catchAll(translation)], ignorePortInHost: port !== 0 };
}

/** Route configuration of a listener for one service alone: any host is this service (SEL-R57). */
export function serviceRoutes(translation: Translation, listener: EgressListener, name: string, port: number): RouteConfig {
  const hosts = virtualHosts(translation, listener, port);
  const own = hosts.find((host) => host.name === name) ?? hosts[0];
  return { name, virtualHosts: own ? [{ ...own, domains: ['*'] }] : [], ignorePortInHost: true };
}

/** @param port 0: every port, for proxies of HTTP clients and Unix sockets (SEL-R58) */
function virtualHosts(translation: Translation, listener: EgressListener, port: number): VirtualHost[] {
  const named = new Map<string, VirtualHost>();
  // Requests for any host are those that nobody has (SEL-R72, SEL-R73).
  const taken = new Map<string, string>([['*', '']]);
  const groups = groupsOf(translation, listener, port);
  const known = new Set(groups.flatMap(({ services }) => services.map(({ host }) => host)));
  const add = (group: Group, host: string, service: MeshService | undefined): void => {
    const name = `${host}:${group.port}`;
    const names = service ? domainsIn(translation, service, port === 0 ? group.port : undefined) : { all: [bracketed(host)], short: new Set<string>() };
    const there = named.has(name);
    const free = there ? [] : names.all.filter((domain) => !taken.has(domain) && !(names.short.has(domain) && known.has(domain)));
    if (group.by && (there || free.length === 0)) reportLost(translation, group.by, host, named.get(name) ?? named.get(taken.get(host) ?? ''));
    for (const domain of free) taken.set(domain, name);
    const domains = port === 0 && group.port !== defaultPort ? free.filter((domain) => domain.includes(':')) : free;
    if (domains.length === 0) return;
    const origin = group.by ? originOf(group.by.resource) : service && originOf(service.resource);
    named.set(name, {
      name,
      domains,
      routes: group.routes,
      includeAttemptCount: translation.settings.includeAttemptCount,
      requireTls: false,
      ...(origin ? { origin } : {}),
    });
  };
  for (const group of groups) {
    for (const host of group.hosts) add(group, host, undefined);
    for (const service of group.services) add(group, service.host, service);
  }
  return sortedByName(translation.mesh, `virtual hosts of ${translation.scope.proxy.namespace} ${port}`, [...named.values()]);
}

const knownDomains = new WeakMap<MeshService, Map<string, Domains>>();

function domainsIn({ mesh, scope }: Translation, service: MeshService, port: number | undefined): Domains {
  const { namespace } = scope.proxy;
  const aliases = Services.of(mesh)
    .aliasesOf(service.host)
    .filter(({ scopes }) => scopes.has('*') || scopes.has(namespace))
    .map(({ host }) => host);
  if (aliases.length > 0) return domainsOf(service, aliases, namespace, port);
  const known = knownDomains.get(service) ?? new Map<string, Domains>();
  knownDomains.set(service, known);
  const key = `${namespace} ${port}`;
  const domains = known.get(key) ?? domainsOf(service, aliases, namespace, port);
  known.set(key, domains);
  return domains;
}

function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

/** SEL-R19 */
function reportLost({ statuses }: Translation, { resource }: RoutingService, host: string, winner: VirtualHost | undefined): void {
  const { origin } = winner ?? {};
  if (origin?.kind === resource.kindName && origin.namespace === resource.namespace && origin.name === resource.name) return;
  const why =
    host === '*'
      ? 'requests for every host are for the outbound traffic policy'
      : `${host} is routed by ${origin ? `${origin.kind} ${origin.namespace}/${origin.name}` : 'another resource'}: rules of several virtual services are not merged`;
  statuses.add(originOf(resource, 'spec', 'hosts'), 'duplicate-host', why);
}

/** Services that have a port, with this port only. */
interface Registry {
  services: Map<string, MeshService>;
  /** Other names of services (SEL-R55). */
  aliases: Map<string, MeshService>;
  overlaps: OverlapIndex<MeshService>;
}

const registries = new WeakMap<readonly MeshService[], Map<number, Registry>>();

/** Made once for a list of services and a port. */
function registryOf(services: readonly MeshService[], port: number): Registry {
  const known = registries.get(services) ?? new Map<number, Registry>();
  registries.set(services, known);
  const registry: Registry = known.get(port) ?? { services: new Map(), aliases: new Map(), overlaps: new OverlapIndex() };
  if (known.has(port)) return registry;
  known.set(port, registry);
  for (const service of services) {
    const there = port === 0 ? service : atPort(service, port);
    if (!there) continue;
    if (there.aliasOf !== undefined) registry.aliases.set(there.host, there);
    else {
      registry.services.set(there.host, there);
      registry.overlaps.add(there.host, there);
    }
  }
  return registry;
}

/** Virtual services in their order, then services without one. */
function groupsOf(translation: Translation, listener: EgressListener, port: number): Group[] {
  const registry = registryOf(listener.services, port);
  const binding = new ServiceBinding(listener.virtualServices);
  const groups: Group[] = [];
  const routed = new Set<string>();
  for (const service of listener.virtualServices) {
    // Of hosts that no service has only those of port 80 are served (SEL-R15).
    if (port !== 0 && port !== defaultPort && !service.hosts.some((host) => registry.overlaps.overlaps(host))) continue;
    for (const group of groupsFor(translation, service, port, registry, binding)) {
      groups.push(group);
      for (const { host } of group.services) routed.add(host);
    }
  }
  for (const service of registry.services.values()) {
    if (routed.has(service.host)) continue;
    for (const own of service.ports) {
      if (!isHttpOrDetected(own.protocol)) continue;
      const hash = hashOfService(translation.ruleOf(service), own.number);
      groups.push({ port: own.number, routes: [defaultRoute(service, own.number, hash, translation.settings)], hosts: [], services: [service], by: undefined });
    }
  }
  return groups;
}

const atPorts = new WeakMap<MeshService, Map<number, MeshService | undefined>>();

/** The same object for the same service, so that what is made of it is known. */
function atPort(service: MeshService, port: number): MeshService | undefined {
  const known = atPorts.get(service) ?? new Map<number, MeshService | undefined>();
  atPorts.set(service, known);
  if (!known.has(port)) known.set(port, withPort(service, port));
  return known.get(port);
}

function withPort(service: MeshService, port: number): MeshService | undefined {
  const ports = service.ports.filter(({ number }) => number === port);
  return ports.length === 0 ? undefined : ports.length === service.ports.length ? service : { ...service, ports };
}

function groupsFor(translation: Translation, service: RoutingService, port: number, registry: Registry, binding: ServiceBinding): Group[] {
  const { namespace, labels } = translation.scope.proxy;
  const bound = hostsAndServices(service, registry, binding);
  let { services } = bound;
  if (service.gatewayApi) {
    // Routes count for clients of their own namespace, and for all where they are in that of the service (SEL-R84).
    if (namespace !== service.namespace) services = services.filter((own) => own.namespace === service.namespace);
    if (services.length === 0) return [];
  }
  const routes = knownRoutes(translation, service, {
    labels,
    namespace,
    port,
    gateways: meshOnly,
    tls: false,
    settings: translation.settings,
    serviceAt: (host) => registry.services.get(host) ?? registry.aliases.get(host),
    hashOf: (destination) => translation.hashOf(destination),
    statuses: translation.statuses,
  });
  // The next virtual service of the host applies, or the service itself (SEL-R18).
  if (routes.length === 0) return [];
  const byPort = new Map<number, MeshService[]>();
  for (const own of services) {
    for (const { number, protocol } of own.ports) if (isHttpOrDetected(protocol)) byPort.set(number, [...(byPort.get(number) ?? []), own]);
  }
  if (byPort.size === 0 && port === defaultPort) byPort.set(port, []);
  return [...byPort].map(([number, own]) => ({ port: number, routes, hosts: bound.hosts, services: own, by: service }));
}

/** What a virtual service is for: services that are bound to it, and hosts that are none (SEL-R17, SEL-R21). */
function hostsAndServices(service: RoutingService, registry: Registry, binding: ServiceBinding): { hosts: string[]; services: MeshService[] } {
  const hosts: string[] = [];
  const services = new Set<MeshService>();
  for (const host of service.hosts) {
    const exact = host.startsWith('*') ? undefined : registry.services.get(host);
    if (exact) services.add(exact);
    else if (!host.startsWith('*')) hosts.push(host);
  }
  for (const host of service.hosts) {
    if (!host.startsWith('*')) continue;
    const under = registry.overlaps.overlapping(host);
    if (under.size === 0) hosts.push(host);
    for (const own of under) if (binding.of(own) === service) services.add(own);
  }
  return { hosts, services: [...services] };
}

/** Requests for hosts that nobody has (SEL-R72, SEL-R73, SEL-R76). */
function catchAll(translation: Translation): VirtualHost {
  const open = translation.scope.outboundMode === 'ALLOW_ANY';
  const name = open ? 'allow_any' : 'block_all';
  const action: Route['action'] = open
    ? {
        kind: 'forward',
        clusters: [{ cluster: outboundCluster(translation.scope) ?? passthroughCluster, weight: 1 }],
        appendForwardedHost: false,
        timeoutMs: 0,
        maxGrpcTimeoutMs: 0,
        mirrors: [],
        hash: [],
        missingClusterStatus: 503,
      }
    : { kind: 'direct', status: 502, body: '' };
  return {
    name,
    domains: ['*'],
    routes: [{ name, match: { path: undefined, headers: [], query: [] }, action }],
    includeAttemptCount: translation.settings.includeAttemptCount,
    requireTls: false,
  };
}
