// Listeners of a sidecar for traffic from its application, and the names of the route configurations that they use.
import { blackHoleCluster } from '../../ir/cluster.ts';
import type { FilterChain, HttpFilter, Listener } from '../../ir/listener.ts';
import type { Status } from '../../ir/table.ts';
import { isIp } from '../../manifest/ip.ts';
import { keepList } from '../../model/same.ts';
import type { MeshPort, MeshService } from '../../model/services.ts';
import { byName } from '../by-name.ts';
import { keepWhole } from '../keep-equal.ts';
import type { Made, Parts } from '../made.ts';
import { type ListenerKind, listenerKind } from '../port-protocols.ts';
import type { EgressListener } from '../proxy-scope.ts';
import { originOf } from '../statuses.ts';
import { type Outlook, Translation } from '../translation.ts';
import { fallThroughChain, outboundCluster, tcpChain } from './catch-all.ts';
import { detectedHttp, ListenerEntries, type ListenerEntry } from './listener-entries.ts';
import { tcpChains } from './tcp-chains.ts';

export const anyAddress = '0.0.0.0';
const loopback = '127.0.0.1';
const unixPrefix = 'unix://';

/** Port that captured connections go to, unless the mesh configuration says otherwise. */
const defaultOutboundPort = 15001;

/** Name of the route configuration of the mesh configuration's `proxyHttpPort`. */
const httpProxyRoutes = 'http_proxy';

/** A route configuration that a listener needs. */
export interface RouteRequest {
  name: string;
  /** 0: of every port (SEL-R58). */
  port: number;
  /** For one service alone (SEL-R57). */
  own: boolean;
  /** Place in the scope of the listener that gives the routes. */
  egress: number;
}

export interface OutboundListeners {
  /** By name. */
  listeners: readonly Listener[];
  requests: readonly RouteRequest[];
  statuses: readonly Status[];
}

/** How a listener finds the service of a connection. */
interface Binding {
  address: string;
  /** Ranges of destinations where the address is every address. */
  cidrs: readonly string[];
}

/** @param former of the same proxies before */
export function outboundListeners(outlook: Outlook, parts: Parts<OutboundListeners>, former?: Made<OutboundListeners>): Made<OutboundListeners> {
  const { scope, mesh, known, aliases, view } = outlook;
  const { egress, outboundMode, egressProxy } = scope;
  const written = JSON.stringify(egress.map(({ port, bind, ownSocket, origin }) => [port, bind, ownSocket, origin]));
  const inputs = [
    mesh.meshConfig,
    known,
    aliases,
    view.address,
    outboundMode,
    egressProxy,
    written,
    ...egress.flatMap(({ services, streams }) => [services, streams]),
  ];
  return parts.of(outlook, inputs, former, (before) => {
    const translation = new Translation(outlook, { known: true });
    const { listeners, requests } = new OutboundBuilder(outlook, translation).build();
    const byOwnName = new Map(before?.listeners.map((listener) => [listener.name, listener]));
    const kept = listeners.map((listener) => keepWhole(byOwnName.get(listener.name), listener)).sort(byName);
    const result = { listeners: keepList(before?.listeners, kept), requests, statuses: keepWhole(before?.statuses, translation.statuses.list()) };
    return { result, asked: translation.asked };
  });
}

class OutboundBuilder {
  private readonly outlook: Outlook;
  private readonly translation: Translation;
  private readonly entries = new ListenerEntries();
  private readonly requests = new Map<string, RouteRequest>();

  constructor(outlook: Outlook, translation: Translation) {
    this.outlook = outlook;
    this.translation = translation;
  }

  build(): { listeners: Listener[]; requests: RouteRequest[] } {
    for (const listener of this.outlook.scope.egress) this.addListener(listener);
    const { settings } = this.translation;
    const { scope, mesh } = this.outlook;
    const outboundPort = mesh.meshConfig.proxyListenPort || defaultOutboundPort;
    const rest = fallThroughChain(scope);
    const listeners = [...this.entries.all()].map((entry) => listenerOf(entry, rest, settings.detectionTimeoutMs));
    listeners.push({ ...virtualOutbound(outboundPort, outboundCluster(scope)), ...(settings.transparent ? { transparent: true } : {}) }, ...this.httpProxy());
    return { listeners, requests: [...this.requests.values()] };
  }

