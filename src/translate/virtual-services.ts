// What routes traffic: virtual services and routes of the Gateway API in one form, with all names complete and delegates put in.
import type { Origin } from '../ir/table.ts';
import type { HTTPRoute, TCPRoute, TLSRoute, VirtualService } from '../manifest/istio/networking.gen.ts';
import type { Resource } from '../manifest/resource.ts';
import { byCreation } from '../model/creation.ts';
import { boundGateways } from '../model/gateway-names.ts';
import type { Mesh } from '../model/mesh.ts';
import { isSeenIn, type Scopes, scopesOf } from '../model/visibility.ts';
import { completeHost, completeHttpRule, completeTcpRule, completeTlsRule, texts } from './complete-names.ts';
import { delegate } from './delegates.ts';
import type { RouteProblem } from './gateway-api/backends.ts';
import { virtualServicesOfRoutes } from './gateway-api/virtual-services.ts';
import { originOf, type Statuses } from './statuses.ts';

/** An HTTP rule, and where it is written. */
export interface HttpRoutingRule {
  route: HTTPRoute;
  origin: Origin;
  /** `match` holds the items that are written at the origin, so that an index is part of a place. */
  matchesAreWritten: boolean;
}

export interface TcpRoutingRule {
  route: TCPRoute;
  origin: Origin;
}

export interface TlsRoutingRule {
  route: TLSRoute;
  origin: Origin;
}

/** A virtual service, or what a route of the Gateway API says for one parent. */
export interface RoutingService {
  resource: Resource;
  name: string;
  namespace: string;
  /** Full names in lower case. */
  hosts: readonly string[];
  /** `mesh`, `namespace/name` of Gateways. */
  gateways: ReadonlySet<string>;
  scopes: Scopes;
  http: readonly HttpRoutingRule[];
  tls: readonly TlsRoutingRule[];
  tcp: readonly TcpRoutingRule[];
  /** Of the Gateway API: prefixes end where segments end, a missing backend is 500, and the rest of SEL-R81 to SEL-R84. */
  gatewayApi: boolean;
}

/** Everything that routes, by who it is for. */
export class VirtualServices {
  /** In the order of SEL-R12. */
  readonly all: readonly RoutingService[];
  /** Of routes of the Gateway API. */
  readonly problems: readonly RouteProblem[];
  private readonly byGateway = new Map<string, RoutingService[]>();
  private readonly lists = new Map<string, readonly RoutingService[]>();

  static of(mesh: Mesh): VirtualServices {
    return mesh.memo(
      'virtual services with delegates',
      [
        'VirtualService',
        'MeshConfig',
        'Service',
        'ServiceEntry',
        'Namespace',
        'gateway-api/HTTPRoute',
        'gateway-api/GRPCRoute',
        'gateway-api/TCPRoute',
        'gateway-api/TLSRoute',
        'gateway-api/Gateway',
        'gateway-api/ReferenceGrant',
      ],
      () => new VirtualServices(mesh),
    );
  }

  private constructor(mesh: Mesh) {
    const written = mesh.list('VirtualService').toSorted(byCreation);
    const ofGatewayApi = mesh.memo('virtual services of routes', [], () => virtualServicesOfRoutes(mesh));
    this.problems = ofGatewayApi.problems;
    this.all = [...written.flatMap((resource) => knownService(mesh, resource) ?? []), ...ofGatewayApi.services].sort((a, b) =>
      byCreation(a.resource, b.resource),
    );
    for (const service of this.all) {
      for (const gateway of service.gateways) {
        const list = this.byGateway.get(gateway);
        if (list) list.push(service);
        else this.byGateway.set(gateway, [service]);
      }
    }
  }

  /**
   * What a proxy of a namespace sees, in the order in which it is taken: private, exported to it, public (SEL-R13).
   *
   * @param gateway `mesh` for sidecars (SEL-R10), else `namespace/name`
   */
  boundTo(gateway: string, namespace: string): readonly RoutingService[] {
    const key = `${gateway} ${namespace}`;
    let found = this.lists.get(key);
    if (!found) {
      const bound = (this.byGateway.get(gateway) ?? []).filter(({ scopes }) => isSeenIn(scopes, namespace));
      const group = ({ namespace: own, scopes }: RoutingService): number => (scopes.has('*') ? 2 : own === namespace ? 0 : 1);
      found = ownRoutesFirst(
        [0, 1, 2].flatMap((wanted) => bound.filter((service) => group(service) === wanted)),
        namespace,
      );
      this.lists.set(key, found);
    }
    return found;
  }
}

