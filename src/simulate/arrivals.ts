// What becomes of a request at the workloads behind its destinations: what the caller's proxy speaks, what theirs takes, and whether
// their policies let it in.
import type { Cluster } from '../ir/cluster.ts';
import type { Origin, ProxyIdentity, RoutingTable } from '../ir/table.ts';
import { offeredProtocols, speaksTls } from '../proxy/core/upstream-tls.ts';
import type { Admission, Verdict } from './admission/admission.ts';
import type { TokenKnowledge } from './admission/tokens.ts';
import type { ArrivingConnection, SimulatedHttpRequest, SimulatedRequest } from './request.ts';
import { Simulator } from './simulate.ts';
import type { Outcome, SimulatedDestination, Simulation } from './simulation.ts';

/** A workload that a request may come to. */
export interface ArrivalServer {
  /** Of its sidecar. */
  table: RoutingTable;
  /** As it is connected to; undefined: not known. */
  address: string | undefined;
  /** Of the workload. */
  port: number;
  /** `assumed`: it runs nowhere yet, and nothing tells whether it gets one. */
  sidecar: 'yes' | 'assumed' | 'no';
  tlsMode: 'istio' | 'disabled';
  /** What a PeerAuthentication makes it take; without `policy` it is the default. */
  accepts: { mode: 'STRICT' | 'PERMISSIVE' | 'DISABLE'; policy?: Origin };
}

export interface ArrivalOptions {
  /** Table of the caller. */
  table: RoutingTable;
  /** Who the caller's proxy proves to be over mTLS: `spiffe://cluster.local/ns/shop/sa/cart`; undefined: not known. */
  principal: string | undefined;
  /** `no`: the caller has no proxy of the mesh, and what it sends comes as it is. Default: it has one. */
  callerSidecar?: ArrivalServer['sidecar'];
  /** The workloads behind a cluster of the caller. */
  servers(cluster: Cluster): readonly ArrivalServer[];
  tokens: TokenKnowledge;
}

/** A request at one workload, or at several that nothing tells apart. */
export interface Arrival {
  /** Destination of the caller that leads here. */
  destination: Pick<SimulatedDestination, 'cluster' | 'host' | 'subset' | 'port'>;
  workload: Pick<ProxyIdentity, 'namespace' | 'name' | 'serviceAccount'> & { port: number };
  sidecar: ArrivalServer['sidecar'];
  accepts: ArrivalServer['accepts'];
  sends: 'plain text' | 'mTLS' | 'TLS';
  /** Nothing speaks mTLS for the caller. */
  callerSidecar?: 'no';
  /** Of mTLS: who the caller proves to be; absent: not known. */
  principal?: string;
  /** `closed`: the connection is not taken, see `outcome`. */
  verdict: Verdict | 'closed';
  /** Absent: nobody guards the workload. */
  outcome?: Outcome;
  /** Absent: no policy applies. */
  admission?: Admission;
}

const untaken: ReadonlySet<Outcome['kind']> = new Set(['no-listener', 'no-filter-chain', 'tls-expected', 'certificate-expected', 'http-expected']);

/** A request on its way to one workload. */
export interface Approach {
  destination: Arrival['destination'];
  server: ArrivalServer;
  sends: Arrival['sends'];
  callerSidecar?: 'no';
  /** Of mTLS: who the caller proves to be; absent: not known. */
  principal?: string;
  /** As it comes to the workload, apart from its TLS. */
  inside: SimulatedRequest;
  /** Absent: plain text. */
  tls?: NonNullable<ArrivingConnection['tls']>;
}

/** Of all destinations that the request may go to; none where it goes nowhere. */
export function arrivals(simulation: Simulation, request: SimulatedRequest, options: ArrivalOptions): Arrival[] {
  return approaches(simulation, request, options).map((approach) => arrivalOf(approach, options.tokens));
}

/** What leads to the workloads behind the destinations of a request. */
export function approaches(simulation: Simulation, request: SimulatedRequest, options: Omit<ArrivalOptions, 'tokens'>): Approach[] {
  const { outcome, destinations } = simulation;
  if (outcome.kind !== 'routed' && outcome.kind !== 'tcp') return [];
  const clusters = new Map(options.table.clusters.map((cluster) => [cluster.name, cluster]));
  return destinations.flatMap((destination) => {
    const cluster = clusters.get(destination.cluster);
    if (!cluster || destination.percent === 0) return [];
    return options.servers(cluster).map((server) => approachOf(simulation, request, destination, cluster, server, options));
  });
}

/** A request that comes to a workload as it is, not through the proxy of who sends it. @param peer who the client proves to be; undefined: plain text */
export function directApproach(server: ArrivalServer, request: SimulatedHttpRequest, peer: { principal: string | undefined } | undefined): Approach {
  const { port } = server;
  const { namespace, name } = server.table.proxy;
  const common = { destination: { cluster: '', host: '', subset: '', port }, server, inside: { ...request, scheme: 'http' as const, port } };
  if (!peer) return { ...common, sends: 'plain text' };
  const { principal } = peer;
  const tls = {
    serverName: `outbound_.${port}_._.${name}.${namespace}.svc.cluster.local`,
    applicationProtocols: offeredProtocols({ mode: 'istio-mutual' }, request.version === 'HTTP/2' ? 'http2' : 'http1'),
    peer: principal === undefined ? ('unknown' as const) : [principal],
  };
  return { ...common, sends: 'mTLS', ...(principal === undefined ? {} : { principal }), tls };
}