  private addListener(listener: EgressListener): void {
    if (!listener.port) {
      // What follows a listener without a port adds nothing to those with one.
      this.entries.lock();
      for (const service of listener.services) for (const port of service.ports) this.addServicePort(listener, service, port);
      return;
    }
    const { number, protocol } = listener.port;
    const port: MeshPort = { number, name: listener.port.name, protocol: protocolOf(protocol), targetPort: undefined };
    for (const service of listener.services) {
      const address = listener.bind || (listener.ownSocket ? loopback : '');
      for (const binding of address === '' ? this.bindingsOf(service, port) : [{ address, cidrs: [] }]) this.add(listener, service, port, binding);
    }
  }

  private addServicePort(listener: EgressListener, service: MeshService, port: MeshPort): void {
    const address = listener.bind || (listener.ownSocket ? loopback : '');
    const bindings = address === '' ? this.bindingsOf(service, port) : [{ address, cidrs: [] }];
    for (const binding of bindings) this.add(listener, service, port, binding);
  }

  /** SEL-R41 to SEL-R43 */
  private bindingsOf(service: MeshService, port: MeshPort): Binding[] {
    const everywhere: Binding = { address: anyAddress, cidrs: [] };
    if (listenerKind(port.protocol) === 'http') return [everywhere];
    if (service.addresses.length === 0 && service.resolution === 'none') {
      const addresses = this.translation.endpointsAt(service, port).flatMap(({ address }) => (isIp(address) ? [address] : []));
      if (addresses.length > 0 || service.source === 'kubernetes' || service.selector) {
        return addresses.filter((address) => address !== this.outlook.view.address).map((address) => ({ address, cidrs: [] }));
      }
    }
    const bindings = service.addresses.map((address): Binding => (address.includes('/') ? { address: anyAddress, cidrs: [address] } : { address, cidrs: [] }));
    return bindings.length > 0 ? bindings : [everywhere];
  }

  private add(listener: EgressListener, service: MeshService, port: MeshPort, binding: Binding): void {
    const kind = listenerKind(port.protocol);
    // A Unix socket has no ports: services of several share it.
    const number = binding.address.startsWith(unixPrefix) ? 0 : port.number;
    // Connections to another name of a service are those to the service (SEL-R55).
    if (!kind || service.aliasOf !== undefined || this.entries.isLocked(binding.address, number)) return;
    const added = this.entries.add({
      address: binding.address,
      port: number,
      ownSocket: listener.ownSocket,
      kind,
      protocol: port.protocol,
      chains: this.chainsFor(listener, service, port, kind, binding),
      origin: () => (listener.port ? listener.origin : originOf(service.resource)),
    });
    if (!added) {
      const at = `${binding.address}:${port.number}`;
      this.translation.statuses.add(
        originOf(service.resource),
        'conflicting-port',
        `port ${port.number} of ${service.host} is not served at ${at}: another service has it`,
      );
    }
  }

  private chainsFor(listener: EgressListener, service: MeshService, port: MeshPort, kind: ListenerKind, { address, cidrs }: Binding): () => FilterChain[] {
    const ofEveryAddress = address === anyAddress;
    const tcp = (): FilterChain[] => {
      const byName = ofEveryAddress && (service.addresses.length === 0 || service.addresses.some((own) => own.includes('/')));
      return tcpChains(this.translation, { service, number: port.number, protocol: port.protocol, cidrs, byName }, listener.streams);
    };
    if (kind === 'tcp') return tcp;
    // A listener for one service has routes of its own.
    const own = kind === 'auto' && !ofEveryAddress && !listener.port;
    const name = own ? `${service.host}:${port.number}` : port.number === 0 ? address : String(port.number);
    this.addRoutes(name, port, own, listener);
    return () => {
      const http: FilterChain = { name: '', match: ofEveryAddress || kind === 'auto' ? detectedHttp : {}, filter: this.httpFilter(name, port.protocol) };
      return kind === 'auto' ? [...tcp(), http] : [http];
    };
  }

