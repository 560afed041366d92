import { outboundClusterName } from '../../ir/cluster.ts';
import type { FilterChain, FilterChainMatch, HttpFilter, Listener, TcpFilter } from '../../ir/listener.ts';
import type { RouteConfig } from '../../ir/route.ts';
import type { Status } from '../../ir/table.ts';
import type { L4MatchAttributes, TLSMatchAttributes } from '../../manifest/istio/networking.gen.ts';
import type { Protocol } from '../../model/protocols.ts';
import { keepList } from '../../model/same.ts';
import type { MeshService } from '../../model/services.ts';
import { byName } from '../by-name.ts';
import { isSubset } from '../egress-hosts.ts';
import { isEqual, keepWhole } from '../keep-equal.ts';
import { type Made, Parts } from '../made.ts';
import { routedFilter } from '../outbound/tcp-chains.ts';
import { Statuses } from '../statuses.ts';
import { type Outlook, Translation } from '../translation.ts';
import { type RoutingService, VirtualServices } from '../virtual-services.ts';
import { BoundToGateways, type GatewayRouteCache, gatewayRoutes } from './routes.ts';
import { downstreamTls } from './server-tls.ts';
import { type GatewayPort, type GatewayServer, isHttps, isPassthrough, type MergedServers, mergeServers, routesNameOf } from './servers.ts';

export interface GatewayTraffic {
  /** By name. */
  listeners: readonly Listener[];
  /** By name. */
  routes: readonly RouteConfig[];
  /** Clusters that pass on TLS as it is, by the outbound clusters that they are like (AUTO_PASSTHROUGH). */
  passthroughClusters: ReadonlyMap<string, string>;
  /** What is bound to the servers: a list for each Gateway. */
  services: readonly (readonly RoutingService[])[];
  statuses: readonly Status[];
}

interface Servers extends MergedServers {
  statuses: readonly Status[];
}

/** Traffic of all gateways of a mesh. */
export class GatewayParts {
  readonly servers = new Parts<Servers>();
  readonly traffic = new Parts<GatewayTraffic>();
}

export interface MadeGateway {
  servers: Made<Servers>;
  traffic: Made<GatewayTraffic>;
}

/** How long a client may take for its first bytes; Envoy's own limit. */
const helloTimeoutMs = 15_000;

/**
 * What a gateway listens on: the servers of the Gateways that select it, and nothing else.
 *
 * @param former of the same proxies before
 */
export function gatewayTraffic(outlook: Outlook, cache: GatewayRouteCache, parts: GatewayParts, former?: MadeGateway): MadeGateway {
  const { mesh, view, known, settings } = outlook;
  const ofServers = [
    mesh.list('Gateway'),
    mesh.listIn('gateway-api/Gateway', view.namespace),
    mesh.listIn('Service', view.namespace),
    view.name === '' ? undefined : mesh.find('Pod', view.namespace, view.name),
    view.key,
  ];
  const servers = parts.servers.of(outlook, ofServers, former?.servers, () => {
    const statuses = new Statuses();
    return { result: { ...mergeServers(mesh, view, statuses), statuses: statuses.list() }, asked: [] };
  });
  const { ports, routes } = servers.result;
  const names = new Set([...ports, ...routes].flatMap((one) => one.servers.map(({ gateway }) => gateway)));
  const lists = [...names].map((name) => VirtualServices.of(mesh).boundTo(name, view.namespace));
  const traffic = parts.traffic.of(outlook, [servers.result, known, settings, ...lists], former?.traffic, (before) => {
    const translation = new Translation(outlook, { known: true });
    const bound = new BoundToGateways(outlook, translation, cache, new Map([...names].map((name, i) => [name, lists[i] ?? []])));
    const passthroughClusters = new Map<string, string>();
    const listeners = ports.flatMap((port) => listenerOf(translation, bound, port, known.services, passthroughClusters) ?? []);
    const configs = routes.map((config) => gatewayRoutes(translation, bound, config));
    const result: GatewayTraffic = {
      listeners: keepNamed(before?.listeners, listeners.sort(byName)),
      routes: keepRoutes(before?.routes, configs.sort(byName)),
      passthroughClusters:
        isEqual([...(before?.passthroughClusters ?? [])], [...passthroughClusters]) && before ? before.passthroughClusters : passthroughClusters,
      services: lists,
      statuses: keepWhole(before?.statuses, [...servers.result.statuses, ...translation.statuses.list()]),
    };
    return { result, asked: translation.asked };
  });
  return { servers, traffic };
}

function keepNamed<T extends { name: string }>(former: readonly T[] = [], next: readonly T[]): readonly T[] {
  const byOwnName = new Map(former.map((item) => [item.name, item]));
  return keepList(
    former,
    next.map((item) => keepWhole(byOwnName.get(item.name), item)),
  );
}

function keepRoutes(former: readonly RouteConfig[] = [], next: readonly RouteConfig[]): readonly RouteConfig[] {
  const byOwnName = new Map(former.map((config) => [config.name, config]));
  return keepNamed(
    former,
    next.map((config) => ({ ...config, virtualHosts: keepNamed(byOwnName.get(config.name)?.virtualHosts, config.virtualHosts) })),
  );
}

