// Clusters and endpoints against those that the real control plane made, compared by meaning.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../src/ir/cluster.ts';
import { inboundFor } from '../../src/translate/clusters/inbound.ts';
import { clustersFor } from '../../src/translate/clusters/testing.ts';
import { proxyScope } from '../../src/translate/proxy-scope.ts';
import { caseOfDump, conformance, type LoadedMesh, meshOfCase, meshOfDump } from './case-mesh.ts';

interface EnvoyCluster {
  name: string;
  type?: string;
  lb_policy?: string;
  connect_timeout?: string;
  circuit_breakers?: { thresholds?: Record<string, unknown>[] };
  outlier_detection?: Record<string, unknown>;
  common_lb_config?: { healthy_panic_threshold?: { value?: number }; locality_weighted_lb_config?: object };
  ring_hash_lb_config?: { minimum_ring_size?: string };
  maglev_lb_config?: { table_size?: string };
  least_request_lb_config?: { slow_start_config?: SlowStart };
  round_robin_lb_config?: { slow_start_config?: SlowStart };
  typed_extension_protocol_options?: Record<string, HttpOptions>;
  upstream_connection_options?: { tcp_keepalive?: { keepalive_probes?: number; keepalive_time?: number; keepalive_interval?: number } };
  upstream_bind_config?: { source_address?: { address?: string } };
  transport_socket?: { typed_config: { sni?: string } };
  transport_socket_matches?: { name: string; transport_socket: { typed_config: { sni?: string } } }[];
  load_assignment?: { endpoints?: EnvoyLocality[] };
}
interface SlowStart {
  slow_start_window?: string;
  aggression?: { default_value?: number };
  min_weight_percent?: { value?: number };
}
interface HttpOptions {
  common_http_protocol_options?: { idle_timeout?: string; max_requests_per_connection?: number; max_connection_duration?: string };
  explicit_http_config?: { http2_protocol_options?: { max_concurrent_streams?: number } };
  use_downstream_protocol_config?: object;
}
interface EnvoyLocality {
  locality?: { region?: string; zone?: string; sub_zone?: string };
  priority?: number;
  load_balancing_weight?: number;
  lb_endpoints?: {
    endpoint: { address: { socket_address?: { address: string; port_value?: number }; pipe?: { path: string } } };
    load_balancing_weight?: number;
    metadata?: { filter_metadata?: Record<string, { tlsMode?: string }> };
  }[];
}
interface EnvoyFilterChain {
  name: string;
  filter_chain_match?: { destination_port?: number; transport_protocol?: string; application_protocols?: string[] };
  filters: { typed_config: { cluster?: string; server_name?: string; forward_client_cert_details?: string; route_config?: EnvoyRoutes } }[];
  transport_socket?: { typed_config: { common_tls_context: { alpn_protocols?: string[] } } };
}
interface EnvoyRoutes {
  name: string;
  virtual_hosts: {
    name: string;
    domains: string[];
    routes: {
      name: string;
      decorator: { operation: string };
      route: { cluster: string; timeout: string; retry_policy?: { retry_on: string; num_retries: number } };
    }[];
  }[];
}
interface Dump {
  listeners: { name: string; filter_chains?: EnvoyFilterChain[] }[];
  clusters: EnvoyCluster[];
  endpoints: { cluster_name: string; endpoints?: EnvoyLocality[] }[];
}

const seconds = (text: string | undefined): number | undefined => (text === undefined ? undefined : Math.round(Number(text.replace('s', '')) * 1e6) / 1e3);
const unlimited = 4294967295;

