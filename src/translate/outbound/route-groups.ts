// Routes of an HTTP port by the virtual services and services that they are of, before it is decided who has which host.
import type { Route } from '../../ir/route.ts';
import type { Status } from '../../ir/table.ts';
import { keepList, placesIn, sameItems } from '../../model/same.ts';
import type { MeshService } from '../../model/services.ts';
import type { EffectiveRule } from '../clusters/effective-rule.ts';
import { hashOfService } from '../hash-policies.ts';
import type { Made, Parts } from '../made.ts';
import { isHttpOrDetected } from '../port-protocols.ts';
import type { EgressListener } from '../proxy-scope.ts';
import type { ProxySettings } from '../proxy-settings.ts';
import { defaultRoute, routesOf } from '../routes.ts';
import type { ServiceRules } from '../service-rules.ts';
import { type Asked, aboutProxy, type Outlook, Translation } from '../translation.ts';
import type { RoutingService } from '../virtual-services.ts';
import { type Registry, registryOf } from './registry.ts';
import { ServiceBinding } from './service-binding.ts';

/** Routes for some hosts at one port. */
export interface Group {
  port: number;
  routes: readonly Route[];
  /** Hosts of a virtual service that are no service there. */
  hosts: readonly string[];
  services: readonly MeshService[];
  by: RoutingService | undefined;
}

/** What one virtual service routes at a port. */
interface Routed {
  port: number;
  /** Of the services at the port, of rules, and of the proxy. */
  asked: Asked;
  ofProxy: Asked;
  /** What a virtual service with wildcards is for; undefined for others, that asked for it. */
  bound: Bound | undefined;
  groups: readonly Group[];
  statuses: readonly Status[];
}

/** Services that are bound to a virtual service, and hosts of it that are none (SEL-R17, SEL-R21). */
interface Bound {
  hosts: readonly string[];
  services: readonly MeshService[];
}

export interface RouteGroups {
  /** Virtual services in their order, then services without one. */
  groups: readonly Group[];
  statuses: readonly Status[];
  known: ServiceRules;
  services: readonly MeshService[];
  virtualServices: readonly RoutingService[];
  /** One for each virtual service. */
  routed: readonly Routed[];
  /** Those that virtual services route for. */
  served: readonly MeshService[];
  unrouted: readonly Group[];
}

const meshOnly: ReadonlySet<string> = new Set(['mesh']);

/** Ports of the names that clients of an HTTP proxy leave out. */
export const defaultPort = 80;

/** Routes that one virtual service is remembered with: at several ports, for several kinds of proxies. */
const mostRemembered = 32;

const nothing: Asked = [];
const routesNothing: Routed = { port: 0, asked: nothing, ofProxy: nothing, bound: undefined, groups: [], statuses: [] };

/** Routes that were made before, for one mesh configuration. */
export class RouteCache {
  private readonly byService = new WeakMap<RoutingService, readonly Routed[]>();
  private readonly unrouted = new WeakMap<MeshService, readonly { rule: EffectiveRule | undefined; groups: readonly Group[] }[]>();

  /** What a virtual service routes at a port. */
  of(outlook: Outlook, service: RoutingService, registry: Registry, port: number, binding: () => ServiceBinding): Routed {
    // Of hosts that no service has only those of port 80 are served (SEL-R15).
    if (port !== 0 && port !== defaultPort && !service.hosts.some((host) => registry.overlaps.overlaps(host))) return routesNothing;
    const bound = hasWildcards(service) ? boundByWildcards(service, registry, binding()) : undefined;
    const known = this.byService.get(service) ?? [];
    const fits = (one: Routed): boolean => one.port === port && isSameBound(one.bound, bound) && outlook.agrees(one.asked, registry);
    const found = known.find(fits);
    if (found) return found;
    const made = route(outlook, service, registry, port, bound);
    this.byService.set(service, [made, ...known.slice(0, mostRemembered - 1)]);
    return made;
  }

  /** What a service has that no virtual service routes (SEL-R70). */
  ofService(service: MeshService, rule: EffectiveRule | undefined, settings: ProxySettings): readonly Group[] {
    const known = this.unrouted.get(service) ?? [];
    const found = known.find((one) => one.rule === rule);
    if (found) return found.groups;
    const groups = service.ports
      .filter(({ protocol }) => isHttpOrDetected(protocol))
      .map(({ number }): Group => {
        const routes = [defaultRoute(service, number, hashOfService(rule, number), settings)];
        return { port: number, routes, hosts: [], services: [service], by: undefined };
      });
    this.unrouted.set(service, [{ rule, groups }, ...known.slice(0, mostRemembered - 1)]);
    return groups;
  }
}

function isSameBound(a: Bound | undefined, b: Bound | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && sameItems(a.hosts, b.hosts) && sameItems(a.services, b.services));
}

/**
 * @param port 0: every port, for proxies of HTTP clients and Unix sockets (SEL-R58)
 * @param former of the same proxies before
 */
