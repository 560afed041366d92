// What routes traffic: virtual services and routes of the Gateway API in one form, with all names complete and delegates put in.
import type { Origin, Status } from '../ir/table.ts';
import type { HTTPRoute, TCPRoute, TLSRoute, VirtualService } from '../manifest/istio/networking.gen.ts';
import type { Resource } from '../manifest/resource.ts';
import { byCreation } from '../model/creation.ts';
import { boundGateways } from '../model/gateway-names.ts';
import type { Mesh } from '../model/mesh.ts';
import { difference, keepList, placesIn, replaced, sameItems } from '../model/same.ts';
import { type Scopes, scopesOf } from '../model/visibility.ts';
import { type Bound, boundByGateway, boundWith, haveSameReach } from './bindings.ts';
import { completeHost, completeHttpRule, completeTcpRule, completeTlsRule, texts } from './complete-names.ts';
import { delegate } from './delegates.ts';
import { ApiRoutes, apiRouteReads } from './gateway-api/virtual-services.ts';
import { keepEqual } from './keep-equal.ts';
import { originOf, Statuses } from './statuses.ts';

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

/** Everything that routes, by who it is for. What a change leaves as it was is the same object in the next mesh. */
export class VirtualServices {
  /** In the order of SEL-R12. */
  readonly all: readonly RoutingService[];
  /** Of delegates, and of routes of the Gateway API. */
  readonly statuses: readonly Status[];
  private readonly written: WrittenServices;
  private readonly byGateway: ReadonlyMap<string, Bound>;
  private readonly lists = new Map<string, readonly RoutingService[]>();
  private readonly formerLists: ReadonlyMap<string, readonly RoutingService[]> | undefined;

  static of(mesh: Mesh): VirtualServices {
    const reads = ['VirtualService', 'MeshConfig', ...apiRouteReads] as const;
    return mesh.memo<VirtualServices>('virtual services with delegates', reads, (former) => new VirtualServices(mesh, former));
  }

  private constructor(mesh: Mesh, former: VirtualServices | undefined) {
    this.written = writtenServices(mesh, former?.written);
    const ofGatewayApi = ApiRoutes.of(mesh);
    if (ofGatewayApi.services.length === 0) this.all = this.written.services;
    else
      this.all = keepList(
        former?.all,
        [...this.written.services, ...ofGatewayApi.services].sort((a, b) => byCreation(a.resource, b.resource)),
      );
    this.statuses = keepList(former?.statuses, [...this.written.statuses, ...ofGatewayApi.problems]);
    const { gone, come } = difference(former?.all ?? [], this.all);
    const sameReach = former !== undefined && gone.length === come.length && gone.every((service, i) => haveSameReach(service, come[i] as RoutingService));
    this.byGateway = sameReach
      ? new Map([...former.byGateway].map(([gateway, bound]) => [gateway, boundWith(bound, gone, come)]))
      : boundByGateway(this.all, former?.byGateway);
    this.formerLists = former?.lists;
  }

  /**
   * What a proxy of a namespace sees, in the order in which it is taken: private, exported to it, public (SEL-R13). Namespaces that
   * see the same in the same order have the same list.
   *
   * @param gateway `mesh` for sidecars (SEL-R10), else `namespace/name`
   */
  boundTo(gateway: string, namespace: string): readonly RoutingService[] {
    const bound = this.byGateway.get(gateway);
    if (!bound) return none;
    const limited = bound.limited.get(namespace);
    if (!limited && !bound.ordering.has(namespace)) return bound.open;
    const key = `${gateway} ${namespace}`;
    let found = this.lists.get(key);
    if (!found) {
      const own = limited?.filter((service) => service.namespace === namespace) ?? [];
      const exported = limited?.filter((service) => service.namespace !== namespace) ?? [];
      found = keepList(this.formerLists?.get(key), ownRoutesFirst([...own, ...exported, ...bound.open], namespace));
      this.lists.set(key, found);
    }
    return found;
  }
}

const none: readonly RoutingService[] = [];

/** Virtual services as they are written, without routes of the Gateway API. */
interface WrittenServices {
  resources: readonly Resource<VirtualService>[];
  /** One for each resource. */
  known: readonly Known[];
  /** What the mesh configuration says for resources without exportTo. */
  defaults: string | undefined;
  services: readonly RoutingService[];
  statuses: readonly Status[];
}