/** An Envoy cluster in our words, defaults filled in. */
function fromEnvoy(cluster: EnvoyCluster, localities: readonly EnvoyLocality[]): unknown {
  const limits = cluster.circuit_breakers?.thresholds?.[0] ?? {};
  const limit = (name: string): unknown => (limits[name] === unlimited ? undefined : limits[name]);
  const http = Object.values(cluster.typed_extension_protocol_options ?? {})[0];
  const keepalive = cluster.upstream_connection_options?.tcp_keepalive;
  const [auto] = (cluster.transport_socket_matches ?? []).filter(({ name }) => name === 'tlsMode-istio');
  const panic = cluster.common_lb_config?.healthy_panic_threshold;
  return {
    name: cluster.name,
    discovery: { EDS: 'static', STATIC: 'static', STRICT_DNS: 'dns', LOGICAL_DNS: 'logical-dns', ORIGINAL_DST: 'original-destination' }[
      cluster.type ?? 'STATIC'
    ],
    loadBalancer: balancerOf(cluster),
    panicPercent: panic ? (panic.value ?? 0) : 50,
    localityWeighted: cluster.common_lb_config?.locality_weighted_lb_config !== undefined,
    breakers: [limit('max_connections'), limit('max_pending_requests'), limit('max_requests'), limit('max_retries')],
    protocol: http?.use_downstream_protocol_config ? 'downstream' : http?.explicit_http_config?.http2_protocol_options ? 'http2' : 'http1',
    connectTimeoutMs: seconds(cluster.connect_timeout),
    idleTimeoutMs: seconds(http?.common_http_protocol_options?.idle_timeout) ?? 3600_000,
    maxRequestsPerConnection: http?.common_http_protocol_options?.max_requests_per_connection,
    maxConcurrentStreams: http?.explicit_http_config?.http2_protocol_options?.max_concurrent_streams,
    maxConnectionDurationMs: seconds(http?.common_http_protocol_options?.max_connection_duration),
    keepalive: keepalive && [keepalive.keepalive_probes, (keepalive.keepalive_time ?? 0) * 1000, (keepalive.keepalive_interval ?? 0) * 1000],
    outlier: outlierOf(cluster.outlier_detection),
    tls: auto
      ? `auto ${auto.transport_socket.typed_config.sni}`
      : cluster.transport_socket
        ? `tls ${cluster.transport_socket.typed_config.sni ?? ''}`
        : 'plain',
    sourceAddress: cluster.upstream_bind_config?.source_address?.address,
    localities: localities.map(localityOf).sort(byPlace),
  };
}

function balancerOf(cluster: EnvoyCluster): unknown {
  const slow = (cluster.least_request_lb_config ?? cluster.round_robin_lb_config)?.slow_start_config;
  const warmup = slow && {
    durationMs: seconds(slow.slow_start_window),
    minimumPercent: slow.min_weight_percent?.value,
    aggression: slow.aggression?.default_value,
  };
  switch (cluster.lb_policy) {
    case 'RING_HASH':
      return { policy: 'ring-hash', minimumRingSize: Number(cluster.ring_hash_lb_config?.minimum_ring_size ?? 1024) };
    case 'MAGLEV':
      return { policy: 'maglev', tableSize: Number(cluster.maglev_lb_config?.table_size ?? 65537) };
    case 'CLUSTER_PROVIDED':
      return { policy: 'original-destination' };
    default:
      return { policy: { LEAST_REQUEST: 'least-request', RANDOM: 'random' }[cluster.lb_policy ?? ''] ?? 'round-robin', ...(warmup ? { warmup } : {}) };
  }
}

function outlierOf(outlier: Record<string, unknown> | undefined): unknown {
  if (!outlier) return undefined;
  const enforced = (name: string, byDefault: number): boolean => ((outlier[`enforcing_${name}`] as number | undefined) ?? byDefault) > 0;
  const base = seconds(outlier.base_ejection_time as string | undefined) ?? 30_000;
  return {
    consecutive5xx: enforced('consecutive_5xx', 100) ? (outlier.consecutive_5xx ?? 5) : undefined,
    consecutiveGatewayErrors: enforced('consecutive_gateway_failure', 0) ? (outlier.consecutive_gateway_failure ?? 5) : undefined,
    consecutiveLocalOrigin: outlier.split_external_local_origin_errors ? (outlier.consecutive_local_origin_failure ?? 5) : undefined,
    splitLocalOrigin: outlier.split_external_local_origin_errors === true,
    intervalMs: seconds(outlier.interval as string | undefined) ?? 10_000,
    baseEjectionTimeMs: base,
    maxEjectionTimeMs: Math.max(base, 300_000),
    maxEjectionPercent: outlier.max_ejection_percent ?? 10,
  };
}

