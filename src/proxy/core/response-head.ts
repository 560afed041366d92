// The head of a response as it goes to the client, in Envoy's order (RT-R20, R36, R37, R44, R45).
import type { CompiledCluster, CompiledRoute } from './compiled-route.ts';
import type { ExchangeRecord } from './exchange-record.ts';
import { encodeGrpcMessage } from './grpc.ts';
import { changeHeader } from './header-change.ts';
import { getHeader, type Headers, overwriteHeader, removeHeader } from './headers.ts';
import { isForwardedUpgrade } from './hop-by-hop.ts';
import { inlineResponseHeaders } from './inline-headers.ts';
import { type LocalReply, viaUpstream } from './local-reply.ts';
import type { HeadPolicy } from './request-head.ts';
import { addFlag } from './response-flags.ts';

// What is done with a header of an upstream response.
const drop = 1;
const keep = 2;
const connectionHeader = 3;
const decorator = 4;

interface Known {
  readonly action: number;
  readonly slot: number;
}

const known = new Map<string, Known>();
for (const name of inlineResponseHeaders) known.set(name, { action: keep, slot: known.size });
for (const name of ['keep-alive', 'proxy-connection', 'transfer-encoding']) known.set(name, { action: drop, slot: (known.get(name) as Known).slot });
for (const name of ['connection', 'upgrade']) known.set(name, { action: connectionHeader, slot: (known.get(name) as Known).slot });
known.set('x-envoy-decorator-operation', { action: decorator, slot: (known.get('x-envoy-decorator-operation') as Known).slot });

const slots = known.size;
const places = new Int32Array(slots);
const marks = new Int32Array(slots);
let mark = 0;

const dateSlot = (known.get('date') as Known).slot;
const serverSlot = (known.get('server') as Known).slot;
const serviceTimeSlot = (known.get('x-envoy-upstream-service-time') as Known).slot;

/**
 * Head of an upstream's response. Fills status, headers and details of the record.
 *
 * @param cluster undefined for a route without one
 * @param serviceTimeMs since the request was complete (RT-R45); -1: it is not complete yet, nothing is told
 * @param date value for a response without `date`
 */
export function upstreamResponse(
  record: ExchangeRecord,
  route: CompiledRoute,
  cluster: CompiledCluster | undefined,
  status: number,
  upstream: Headers,
  serviceTimeMs: number,
  policy: HeadPolicy,
  date: string,
): Headers {
  const upgraded = status === 101 && record.isUpgrade && isForwardedUpgrade(getHeader(upstream, 'connection'), getHeader(upstream, 'upgrade'));
  const out: Headers = [];
  mark++;
  for (let i = 0; i < upstream.length; i += 2) {
    const name = upstream[i] as string;
    const value = upstream[i + 1] as string;
    const meaning = known.get(name);
    if (meaning === undefined) {
      out.push(name, value);
      continue;
    }
    if (meaning.action === drop) continue;
    if ((meaning.action === connectionHeader && !upgraded) || (meaning.action === decorator && policy.egress)) continue;
    const { slot } = meaning;
    if (marks[slot] === mark) {
      out[(places[slot] as number) + 1] += `,${value}`;
      continue;
    }
    marks[slot] = mark;
    places[slot] = out.length;
    out.push(name, value);
  }
  if (serviceTimeMs >= 0) {
    const serviceTime = String(Math.floor(serviceTimeMs));
    if (marks[serviceTimeSlot] === mark) out[(places[serviceTimeSlot] as number) + 1] = serviceTime;
    else out.push('x-envoy-upstream-service-time', serviceTime);
  }
  record.status = status;
  record.details = viaUpstream;
  record.responseHeaders = out;
  const plain =
    cluster?.response === undefined &&
    route.response === undefined &&
    record.corsOrigin === '' &&
    record.cookies === undefined &&
    record.responseChanges === undefined;
  if (plain) {
    // Nothing moved: the places of the pass above still hold.
    if (marks[dateSlot] !== mark) out.push('date', date);
    if (marks[serverSlot] === mark) out[(places[serverSlot] as number) + 1] = policy.serverName;
    else out.push('server', policy.serverName);
    addDecorator(out, record);
    return out;
  }
  cluster?.response?.apply(out, record);
  route.response?.apply(out, record);
  if (record.cookies !== undefined) for (const cookie of record.cookies) out.push('set-cookie', cookie);
  addTail(out, record, route, policy, date);
  return out;
}

/**
 * Head of an answer of the proxy itself. Fills status, headers, details and flags of the record. For gRPC requests the status goes
 * into headers, and there is no body (RT-R121).
 *
 * @param route undefined when there is none
 * @returns the headers, and whether the reply's body belongs to them; it is not sent to HEAD
 */
export function localResponse(
  record: ExchangeRecord,
  route: CompiledRoute | undefined,
  cluster: CompiledCluster | undefined,
  reply: LocalReply,
  policy: HeadPolicy,
  date: string,
): { headers: Headers; hasBody: boolean } {
  const out: Headers = reply.leading.slice();
  const grpc = record.isGrpc && reply.withRouteHeaders;
  record.status = grpc ? 200 : reply.status;
  record.responseHeaders = out;
  record.details = reply.details;
  if (reply.flag !== 0) record.flags = addFlag(record.flags, reply.flag);
  if (reply.withRouteHeaders) {
    cluster?.response?.apply(out, record);
    route?.response?.apply(out, record);
  }
  for (const text of reply.headers) out.push(text);
  const hasBody = !grpc && reply.body.length > 0;
  if (grpc) addGrpcStatus(out, reply, record.isHead);
  else if (hasBody) {
    overwriteHeader(out, 'content-length', String(reply.body.length));
    if (getHeader(out, 'content-type') === undefined) out.push('content-type', 'text/plain');
  } else removeHeader(out, 'content-type');
  addTail(out, record, route, policy, date);
  return { headers: out, hasBody };
}

function addGrpcStatus(out: Headers, reply: LocalReply, isHead: boolean): void {
  overwriteHeader(out, 'content-type', 'application/grpc');
  if (getHeader(out, 'grpc-status') === undefined) out.push('grpc-status', String(reply.grpcStatus));
  if (reply.body.length > 0 && !isHead) overwriteHeader(out, 'grpc-message', encodeGrpcMessage(new TextDecoder().decode(reply.body)));
}

/** What comes behind everything else: CORS, date, server, and the decorator of an inbound proxy (RT-R36, RT-R37). */
function addTail(out: Headers, record: ExchangeRecord, route: CompiledRoute | undefined, policy: HeadPolicy, date: string): void {
  if (record.corsOrigin !== '') route?.cors?.addTo(out, record.corsOrigin);
  if (record.responseChanges !== undefined) for (const change of record.responseChanges) changeHeader(out, change);
  if (getHeader(out, 'date') === undefined) out.push('date', date);
  overwriteHeader(out, 'server', policy.serverName);
  addDecorator(out, record);
}

/** An inbound proxy tells the client what it calls the operation (RT-R40). */
function addDecorator(out: Headers, record: ExchangeRecord): void {
  if (record.decoratorOperation !== '') overwriteHeader(out, 'x-envoy-decorator-operation', record.decoratorOperation);
}
