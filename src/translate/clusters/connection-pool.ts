import type { CircuitBreakers, Cluster, ConnectionPool } from '../../ir/cluster.ts';
import type { MeshConfig } from '../../manifest/istio/mesh.gen.ts';
import type { ConnectionPoolSettings, TrafficPolicy_RetryBudget } from '../../manifest/istio/networking.gen.ts';
import type { Protocol } from '../../model/protocols.ts';
import { milliseconds } from '../durations.ts';
import { listenerKind } from '../port-protocols.ts';

/** How long an upstream connection may be idle unless something else is said (DR-R51). */
export const defaultIdleTimeoutMs = 3600_000;
const defaultConnectTimeoutMs = 10_000;

/** A percentage as it is, not a share: 0.2 % (DR-R54). */
const defaultRetryBudget = { percent: 0.2, minRetryConcurrency: 3 };

const http2Protocols: ReadonlySet<Protocol | undefined> = new Set<Protocol>(['http2', 'grpc']);

export function isHttp2(protocol: Protocol | undefined): boolean {
  return http2Protocols.has(protocol);
}

/** Limits; numbers that are not positive are none (DR-R50). */
export function circuitBreakers({ tcp, http }: ConnectionPoolSettings, budget: TrafficPolicy_RetryBudget | undefined): CircuitBreakers {
  return {
    ...limit('maxConnections', tcp?.maxConnections),
    ...limit('maxPendingRequests', http?.http1MaxPendingRequests),
    // Of HTTP/1.1, too (DR-R51).
    ...limit('maxRequests', http?.http2MaxRequests),
    ...limit('maxRetries', http?.maxRetries),
    ...(budget
      ? {
          retryBudget: {
            percent: budget.percent ?? defaultRetryBudget.percent,
            minRetryConcurrency: budget.minRetryConcurrency || defaultRetryBudget.minRetryConcurrency,
          },
        }
      : {}),
  };
}

function limit<Name extends string>(name: Name, value: number | undefined): { [Key in Name]?: number } {
  return (value !== undefined && value > 0 ? { [name]: value } : {}) as { [Key in Name]?: number };
}

export function connectionPool({ tcp, http }: ConnectionPoolSettings, mesh: MeshConfig, protocol: Protocol | undefined): ConnectionPool {
  const keepalive = { ...mesh.tcpKeepalive, ...tcp?.tcpKeepalive };
  const timeMs = milliseconds(keepalive.time);
  const intervalMs = milliseconds(keepalive.interval);
  const maxConnectionDurationMs = milliseconds(tcp?.maxConnectionDuration);
  return {
    connectTimeoutMs: milliseconds(tcp?.connectTimeout) ?? connectTimeoutOf(mesh),
    idleTimeoutMs: milliseconds(http?.idleTimeout) ?? milliseconds(tcp?.idleTimeout) ?? defaultIdleTimeoutMs,
    ...limit('maxRequestsPerConnection', http?.maxRequestsPerConnection),
    ...(maxConnectionDurationMs === undefined ? {} : { maxConnectionDurationMs }),
    // Of ports that are declared as HTTP/2 only: an upgrade comes after it, and the client's protocol in place of it.
    ...(isHttp2(protocol) && !http?.useClientProtocol ? limit('maxConcurrentStreams', http?.maxConcurrentStreams) : {}),
    ...(mesh.tcpKeepalive || tcp?.tcpKeepalive
      ? {
          tcpKeepalive: {
            ...limit('probes', keepalive.probes),
            ...(timeMs === undefined ? {} : { timeMs }),
            ...(intervalMs === undefined ? {} : { intervalMs }),
          },
        }
      : {}),
    ...(mesh.defaultConfig?.proxyHeaders?.preserveHttp1HeaderCase ? { preserveHeaderCase: true } : {}),
  };
}

export function connectTimeoutOf(mesh: MeshConfig): number {
  return milliseconds(mesh.connectTimeout) ?? defaultConnectTimeoutMs;
}

/** What is spoken to the endpoints before a rule says something else: at sidecars a detected protocol as it came. */
export function declaredProtocol(protocol: Protocol | undefined, role: 'sidecar' | 'gateway'): Cluster['protocol'] {
  if (isHttp2(protocol)) return 'http2';
  return protocol === undefined && role === 'sidecar' ? 'downstream' : 'http1';
}

/** DR-R57. */
export function upstreamProtocol(
  { http }: ConnectionPoolSettings,
  { h2UpgradePolicy }: MeshConfig,
  protocol: Protocol | undefined,
  role: 'sidecar' | 'gateway',
): Cluster['protocol'] {
  const declared = declaredProtocol(protocol, role);
  if (http?.useClientProtocol) return 'downstream';
  if (declared !== 'http1') return declared;
  const written = http?.h2UpgradePolicy ?? 'DEFAULT';
  const upgrade = written === 'DEFAULT' ? h2UpgradePolicy === 'UPGRADE' && listenerKind(protocol) === 'http' : written === 'UPGRADE';
  return upgrade ? 'http2' : 'http1';
}