interface Place {
  locality: string;
  priority: number;
  weight: number;
  endpoints: string[];
}

const byPlace = (a: Place, b: Place): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

function localityOf({ locality = {}, priority = 0, load_balancing_weight: weight = 0, lb_endpoints: endpoints = [] }: EnvoyLocality): Place {
  const shown = endpoints.map(({ endpoint: { address }, load_balancing_weight: own = 1, metadata }) => {
    const tls = metadata?.filter_metadata?.['envoy.transport_socket_match']?.tlsMode === 'istio' ? ' istio' : '';
    return `${address.socket_address?.address ?? address.pipe?.path}:${address.socket_address?.port_value ?? 0} ${own}${tls}`;
  });
  // Several addresses of a ServiceEntry give its endpoints, and with them the weight, several times (TCP-R15).
  const once = [...new Set(shown)];
  return {
    locality: [locality.region ?? '', locality.zone ?? '', locality.sub_zone ?? ''].join('/'),
    priority,
    weight: once.length === 0 ? weight : (weight * once.length) / shown.length,
    endpoints: once.sort(),
  };
}

/** One of our clusters in the same form. */
function fromOurs(cluster: Cluster): unknown {
  const { breakers, pool, tls, outlier } = cluster;
  return {
    name: cluster.name,
    discovery: cluster.discovery,
    loadBalancer: cluster.loadBalancer,
    panicPercent: cluster.panicPercent,
    localityWeighted: cluster.localityWeighted,
    breakers: [breakers.maxConnections, breakers.maxPendingRequests, breakers.maxRequests, breakers.maxRetries],
    protocol: cluster.protocol,
    connectTimeoutMs: pool.connectTimeoutMs,
    idleTimeoutMs: pool.idleTimeoutMs,
    maxRequestsPerConnection: pool.maxRequestsPerConnection,
    maxConcurrentStreams: pool.maxConcurrentStreams,
    maxConnectionDurationMs: pool.maxConnectionDurationMs,
    keepalive: pool.tcpKeepalive && [pool.tcpKeepalive.probes, pool.tcpKeepalive.timeMs ?? 0, pool.tcpKeepalive.intervalMs ?? 0],
    outlier: outlier && {
      ...outlier,
      consecutive5xx: outlier.consecutive5xx,
      consecutiveGatewayErrors: outlier.consecutiveGatewayErrors,
      consecutiveLocalOrigin: outlier.consecutiveLocalOrigin,
    },
    tls: tls.mode === 'auto' ? `auto ${tls.sni}` : tls.mode === 'disable' ? 'plain' : `tls ${tls.sni ?? ''}`,
    sourceAddress: cluster.sourceAddress,
    localities: cluster.localities
      .map(({ locality: { region, zone, subzone }, priority, weight, endpoints }) => ({
        locality: [region, zone, subzone].join('/'),
        priority,
        weight,
        endpoints: endpoints.map((e) => `${e.address}:${e.port} ${e.weight}${tls.mode === 'auto' && e.tlsMode === 'istio' ? ' istio' : ''}`).sort(),
      }))
      .sort(byPlace),
  };
}

/** What the recorder made of ports without a target port. */
const withoutTarget = 'inbound|0||';

function compareDump(dump: Dump, { mesh, inboundMesh, proxy }: LoadedMesh): void {
  const assigned = new Map(dump.endpoints.map(({ cluster_name: name, endpoints = [] }) => [name, endpoints]));
  const ours = [...clustersFor(mesh, proxy, proxyScope(mesh, proxy).services), ...(proxy.role === 'sidecar' ? inboundFor(inboundMesh, proxy).clusters : [])];
  const recorded = dump.clusters.filter(({ name }) => name !== withoutTarget);
  const shown = ours.map(fromOurs).sort((a, b) => ((a as Cluster).name < (b as Cluster).name ? -1 : 1));
  const theirs = recorded.map((cluster) => {
    const listed = cluster.type === 'ORIGINAL_DST' ? [] : (assigned.get(cluster.name) ?? cluster.load_assignment?.endpoints ?? []);
    return fromEnvoy(cluster, listed);
  });
  expect(shown).toEqual(theirs.sort((a, b) => ((a as Cluster).name < (b as Cluster).name ? -1 : 1)));
}

