import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RetryPolicy } from '../../ir/route.ts';
import { addFlag, flags, flagsText, hasFlag, longFlagsText } from './response-flags.ts';
import { backoffMs, CompiledRetry, type ResetReason, shouldRetryReset, shouldRetryResponse } from './retry.ts';

function retry(on: string, more: Partial<RetryPolicy> = {}): CompiledRetry {
  return new CompiledRetry({
    on: on.split(','),
    statusCodes: [],
    attempts: 2,
    backoffBaseMs: 25,
    backoffMaxMs: 250,
    previousHosts: true,
    hostSelectionAttempts: 5,
    previousPriorities: false,
    ...more,
  });
}

/** Without virtual service: RT-R70. */
const byDefault = 'connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes';

describe('RT-R76: responses', () => {
  it.each<[string, number, boolean]>([
    ['5xx', 500, true],
    ['5xx', 599, true],
    ['5xx', 499, false],
    ['gateway-error', 502, true],
    ['gateway-error', 504, true],
    ['gateway-error', 500, false],
    ['retriable-4xx', 409, true],
    ['retriable-4xx', 404, false],
    ['connect-failure,refused-stream,reset', 503, false],
    ['nonsense', 503, false],
  ])('%s: %i %s', (on, status, expected) => expect(shouldRetryResponse(retry(on), status, [])).toBe(expected));

  it.each([
    ['cancelled', 1],
    ['deadline-exceeded', 4],
    ['resource-exhausted', 8],
    ['internal', 13],
    ['unavailable', 14],
  ])('%s is grpc-status %i in the headers', (on, status) => {
    for (let other = 0; other < 17; other++) {
      expect(shouldRetryResponse(retry(on), 200, ['grpc-status', String(other)])).toBe(other === status);
    }
    expect(shouldRetryResponse(retry(on), 200, [])).toBe(false);
    expect(shouldRetryResponse(retry(on), 200, ['grpc-status', 'x'])).toBe(false);
  });

  it('RT-R72, RT-R76: listed status codes', () => {
    const policy = retry('retriable-status-codes', { statusCodes: [503, 418] });
    expect([503, 418, 500].map((status) => shouldRetryResponse(policy, status, []))).toEqual([true, true, false]);
    expect(shouldRetryResponse(retry('5xx', { statusCodes: [418] }), 418, [])).toBe(false);
  });

  it('what a proxy in front of the upstream refused is not asked for again', () => {
    expect(shouldRetryResponse(retry('5xx'), 503, ['x-envoy-overloaded', 'true'])).toBe(false);
    expect(shouldRetryResponse(retry('5xx'), 503, ['x-envoy-ratelimited', 'true'])).toBe(false);
    expect(shouldRetryResponse(retry('envoy-ratelimited'), 429, ['x-envoy-ratelimited', 'true'])).toBe(true);
  });

  it('RT-R70: the default policy retries gRPC statuses 14 and 1, and no HTTP status', () => {
    expect([500, 502, 503, 504].some((status) => shouldRetryResponse(retry(byDefault), status, []))).toBe(false);
    expect(['14', '1', '4'].map((status) => shouldRetryResponse(retry(byDefault), 200, ['grpc-status', status]))).toEqual([true, true, false]);
  });
});

describe('RT-R76, RT-R77: tries without a response', () => {
  const reasons: readonly ResetReason[] = [
    'remote connection failure',
    'connection timeout',
    'connection termination',
    'protocol error',
    'remote reset',
    'remote refused stream reset',
    'local reset',
    'overflow',
  ];
  it.each([
    ['5xx', [1, 1, 1, 1, 1, 1, 1, 0]],
    ['gateway-error', [1, 1, 1, 1, 1, 1, 1, 0]],
    ['reset', [1, 1, 1, 1, 1, 1, 1, 0]],
    ['connect-failure', [1, 1, 0, 0, 0, 0, 0, 0]],
    ['refused-stream', [0, 0, 0, 0, 0, 1, 0, 0]],
    ['reset-before-request', [0, 0, 0, 0, 0, 0, 0, 0]],
    ['retriable-status-codes', [0, 0, 0, 0, 0, 0, 0, 0]],
    [byDefault, [1, 1, 0, 0, 0, 1, 0, 0]],
  ])('%s', (on, expected) => {
    expect(reasons.map((reason) => Number(shouldRetryReset(retry(on, { statusCodes: [503, 504] }), reason, true)))).toEqual(expected);
  });

  it('RT-R82: reset-before-request is for requests whose head was not sent', () => {
    expect(reasons.map((reason) => shouldRetryReset(retry('reset-before-request'), reason, false))).toEqual(reasons.map((reason) => reason !== 'overflow'));
  });
});

describe('RT-R75: full jitter', () => {
  it('draws from intervals that double, up to ten times the base', () => {
    const last = [1, 2, 3, 4, 5, 6, 60].map((number) => backoffMs(retry('5xx'), number, () => 0.999_999));
    expect(last).toEqual([24, 49, 99, 199, 249, 249, 249]);
    expect([1, 5].map((number) => backoffMs(retry('5xx'), number, () => 0))).toEqual([0, 0]);
    expect(backoffMs(retry('5xx', { backoffBaseMs: 100, backoffMaxMs: 1000 }), 3, () => 0.5)).toBe(200);
  });

  it('is never longer than the cap, never negative', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 1, max: 10_000 }),
        fc.double({ min: 0, max: 0.999_999, noNaN: true }),
        (number, base, drawn) => {
          const wait = backoffMs(retry('5xx', { backoffBaseMs: base, backoffMaxMs: base * 10 }), number, () => drawn);
          expect(wait).toBeGreaterThanOrEqual(0);
          expect(wait).toBeLessThan(base * Math.min(2 ** (number - 1), 10));
        },
      ),
    );
  });
});

describe('response flags', () => {
  it('RT-R78, RT-R91, RT-R122: in the order in which they were raised, each once', () => {
    const both = addFlag(addFlag(0, flags.upstreamRetryLimitExceeded), flags.upstreamConnectionFailure);
    expect(flagsText(both)).toBe('URX,UF');
    expect(flagsText(addFlag(addFlag(0, flags.upstreamConnectionFailure), flags.upstreamRetryLimitExceeded))).toBe('UF,URX');
    expect(flagsText(addFlag(addFlag(addFlag(0, flags.delayInjected), flags.faultInjected), flags.delayInjected))).toBe('DI,FI');
    expect([hasFlag(both, flags.upstreamConnectionFailure), hasFlag(both, flags.delayInjected)]).toEqual([true, false]);
    expect([flagsText(0), longFlagsText(0), longFlagsText(both)]).toEqual(['-', '-', 'UpstreamRetryLimitExceeded,UpstreamConnectionFailure']);
  });

  it('every flag has its name, and more than fit are left away', () => {
    let all = 0;
    for (const flag of Object.values(flags)) {
      expect(flagsText(addFlag(0, flag))).toMatch(/^[A-Z]{2,5}$/);
      all = addFlag(all, flag);
    }
    expect(flagsText(all).split(',')).toHaveLength(6);
    expect(new Set(Object.values(flags).map((flag) => flagsText(addFlag(0, flag)))).size).toBe(30);
  });
});
