// What was seen of a step, in the fields and with the placeholders of the recording.
import { caseHeader, type ReceivedConnection, type ReceivedRequest } from './backend/record.ts';
import type { ClientResult } from './client/exchange.ts';
import type { TcpResult } from './client/tcp.ts';
import type { Observation, Upstream } from './corpus.ts';
import type { LogLine } from './place/log.ts';
import { type HeaderList, header, headerValues } from './wire/http1.ts';

/** Values from this length on are replaced by their length. */
const longValue = 400;

const servedByHeader = 'x-served-by';
const generatedId = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

function shortened(value: string): string {
  return value.length >= longValue ? `<${value.length} bytes>` : value;
}

/** The identity that a response names. */
export function servedBy(headers: HeaderList): string | null {
  return header(headers, servedByHeader) ?? null;
}

function placeholder(name: string, value: string): string {
  if (name === 'date') return '<date>';
  if (name === 'x-envoy-upstream-service-time') return '<ms>';
  return shortened(value);
}

/** Headers of a response as they are compared. */
export function responseHeaders(headers: HeaderList): HeaderList {
  const echoed = servedBy(headers) !== null;
  return headers
    .filter(([name]) => name.toLowerCase() !== servedByHeader)
    .map(([name, value]) => [name, echoed && name.toLowerCase() === 'content-length' ? '<len>' : placeholder(name.toLowerCase(), value)]);
}

/** What the client sent, as far as the placeholders depend on it. */
export interface Sent {
  headers: HeaderList;
}

function upstreamHeaders(request: ReceivedRequest, sent: Sent, proxyAddresses: ReadonlySet<string>): HeaderList {
  const ids = new Set(headerValues(sent.headers, 'x-request-id'));
  return request.headers
    .filter(([name]) => name.toLowerCase() !== caseHeader)
    .map(([name, value]) => {
      const lower = name.toLowerCase();
      if (lower === 'x-request-id' && !ids.has(value) && generatedId.test(value)) return [name, '<uuid>'];
      if (lower === 'x-forwarded-for' && isMirrored(request, sent, proxyAddresses)) return [name, `${value.slice(0, value.lastIndexOf(',') + 1)}<proxy-ip>`];
      return [name, placeholder(lower, value)];
    });
}

/** A mirrored request: the proxy appends its own address to x-forwarded-for. */
export function isMirrored(request: ReceivedRequest, sent: Sent, proxyAddresses: ReadonlySet<string>): boolean {
  const value = header(request.headers, 'x-forwarded-for');
  if (value === undefined) return false;
  const last = value.slice(value.lastIndexOf(',') + 1).trim();
  return proxyAddresses.has(last) && !headerValues(sent.headers, 'x-forwarded-for').includes(value);
}

/** A request as a service received it. */
export function upstreamOf(request: ReceivedRequest, sent: Sent, proxyAddresses: ReadonlySet<string>): Upstream {
  const grpc = request.http2 && (header(request.headers, 'content-type') ?? '').startsWith('application/grpc');
  const body = grpc && request.body.length >= 5 ? request.body.subarray(5) : request.body;
  const entry: Upstream = {
    identity: request.identity,
    method: request.method,
    path: shortened(request.path),
    authority: request.authority,
    headers: upstreamHeaders(request, sent, proxyAddresses),
  };
  if (request.http2) entry.http = 'HTTP/2';
  if (request.scheme !== undefined) entry.scheme = request.scheme;
  if (request.body.length > 0) {
    entry.body_length = request.body.length;
    if (body.length < longValue) entry.body = body.toString();
  }
  if (request.trailers.length > 0) entry.trailers = request.trailers.map(([name, value]) => [name, shortened(value)]);
  if (request.sent100Continue) entry.sent_100_continue = true;
  if (request.streamReset !== undefined) entry.stream_reset = request.streamReset;
  return entry;
}

/** Bounds of the buckets of elapsed times, in ms. */
export const bucketBounds = [0, 50, 150, 300, 600, 1200, 2400, 5000];

export function bucketOf(ms: number): string {
  const at = bucketBounds.findLastIndex((bound) => ms >= bound);
  const low = bucketBounds[at] ?? 0;
  const high = bucketBounds[at + 1];
  return high === undefined ? `${low}ms+` : `${low}-${high}ms`;
}

/** A line of the log about a connection. */
function connectionLine(line: LogLine): Record<string, unknown> {
  const entry: Record<string, unknown> = { response_flags: line.flags, upstream_cluster: line.cluster };
  if (line.code !== 0) entry.response_code = line.code;
  if (line.details !== null) entry.response_code_details = line.details;
  if (line.termination !== null) entry.connection_termination_details = line.termination;
  if (line.sni !== null) entry.sni = line.sni;
  if (line.failure !== null) entry.upstream_failure = line.failure;
  if (line.chain !== null) entry.filter_chain = line.chain;
  return entry;
}

/** One exchange with everything that belongs to it. */
export interface Seen {
  result: ClientResult;
  log: LogLine | undefined;
  /** Lines of the connection, when the request has none. */
  connectionLog: LogLine[];
  upstream: Upstream[];
  mirrored: Upstream[];
}