/** Filter chains for the workload itself, with what becomes of what they take. */
function compareInbound(dump: Dump, { inboundMesh: mesh, proxy }: LoadedMesh): void {
  const theirs = (dump.listeners.find(({ name }) => name === 'virtualInbound')?.filter_chains ?? []).map(
    ({ name, filter_chain_match: match, filters, transport_socket }) => {
      const { cluster, server_name: serverName, forward_client_cert_details: details, route_config: routes } = filters.at(-1)?.typed_config ?? {};
      const [virtualHost] = routes?.virtual_hosts ?? [];
      const [route] = virtualHost?.routes ?? [];
      return {
        name,
        match: [match?.destination_port, match?.transport_protocol, match?.application_protocols?.toSorted()],
        alpn: transport_socket?.typed_config.common_tls_context.alpn_protocols,
        to: cluster ?? [serverName, details, routes?.name, virtualHost?.name, virtualHost?.domains, route?.name, route?.decorator.operation],
        route: route && [route.route.cluster, route.route.timeout, route.route.retry_policy?.retry_on, route.route.retry_policy?.num_retries],
      };
    },
  );
  if (theirs.length === 0) return;
  const { listeners, routes } = inboundFor(mesh, proxy);
  const ours = (listeners.find(({ name }) => name === 'virtualInbound')?.chains ?? []).map(({ name, match, tls, filter }) => {
    const config = filter.kind === 'http' ? routes.find((candidate) => candidate.name === filter.routes) : undefined;
    const [virtualHost] = config?.virtualHosts ?? [];
    const [route] = virtualHost?.routes ?? [];
    const action = route?.action.kind === 'forward' ? route.action : undefined;
    return {
      name,
      match: [match.destinationPort, match.transport, match.applicationProtocols?.toSorted()],
      alpn: tls?.alpn,
      to:
        filter.kind === 'tcp'
          ? filter.clusters[0]?.cluster
          : [
              filter.serverName,
              filter.forwardClientCert.toUpperCase().replace('-', '_'),
              config?.name,
              virtualHost?.name,
              virtualHost?.domains,
              route?.name,
              route?.decorator,
            ],
      route: action && [action.clusters[0]?.cluster, `${action.timeoutMs}s`, action.retry?.on.join(','), action.retry?.attempts],
    };
  });
  const sorted = (list: readonly object[]): string[] => list.map((chain) => JSON.stringify(chain)).sort();
  expect(sorted(ours)).toEqual(sorted(theirs));
}

const folder = join(conformance, 'envoy');
const files = existsSync(folder) ? readdirSync(folder) : [];
if (files.length === 0) console.warn(`SKIPPED: ${folder} is not there: clusters were not compared with those of the reference.`);
const read = (file: string): Dump => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Dump;

describe.runIf(files.length > 0)('clusters as the reference makes them', () => {
  it.each(files.filter((file) => file.endsWith('.config_dump.json')).map((file) => file.replace('.config_dump.json', '')))('%s', (id) => {
    const routingCase = caseOfDump(id);
    expect(routingCase).toBeDefined();
    if (!routingCase) return;
    const loaded = meshOfCase(routingCase);
    compareDump(read(`${id}.config_dump.json`), loaded);
    compareInbound(read(`${id}.config_dump.json`), loaded);
  });

  it.each(files.filter((file) => file.endsWith('.out.json')).map((file) => file.replace('.out.json', '')))('%s', (id) => {
    compareDump(read(`${id}.out.json`), meshOfDump(id));
    compareInbound(read(`${id}.out.json`), meshOfDump(id));
  });
});
