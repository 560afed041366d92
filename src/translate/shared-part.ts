// What tables have in common: everything about the traffic of proxies to others. It is made once for each view of a mesh.
import type { Cluster } from '../ir/cluster.ts';
import type { Listener } from '../ir/listener.ts';
import type { RouteConfig } from '../ir/route.ts';
import type { Status } from '../ir/table.ts';
import type { MeshConfig } from '../manifest/istio/mesh.gen.ts';
import { DestinationRules } from '../model/destination-rules.ts';
import type { EndpointOverride } from '../model/endpoint-overrides.ts';
import { Endpoints } from '../model/endpoints.ts';
import type { Mesh } from '../model/mesh.ts';
import { keepList, sameItems } from '../model/same.ts';
import { byName, merged } from './by-name.ts';
import { type ClusterSet, clusterSet } from './clusters/cluster-set.ts';
import { RuleLevels } from './clusters/effective-rule.ts';
import { ClusterCache, type ClusterClients, clusterClients } from './clusters/service-clusters.ts';
import { GatewayParts, gatewayTraffic, type MadeGateway } from './gateways/listeners.ts';
import { GatewayRouteCache } from './gateways/routes.ts';
import { keepEqual, keepWhole } from './keep-equal.ts';
import { type Made, Parts } from './made.ts';
import { MissingCache, type MissingClusters, missingClusters } from './missing-clusters.ts';
import { type OutboundListeners, outboundListeners } from './outbound/listeners.ts';
import { type OutboundRoutes, outboundRoutes, RouteCaches, RouteParts } from './outbound/route-configs.ts';
import { type ProxyScope, scopeOf } from './proxy-scope.ts';
import type { ProxyView } from './proxy-view.ts';
import { ServiceRules } from './service-rules.ts';
import { inOrder } from './statuses.ts';
import { Outlook } from './translation.ts';
import { type RoutingService, unknownGateways, VirtualServices } from './virtual-services.ts';

/** Part of a routing table. What did not change since the mesh before is the same object, lists included. */
export interface TablePart {
  /** By name. */
  listeners: readonly Listener[];
  /** By name. */
  routes: readonly RouteConfig[];
  /** By name. */
  clusters: readonly Cluster[];
  /** In the order of the places. */
  statuses: readonly Status[];
}

interface Traffic {
  listeners: readonly Listener[];
  routes: readonly RouteConfig[];
  passthroughClusters: ReadonlyMap<string, string>;
  services: readonly (readonly RoutingService[])[];
  statuses: readonly (readonly Status[])[];
}

interface MadeClusters {
  endpoints: Endpoints;
  clients: ClusterClients;
  set: ClusterSet;
}

/** A view's part with all that it was made of. */
interface State {
  scope: ProxyScope;
  known: ServiceRules;
  meshConfig: MeshConfig;
  rules: DestinationRules;
  levels: RuleLevels;
  clusters: MadeClusters;
  listeners: Made<OutboundListeners> | undefined;
  routes: OutboundRoutes | undefined;
  gateway: MadeGateway | undefined;
  passthrough: readonly Cluster[];
  missing: Made<MissingClusters>;
  statuses: readonly (readonly Status[])[];
  part: TablePart;
  /** Meshes since somebody wanted it. */
  idle: number;
}

/** A view that nobody wants is remembered for so many meshes that tables were made of. */
const mostIdle = 8;

/** What was made before, for one mesh configuration: of all meshes and proxies, found by the objects that it is of. */
class Caches {
  readonly clusters = new ClusterCache();
  readonly routes = new RouteCaches();
  readonly gateways = new GatewayRouteCache();
  readonly missing = new MissingCache();

  static of(mesh: Mesh): Caches {
    return mesh.memo('parts of tables', ['MeshConfig'], () => new Caches());
  }
}

/** Parts of all views of one mesh. */
export class SharedParts {
  private readonly states = new Map<string, State>();
  /** Keys of states by those of proxies. */
  private readonly proxies = new Map<string, { state: string; idle: number }>();
  private readonly made = new Map<string, TablePart>();
  private readonly known: ServiceRules[] = [];
  private readonly clusters: MadeClusters[] = [];
  private readonly listeners = new Parts<OutboundListeners>();
  private readonly routes = new RouteParts();
  private readonly gateways = new GatewayParts();
  private readonly missing = new Parts<MissingClusters>();

  constructor(former: SharedParts | undefined) {
    for (const [key, state] of former?.states ?? []) if (state.idle < mostIdle) this.states.set(key, { ...state, idle: state.idle + 1 });
    for (const [key, proxy] of former?.proxies ?? []) if (proxy.idle < mostIdle) this.proxies.set(key, { ...proxy, idle: proxy.idle + 1 });
  }

  /** @param proxy key of a proxy with the view: it had another view where something new in the mesh tells it from others */
  of(mesh: Mesh, proxy: string, view: ProxyView, overrides: readonly EndpointOverride[]): TablePart {
    const key = overrides.length > 0 ? `${view.key} ${JSON.stringify(overrides)}` : view.key;
    let part = this.made.get(key);
    if (!part) {
      const state = this.stateOf(mesh, view, overrides, this.formerOf(proxy, key));
      this.states.set(key, state);
      part = state.part;
      this.made.set(key, part);
    }
    this.proxies.set(proxy, { state: key, idle: 0 });
    return part;
  }

