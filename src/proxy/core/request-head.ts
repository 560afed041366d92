// What a listener does to the head of a request before anything is routed (RT-R40 to R46): one pass over the headers, in the order
// that Envoy gives them.
import type { HttpFilter } from '../../ir/listener.ts';
import { forwardedClientCert } from './client-certificate.ts';
import { type ConnectionTls, recordTls } from './connection-tls.ts';
import type { ExchangeRecord } from './exchange-record.ts';
import { forwardedAddress, isLoopback } from './forwarded-for.ts';
import { isGrpcContentType } from './grpc.ts';
import { getHeader, type Headers, overwriteHeader, removeHeader } from './headers.ts';
import { acceptsTrailers, isForwardedUpgrade, nominatesHeaders, withoutNominated } from './hop-by-hop.ts';
import { inlineRequestHeaders } from './inline-headers.ts';
import type { LocalReply } from './local-reply.ts';
import * as replies from './local-reply.ts';
import { normalizePath, type PathNormalization, pathEndOf } from './path.ts';
import { type RequestIds, withTraceReason } from './request-id.ts';

/** The head as a codec hands it over; `RequestHead` of the stream contract is one. */
export interface DownstreamHead {
  method: string;
  path: string;
  authority: string | undefined;
  scheme: string | undefined;
  headers: Headers;
  version: string;
}

/** What is asked of a connection; `ConnectionInfo` of the stream contract is one. */
export interface DownstreamConnection {
  readonly id: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly serverName: string;
  readonly tls?: ConnectionTls | undefined;
}

/** How a listener treats heads: made once for each. */
export class HeadPolicy {
  readonly serverName: string;
  readonly useRemoteAddress: boolean;
  readonly trustedHops: number;
  readonly forwardClientCert: HttpFilter['forwardClientCert'];
  readonly clientCertDetails: NonNullable<HttpFilter['clientCertDetails']>;
  /** Requests leave the workload here: sidecar outbound and gateways; else they come to it. */
  readonly egress: boolean;
  readonly pathNormalization: PathNormalization;
  /** Address of the proxy itself, for x-forwarded-for of mirrored requests. */
  readonly nodeAddress: string;

  constructor(
    filter: Pick<HttpFilter, 'serverName' | 'useRemoteAddress' | 'trustedHops' | 'forwardClientCert' | 'clientCertDetails'>,
    options: { egress: boolean; pathNormalization: PathNormalization; nodeAddress: string },
  ) {
    this.serverName = filter.serverName;
    this.useRemoteAddress = filter.useRemoteAddress;
    this.trustedHops = filter.trustedHops;
    this.forwardClientCert = filter.forwardClientCert;
    this.clientCertDetails = filter.clientCertDetails ?? [];
    this.egress = options.egress;
    this.pathNormalization = options.pathNormalization;
    this.nodeAddress = options.nodeAddress;
  }
}

// What is done with a header that has a meaning here.
const drop = 1;
const dropAtEdge = 2;
const keep = 3;
const contentType = 4;
const expect = 5;
const referer = 6;

/** Names that no client may set, for it is never trusted (RT-R41), and those of one connection (RT-R44). */
const dropped = [
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'x-envoy-expected-rq-timeout-ms',
  'x-envoy-force-trace',
  'x-envoy-hedge-on-per-try-timeout',
  'x-envoy-internal',
  'x-envoy-ip-tags',
  'x-envoy-max-retries',
  'x-envoy-original-url',
  'x-envoy-retriable-header-names',
  'x-envoy-retriable-status-codes',
  'x-envoy-retry-grpc-on',
  'x-envoy-retry-on',
  'x-envoy-upstream-alt-stat-name',
  'x-envoy-upstream-rq-per-try-timeout-ms',
  'x-envoy-upstream-rq-timeout-alt-response',
  'x-envoy-upstream-rq-timeout-ms',
];

/** Of requests that come from outside of the mesh. */
const droppedAtEdge = [
  'x-envoy-decorator-operation',
  'x-envoy-downstream-service-cluster',
  'x-envoy-downstream-service-node',
  'x-envoy-original-host',
  'x-envoy-original-path',
];

interface Known {
  readonly action: number;
  /** Where the slot of the first occurrence is noted; -1: occurrences stay apart. */
  readonly slot: number;
}

const known = new Map<string, Known>();
for (const name of inlineRequestHeaders) known.set(name, { action: keep, slot: known.size });
for (const name of dropped) known.set(name, { action: drop, slot: -1 });
const atEdge = (name: string): void => void known.set(name, { action: dropAtEdge, slot: known.get(name)?.slot ?? -1 });
droppedAtEdge.forEach(atEdge);
const special: readonly [string, number][] = [
  ['content-type', contentType],
  ['expect', expect],
  ['referer', referer],
];
for (const [name, action] of special) known.set(name, { action, slot: (known.get(name) as Known).slot });

