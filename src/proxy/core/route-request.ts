// A request as it goes upstream: what its route makes of it, in Envoy's order (RT-R10 to R14, R30 to R35, R40).
import type { CompiledCluster, CompiledRoute } from './compiled-route.ts';
import type { ExchangeRecord } from './exchange-record.ts';
import { indexOfHeader } from './header-ops.ts';
import { getHeader, type Headers, overwriteHeader, removeHeader } from './headers.ts';
import { pathEndOf } from './path.ts';
import { expectedTimeoutMs, grpcTimeoutText, perTryTimeoutMs, routeTimeoutMs } from './timeout.ts';

/** Limits of one request; 0: none. */
export interface RequestTimeouts {
  /** Of the whole request, all tries included (RT-R60). */
  routeMs: number;
  /** Of one try (RT-R77). */
  perTryMs: number;
}

/**
 * Notes what route a request took, for the log, and hands its decorator on: upstream at an egress proxy, to the client at an
 * ingress one (RT-R40). Done as soon as the route is known, whatever becomes of the request.
 */
export function decorate(record: ExchangeRecord, route: CompiledRoute, egress: boolean): void {
  record.route = route.name;
  record.virtualHost = route.virtualHost;
  if (egress) {
    if (route.decorator !== '') overwriteHeader(record.headers, 'x-envoy-decorator-operation', route.decorator);
  } else if (getHeader(record.headers, 'x-envoy-decorator-operation') !== undefined) {
    // The client's own name for the operation counts, and stays here.
    removeHeader(record.headers, 'x-envoy-decorator-operation');
  } else record.decoratorOperation = route.decorator;
}

/**
 * Changes the record's head to that of the first try: timeouts, attempt count, header operations (the destination's of a weighted
 * route first, RT-R33), authority, path. The route forwards.
 */
export function applyRoute(record: ExchangeRecord, route: CompiledRoute, cluster: CompiledCluster): RequestTimeouts {
  const { headers } = record;
  const timeouts = timeoutsOf(record, route);
  setTimeoutHeaders(headers, record.isGrpc, route, timeouts, 0);
  if (route.includeAttemptCount) overwriteHeader(headers, 'x-envoy-attempt-count', '1');
  cluster.request?.apply(headers, record);
  route.request?.apply(headers, record);
  if (cluster.authority !== undefined) record.authority = cluster.authority;
  if (route.authority !== undefined) rewriteAuthority(record, route.authority, route.forward?.appendForwardedHost === true);
  const path = route.rewrite?.(record.path, record.pathEnd);
  if (path !== undefined) rewritePath(record, path);
  return timeouts;
}

/** Changes the head of the try before to that of another one (RT-R81). `elapsedMs`: since the request was complete. */
export function prepareRetry(record: ExchangeRecord, route: CompiledRoute, timeouts: RequestTimeouts, attempt: number, elapsedMs: number): void {
  if (route.includeAttemptCount) overwriteHeader(record.headers, 'x-envoy-attempt-count', String(attempt));
  setTimeoutHeaders(record.headers, record.isGrpc, route, timeouts, elapsedMs);
}

function timeoutsOf(record: ExchangeRecord, route: CompiledRoute): RequestTimeouts {
  if (route.forward === undefined) return { routeMs: 0, perTryMs: 0 };
  const routeMs = routeTimeoutMs(route.forward, record.isGrpc, record.headers);
  return { routeMs, perTryMs: perTryTimeoutMs(route.forward, routeMs) };
}

function setTimeoutHeaders(headers: Headers, isGrpc: boolean, route: CompiledRoute, { routeMs, perTryMs }: RequestTimeouts, elapsedMs: number): void {
  const expected = expectedTimeoutMs(routeMs, perTryMs, elapsedMs);
  if (expected === 0) return;
  overwriteHeader(headers, 'x-envoy-expected-rq-timeout-ms', String(expected));
  if (isGrpc && route.forward?.maxGrpcTimeoutMs !== undefined) overwriteHeader(headers, 'grpc-timeout', grpcTimeoutText(expected));
}

/** RT-R13, RT-R14 */
function rewriteAuthority(record: ExchangeRecord, authority: string, appendForwardedHost: boolean): void {
  const { headers } = record;
  const before = record.authority;
  if (appendForwardedHost && before !== '') {
    const at = indexOfHeader(headers, 'x-forwarded-host');
    if (at < 0) headers.push('x-forwarded-host', before);
    else if ((headers[at + 1] as string).split(',').pop()?.trim() !== before) headers[at + 1] += `,${before}`;
  }
  overwriteHeader(headers, 'x-envoy-original-host', before);
  record.authority = authority;
}

/** RT-R13: told even where the path comes out as it was. */
function rewritePath(record: ExchangeRecord, path: string): void {
  overwriteHeader(record.headers, 'x-envoy-original-path', record.path);
  record.path = path;
  record.pathEnd = pathEndOf(path);
}