  /** What was made last: for the view, or for the one that the proxy had until now. */
  private formerOf(proxy: string, key: string): State | undefined {
    const ofView = this.states.get(key);
    const ofProxy = this.states.get(this.proxies.get(proxy)?.state ?? key);
    return ofView && ofProxy && ofProxy.idle < ofView.idle ? ofProxy : (ofView ?? ofProxy);
  }

  /** @param former of the same view, or of another one that a proxy of this view had */
  private stateOf(mesh: Mesh, view: ProxyView, overrides: readonly EndpointOverride[], former: State | undefined): State {
    const caches = Caches.of(mesh);
    const scope = scopeOf(mesh, view, former?.scope);
    const rules = DestinationRules.of(mesh);
    const levels = former?.rules === rules && former.meshConfig === mesh.meshConfig ? former.levels : new RuleLevels(mesh, view.namespace);
    const known = this.knownOf(scope, levels, former);
    const outlook = new Outlook(mesh, scope, known);
    const clusters = this.clustersOf(caches, mesh, view, overrides, known, former?.clusters);
    const gateway = view.role === 'gateway' ? gatewayTraffic(outlook, caches.gateways, this.gateways, former?.gateway) : undefined;
    const listeners = gateway ? undefined : outboundListeners(outlook, this.listeners, former?.listeners);
    const routes = listeners && outboundRoutes(outlook, caches.routes, this.routes, listeners.result.requests, former?.routes);
    const traffic = trafficOf(scope, gateway, listeners, routes);
    const missing = missingClusters(outlook, caches.missing, this.missing, traffic.services, clusters.set, former?.missing);
    const passthrough = withoutTls(clusters.set.clusters, traffic.passthroughClusters, former?.passthrough ?? []);
    const statuses = [...traffic.statuses, clusters.set.statuses, missing.result.statuses, VirtualServices.of(mesh).statuses, unknownGateways(mesh)];
    const part: TablePart = {
      listeners: traffic.listeners,
      routes: traffic.routes,
      clusters: keepList(former?.part.clusters, merged(clusters.set.clusters, passthrough)),
      statuses: former && sameItems(former.statuses, statuses) ? former.part.statuses : keepWhole(former?.part.statuses, inOrder(statuses)),
    };
    return { scope, known, meshConfig: mesh.meshConfig, rules, levels, clusters, listeners, routes, gateway, passthrough, missing, statuses, part, idle: 0 };
  }

  private knownOf({ view, services }: ProxyScope, levels: RuleLevels, former: State | undefined): ServiceRules {
    const ofView = former?.scope.view.key === view.key ? former : undefined;
    const same = ofView?.levels === levels && ofView.known.services === services;
    const others = former ? [former.known, ...this.known] : this.known;
    const known = same ? ofView.known : ServiceRules.of(view, levels, services, others, ofView);
    if (!this.known.includes(known)) this.known.push(known);
    return known;
  }

  private clustersOf(
    { clusters: cache }: Caches,
    mesh: Mesh,
    view: ProxyView,
    overrides: readonly EndpointOverride[],
    known: ServiceRules,
    former: MadeClusters | undefined,
  ): MadeClusters {
    const endpoints = Endpoints.of(mesh);
    const clients = clusterClients(mesh, endpoints, view, overrides);
    const { meshConfig, policies } = clients.context;
    const fits = ({ clients: { context, key, placedKey }, set, endpoints: own }: MadeClusters): boolean =>
      set.known === known &&
      own === endpoints &&
      context.meshConfig === meshConfig &&
      context.policies === policies &&
      (set.placed ? placedKey === clients.placedKey : key === clients.key);
    const found = this.clusters.find(fits);
    if (found) return found;
    const made = former && fits(former) ? former : { endpoints, clients, set: clusterSet(cache, clients, known, former?.set) };
    this.clusters.push(made);
    return made;
  }
}

function trafficOf(
  scope: ProxyScope,
  gateway: MadeGateway | undefined,
  outbound: Made<OutboundListeners> | undefined,
  ofPorts: OutboundRoutes | undefined,
): Traffic {
  if (gateway) {
    const { statuses, ...traffic } = gateway.traffic.result;
    return { ...traffic, statuses: [statuses] };
  }
  return {
    listeners: outbound?.result.listeners ?? [],
    routes: ofPorts?.routes ?? [],
    passthroughClusters: none,
    services: scope.egress.map(({ virtualServices }) => virtualServices),
    statuses: [outbound?.result.statuses ?? [], ofPorts?.statuses ?? []],
  };
}

const none: ReadonlyMap<string, string> = new Map();

/** TLS of the client goes on as it is: the clusters, under other names, add none of their own. By name. */
function withoutTls(clusters: readonly Cluster[], names: ReadonlyMap<string, string>, former: readonly Cluster[]): readonly Cluster[] {
  if (names.size === 0) return [];
  const byOwnName = new Map(clusters.map((cluster) => [cluster.name, cluster]));
  const before = new Map(former.map((cluster) => [cluster.name, cluster]));
  const made = [...names].flatMap(([name, like]) => {
    const cluster = byOwnName.get(like);
    return cluster ? [keepEqual(before.get(name), { ...cluster, name, tls: { mode: 'disable' as const } })] : [];
  });
  return keepList(former, made.sort(byName));
}
