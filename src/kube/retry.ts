import { setTimeout as sleep } from 'node:timers/promises';
import { KubeError } from './error.ts';
import { isConnectionLost, wasNotSent } from './unreachable.ts';

/**
 * What may be sent twice: what only reads; what has the same effect the second time; what has not. `never` is for callers that repeat
 * by themselves.
 */
export type Repeatable = 'read' | 'idempotent' | 'write' | 'never';

/** Waits before the second, third, … try after a failure without a Retry-After, in milliseconds. */
const waits: readonly number[] = [100, 300, 600];

/** As many tries as a busy server may ask for. */
const maxBusyTries = 8;

/** A server that asks for more is not waited for. */
const maxRetryAfterMs = 30_000;

/** Statuses of a server, or a proxy before it, that cannot answer now. */
const transient: ReadonlySet<number> = new Set([500, 502, 503, 504]);

/**
 * @param tries how many there were
 * @param random from 0 to 1: many clients that failed together do not come back together
 * @returns milliseconds until the next try; undefined: there is none
 */
export function retryDelayMs(error: KubeError, repeatable: Repeatable, tries: number, random: number): number | undefined {
  if (repeatable === 'never') return undefined;
  const { status, retryAfterMs, cause } = error;
  // The server has done nothing of a request when it says when to come again.
  const asked = status === 429 || (retryAfterMs !== undefined && status >= 500);
  if (asked) {
    if (tries >= maxBusyTries || (retryAfterMs ?? 0) > maxRetryAfterMs) return undefined;
    return Math.max(retryAfterMs ?? 0, 50 * 2 ** Math.min(tries, 5)) * (1 + random / 4);
  }
  const wait = waits[tries - 1];
  if (wait === undefined) return undefined;
  const again =
    status === 0
      ? wasNotSent(cause)
        ? isConnectionLost(cause)
        : repeatable !== 'write' && isConnectionLost(cause)
      : repeatable === 'read' && transient.has(status);
  return again ? wait * (0.75 + random / 2) : undefined;
}

/** @throws KubeError of the last try; 'Aborted' as soon as the signal aborts */
export async function withRetries<T>(run: () => Promise<T>, repeatable: Repeatable, signal?: AbortSignal): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      const delay = retryDelayMs(error, repeatable, tries, Math.random());
      if (delay === undefined) throw error;
      await sleep(delay, undefined, { signal }).catch(() => {
        throw new KubeError(`${error.message} (and it was given up)`, { reason: 'Aborted', cause: error });
      });
    }
  }
}
