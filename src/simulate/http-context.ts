// What the parts of a simulation share about one request.
import type { HttpFilter } from '../ir/listener.ts';
import type { Provenance } from '../ir/provenance.ts';
import type { Millionths, Route, VirtualHost } from '../ir/route.ts';
import type { CompiledCluster, CompiledRoute } from '../proxy/core/compiled-route.ts';
import type { ExchangeRecord } from '../proxy/core/exchange-record.ts';
import { getHeader, type Headers } from '../proxy/core/headers.ts';
import type { LocalReply } from '../proxy/core/local-reply.ts';
import type { HeadPolicy } from '../proxy/core/request-head.ts';
import { flagsText } from '../proxy/core/response-flags.ts';
import { localResponse } from '../proxy/core/response-head.ts';
import type { ClusterBook } from './cluster-book.ts';
import type { Reply } from './simulation.ts';

export interface HttpContext {
  /** The request as it is routed. */
  record: ExchangeRecord;
  policy: HeadPolicy;
  filter: HttpFilter;
  bodyBytes: number | undefined;
  book: ClusterBook;
  provenance: Provenance;
}

/** The route that a request takes. */
export interface Taken {
  compiled: CompiledRoute;
  route: Route;
  host: VirtualHost;
}

/** An answer of the proxy itself, as the client gets it. The record stays as it is. */
export function replyOf({ record, policy }: HttpContext, reply: LocalReply, taken?: Taken, destination?: CompiledCluster): Reply {
  const own = copyOf(record);
  const { headers, hasBody } = localResponse(own, taken?.compiled, destination, reply, policy, '');
  const grpcStatus = own.isGrpc && reply.withRouteHeaders ? getHeader(headers, 'grpc-status') : undefined;
  return {
    status: own.status,
    ...(grpcStatus === undefined ? {} : { grpcStatus: Number(grpcStatus) }),
    body: hasBody && !own.isHead ? new TextDecoder().decode(reply.body) : '',
    headers: pairs(headers).filter(([name]) => name !== 'date'),
    flags: flagsText(own.flags),
    details: own.details,
  };
}

/** A record has no methods, and a spread is much faster than assigning its fields one by one. */
export function copyOf(record: ExchangeRecord): ExchangeRecord {
  return { ...record, headers: record.headers.slice() };
}

export function pairs(headers: Headers): [string, string][] {
  const out: [string, string][] = [];
  for (let i = 0; i < headers.length; i += 2) out.push([headers[i] as string, headers[i + 1] as string]);
  return out;
}

const whole = 1_000_000;

export function percentOf(share: Millionths): number {
  return (Math.min(share, whole) * 100) / whole;
}
