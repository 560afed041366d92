// When a try is worth another one, and after how long (RT-R70 to R79).
import type { RetryPolicy } from '../../ir/route.ts';
import type { Random } from './clock.ts';
import { grpcStatus, parseGrpcStatus } from './grpc.ts';
import { getHeader, type Headers } from './headers.ts';

/** What is kept of a request's body to send it again; a longer one is sent once (RT-R80). */
export const retryBufferBytes = 1024 * 1024;

/** Why a try ended without a response; `local reset`: given up by the proxy itself, as by a per-try timeout. */
export type ResetReason =
  | 'remote connection failure'
  | 'connection timeout'
  | 'connection termination'
  | 'protocol error'
  | 'overflow'
  | 'remote reset'
  | 'remote refused stream reset'
  | 'local reset';

const retryOn = {
  '5xx': 1,
  'gateway-error': 2,
  'connect-failure': 4,
  'retriable-4xx': 8,
  'refused-stream': 16,
  cancelled: 32,
  'deadline-exceeded': 64,
  'resource-exhausted': 128,
  unavailable: 256,
  internal: 512,
  'retriable-status-codes': 1024,
  reset: 2048,
  'reset-before-request': 4096,
  'envoy-ratelimited': 8192,
} as const;

const anyGrpc = retryOn.cancelled | retryOn['deadline-exceeded'] | retryOn['resource-exhausted'] | retryOn.unavailable | retryOn.internal;

/** A retry policy with its conditions as bits. */
export class CompiledRetry {
  readonly policy: RetryPolicy;
  readonly conditions: number;
  /** Retries, the first try not counted. */
  readonly attempts: number;
  /** 0: none. */
  readonly perTryTimeoutMs: number;

  constructor(policy: RetryPolicy) {
    this.policy = policy;
    let conditions = 0;
    for (const name of policy.on) if (Object.hasOwn(retryOn, name)) conditions |= retryOn[name as keyof typeof retryOn];
    this.conditions = conditions;
    this.attempts = policy.attempts;
    this.perTryTimeoutMs = policy.perTryTimeoutMs ?? 0;
  }
}

/** Whether the headers of an upstream response ask for another try (RT-R76). */
export function shouldRetryResponse(retry: CompiledRetry, status: number, headers: Headers): boolean {
  const { conditions } = retry;
  if (getHeader(headers, 'x-envoy-ratelimited') !== undefined) return (conditions & retryOn['envoy-ratelimited']) !== 0;
  if (getHeader(headers, 'x-envoy-overloaded') !== undefined) return false;
  if ((conditions & retryOn['5xx']) !== 0 && status >= 500 && status < 600) return true;
  if ((conditions & retryOn['gateway-error']) !== 0 && status >= 502 && status <= 504) return true;
  if ((conditions & retryOn['retriable-4xx']) !== 0 && status === 409) return true;
  if ((conditions & retryOn['retriable-status-codes']) !== 0 && retry.policy.statusCodes.includes(status)) return true;
  return (conditions & anyGrpc) !== 0 && shouldRetryGrpc(conditions, parseGrpcStatus(getHeader(headers, 'grpc-status')));
}

function shouldRetryGrpc(conditions: number, status: number): boolean {
  switch (status) {
    case grpcStatus.cancelled:
      return (conditions & retryOn.cancelled) !== 0;
    case grpcStatus.deadlineExceeded:
      return (conditions & retryOn['deadline-exceeded']) !== 0;
    case grpcStatus.resourceExhausted:
      return (conditions & retryOn['resource-exhausted']) !== 0;
    case grpcStatus.internal:
      return (conditions & retryOn.internal) !== 0;
    case grpcStatus.unavailable:
      return (conditions & retryOn.unavailable) !== 0;
    default:
      return false;
  }
}

/**
 * Whether a try that ended without a response asks for another one (RT-R76, RT-R77). Status codes never match a reset.
 *
 * @param headersSent the request's head went out on a connection
 */
export function shouldRetryReset(retry: CompiledRetry, reason: ResetReason, headersSent: boolean): boolean {
  if (reason === 'overflow') return false;
  const { conditions } = retry;
  if ((conditions & (retryOn['5xx'] | retryOn['gateway-error'] | retryOn.reset)) !== 0) return true;
  if ((conditions & retryOn['refused-stream']) !== 0 && reason === 'remote refused stream reset') return true;
  if ((conditions & retryOn['connect-failure']) !== 0 && (reason === 'remote connection failure' || reason === 'connection timeout')) return true;
  return (conditions & retryOn['reset-before-request']) !== 0 && !headersSent;
}

/**
 * Full jitter: a draw from the whole interval, which doubles from retry to retry up to the cap (RT-R75).
 *
 * @param retryNumber 1 for the first retry
 * @returns whole milliseconds
 */
export function backoffMs(retry: CompiledRetry, retryNumber: number, random: Random): number {
  const { backoffBaseMs, backoffMaxMs } = retry.policy;
  const interval = Math.min(backoffBaseMs * 2 ** Math.min(retryNumber - 1, 30), Math.max(backoffBaseMs, backoffMaxMs));
  return Math.floor(random() * interval);
}
