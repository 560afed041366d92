import type { Destination, HTTPRoute, RouteDestination, VirtualService } from '../manifest/istio/networking.gen.ts';
import type { Path } from '../manifest/problem.ts';
import type { Resource } from '../manifest/resource.ts';
import { toFqdn } from '../model/hosts.ts';

/** A place in a virtual service that sends requests, or copies of them, somewhere. */
export interface RouteTarget {
  /** As written; empty when it is missing. */
  destination: Destination;
  /** Share among the destinations of its rule, as written. */
  weight: number | undefined;
  mirror: boolean;
  rule: 'tcp' | 'tls' | 'http';
  /** Of the destination, from the root of the document. */
  path: Path;
}

/** A target whose names are complete. */
export interface ResolvedDestination {
  /** Full name of the host, short names resolved in the virtual service's namespace (SEL-R1). */
  host: string;
  /** Empty: the whole service. */
  subset: string;
  /** 0: not said. */
  port: number;
  weight: number | undefined;
  mirror: boolean;
  path: Path;
}

// Several analyzers ask the same of each virtual service.
const targets = new WeakMap<VirtualService, readonly RouteTarget[]>();
const rules = new WeakMap<Resource<VirtualService>, readonly HttpRule[]>();

/** All targets of a virtual service in the order tcp, tls, http, mirrors. */
export function targetsOf(service: VirtualService): readonly RouteTarget[] {
  let found = targets.get(service);
  if (!found) {
    found = collectTargets(service);
    targets.set(service, found);
  }
  return found;
}

function collectTargets(service: VirtualService): RouteTarget[] {
  const routes = (['tcp', 'tls', 'http'] as const).flatMap((rule) => (service[rule] ?? []).flatMap((r, i) => routed(r?.route, rule, i)));
  return [...routes, ...(service.http ?? []).flatMap((route, i) => (route ? mirrored(route, i) : []))];
}

function routed(route: readonly (RouteDestination | null)[] | undefined, rule: RouteTarget['rule'], index: number): RouteTarget[] {
  return (route ?? []).map((to, i) => ({
    destination: to?.destination ?? {},
    weight: to?.weight,
    mirror: false,
    rule,
    path: ['spec', rule, index, 'route', i, 'destination'],
  }));
}

function mirrored({ mirror, mirrors = [] }: HTTPRoute, index: number): RouteTarget[] {
  const target = (destination: Destination, path: Path): RouteTarget => ({ destination, weight: undefined, mirror: true, rule: 'http', path });
  const one = mirror ? [target(mirror, ['spec', 'http', index, 'mirror'])] : [];
  return [...one, ...mirrors.map((m, i) => target(m?.destination ?? {}, ['spec', 'http', index, 'mirrors', i, 'destination']))];
}

function resolve(targets: readonly RouteTarget[], namespace: string): ResolvedDestination[] {
  return targets.flatMap(({ destination: { host, subset = '', port }, weight, mirror, path }) =>
    host ? [{ host: toFqdn(namespace, host), subset, port: port?.number ?? 0, weight, mirror, path }] : [],
  );
}

/** Destinations of one HTTP rule that get its requests. */
export function routeDestinations(route: HTTPRoute, rule: number, namespace: string): ResolvedDestination[] {
  return resolve(routed(route.route, 'http', rule), namespace);
}

/** Destinations of one HTTP rule that get copies of its requests (RT-R7). */
export function mirrorDestinations(route: HTTPRoute, rule: number, namespace: string): ResolvedDestination[] {
  return resolve(mirrored(route, rule), namespace);
}

export interface HttpRule {
  route: HTTPRoute;
  rule: number;
  path: Path;
}

/** Every HTTP rule of a virtual service with its index; null items are left out. */
export function httpRules(service: Resource<VirtualService>): readonly HttpRule[] {
  let found = rules.get(service);
  if (!found) {
    found = (service.spec.http ?? []).flatMap((route, rule) => (route ? [{ route, rule, path: ['spec', 'http', rule] }] : []));
    rules.set(service, found);
  }
  return found;
}

/** `reviews.shop.svc.cluster.local subset v1 port 8080`, for people. */
export function describeDestination({ host, subset, port }: Pick<ResolvedDestination, 'host' | 'subset' | 'port'>): string {
  return `${host}${subset === '' ? '' : ` subset ${subset}`}${port === 0 ? '' : ` port ${port}`}`;
}

/** What happens to traffic for a destination that a proxy has no cluster for (RT-R5, RT-R111, TCP-R12). */
export function effectOfMissingCluster({ mirror, rule }: RouteTarget): string {
  if (mirror) return 'the copies of requests are lost';
  return rule === 'http'
    ? 'requests for this destination get 503: the proxy has no such cluster'
    : 'connections for this destination are closed: the proxy has no such cluster';
}