/** Of routes of the Gateway API those of the client's namespace come before others, in their places (SEL-R84). */
function ownRoutesFirst(services: readonly RoutingService[], namespace: string): readonly RoutingService[] {
  const routes = services.filter(({ gatewayApi }) => gatewayApi);
  if (routes.length < 2) return services;
  const ordered = [...routes.filter((route) => route.namespace === namespace), ...routes.filter((route) => route.namespace !== namespace)];
  return services.map((service) => (service.gatewayApi ? (ordered.shift() as RoutingService) : service));
}

/** As before, where nothing but the virtual service itself decides. */
function knownService(mesh: Mesh, resource: Resource<VirtualService>): RoutingService | undefined {
  if (resource.spec.http?.some((rule) => rule?.delegate)) return routingService(mesh, resource);
  const known = mesh.cache('virtual services', () => new WeakMap<Resource, { exportTo: unknown; service: RoutingService | undefined }>());
  const exportTo = mesh.meshConfig.defaultVirtualServiceExportTo;
  const there = known.get(resource);
  if (there && there.exportTo === exportTo) return there.service;
  const service = routingService(mesh, resource);
  known.set(resource, { exportTo, service });
  return service;
}

/** Undefined for a delegate, which never applies by itself (SEL-R22). */
function routingService(mesh: Mesh, resource: Resource<VirtualService>): RoutingService | undefined {
  const { name, namespace, spec } = resource;
  const hosts = [...new Set((spec.hosts ?? []).map((host) => completeHost(namespace, host ?? '')))].filter((host) => host !== '');
  if (hosts.length === 0) return undefined;
  return {
    resource,
    name,
    namespace,
    hosts,
    gateways: boundGateways(texts(spec.gateways), namespace),
    scopes: scopesOf(texts(spec.exportTo), namespace, mesh.meshConfig.defaultVirtualServiceExportTo),
    http: (spec.http ?? []).flatMap((route, rule) => (route ? httpRules(mesh, resource, route, rule) : [])),
    tls: (spec.tls ?? []).flatMap((route, i) => (route ? [{ route: completeTlsRule(route, namespace), origin: originOf(resource, 'spec', 'tls', i) }] : [])),
    tcp: (spec.tcp ?? []).flatMap((route, i) => (route ? [{ route: completeTcpRule(route, namespace), origin: originOf(resource, 'spec', 'tcp', i) }] : [])),
    gatewayApi: false,
  };
}

function httpRules(mesh: Mesh, resource: Resource<VirtualService>, route: HTTPRoute, rule: number): HttpRoutingRule[] {
  if (!route.delegate) {
    return [{ route: completeHttpRule(route, resource.namespace), origin: originOf(resource, 'spec', 'http', rule), matchesAreWritten: true }];
  }
  const found = delegate(mesh, resource, route);
  if (found.kind !== 'merged') return [];
  return found.rules.map((merged) => ({
    route: merged.route,
    origin: originOf(found.delegate, 'spec', 'http', merged.rule),
    matchesAreWritten: !route.match?.some(Boolean),
  }));
}

/** Root rules that vanish, because their delegate is not there or not for them. */
export function reportDelegates(mesh: Mesh, services: Iterable<RoutingService>, statuses: Statuses): void {
  for (const { resource, gatewayApi } of services) {
    if (gatewayApi) continue;
    for (const [rule, route] of ((resource.spec as VirtualService).http ?? []).entries()) {
      if (!route?.delegate) continue;
      const found = delegate(mesh, resource as Resource<VirtualService>, route);
      if (found.kind === 'merged') {
        for (const dropped of found.dropped) {
          statuses.add(
            originOf(found.delegate, 'spec', 'http', dropped.rule, 'match', dropped.match),
            'delegate-conflict',
            `contradicts ${dropped.field} of every match of ${resource.friendlyName}: the rule is left out`,
          );
        }
        continue;
      }
      const of = found.kind === 'missing' ? `${found.namespace}/${found.name}` : found.delegate.fullName;
      statuses.add(originOf(resource, 'spec', 'http', rule, 'delegate'), 'missing-delegate', `${reasons[found.kind]} ${of}: the rule is left out`);
    }
  }
}

const reasons = {
  missing: 'there is no virtual service',
  'has-hosts': 'a delegate has no hosts:',
  'not-exported': 'not exported to this namespace:',
  empty: 'there are no HTTP rules in',
} as const;

/** Virtual services that are bound to a Gateway that is not there. */
export function reportUnknownGateways(mesh: Mesh, services: Iterable<RoutingService>, statuses: Statuses): void {
  if (!mesh.knows('Gateway')) return;
  for (const { resource, gateways, gatewayApi } of services) {
    if (gatewayApi) continue;
    for (const gateway of gateways) {
      const slash = gateway.indexOf('/');
      if (gateway === 'mesh' || mesh.find('Gateway', gateway.slice(0, slash), gateway.slice(slash + 1))) continue;
      statuses.add(originOf(resource, 'spec', 'gateways'), 'unknown-gateway', `there is no Gateway ${gateway}`);
    }
  }
}
