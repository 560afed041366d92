import { parseDuration } from '../../manifest/duration.ts';
import type { ConnectionPoolSettings } from '../../manifest/istio/networking.gen.ts';
import type { Path } from '../../manifest/problem.ts';
import { checkDuration } from './primitives.ts';
import type { ProblemSink } from './validator.ts';

/** `connectionPool` of a traffic policy or of a Sidecar. */
export function checkConnectionPool(sink: ProblemSink, path: Path, pool: ConnectionPoolSettings | undefined): void {
  if (!pool) return;
  const { http, tcp } = pool;
  if (!http && !tcp) sink.error(path, 'connection pool is empty', { help: 'give it http or tcp settings, or remove it' });
  if (http) {
    const at = [...path, 'http'];
    checkLimits(sink, at, http, ['http1MaxPendingRequests', 'http2MaxRequests', 'maxRequestsPerConnection', 'maxRetries', 'maxConcurrentStreams']);
    checkDuration(sink, [...at, 'idleTimeout'], http.idleTimeout);
    if (http.h2UpgradePolicy === 'UPGRADE' && http.useClientProtocol) {
      sink.error([...at, 'useClientProtocol'], "useClientProtocol keeps the client's protocol, and h2UpgradePolicy UPGRADE changes it", {
        help: 'keep one of the two',
      });
    }
  }
  if (tcp) {
    const at = [...path, 'tcp'];
    checkLimits(sink, at, tcp, ['maxConnections']);
    checkDuration(sink, [...at, 'connectTimeout'], tcp.connectTimeout);
    checkDuration(sink, [...at, 'maxConnectionDuration'], tcp.maxConnectionDuration);
    if (!isZero(tcp.idleTimeout)) checkDuration(sink, [...at, 'idleTimeout'], tcp.idleTimeout);
    checkDuration(sink, [...at, 'tcpKeepalive', 'time'], tcp.tcpKeepalive?.time);
    checkDuration(sink, [...at, 'tcpKeepalive', 'interval'], tcp.tcpKeepalive?.interval);
  }
}

function checkLimits<Field extends string>(sink: ProblemSink, path: Path, settings: { [F in Field]?: number }, fields: readonly Field[]): void {
  for (const field of fields) {
    const limit = settings[field] ?? 0;
    if (limit < 0) sink.error([...path, field], `${field} is ${limit}; it cannot be negative`, { same: `${field} negative` });
  }
}

/** No idle timeout of connections: allowed, and whole milliseconds are what counts. */
function isZero(duration: string | undefined): boolean {
  return duration !== undefined && Math.abs(parseDuration(duration) ?? 0) < 1e6;
}