/** Undefined where nothing is routed: the port is closed. */
function listenerOf(
  translation: Translation,
  bound: BoundToGateways,
  port: GatewayPort,
  services: readonly MeshService[],
  passthroughClusters: Map<string, string>,
): Listener | undefined {
  const [first] = port.servers;
  if (!first) return undefined;
  // Server names that have a chain; the first rule has them.
  const taken = new Set<string>();
  const chains: FilterChain[] =
    port.kind === 'http'
      ? [httpChain(translation, {}, routesNameOf(first, port.number), first.protocol)]
      : port.servers.flatMap((server) => chainsOf(translation, bound, server, taken, services, passthroughClusters));
  if (chains.length === 0) return undefined;
  const address = port.bind || '0.0.0.0';
  return {
    name: `${address}_${port.number}`,
    direction: 'outbound',
    address,
    port: port.number,
    bind: true,
    chains,
    inspectHttp: false,
    inspectTls: chains.some(({ match, tls }) => tls !== undefined || match.serverNames !== undefined),
    detectionTimeoutMs: helloTimeoutMs,
    ...(translation.settings.proxyProtocol ? { proxyProtocol: true as const } : {}),
    origin: first.origin,
  };
}

function httpChain({ settings }: Translation, match: FilterChainMatch, routes: string, protocol?: Protocol): FilterChain {
  const filter: HttpFilter = { kind: 'http', routes, ...settings.gatewayHttp, ...(protocol === 'grpc-web' ? { grpcWeb: true } : {}) };
  return { name: '', match, filter };
}

function chainsOf(
  translation: Translation,
  bound: BoundToGateways,
  server: GatewayServer,
  taken: Set<string>,
  services: readonly MeshService[],
  passthroughClusters: Map<string, string>,
): FilterChain[] {
  const { tls } = server;
  const { tlsDefaults } = translation.meshConfig;
  if (!tls) return plainTcp(translation, bound, server, {});
  const match = serverNames(server.hosts.map(({ host }) => host));
  if (isHttps(server)) return [{ ...httpChain(translation, match, routesNameOf(server, server.port)), tls: downstreamTls(tls, true, tlsDefaults) }];
  if (!isPassthrough(server)) return plainTcp(translation, bound, server, match).map((chain) => ({ ...chain, tls: downstreamTls(tls, false, tlsDefaults) }));
  return tls.mode === 'AUTO_PASSTHROUGH' ? autoPassthrough(translation, server, services, passthroughClusters) : passthrough(translation, bound, server, taken);
}

/** `*` is every name, and no name. */
function serverNames(names: readonly string[]): FilterChainMatch {
  return names.length === 0 || names.includes('*') ? {} : { serverNames: [...new Set(names.map((name) => name.toLowerCase()))].sort() };
}

/** The first TCP rule that is for the port and the gateway. */
function plainTcp(translation: Translation, bound: BoundToGateways, server: GatewayServer, match: FilterChainMatch): FilterChain[] {
  for (const { service } of bound.servedBy(server)) {
    for (const { route, origin } of service.tcp) {
      if (route.match?.length && !route.match.some((own) => isForServer(own, server))) continue;
      const filter = routedFilter(translation, route.route ?? [], server.port, service, origin);
      return filter ? [{ name: '', match, filter }] : [];
    }
  }
  return [];
}

function isForServer({ port, gateways }: L4MatchAttributes | TLSMatchAttributes, server: GatewayServer): boolean {
  return (!port || port === server.port) && (!gateways?.length || gateways.includes(server.gateway));
}

function passthrough(translation: Translation, bound: BoundToGateways, server: GatewayServer, taken: Set<string>): FilterChain[] {
  const out: FilterChain[] = [];
  for (const { service } of bound.servedBy(server)) {
    for (const { route, origin } of service.tls) {
      for (const match of route.match ?? []) {
        const names = match.sniHosts ?? [];
        const keys = names.map((name) => `${server.bind} ${name}`);
        if (!isForServer(match, server) || keys.some((key) => taken.has(key))) continue;
        for (const key of keys) taken.add(key);
        const filter = routedFilter(translation, route.route ?? [], server.port, service, origin);
        if (filter) out.push({ name: '', match: serverNames(names), filter });
      }
    }
  }
  return out;
}

/** ALPN of connections between proxies of the mesh. */
const meshProtocols = ['istio', 'istio-peer-exchange', 'istio-http/1.0', 'istio-http/1.1', 'istio-h2'];

/** To every service of the mesh, and its subsets, by the server name that proxies give it (MAP-R3). */
function autoPassthrough(
  translation: Translation,
  server: GatewayServer,
  services: readonly MeshService[],
  passthroughClusters: Map<string, string>,
): FilterChain[] {
  const out: FilterChain[] = [];
  for (const service of services) {
    if (service.external || service.aliasOf !== undefined || !server.hosts.some(({ host }) => isSubset(service.host, host))) continue;
    const subsets = ['', ...(translation.ruleOf(service)?.subsets ?? []).map(({ subset }) => subset.name ?? '')];
    for (const { number } of service.ports) {
      for (const subset of subsets) {
        const name = `outbound_.${number}_.${subset}_.${service.host}`;
        passthroughClusters.set(name, outboundClusterName(number, subset, service.host));
        const filter: TcpFilter = { kind: 'tcp', clusters: [{ cluster: name, weight: 1 }], statPrefix: name, hashSourceIp: false };
        out.push({ name: '', match: { serverNames: [name], applicationProtocols: meshProtocols }, filter });
      }
    }
  }
  return out;
}
