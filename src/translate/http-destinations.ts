import type { Destination, HTTPRoute, VirtualService } from '../manifest/istio/networking.gen.ts';
import type { Path } from '../manifest/problem.ts';
import type { Resource } from '../manifest/resource.ts';
import { toFqdn } from '../model/hosts.ts';

/** A place in a virtual service that sends requests somewhere. */
export interface HttpDestination {
  /** Full name of the host, short names resolved in the virtual service's namespace (SEL-R1). */
  host: string;
  /** Empty: the whole service. */
  subset: string;
  /** 0: not said. */
  port: number;
  /** Share among the destinations of its rule, as written; undefined for mirrors and where it is not written. */
  weight: number | undefined;
  mirror: boolean;
  /** Of the destination, from the root of the document. */
  path: Path;
}

function resolve(destination: Destination | undefined, namespace: string, weight: number | undefined, mirror: boolean, path: Path): HttpDestination[] {
  if (!destination?.host) return [];
  const { host, subset = '', port } = destination;
  return [{ host: toFqdn(namespace, host), subset, port: port?.number ?? 0, weight, mirror, path }];
}

/** Destinations of one rule that get its requests. */
export function routeDestinations(route: HTTPRoute, rule: number, namespace: string): HttpDestination[] {
  return (route.route ?? []).flatMap((r, i) => resolve(r?.destination, namespace, r?.weight, false, ['spec', 'http', rule, 'route', i, 'destination']));
}

/** Destinations of one rule that get copies of its requests. */
export function mirrorDestinations(route: HTTPRoute, rule: number, namespace: string): HttpDestination[] {
  const one = resolve(route.mirror, namespace, undefined, true, ['spec', 'http', rule, 'mirror']);
  const more = (route.mirrors ?? []).flatMap((m, i) => resolve(m?.destination, namespace, undefined, true, ['spec', 'http', rule, 'mirrors', i, 'destination']));
  return [...one, ...more];
}

/** Every rule of a virtual service with an index; null items are left out. */
export function httpRules(service: Resource<VirtualService>): { route: HTTPRoute; rule: number; path: Path }[] {
  return (service.spec.http ?? []).flatMap((route, rule) => (route ? [{ route, rule, path: ['spec', 'http', rule] }] : []));
}

/** `reviews.shop.svc.cluster.local subset v1 port 8080`, for people. */
export function describeDestination({ host, subset, port }: Pick<HttpDestination, 'host' | 'subset' | 'port'>): string {
  return `${host}${subset === '' ? '' : ` subset ${subset}`}${port === 0 ? '' : ` port ${port}`}`;
}
