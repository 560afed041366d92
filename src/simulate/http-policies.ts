// What a route does beside choosing destinations: faults, CORS, timeouts, retries, session affinity.
import type { FaultPolicy } from '../ir/route.ts';
import type { CompiledCors } from '../proxy/core/cors.ts';
import { answerPreflight } from '../proxy/core/cors.ts';
import { requestHash } from '../proxy/core/hash-policy.ts';
import { getHeader, type Headers } from '../proxy/core/headers.ts';
import * as replies from '../proxy/core/local-reply.ts';
import { perTryTimeoutMs, routeTimeoutMs, streamDurationMs } from '../proxy/core/timeout.ts';
import { copyOf, type HttpContext, pairs, percentOf, replyOf, type Taken } from './http-context.ts';
import { retryFacts } from './retry-facts.ts';
import type { Forwarding, Outcome, SimulatedCors, SimulatedFault } from './simulation.ts';

export function faultOf(context: HttpContext, taken: Taken, { delay, abort }: FaultPolicy): SimulatedFault {
  const { route, host } = taken;
  const { provenance } = context;
  const fault: SimulatedFault = {};
  if (delay) fault.delay = { value: { percent: percentOf(delay.share), durationMs: delay.durationMs }, source: provenance.route(route, host, 'fault.delay') };
  if (abort) {
    const { share, ...statuses } = abort;
    fault.abort = {
      value: { percent: percentOf(share), ...statuses },
      source: provenance.route(route, host, 'fault.abort'),
      reply: replyOf(context, replies.faultAbort(abort), taken),
    };
  }
  return fault;
}

/** Notes the origin that is allowed in the record. */
export function corsOf(context: HttpContext, taken: Taken, cors: CompiledCors): { facts: SimulatedCors; preflight: Outcome | undefined } {
  const { record, provenance } = context;
  const source = provenance.route(taken.route, taken.host, 'cors');
  const headers = answerPreflight(cors, record);
  const origin = getHeader(record.headers, 'origin');
  const added: Headers = [];
  if (record.corsOrigin !== '' && !headers) cors.addTo(added, record.corsOrigin);
  const facts: SimulatedCors = {
    policy: { value: cors.policy, source },
    ...(origin === undefined ? {} : { origin }),
    allowed: record.corsOrigin !== '',
    preflight: headers !== undefined,
    headers: pairs(added),
  };
  return { facts, preflight: headers && { kind: 'preflight', source, reply: replyOf(context, replies.corsPreflight(headers), taken) } };
}

/** Undefined for a route that does not forward. */
export function forwardingOf({ record, filter, bodyBytes, provenance }: HttpContext, { route, compiled, host }: Taken): Forwarding | undefined {
  const { forward: action, retry } = compiled;
  if (!action) return undefined;
  const routeMs = routeTimeoutMs(action, record.isGrpc, record.headers);
  // A cookie that is made is noted in the record.
  const hashedRecord = action.hash.length > 0 ? copyOf(record) : undefined;
  const hashed = hashedRecord !== undefined && requestHash(action.hash, hashedRecord) !== undefined;
  return {
    timeoutMs: { value: routeMs, source: provenance.route(route, host, 'timeout') },
    perTryTimeoutMs: { value: perTryTimeoutMs(action, routeMs), source: provenance.route(route, host, 'retries.perTryTimeout') },
    streamDurationMs: streamDurationMs(action, record.isGrpc, record.headers),
    streamIdleTimeoutMs: filter.streamIdleTimeoutMs,
    ...(retry ? { retry: retryFacts(retry, record, bodyBytes, { route, host, provenance }) } : {}),
    ...(action.rewrite ? { pathRewrite: { value: action.rewrite, source: provenance.route(route, host, 'rewrite') } } : {}),
    hash: action.hash.map((value) => ({ value, source: provenance.route(route, host, 'hash') })),
    hashed,
    cookies: hashedRecord?.cookies ?? [],
  };
}
