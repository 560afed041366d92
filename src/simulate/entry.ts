// How a connection comes in: its port, its listener, and the filter chain that takes it.
import { chainsOf, type FilterChain, type Listener } from '../ir/listener.ts';
import type { RouteConfig } from '../ir/route.ts';
import type { RoutingTable } from '../ir/table.ts';
import { ChainMatcher, type ConnectionTraits } from '../proxy/core/chain-match.ts';
import { parseIp } from '../proxy/core/ip.ts';
import { withoutPort } from '../proxy/core/router.ts';
import { portIn, type TableHosts } from './hosts.ts';
import type { ArrivingConnection, SimulatedRequest } from './request.ts';
import type { Entry } from './simulation.ts';

/** A connection that came to a listener. */
export interface FoundEntry {
  port: number;
  portFrom: Entry['portFrom'];
  /** Where the application connects to; undefined: any address. */
  address: string | undefined;
  /** Undefined: nothing listens. */
  listener: Listener | undefined;
  /** Undefined: no chain takes it. */
  chain: FilterChain | undefined;
  /** It comes without TLS. */
  plain: boolean;
  /** Of a ClientHello; empty without. */
  serverName: string;
  /** Names of the certificate that the client shows; empty: none. */
  peer: readonly string[] | 'unknown';
}

const schemePorts = { http: 80, https: 443 } as const;
/** What clients of HTTP offer in a ClientHello. */
const offered = ['h2', 'http/1.1'];

/** Finds listeners of one table. */
export class Entrances {
  private readonly table: RoutingTable;
  private readonly hosts: TableHosts;
  private readonly configs: ReadonlyMap<string, RouteConfig>;
  private readonly byName: ReadonlyMap<string, Listener>;
  private readonly byPort: ReadonlyMap<number, readonly Listener[]>;
  private readonly matchers = new Map<Listener, ChainMatcher>();

  constructor(table: RoutingTable, hosts: TableHosts, configs: ReadonlyMap<string, RouteConfig>) {
    this.table = table;
    this.hosts = hosts;
    this.configs = configs;
    const outbound = table.listeners.filter(({ direction }) => direction === 'outbound');
    this.byName = new Map(outbound.flatMap((listener) => namesOf(listener).map((name) => [name, listener] as const)));
    this.byPort = Map.groupBy(outbound, ({ port }) => port);
  }

  find(request: SimulatedRequest): FoundEntry {
    const { port, portFrom } = this.portOf(request);
    const name = hostOf(request);
    const service = name === undefined ? undefined : this.hosts.serviceOf(name);
    const literal = name === undefined ? undefined : literalAddress(name);
    const given = request.address ?? literal;
    const listener =
      this.table.proxy.role === 'gateway' ? this.gatewayListener(port) : given === undefined ? this.listenerOf(service, port) : this.captured(given, port);
    const plain = request.kind === 'tcp' ? request.tls === undefined : request.scheme === 'http';
    const serverName = plain ? '' : request.kind === 'tcp' ? (request.tls?.serverName ?? '') : serverNameOf(request);
    if (!listener) return { port, portFrom, address: given, listener: undefined, chain: undefined, plain, serverName, peer: [] };
    const address = given ?? addressOf(listener, service);
    const chain = this.chainOf(listener, traitsOf(request, this.portAt(listener, port), address));
    return { port, portFrom, address, listener, chain, plain, serverName, peer: asksForCertificate(chain) ? 'unknown' : [] };
  }

  /** What comes to the workload itself. */
  arriving({ address, port, tls }: ArrivingConnection, request: SimulatedRequest): FoundEntry {
    const inbound = this.table.listeners.filter(({ direction }) => direction === 'inbound');
    const own = inbound.find((listener) => listener.name !== 'virtualInbound' && listener.port === port);
    const listener = own ?? inbound.find(({ name }) => name === 'virtualInbound');
    const serverName = tls?.serverName ?? '';
    const found = { port, portFrom: 'request', address, plain: tls === undefined, serverName, peer: tls?.peer ?? [] } as const;
    if (!listener) return { ...found, listener, chain: undefined };
    const applicationProtocols = tls ? tls.applicationProtocols : request.kind === 'tcp' ? [] : [plainProtocol(request)];
    const transport = tls ? 'tls' : 'raw_buffer';
    return { ...found, listener, chain: this.chainOf(listener, { address: address ?? '', port, serverName, transport, applicationProtocols }) };
  }

  private portOf(request: SimulatedRequest): Pick<FoundEntry, 'port' | 'portFrom'> {
    if (request.port !== undefined) return { port: request.port, portFrom: 'request' };
    const { authority = '', host, scheme } = request as Exclude<SimulatedRequest, { kind: 'tcp' }>;
    const written = host === undefined ? portIn(authority) : undefined;
    if (written !== undefined) return { port: written, portFrom: 'authority' };
    const usual = schemePorts[scheme];
    // Who speaks TLS means a port that does.
    if (this.table.proxy.role === 'gateway' || scheme === 'https') return { port: usual, portFrom: 'scheme' };
    const name = host ?? withoutPort(authority);
    const ports = this.hosts.portsOf(name);
    const [first] = ports;
    if (first === undefined || ports.includes(usual)) return { port: usual, portFrom: 'scheme' };
    return { port: ports.find((port) => this.takesHttp(request, name, port)) ?? first, portFrom: 'host' };
  }