/** Of a single request. */
export function single({ result, log, connectionLog, upstream, mirrored }: Seen, timing: boolean): Observation {
  const seen: Observation = {};
  if (result.error !== undefined) seen.error = result.error;
  if (result.streamReset !== undefined) seen.stream_reset = result.streamReset;
  if (result.goaway !== undefined) seen.goaway = result.goaway;
  if (result.status !== undefined) {
    seen.status = result.status;
    seen.served_by = servedBy(result.headers);
    seen.response_headers = responseHeaders(result.headers);
    if (seen.served_by === null) seen.body = shortened(result.body.toString());
    seen.body_length = result.body.length;
    if (result.trailers.length > 0) seen.response_trailers = result.trailers;
  }
  if (result.interim.length > 0) seen.interim_responses = result.interim;
  if (result.upgradeEcho !== undefined) seen.upgrade_echo = result.upgradeEcho;
  seen.response_flags = log?.flags ?? null;
  seen.response_code_details = log?.details ?? null;
  seen.upstream_cluster = log?.cluster ?? null;
  seen.route_name = log?.route ?? null;
  seen.attempts = log?.attempts ?? null;
  if (log === undefined) {
    seen.no_access_log = true;
    seen.connection_log = connectionLog.map(connectionLine);
  } else if (log.failure !== null) seen.upstream_failure = log.failure;
  seen.upstream = upstream;
  if (mirrored.length > 0) seen.mirrored = mirrored;
  if (result.tls) seen.tls = { ...result.tls };
  if (timing) {
    seen.elapsed_ms = Math.round(result.elapsedMs);
    seen.elapsed_bucket = bucketOf(result.elapsedMs);
  }
  return seen;
}

/** How often each value comes, in the order of the values. */
export function counts(values: Iterable<string>): Record<string, number> {
  const found = new Map<string, number>();
  for (const value of values) found.set(value, (found.get(value) ?? 0) + 1);
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Most requests of which each is listed. */
const longestSequence = 60;

/** Of a repeated request. */
export function repeated(all: readonly Seen[], inOrder: boolean, timing: boolean, opened: ReadonlyMap<string, number> | undefined): Observation {
  const flags = all.map(({ log }) => log?.flags ?? '-');
  const by = all.map(({ result }) => (result.status === undefined ? `(${result.error})` : (servedBy(result.headers) ?? '(local)')));
  const seen: Observation = { count: all.length };
  const grpc = all
    .map(({ result }) => header(result.trailers, 'grpc-status') ?? header(result.headers, 'grpc-status'))
    .filter((status) => status !== undefined);
  if (grpc.length > 0) seen.grpc_status_counts = counts(grpc);
  seen.status_counts = counts(all.map(({ result }) => String(result.status ?? result.error)));
  seen.served_by_counts = counts(by);
  seen.response_flags_counts = counts(flags);
  seen.response_code_details_counts = counts(all.map(({ log }) => log?.details ?? '-'));
  seen.upstream_cluster_counts = counts(all.map(({ log }) => log?.cluster ?? '-'));
  seen.attempts_counts = counts(all.map(({ log }) => String(log?.attempts ?? '-')));
  seen.upstream_request_counts = counts(all.flatMap(({ upstream }) => upstream.map(({ identity }) => identity)));
  const mirrored = all.flatMap((one) => one.mirrored.map(({ identity }) => identity));
  if (mirrored.length > 0) seen.mirrored_counts = counts(mirrored);
  if (opened) seen.upstream_connections_opened = Object.fromEntries([...opened].sort(([a], [b]) => (a < b ? -1 : 1)));
  const local = all.filter(({ result }) => result.status !== undefined && servedBy(result.headers) === null);
  if (local.length > 0) {
    const bodies = counts(local.map(({ result }) => JSON.stringify([result.status, shortened(result.body.toString())])));
    seen.local_bodies = Object.entries(bodies).map(([key, count]) => {
      const [status, body] = JSON.parse(key) as [number, string];
      return { status, body, count };
    });
    seen.local_response_headers = responseHeaders(local[0]?.result.headers ?? []);
  }
  if (timing) seen.elapsed_bucket_counts = counts(all.map(({ result }) => bucketOf(result.elapsedMs)));
  if (inOrder && all.length <= longestSequence) {
    seen.sequence = all.map(({ result }, i) => `${result.status ?? result.error}/${by[i] === '(local)' ? 'local' : by[i]}/${flags[i]}`);
  }
  return seen;
}

/** The identity that a TCP service gave, or that of an HTTP service that was spoken to by hand. */
function tcpIdentity(received: string): string | null {
  const match = /^hello (\S+)\n/.exec(received) ?? /x-served-by: (\S+)/.exec(received) ?? /^([\w-]+): /.exec(received);
  return match?.[1] ?? null;
}

export interface SeenTcp {
  result: TcpResult;
  connectionLog: LogLine[];
}

/** Of a single TCP connection. */
export function singleTcp({ result, connectionLog }: SeenTcp, connections: readonly ReceivedConnection[], timing: boolean): Observation {
  const received = shortened(result.received.toString('latin1'));
  const seen: Observation = { closed: result.closed, received, served_by: tcpIdentity(received) };
  if (result.tls) seen.tls = { ...result.tls };
  if (timing) {
    seen.elapsed_ms = Math.round(result.elapsedMs);
    seen.elapsed_bucket = bucketOf(result.elapsedMs);
  }
  seen.connection_log = connectionLog.map(connectionLine);
  seen.upstream = connections.map(({ identity, received: pieces, eof }) => ({
    identity,
    received: Buffer.concat(pieces).toString('latin1'),
    ...(eof ? { eof } : {}),
  }));
  return seen;
}

/** Of several TCP connections. */
export function repeatedTcp(all: readonly SeenTcp[]): Observation {
  const lines = all.flatMap(({ connectionLog }) => connectionLog);
  return {
    count: all.length,
    closed_counts: counts(all.map(({ result }) => result.closed ?? 'None')),
    served_by_counts: counts(all.map(({ result }) => tcpIdentity(result.received.toString('latin1')) ?? '(none)')),
    response_flags_counts: counts(lines.map(({ flags }) => flags)),
    upstream_cluster_counts: counts(lines.map(({ cluster }) => cluster ?? '-')),
  };
}