// Places of the headers of the request at hand: `place[slot]` is an index when `marks[slot]` is the current mark. Nothing here is
// asynchronous, so one table is enough, and nothing has to be cleared.
const slots = known.size;
const places = new Int32Array(slots);
const marks = new Int32Array(slots);
let mark = 0;

const slotOf = (name: string): number => (known.get(name) as Known).slot;
const connectionSlot = slotOf('connection');
const upgradeSlot = slotOf('upgrade');
const teSlot = slotOf('te');
const forwardedForSlot = slotOf('x-forwarded-for');
const forwardedProtoSlot = slotOf('x-forwarded-proto');
const requestIdSlot = slotOf('x-request-id');
const externalAddressSlot = slotOf('x-envoy-external-address');
const clientCertificateSlot = slotOf('x-forwarded-client-cert');
const clientTraceIdSlot = slotOf('x-client-trace-id');

const placeOf = (slot: number): number => (marks[slot] === mark ? (places[slot] as number) : -1);

/** Overwrites the header whose place is known, or appends it. */
function put(out: Headers, slot: number, name: string, value: string): void {
  const at = placeOf(slot);
  if (at >= 0) out[at + 1] = value;
  else {
    marks[slot] = mark;
    places[slot] = out.length;
    out.push(name, value);
  }
}

/**
 * Fills the record with the request as it is routed and forwarded: normalized path, scheme, client address, and headers without
 * those of the connection and of Envoy's own.
 *
 * @returns the answer to a request that cannot be routed (LR-R23, LR-R25)
 */
export function conditionRequest(
  head: DownstreamHead,
  from: DownstreamConnection,
  policy: HeadPolicy,
  ids: RequestIds,
  record: ExchangeRecord,
): LocalReply | undefined {
  record.method = head.method;
  record.isHead = head.method === 'HEAD';
  record.path = head.path;
  record.pathEnd = pathEndOf(head.path);
  record.authority = head.authority ?? '';
  record.protocol = head.version;
  fillConnection(from, record);
  const headers = head.headers;
  const refusal = conditionHeaders(headers, head, from, policy, ids, record);
  if (refusal) return refusal;
  if (head.authority === undefined) return replies.missingHost;
  if (!isAuthority(head.authority)) return replies.invalidAuthority;
  if (head.method === 'CONNECT') return undefined;
  if (head.path === '') return replies.missingPath;
  if (head.path.charCodeAt(0) !== 47) return replies.absolutePath;
  const path = normalizePath(head.path, policy.pathNormalization);
  if (path === undefined) return replies.badPath;
  record.path = path;
  record.pathEnd = pathEndOf(path);
  return undefined;
}

function fillConnection(from: DownstreamConnection, record: ExchangeRecord): void {
  record.connectionId = from.id;
  record.peerAddress = from.remoteAddress;
  record.peerPort = from.remotePort;
  record.localAddress = from.localAddress;
  record.localPort = from.localPort;
  record.serverName = from.serverName;
  if (from.tls !== undefined) recordTls(record, from.tls);
}

function conditionHeaders(
  headers: Headers,
  head: DownstreamHead,
  from: DownstreamConnection,
  policy: HeadPolicy,
  ids: RequestIds,
  record: ExchangeRecord,
): LocalReply | undefined {
  const edge = policy.useRemoteAddress;
  const out: Headers = [];
  mark++;
  record.headers = out;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = headers[i + 1] as string;
    const meaning = known.get(name);
    if (meaning === undefined) {
      out.push(name, value);
      continue;
    }
    switch (meaning.action) {
      case drop:
        continue;
      case dropAtEdge:
        if (edge) continue;
        break;
      case contentType:
        if (isGrpcContentType(value)) record.isGrpc = true;
        break;
      case expect:
        if (value.toLowerCase() === '100-continue') record.expectsContinue = true;
        break;
      case referer:
        if (!isReferer(value)) continue;
        break;
      default:
    }
    const slot = meaning.slot;
    if (slot >= 0) {
      if (marks[slot] === mark) {
        out[(places[slot] as number) + 1] += `,${value}`;
        continue;
      }
      marks[slot] = mark;
      places[slot] = out.length;
    }
    out.push(name, value);
  }
  const connectionAt = placeOf(connectionSlot);
  const connectionValue = connectionAt < 0 ? undefined : (out[connectionAt + 1] as string);
  if (connectionValue !== undefined && nominatesHeaders(connectionValue)) {
    const rest = withoutNominated(headers, connectionValue);
    return rest === undefined ? replies.badConnectionHeader : conditionHeaders(rest, head, from, policy, ids, record);
  }
  conditionForwarded(out, from, policy, record);
  record.scheme = head.scheme ?? schemeOf(out[placeOf(forwardedProtoSlot) + 1] as string, from);
  conditionRequestId(out, policy, ids);
  conditionClientCert(out, from, policy);
  if (connectionValue !== undefined || marks[upgradeSlot] === mark || marks[teSlot] === mark) dropHopByHop(out, connectionValue, head.version, record);
  return undefined;
}

