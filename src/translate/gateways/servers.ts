// Servers of the Gateways that select a proxy, one list for each port and address.
import type { Origin } from '../../ir/table.ts';
import type { Gateway, Server, ServerTLSSettings } from '../../manifest/istio/networking.gen.ts';
import type { Resource } from '../../manifest/resource.ts';
import { byCreation } from '../../model/creation.ts';
import type { ServiceSpec } from '../../model/kubernetes.ts';
import type { Mesh } from '../../model/mesh.ts';
import { type Protocol, protocolNames } from '../../model/protocols.ts';
import { matchesLabels } from '../../model/selectors.ts';
import { targetOf, targetPortOf } from '../../model/service-ports.ts';
import { items } from '../../model/untyped.ts';
import { serversOfGatewayApi } from '../gateway-api/gateways.ts';
import { listenerKind } from '../port-protocols.ts';
import type { ProxyView } from '../proxy-view.ts';
import { originOf, type Statuses } from '../statuses.ts';

export interface GatewayServer {
  /** `namespace/name`, as virtual services are bound to it. */
  gateway: string;
  gatewayName: string;
  gatewayNamespace: string;
  origin: Origin;
  /** As written: what `match.port` means, and names of virtual hosts have. */
  port: number;
  portName: string;
  protocol: Protocol | undefined;
  /** Address that is written; empty: every address. */
  bind: string;
  hosts: readonly ServerHost[];
  tls: ServerTLSSettings | undefined;
}

export interface ServerHost {
  /** Of the virtual services that the host is for; `*`: any. */
  namespace: string;
  /** Lower case. */
  host: string;
}

/** Servers at one address and port. */
export interface GatewayPort {
  /** That the proxy listens on: what a Service in front of it sends to. */
  number: number;
  bind: string;
  kind: 'http' | 'other';
  servers: GatewayServer[];
}

/** A route configuration, and the servers whose hosts it has. */
export interface GatewayRoutes {
  name: string;
  servers: GatewayServer[];
}

export interface MergedServers {
  ports: GatewayPort[];
  routes: GatewayRoutes[];
}

type GatewayProxy = Pick<ProxyView, 'namespace' | 'name' | 'labels'>;

/** Whether TLS goes on to the destination as it is. */
export function isPassthrough({ tls }: Pick<GatewayServer, 'tls'>): boolean {
  return tls?.mode === 'PASSTHROUGH' || tls?.mode === 'AUTO_PASSTHROUGH';
}

function isHttp({ protocol }: GatewayServer): boolean {
  return protocol !== undefined && listenerKind(protocol) === 'http';
}

/** Whatever server names a client sends, it gets this server; with `httpsRedirect` HTTP has TLS settings, too. */
function isPlain(server: GatewayServer): boolean {
  return isHttp(server) || server.tls === undefined;
}

/** The proxy ends TLS, and speaks HTTP in it. */
export function isHttps(server: GatewayServer): boolean {
  return server.protocol === 'https' && server.tls !== undefined && !isPassthrough(server);
}

/** Name of the route configuration of a server; empty where it has none. */
export function routesNameOf(server: GatewayServer, port: number): string {
  const bind = server.bind === '' ? '' : `.${server.bind}`;
  if (isHttp(server)) return `http.${port}${bind}`;
  return isHttps(server) ? `https.${server.port}.${server.portName}.${server.gatewayName}.${server.gatewayNamespace}${bind}` : '';
}

/**
 * Which servers can be beside which: plain HTTP with plain HTTP, TLS with TLS of other hosts; else the oldest Gateway has the port.
 */
export function mergeServers(mesh: Mesh, proxy: GatewayProxy, statuses: Statuses): MergedServers {
  const merging = new Merging(statuses);
  for (const server of serversFor(mesh, proxy)) {
    for (const port of portsOf(mesh, proxy, server.port)) merging.add(server, port);
  }
  return { ports: merging.ports, routes: [...merging.routes.values()] };
}

class Merging {
  readonly ports: GatewayPort[] = [];
  readonly routes = new Map<string, GatewayRoutes>();
  private readonly statuses: Statuses;
  /** Hosts of TLS servers that are taken: `port bind host`. */
  private readonly tlsHosts = new Set<string>();

  constructor(statuses: Statuses) {
    this.statuses = statuses;
  }

