import type { RetryPolicy } from '../ir/route.ts';
import type { HTTPRetry } from '../manifest/istio/networking.gen.ts';
import { milliseconds, notNegative } from './durations.ts';

const defaultConditions = ['connect-failure', 'refused-stream', 'unavailable', 'cancelled', 'retriable-status-codes'] as const;
const defaultAttempts = 2;
const defaultBackoffMs = 25;

/** Reselections of a host that was not tried before (RT-R73). */
const hostSelectionAttempts = 5;

/**
 * @param written undefined: the default policy (RT-R70)
 * @param hashed the only destination is chosen by a hash: hosts that were tried are not avoided (RT-R73)
 * @returns undefined: nothing is retried (RT-R71)
 */
export function retryPolicy(written: HTTPRetry | null | undefined, hashed: boolean): RetryPolicy | undefined {
  if (!written) return hashed ? defaultOfHashed : defaultPolicy;
  const attempts = written.attempts ?? 0;
  if (attempts <= 0) return undefined;
  const { on, codes } = written.retryOn ? parseRetryOn(written.retryOn) : { on: [...defaultConditions], codes: [] };
  const base = notNegative(milliseconds(written.backoff)) || defaultBackoffMs;
  return policy(
    on,
    codes,
    attempts,
    notNegative(milliseconds(written.perTryTimeout)) || undefined,
    base,
    written.retryIgnorePreviousHosts ?? !hashed,
    written.retryRemoteLocalities === true,
  );
}

function policy(
  on: readonly string[],
  statusCodes: readonly number[],
  attempts: number,
  perTryTimeoutMs: number | undefined,
  backoffBaseMs: number,
  previousHosts: boolean,
  previousPriorities: boolean,
): RetryPolicy {
  return {
    on,
    statusCodes,
    attempts,
    ...(perTryTimeoutMs === undefined ? {} : { perTryTimeoutMs }),
    backoffBaseMs,
    // RT-R75
    backoffMaxMs: backoffBaseMs * 10,
    previousHosts,
    hostSelectionAttempts,
    previousPriorities,
  };
}

// One object for all routes that say nothing.
const defaultPolicy = policy(defaultConditions, [], defaultAttempts, undefined, defaultBackoffMs, true, false);
const defaultOfHashed = { ...defaultPolicy, previousHosts: false };

/** Numbers that are status codes stand for responses with them; everything else is a condition (RT-R72). */
function parseRetryOn(written: string): { on: string[]; codes: number[] } {
  const codes: number[] = [];
  const on: string[] = [];
  for (const part of written.split(',').map((text) => text.trim())) {
    if (part === '') continue;
    if (/^\+?\d+$/.test(part) && isStatusCode(Number(part))) codes.push(Number(part));
    else on.push(part);
  }
  if (codes.length > 0 && !on.some((condition) => condition.includes('retriable-status-codes'))) on.push('retriable-status-codes');
  return { on, codes };
}

/** Ranges of the status codes that have a name in HTTP. */
const named: readonly (readonly [number, number])[] = [
  [100, 103],
  [200, 208],
  [226, 226],
  [300, 305],
  [307, 308],
  [400, 418],
  [421, 426],
  [428, 429],
  [431, 431],
  [451, 451],
  [500, 508],
  [510, 511],
];

function isStatusCode(code: number): boolean {
  return named.some(([first, last]) => code >= first && code <= last);
}
