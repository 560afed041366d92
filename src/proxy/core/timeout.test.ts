import { describe, expect, it } from 'vitest';
import { forward } from './testing.ts';
import { expectedTimeoutMs, grpcTimeoutText, parseGrpcTimeout, perTryTimeoutMs, routeTimeoutMs, streamDurationMs } from './timeout.ts';

describe('RT-R63: grpc-timeout', () => {
  it.each([
    ['100m', 100],
    ['2S', 2000],
    ['1M', 60_000],
    ['1H', 3_600_000],
    ['1500u', 2],
    ['1n', 1],
    ['0m', 0],
    ['', undefined],
    ['100', undefined],
    ['m', undefined],
    ['1x', undefined],
    ['1ms', undefined],
    ['-1m', undefined],
  ])('%j is %s ms', (text, ms) => expect(parseGrpcTimeout(text)).toBe(ms));

  it('is undefined when it is missing', () => expect(parseGrpcTimeout(undefined)).toBeUndefined());

  it.each([
    [300, '300m'],
    [99_999_999, '99999999m'],
    [100_000_000, '100000S'],
    [100_000_000_000, '1666666M'],
    [1e14, '27777777H'],
    [1e18, '99999999H'],
  ])('%i ms is written %s', (ms, text) => expect(grpcTimeoutText(ms)).toBe(text));

  it.each<[string, number, number | undefined, string | undefined, boolean, number]>([
    ['RT-R60: off by default', 0, 0, undefined, false, 0],
    ['RT-R60: of the route', 500, 500, undefined, false, 500],
    ['RT-R63: others have no grpc-timeout', 0, 0, '1S', false, 0],
    ['RT-R63: honoured without a timeout of the route', 0, 0, '100m', true, 100],
    ['RT-R63: the shorter one', 300, 300, '2S', true, 300],
    ['RT-R63: the shorter one', 300, 300, '100m', true, 100],
    ['RT-R63: gRPC without grpc-timeout', 300, 300, undefined, true, 300],
    ['RT-R63: gRPC without grpc-timeout', 0, 0, undefined, true, 0],
    ['a route that does not honour it', 300, undefined, '100m', true, 300],
  ])('%s', (_title, timeoutMs, maxGrpcTimeoutMs, header, isGrpc, expected) => {
    const headers = header === undefined ? [] : ['grpc-timeout', header];
    expect(routeTimeoutMs(forward({ timeoutMs, maxGrpcTimeoutMs }), isGrpc, headers)).toBe(expected);
  });
});

it('RT-R64: inbound grpc-timeout limits the stream, not the route', () => {
  const action = forward({ maxStreamDurationFromGrpcTimeout: true, maxGrpcTimeoutMs: undefined });
  const headers = ['grpc-timeout', '2S'];
  expect([routeTimeoutMs(action, true, headers), streamDurationMs(action, true, headers), streamDurationMs(action, false, headers)]).toEqual([0, 2000, 0]);
  expect(streamDurationMs(forward(), true, headers)).toBe(0);
});

it('RT-R77: a per-try timeout that is no shorter than the whole does not count', () => {
  const action = (perTryTimeoutMs: number) =>
    forward({
      retry: {
        on: [],
        statusCodes: [],
        attempts: 1,
        perTryTimeoutMs,
        backoffBaseMs: 25,
        backoffMaxMs: 250,
        previousHosts: true,
        hostSelectionAttempts: 5,
        previousPriorities: false,
      },
    });
  expect([perTryTimeoutMs(action(400), 900), perTryTimeoutMs(action(900), 900), perTryTimeoutMs(action(400), 0), perTryTimeoutMs(forward(), 900)]).toEqual([
    400, 0, 400, 0,
  ]);
});

it.each([
  [0, 0, 0, 0],
  [300, 0, 0, 300],
  [0, 250, 9999, 250],
  [900, 400, 0, 400],
  [900, 400, 850.5, 49],
  [900, 400, 900, 1],
])('RT-R40: expected timeout of %i, %i a try, after %d ms is %i', (routeMs, perTry, elapsed, expected) =>
  expect(expectedTimeoutMs(routeMs, perTry, elapsed)).toBe(expected),
);