  add(server: GatewayServer, number: number): void {
    const routes = routesNameOf(server, number);
    const hosts = server.tls ? server.hosts.map(({ namespace, host }) => `${number} ${server.bind} ${namespace}/${host}`) : [];
    const there = this.ports.find((port) => port.number === number && port.bind === server.bind);
    const conflict = this.conflict(server, there?.servers[0], hosts, routes);
    if (conflict !== undefined) {
      this.statuses.add(server.origin, 'conflicting-server', `the server is not there on port ${server.port}: ${conflict}`);
      return;
    }
    for (const host of hosts) this.tlsHosts.add(host);
    if (there) there.servers.push(server);
    else this.ports.push({ number, bind: server.bind, kind: isHttp(server) ? 'http' : 'other', servers: [server] });
    const known = this.routes.get(routes);
    if (known) known.servers.push(server);
    else if (routes !== '') this.routes.set(routes, { name: routes, servers: [server] });
  }

  /** @param first of the servers that are at the port already */
  private conflict(server: GatewayServer, first: GatewayServer | undefined, hosts: readonly string[], routes: string): string | undefined {
    if (hosts.some((host) => this.tlsHosts.has(host))) return 'another server of the port has one of its hosts';
    if (!first) return undefined;
    const bothHttp = isHttp(first) && isHttp(server);
    const bothTls = !isPlain(first) && !isPlain(server);
    if (!bothHttp && !bothTls) return `the port speaks ${(first.protocol ?? 'tcp').toUpperCase()} already`;
    return isHttps(server) && this.routes.has(routes) ? 'another HTTPS server has the name of its port' : undefined;
  }
}

/** Servers of a proxy, those of the oldest Gateway first. */
function serversFor(mesh: Mesh, proxy: GatewayProxy): GatewayServer[] {
  const gateways = [...mesh.list('Gateway')].sort(byCreation).filter(({ spec }) => matchesLabels(spec.selector, proxy.labels));
  return [...gateways.flatMap(serversOf), ...serversOfGatewayApi(mesh, proxy)];
}

function serversOf(gateway: Resource<Gateway>): GatewayServer[] {
  return (gateway.spec.servers ?? []).flatMap((server, i) => (server?.port?.number ? [serverOf(gateway, server, i)] : []));
}

function serverOf(gateway: Resource<Gateway>, { port, bind, hosts, tls }: Server, index: number): GatewayServer {
  const lower = (port?.protocol ?? '').toLowerCase();
  return {
    gateway: gateway.fullName,
    gatewayName: gateway.name,
    gatewayNamespace: gateway.namespace,
    origin: originOf(gateway, 'spec', 'servers', index),
    port: port?.number ?? 0,
    portName: port?.name ?? '',
    protocol: protocolNames.find((name) => name === lower),
    bind: bind ?? '',
    hosts: (hosts ?? []).flatMap((host) => (host ? [serverHost(host, gateway.namespace)] : [])),
    tls: tls ?? undefined,
  };
}

/** A host, or `namespace/host` with `.` for the Gateway's own namespace and `*` for any. */
function serverHost(written: string, own: string): ServerHost {
  const slash = written.indexOf('/');
  if (slash < 0) return { namespace: '*', host: written.toLowerCase() };
  const namespace = written.slice(0, slash);
  return { namespace: namespace === '.' ? own : namespace, host: written.slice(slash + 1).toLowerCase() };
}

/** Ports of the proxy behind a port: where Services in front of it say otherwise, those that they send to. */
function portsOf(mesh: Mesh, proxy: GatewayProxy, number: number): number[] {
  const targets = mesh.listIn('Service', proxy.namespace).flatMap((service: Resource<ServiceSpec>) => {
    const { selector } = service.spec;
    if (!selector || Object.keys(selector).length === 0 || !matchesLabels(selector, proxy.labels)) return [];
    return items(service.spec.ports).flatMap((port) => {
      if (port.port !== number) return [];
      const target = targetOf(port);
      if (typeof target === 'number') return [target];
      const pod = mesh.find('Pod', proxy.namespace, proxy.name);
      return (pod && targetPortOf(port, pod.spec)) ?? [];
    });
  });
  const unique = [...new Set(targets)].sort((a, b) => a - b);
  return unique.length > 0 ? unique : [number];
}
