// Whether and how a request is tried again.
import type { Provenance } from '../ir/provenance.ts';
import type { Route, VirtualHost } from '../ir/route.ts';
import type { ExchangeRecord } from '../proxy/core/exchange-record.ts';
import { type CompiledRetry, retryBufferBytes, shouldRetryReset, shouldRetryResponse } from '../proxy/core/retry.ts';
import type { SimulatedRetry } from './simulation.ts';

/** RFC 9110, 9.2.2 */
const idempotentMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/** Of one route for one kind of requests: the same object for the next one. */
export function retryFacts(
  retry: CompiledRetry,
  record: ExchangeRecord,
  bodyBytes: number | undefined,
  of: { route: Route; host: VirtualHost; provenance: Provenance },
): SimulatedRetry {
  const never = record.isUpgrade ? 'upgrade' : bodyBytes !== undefined && bodyBytes > retryBufferBytes ? 'body-too-big' : undefined;
  const idempotent = idempotentMethods.has(record.method);
  const kind = `${never} ${idempotent} ${record.isGrpc}`;
  const known = made.get(retry) ?? new Map<string, SimulatedRetry>();
  made.set(retry, known);
  let facts = known.get(kind);
  if (!facts) {
    facts = factsOf(retry, never, idempotent, record.isGrpc, of);
    known.set(kind, facts);
  }
  return facts;
}

/** By what was compiled of a route, which one simulator alone has. */
const made = new WeakMap<CompiledRetry, Map<string, SimulatedRetry>>();

function factsOf(
  retry: CompiledRetry,
  never: SimulatedRetry['never'],
  idempotent: boolean,
  grpc: boolean,
  { route, host, provenance }: { route: Route; host: VirtualHost; provenance: Provenance },
): SimulatedRetry {
  const { policy } = retry;
  const from = (field: Parameters<Provenance['route']>[2]) => provenance.route(route, host, field);
  const conditions = from('retries.retryOn');
  return {
    attempts: { value: policy.attempts, source: from('retries.attempts') },
    on: { value: policy.on, source: conditions },
    statusCodes: { value: policy.statusCodes, source: conditions },
    backoff: { value: { baseMs: policy.backoffBaseMs, maxMs: policy.backoffMaxMs }, source: from('retries.backoff') },
    otherHosts: { value: policy.previousHosts, source: from('retries.hosts') },
    hostSelectionAttempts: policy.hostSelectionAttempts,
    otherPriorities: { value: policy.previousPriorities, source: from('retries.priorities') },
    ...(never ? { never } : {}),
    idempotent,
    ...afterWhat(retry, grpc),
  };
}

type AfterWhat = Pick<SimulatedRetry, 'onAnswer' | 'onReset' | 'onConnectFailure' | 'onPerTryTimeout'>;

const afterwards = new Map<string, AfterWhat>();

/** What the policy answers to every way in which a try can fail. There are few conditions, and many routes have the same. */
function afterWhat(retry: CompiledRetry, grpc: boolean): AfterWhat {
  const key = `${retry.conditions} ${grpc} ${retry.policy.statusCodes.join()}`;
  const found = afterwards.get(key) ?? {
    onAnswer: onAnswer(retry, grpc),
    onReset: shouldRetryReset(retry, 'remote reset', true),
    onConnectFailure: shouldRetryReset(retry, 'connection timeout', false),
    onPerTryTimeout: shouldRetryReset(retry, 'local reset', true),
  };
  afterwards.set(key, found);
  return found;
}

const lastStatus = 599;
const lastGrpcStatus = 16;

function onAnswer(retry: CompiledRetry, grpc: boolean): boolean {
  for (let status = 200; status <= lastStatus; status++) if (shouldRetryResponse(retry, status, [])) return true;
  for (let status = 0; grpc && status <= lastGrpcStatus; status++) if (shouldRetryResponse(retry, 200, ['grpc-status', String(status)])) return true;
  return false;
}