/** Client address, x-forwarded-for, x-forwarded-proto, x-envoy-external-address (RT-R46). */
function conditionForwarded(out: Headers, from: DownstreamConnection, policy: HeadPolicy, record: ExchangeRecord): void {
  const proto = from.tls === undefined ? 'http' : 'https';
  const sentAt = placeOf(forwardedForSlot);
  const sent = sentAt < 0 ? undefined : (out[sentAt + 1] as string);
  let client: string | undefined;
  if (policy.useRemoteAddress) {
    if (policy.trustedHops > 0 && sent !== undefined) client = forwardedAddress(sent, policy.trustedHops - 1);
    const peer = isLoopback(from.remoteAddress) ? policy.nodeAddress : from.remoteAddress;
    put(out, forwardedForSlot, 'x-forwarded-for', sent === undefined || sent === '' ? peer : `${sent},${peer}`);
    if (policy.trustedHops === 0 || placeOf(forwardedProtoSlot) < 0) put(out, forwardedProtoSlot, 'x-forwarded-proto', proto);
    put(out, externalAddressSlot, 'x-envoy-external-address', client ?? from.remoteAddress);
  } else {
    if (sent !== undefined) client = forwardedAddress(sent, policy.trustedHops);
    if (placeOf(forwardedProtoSlot) < 0) put(out, forwardedProtoSlot, 'x-forwarded-proto', proto);
  }
  record.remoteAddress = client ?? from.remoteAddress;
  record.remotePort = client === undefined ? from.remotePort : 0;
}

/** MAT-R14 */
function schemeOf(forwardedProto: string, from: DownstreamConnection): string {
  if (forwardedProto === 'http' || forwardedProto === 'https') return forwardedProto;
  const lower = forwardedProto.toLowerCase();
  return lower === 'http' || lower === 'https' ? forwardedProto : from.tls === undefined ? 'http' : 'https';
}

/** RT-R40: kept as it was sent, but for requests from outside of the mesh; TEL-R32. */
function conditionRequestId(out: Headers, policy: HeadPolicy, ids: RequestIds): void {
  if (policy.useRemoteAddress || placeOf(requestIdSlot) < 0) put(out, requestIdSlot, 'x-request-id', ids.next());
  if (marks[clientTraceIdSlot] !== mark) return;
  const at = placeOf(requestIdSlot) + 1;
  out[at] = withTraceReason(out[at] as string, 'b');
}

function conditionClientCert(out: Headers, from: DownstreamConnection, policy: HeadPolicy): void {
  const at = placeOf(clientCertificateSlot);
  const peer = from.tls?.peerCertificate;
  if (at < 0 && peer === undefined) return;
  const value = forwardedClientCert(policy, at < 0 ? undefined : out[at + 1], peer, from.tls?.localUriSans ?? []);
  if (value !== undefined) put(out, clientCertificateSlot, 'x-forwarded-client-cert', value);
  else if (at >= 0) removeHeader(out, 'x-forwarded-client-cert');
}

/** RT-R44, RT-R48 */
function dropHopByHop(out: Headers, connectionValue: string | undefined, version: string, record: ExchangeRecord): void {
  const te = getHeader(out, 'te');
  record.isUpgrade = version !== 'HTTP/2' && isForwardedUpgrade(connectionValue, getHeader(out, 'upgrade'));
  if (record.isUpgrade) return;
  removeHeader(out, 'connection');
  removeHeader(out, 'upgrade');
  if (te === undefined || te === 'trailers') return;
  if (acceptsTrailers(te)) overwriteHeader(out, 'te', 'trailers');
  else removeHeader(out, 'te');
}

const authorityCharacters = new Uint8Array(256);
for (const c of "-._~%!$&'()*+,;=:[]0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") authorityCharacters[c.charCodeAt(0)] = 1;

/** The last one that was right: most requests of a connection are for the same host. */
let knownAuthority = '';

/** Host and port, without user information, a path, or anything else in which two readers could see two hosts. */
function isAuthority(authority: string): boolean {
  if (authority === knownAuthority) return true;
  for (let i = 0; i < authority.length; i++) if (authorityCharacters[authority.charCodeAt(i)] !== 1) return false;
  knownAuthority = authority;
  return true;
}

/** A referer that is no URL of the web is not passed on. */
function isReferer(value: string): boolean {
  return /^https?:\/\//i.test(value) && URL.canParse(value);
}