  private takesHttp(request: SimulatedRequest, name: string, port: number): boolean {
    const service = this.hosts.serviceOf(name);
    const listener = this.listenerOf(service, port);
    return listener !== undefined && this.chainOf(listener, traitsOf(request, port, addressOf(listener, service)))?.filter.kind === 'http';
  }

  /** SEL-R40 */
  private captured(address: string, port: number): Listener | undefined {
    return this.byName.get(`${address}_${port}`) ?? this.byName.get(`0.0.0.0_${port}`) ?? this.byName.get('virtualOutbound');
  }

  /** That of the address of a service, without knowing it. */
  private listenerOf(service: string | undefined, port: number): Listener | undefined {
    const own =
      service === undefined ? undefined : this.byPort.get(port)?.find((listener) => isAnyAddress(listener) === false && this.isFor(listener, service, port));
    return own ?? this.captured('0.0.0.0', port);
  }

  /** It leads to the service, or was made for it. */
  private isFor(listener: Listener, service: string, port: number): boolean {
    const { origin } = listener;
    if (origin?.kind === 'Service' && service === `${origin.name}.${origin.namespace}.svc.cluster.local`) return true;
    return chainsOf(listener).some(({ filter }) =>
      filter.kind === 'http' ? filter.routes === `${service}:${port}` : filter.clusters.some(({ cluster }) => isClusterOf(cluster, service)),
    );
  }

  /** The listener of a port; else the one behind a server of a Gateway with this port, which a Service may send to another. */
  private gatewayListener(port: number): Listener | undefined {
    const own = this.byPort.get(port)?.[0];
    if (own) return own;
    const isOfServer = ({ filter }: FilterChain): boolean =>
      filter.kind === 'http' && this.configs.get(filter.routes)?.virtualHosts.some(({ name }) => name.endsWith(`:${port}`)) === true;
    return this.table.listeners.find((listener) => chainsOf(listener).some(isOfServer));
  }

  /** Sockets of a gateway know their own port. */
  private portAt(listener: Listener, port: number): number {
    return listener.bind && listener.name !== 'virtualOutbound' ? listener.port : port;
  }

  private chainOf(listener: Listener, traits: ConnectionTraits): FilterChain | undefined {
    let matcher = this.matchers.get(listener);
    if (!matcher) {
      matcher = new ChainMatcher(listener);
      this.matchers.set(listener, matcher);
    }
    return matcher.find(traits);
  }
}

function asksForCertificate(chain: FilterChain | undefined): boolean {
  return chain?.tls !== undefined && chain.tls.mode !== 'SIMPLE';
}

function plainProtocol({ version }: Exclude<SimulatedRequest, { kind: 'tcp' }>): string {
  return version === 'HTTP/2' ? 'h2c' : 'http/1.1';
}

function traitsOf(request: SimulatedRequest, port: number, address = ''): ConnectionTraits {
  if (request.kind === 'tcp') {
    const { tls } = request;
    if (!tls) return { address, port, serverName: '', transport: 'raw_buffer', applicationProtocols: [] };
    return { address, port, serverName: tls.serverName ?? request.host ?? '', transport: 'tls', applicationProtocols: tls.applicationProtocols ?? [] };
  }
  if (request.scheme === 'https') return { address, port, serverName: serverNameOf(request), transport: 'tls', applicationProtocols: offered };
  return { address, port, serverName: '', transport: 'raw_buffer', applicationProtocols: [plainProtocol(request)] };
}

/** An address has no server name. */
export function serverNameOf({ serverName, authority = '' }: Exclude<SimulatedRequest, { kind: 'tcp' }>): string {
  if (serverName !== undefined) return serverName;
  const host = withoutPort(authority);
  return literalAddress(host) === undefined ? host : '';
}

function hostOf(request: SimulatedRequest): string | undefined {
  if (request.kind === 'tcp' || request.host !== undefined) return request.host;
  return request.authority === undefined ? undefined : withoutPort(request.authority);
}

/** `10.0.0.1`, `[::1]` */
function literalAddress(host: string): string | undefined {
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  return parseIp(bare) ? bare : undefined;
}

function namesOf({ name, address, moreAddresses = [], port }: Listener): string[] {
  return [name, ...(name === `${address}_${port}` ? moreAddresses.map((more) => `${more}_${port}`) : [])];
}

function isAnyAddress({ address }: Listener): boolean {
  return address === '0.0.0.0' || address === '::';
}

/** Where a connection for a service goes: the address that its listener, or its filter chain, is for. */
function addressOf(listener: Listener, service: string | undefined): string | undefined {
  if (!isAnyAddress(listener)) return listener.address;
  if (service === undefined) return undefined;
  const own = listener.chains.find(({ filter }) => filter.kind === 'tcp' && filter.clusters.some(({ cluster }) => isClusterOf(cluster, service)));
  const [block] = own?.match.destinationCidrs ?? [];
  return block?.replace(/\/\d+$/, '');
}

function isClusterOf(cluster: string, service: string): boolean {
  return cluster.endsWith(`|${service}`);
}