function approachOf(
  simulation: Simulation,
  request: SimulatedRequest,
  destination: SimulatedDestination,
  cluster: Cluster,
  server: ArrivalServer,
  { table, principal, callerSidecar }: Omit<ArrivalOptions, 'tokens'>,
): Approach {
  const { host, subset, port } = destination;
  const secured = callerSidecar !== 'no' && speaksTls(cluster, server, true);
  const ofMesh = secured && (cluster.tls.mode === 'auto' || cluster.tls.mode === 'istio-mutual');
  // The client of a gateway connects to the gateway, and that to the workload.
  const client = (table.proxy.role === 'sidecar' ? request.client : undefined) ?? table.proxy.addresses[0];
  const inside = insideOf(simulation, request, destination, cluster, client);
  const tls = secured ? { serverName: cluster.tls.sni ?? '', ...shown(cluster, inside, ofMesh, principal) } : appTls(inside);
  return {
    destination: { cluster: destination.cluster, host, subset, port },
    server,
    sends: ofMesh ? 'mTLS' : secured ? 'TLS' : 'plain text',
    ...(callerSidecar === 'no' ? { callerSidecar } : {}),
    ...(ofMesh && principal !== undefined ? { principal } : {}),
    inside,
    ...(tls ? { tls } : {}),
  };
}

/** What becomes of it at the workload. */
export function arrivalOf(approach: Approach, tokens: TokenKnowledge): Arrival {
  const { destination, server, sends, callerSidecar, principal } = approach;
  const { namespace, name, serviceAccount } = server.table.proxy;
  const common = {
    destination,
    workload: { namespace, name, serviceAccount, port: server.port },
    sidecar: server.sidecar,
    accepts: server.accepts,
    sends,
    ...(callerSidecar ? { callerSidecar } : {}),
    ...(principal === undefined ? {} : { principal }),
  };
  // Who has no sidecar has no certificate of the mesh.
  if (server.sidecar === 'no') return { ...common, verdict: sends === 'mTLS' ? 'closed' : 'allowed' };
  const { outcome, admission } = simulateArrival(approach, tokens);
  const verdict = untaken.has(outcome.kind) ? 'closed' : (admission?.verdict ?? 'allowed');
  return { ...common, verdict, outcome, ...(admission ? { admission } : {}) };
}

const simulators = new WeakMap<RoutingTable, { tokens: TokenKnowledge; simulator: Simulator }>();

/** What depends on a table alone is made once. */
function simulatorOf(table: RoutingTable, tokens: TokenKnowledge): Simulator {
  let known = simulators.get(table);
  if (known?.tokens !== tokens) {
    known = { tokens, simulator: new Simulator(table, { tokens }) };
    simulators.set(table, known);
  }
  return known.simulator;
}

/** At the sidecar of the workload. */
export function simulateArrival({ server, inside, tls }: Pick<Approach, 'server' | 'inside' | 'tls'>, tokens: TokenKnowledge): Simulation {
  const simulator = simulatorOf(server.table, tokens);
  return simulator.arrive(inside, { address: server.address, port: server.port, ...(tls ? { tls } : {}) });
}

/** What comes out of the caller's proxy, apart from its TLS. */
function insideOf(
  simulation: Simulation,
  request: SimulatedRequest,
  { sees }: SimulatedDestination,
  cluster: Cluster,
  client: string | undefined,
): SimulatedRequest {
  const from = { client, address: undefined, host: undefined };
  if (request.kind === 'tcp') return { ...request, ...from };
  const { claims, bodyBytes, version = 'HTTP/1.1' } = request;
  const authority = request.authority ?? '';
  if (!sees) {
    if (request.scheme === 'http') return { ...request, ...from };
    const serverName = simulation.request.kind === 'http' ? authority.replace(/:\d+$/, '') : '';
    return { kind: 'tcp', ...from, port: simulation.entry.port, tls: { serverName, applicationProtocols: ['h2', 'http/1.1'] } };
  }
  const http2 = cluster.protocol === 'http2' || (cluster.protocol === 'downstream' && version === 'HTTP/2');
  const { method, path, headers } = sees;
  return { ...from, method, scheme: 'http', authority: sees.authority, path, headers, version: http2 ? 'HTTP/2' : 'HTTP/1.1', claims, bodyBytes };
}

type Tls = NonNullable<ArrivingConnection['tls']>;

function shown({ tls }: Cluster, inside: SimulatedRequest, ofMesh: boolean, principal: string | undefined): Pick<Tls, 'applicationProtocols' | 'peer'> {
  const kind = inside.kind === 'tcp' ? 'tcp' : inside.version === 'HTTP/2' ? 'http2' : 'http1';
  const applicationProtocols = offeredProtocols(tls, kind);
  if (ofMesh) return { applicationProtocols, peer: principal === undefined ? 'unknown' : [principal] };
  // Whose certificate that is, and whether the mesh knows its issuer, is not in any table.
  return { applicationProtocols, peer: tls.mode === 'mutual' ? 'unknown' : [] };
}

/** TLS of the application itself. */
function appTls(inside: SimulatedRequest): Tls | undefined {
  if (inside.kind !== 'tcp' || !inside.tls) return undefined;
  const { serverName = '', applicationProtocols = [] } = inside.tls;
  return { serverName, applicationProtocols, peer: [] };
}