export function routeGroups(
  outlook: Outlook,
  cache: RouteCache,
  parts: Parts<RouteGroups>,
  { services, virtualServices }: EgressListener,
  port: number,
  former?: Made<RouteGroups>,
): Made<RouteGroups> {
  const { known, settings } = outlook;
  return parts.of(outlook, [services, virtualServices, port, known, settings], former, (before) => {
    const registry = registryOf(services, port);
    let binding: ServiceBinding | undefined;
    const bind = (): ServiceBinding => {
      binding ??= new ServiceBinding(virtualServices);
      return binding;
    };
    // Of virtual services that are where they were nothing has to be asked again.
    const same = before?.services === services && before.known === known && former?.inputs[4] === settings;
    const unchanged = same ? placesIn(before.virtualServices, virtualServices) : () => undefined;
    const routed = virtualServices.map((service, i) => {
      const place = unchanged(i);
      const was = place === undefined ? undefined : before?.routed[place];
      return was && !was.bound && outlook.agrees(was.ofProxy) ? was : cache.of(outlook, service, registry, port, bind);
    });
    const translation = new Translation(outlook, { known: true });
    for (const { ofProxy } of routed) if (ofProxy.length > 0) translation.asked.push(...ofProxy);
    const groups: Group[] = [];
    for (const one of routed) for (const group of one.groups) groups.push(group);
    const served: MeshService[] = [];
    for (const group of groups) for (const service of group.services) served.push(service);
    const unrouted = same && sameItems(before.served, served) ? before.unrouted : unroutedGroups(translation, cache, registry, served);
    for (const group of unrouted) groups.push(group);
    const statuses = routed.flatMap((one) => one.statuses);
    const result = {
      groups: keepList(before?.groups, groups),
      statuses: keepList(before?.statuses, statuses),
      known,
      services,
      virtualServices,
      routed,
      served,
      unrouted,
    };
    return { result, asked: translation.asked };
  });
}

function unroutedGroups(translation: Translation, cache: RouteCache, registry: Registry, routed: readonly MeshService[]): readonly Group[] {
  const hosts = new Set(routed.map(({ host }) => host));
  const out: Group[] = [];
  for (const service of registry.services.values()) {
    if (!hosts.has(service.host)) out.push(...cache.ofService(service, translation.ruleOf(service), translation.settings));
  }
  return out;
}

function route(outlook: Outlook, service: RoutingService, registry: Registry, port: number, bound: Bound | undefined): Routed {
  const translation = new Translation(outlook, { known: false, atPort: registry });
  const groups = groupsOf(translation, service, port, bound);
  const { asked, statuses } = translation;
  const ofProxy = aboutProxy(asked);
  return { port, asked, ofProxy: ofProxy.length > 0 ? ofProxy : nothing, bound, groups, statuses: statuses.list() };
}

function groupsOf(translation: Translation, service: RoutingService, port: number, wild: Bound | undefined): Group[] {
  const bound = wild ?? boundByName(translation, service);
  let { services } = bound;
  if (service.gatewayApi) {
    // Routes count for clients of their own namespace, and for all where they are in that of the service (SEL-R84).
    if (!translation.isIn(service.namespace)) services = services.filter((own) => own.namespace === service.namespace);
    if (services.length === 0) return [];
  }
  const routes = routesOf(service, { port, gateways: meshOnly, tls: false, serviceAt: (host) => translation.serviceAtPort(host), translation });
  // The next virtual service of the host applies, or the service itself (SEL-R18).
  if (routes.length === 0) return [];
  const byPort = new Map<number, MeshService[]>();
  for (const own of services) {
    for (const { number, protocol } of own.ports) if (isHttpOrDetected(protocol)) byPort.set(number, [...(byPort.get(number) ?? []), own]);
  }
  if (byPort.size === 0 && port === defaultPort) byPort.set(port, []);
  return [...byPort].map(([number, own]) => ({ port: number, routes, hosts: bound.hosts, services: own, by: service }));
}

function isWildcard(host: string): boolean {
  return host.startsWith('*');
}

function hasWildcards({ hosts }: RoutingService): boolean {
  return hosts.some(isWildcard);
}

function boundByName(translation: Translation, { hosts }: RoutingService): Bound {
  const services = new Set<MeshService>();
  const others: string[] = [];
  for (const host of hosts) {
    const service = translation.ownServiceAtPort(host);
    if (service) services.add(service);
    else others.push(host);
  }
  return { hosts: others, services: [...services] };
}

function boundByWildcards(service: RoutingService, registry: Registry, binding: ServiceBinding): Bound {
  const hosts: string[] = [];
  const services = new Set<MeshService>();
  for (const host of service.hosts) {
    if (isWildcard(host)) continue;
    const exact = registry.services.get(host);
    if (exact) services.add(exact);
    else hosts.push(host);
  }
  for (const host of service.hosts) {
    if (!isWildcard(host)) continue;
    const under = registry.overlaps.overlapping(host);
    if (under.size === 0) hosts.push(host);
    for (const own of under) if (binding.of(own) === service) services.add(own);
  }
  return { hosts, services: [...services] };
}