  private httpFilter(routes: string, protocol?: MeshPort['protocol']): HttpFilter {
    return { kind: 'http', routes, ...this.translation.settings.sidecarHttp, ...(protocol === 'grpc-web' ? { grpcWeb: true } : {}) };
  }

  /** Of listeners with one port the first gives the routes for all. */
  private addRoutes(name: string, { number, protocol }: MeshPort, own: boolean, asking: EgressListener): void {
    if (this.requests.has(name)) return;
    const { egress } = this.outlook.scope;
    const first = egress.findIndex((entry) => !entry.port || (entry.port.number === number && (number !== 0 || entry.bind === name)));
    const place = first < 0 ? egress.indexOf(asking) : first;
    const forEveryPort = !own && (protocol === 'http_proxy' || egress[place]?.port?.protocol === 'HTTP_PROXY');
    this.requests.set(name, { name, port: forEveryPort ? 0 : number, own, egress: place });
  }

  /** A port for clients that use an HTTP proxy (mesh configuration `proxyHttpPort`). */
  private httpProxy(): Listener[] {
    const { mesh, scope } = this.outlook;
    const port = mesh.meshConfig.proxyHttpPort ?? 0;
    const place = scope.egress.findIndex((entry) => !entry.port);
    if (port === 0 || place < 0) return [];
    this.requests.set(httpProxyRoutes, { name: httpProxyRoutes, port: 0, own: false, egress: place });
    const chain: FilterChain = { name: '', match: {}, filter: this.httpFilter(httpProxyRoutes) };
    return [{ ...plainListener(loopback, port), bind: true, chains: [chain] }];
  }
}

function protocolOf(written: string): MeshPort['protocol'] {
  const lower = written.toLowerCase();
  return known.find((protocol) => protocol === lower);
}

const known: readonly NonNullable<MeshPort['protocol']>[] = [
  'tcp',
  'udp',
  'grpc',
  'grpc-web',
  'http',
  'http_proxy',
  'http2',
  'https',
  'tls',
  'mongo',
  'redis',
  'mysql',
];

function plainListener(address: string, port: number): Listener {
  return {
    name: port === 0 ? address : `${address}_${port}`,
    direction: 'outbound',
    address,
    port,
    bind: false,
    chains: [],
    inspectHttp: false,
    inspectTls: false,
    detectionTimeoutMs: 0,
  };
}

/** With several chains the one that takes everything is asked last; without such a one the rest goes on (SEL-R44, TCP-R8). */
function listenerOf(entry: ListenerEntry, rest: FilterChain, detectionTimeoutMs: number): Listener {
  const takesAll = ({ match }: FilterChain): boolean => Object.keys(match).length === 0;
  const all = entry.chains.find(takesAll);
  const chains = all && entry.chains.length > 1 ? entry.chains.filter((chain) => chain !== all) : entry.chains;
  const defaultChain = all ? (entry.chains.length > 1 ? all : undefined) : rest;
  return {
    ...plainListener(entry.address, entry.port),
    bind: entry.ownSocket,
    chains,
    ...(defaultChain ? { defaultChain } : {}),
    inspectHttp: chains.some(({ match }) => match.applicationProtocols !== undefined),
    inspectTls: chains.some(({ match }) => match.serverNames !== undefined),
    detectionTimeoutMs,
    ...(entry.origin ? { origin: entry.origin } : {}),
  };
}

/** Connections that were captured and that no other listener takes (SEL-R45). */
function virtualOutbound(port: number, cluster: string): Listener {
  return {
    ...plainListener(anyAddress, port),
    name: 'virtualOutbound',
    bind: true,
    chains: [
      // The port itself, and not a captured one: it would go round in a circle.
      { ...tcpChain('virtualOutbound-blackhole', blackHoleCluster), match: { destinationPort: port } },
      tcpChain('virtualOutbound-catchall-tcp', cluster),
    ],
  };
}