interface Known {
  defaults: string | undefined;
  /** Those that it names; undefined for one that is not there. */
  delegates: readonly (Resource<VirtualService> | undefined)[];
  /** Undefined for a delegate, which never applies by itself (SEL-R22). */
  service: RoutingService | undefined;
  statuses: readonly Status[];
}

function writtenServices(mesh: Mesh, former: WrittenServices | undefined): WrittenServices {
  const resources = mesh.table('VirtualService').byCreation() as readonly Resource<VirtualService>[];
  const defaults = JSON.stringify(mesh.meshConfig.defaultVirtualServiceExportTo);
  const place = former?.defaults === defaults ? placesIn(former.resources, resources) : () => undefined;
  const known = resources.map((resource, i) => {
    const at = place(i);
    const was = at === undefined ? undefined : former?.known[at];
    return was && was.delegates.length === 0 ? was : knownOf(mesh, resource, defaults);
  });
  const { gone, come } = difference(former?.known ?? [], known);
  if (former && gone.length === come.length && gone.every((one, i) => takesItsPlace(one, come[i] as Known))) {
    const services = replaced(
      former.services,
      gone.flatMap(({ service }) => service ?? []),
      come.flatMap(({ service }) => service ?? []),
    );
    return { ...former, resources, known, defaults, services };
  }
  const services = known.flatMap(({ service }) => service ?? []);
  return { resources, known, defaults, services: keepList(former?.services, services), statuses: known.flatMap(({ statuses }) => statuses) };
}

function takesItsPlace(before: Known, now: Known): boolean {
  return (before.service === undefined) === (now.service === undefined) && before.statuses.length + now.statuses.length === 0;
}

// The same for all meshes with the same delegates.
const services = new WeakMap<Resource<VirtualService>, Known>();

function knownOf(mesh: Mesh, resource: Resource<VirtualService>, defaults: string | undefined): Known {
  const delegates = (resource.spec.http ?? []).flatMap((route) =>
    route?.delegate ? [mesh.find('VirtualService', route.delegate.namespace || resource.namespace, route.delegate.name ?? '')] : [],
  );
  let found = services.get(resource);
  if (!found || found.defaults !== defaults || !sameItems(found.delegates, delegates)) {
    const service = routingService(mesh, resource);
    found = { defaults, delegates, service, statuses: service && delegates.length > 0 ? statusesOfDelegates(mesh, resource) : [] };
    services.set(resource, found);
  }
  return found;
}

/** Of routes of the Gateway API those of the client's namespace come before others, in their places (SEL-R84). */
function ownRoutesFirst(services: readonly RoutingService[], namespace: string): readonly RoutingService[] {
  const routes = services.filter(({ gatewayApi }) => gatewayApi);
  if (routes.length < 2) return services;
  const ordered = [...routes.filter((route) => route.namespace === namespace), ...routes.filter((route) => route.namespace !== namespace)];
  return services.map((service) => (service.gatewayApi ? (ordered.shift() as RoutingService) : service));
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
function statusesOfDelegates(mesh: Mesh, resource: Resource<VirtualService>): readonly Status[] {
  const statuses = new Statuses();
  for (const [rule, route] of (resource.spec.http ?? []).entries()) {
    if (!route?.delegate) continue;
    const found = delegate(mesh, resource, route);
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
  return statuses.list();
}

const reasons = {
  missing: 'there is no virtual service',
  'has-hosts': 'a delegate has no hosts:',
  'not-exported': 'not exported to this namespace:',
  empty: 'there are no HTTP rules in',
} as const;

/** Virtual services that are bound to a Gateway that is not there. */
export function unknownGateways(mesh: Mesh): readonly Status[] {
  return mesh.memo<readonly Status[]>('unknown gateways', ['Gateway'], (former) => {
    const statuses = new Statuses();
    if (!mesh.knows('Gateway')) return statuses.list();
    for (const { resource, gateways, gatewayApi } of VirtualServices.of(mesh).all) {
      if (gatewayApi) continue;
      for (const gateway of gateways) {
        const slash = gateway.indexOf('/');
        if (gateway === 'mesh' || mesh.find('Gateway', gateway.slice(0, slash), gateway.slice(slash + 1))) continue;
        statuses.add(originOf(resource, 'spec', 'gateways'), 'unknown-gateway', `there is no Gateway ${gateway}`);
      }
    }
    return keepEqual(former, statuses.list());
  });
}
