// What becomes of a request at the workloads behind its destinations: what the caller's proxy speaks, what theirs takes, and whether
// their policies let it in.
import type { Cluster } from '../ir/cluster.ts';
import type { Origin, ProxyIdentity, RoutingTable } from '../ir/table.ts';
import { offeredProtocols, speaksTls } from '../proxy/core/upstream-tls.ts';
import type { Admission, Verdict } from './admission/admission.ts';
import type { TokenKnowledge } from './admission/tokens.ts';
import type { ArrivingConnection, SimulatedRequest } from './request.ts';
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

/** Of all destinations that the request may go to; none where it goes nowhere. */
export function arrivals(simulation: Simulation, request: SimulatedRequest, options: ArrivalOptions): Arrival[] {
  const { outcome, destinations } = simulation;
  if (outcome.kind !== 'routed' && outcome.kind !== 'tcp') return [];
  const clusters = new Map(options.table.clusters.map((cluster) => [cluster.name, cluster]));
  return destinations.flatMap((destination) => {
    const cluster = clusters.get(destination.cluster);
    if (!cluster || destination.percent === 0) return [];
    return options.servers(cluster).map((server) => arrival(simulation, request, destination, cluster, server, options));
  });
}

function arrival(
  simulation: Simulation,
  request: SimulatedRequest,
  destination: SimulatedDestination,
  cluster: Cluster,
  server: ArrivalServer,
  options: ArrivalOptions,
): Arrival {
  const { host, subset, port } = destination;
  const { namespace, name, serviceAccount } = server.table.proxy;
  const secured = speaksTls(cluster, server, true);
  const ofMesh = secured && (cluster.tls.mode === 'auto' || cluster.tls.mode === 'istio-mutual');
  const common = {
    destination: { cluster: destination.cluster, host, subset, port },
    workload: { namespace, name, serviceAccount, port: server.port },
    sidecar: server.sidecar,
    accepts: server.accepts,
    sends: ofMesh ? ('mTLS' as const) : secured ? ('TLS' as const) : ('plain text' as const),
    ...(ofMesh && options.principal !== undefined ? { principal: options.principal } : {}),
  };
  // Who has no sidecar has no certificate of the mesh.
  if (server.sidecar === 'no') return { ...common, verdict: ofMesh ? 'closed' : 'allowed' };
  const client = options.table.proxy.addresses[0];
  const inside = insideOf(simulation, request, destination, cluster, client);
  const tls = secured ? { serverName: cluster.tls.sni ?? '', ...shown(cluster, inside, ofMesh, options.principal) } : appTls(inside);
  const simulator = new Simulator(server.table, { tokens: options.tokens });
  const there = simulator.arrive(inside, { address: server.address, port: server.port, ...(tls ? { tls } : {}) });
  const { outcome, admission } = there;
  const verdict = untaken.has(outcome.kind) ? 'closed' : (admission?.verdict ?? 'allowed');
  return { ...common, verdict, outcome, ...(admission ? { admission } : {}) };
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
