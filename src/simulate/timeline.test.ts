import { describe, expect, it } from 'vitest';
import { cart, pods, rule } from '../translate/clusters/testing.ts';
import { type TableTest, tableOf, to, vs } from '../translate/testing.ts';
import { simulate } from './simulate.ts';
import { type Timeline, timeline } from './timeline.ts';

function worst(more: string, headers: [string, string][] = [], documents: string[] = [], options: TableTest = {}): Timeline | undefined {
  const table = tableOf([cart, pods('v1'), vs('shop/cart', 'cart', `http: [{${to('cart')}${more === '' ? '' : `, ${more}`}}]`), ...documents], options);
  return timeline(simulate(table, { method: 'POST', scheme: 'http', authority: 'cart', path: '/', headers }));
}

/** `try 0-1000 timeout`, `pause 0-25`; a step without an end as `try 0- never`. */
function steps(of: Timeline | undefined): string[] {
  return (of?.steps ?? []).map(({ kind, startMs, endMs, ends }) => `${kind === 'attempt' ? 'try' : kind} ${startMs}-${endMs ?? ''} ${ends}`);
}

const grpc: [string, string] = ['content-type', 'application/grpc'];

describe('the longest that a request can take', () => {
  it.each<[string, Timeline | undefined, string[], Partial<Timeline>]>([
    [
      'without anything written only connections that are not made are tried again',
      worst(''),
      ['try 0-10000 connect-timeout', 'backoff 10000-10025 backoff', 'try 10025-20025 connect-timeout', 'backoff 20025-20075 backoff', 'try 20075- never'],
      { ends: 'never', triesAllowed: 3, triesBegun: 3 },
    ],
    [
      'a connect timeout that is written',
      worst('', [], [rule('host: cart, trafficPolicy: {connectionPool: {tcp: {connectTimeout: 1s}}}')]),
      ['try 0-1000 connect-timeout', 'backoff 1000-1025 backoff', 'try 1025-2025 connect-timeout', 'backoff 2025-2075 backoff', 'try 2075- never'],
      { triesBegun: 3 },
    ],
    ['no retries, no timeout', worst('retries: {attempts: 0}'), ['try 0- never'], { ends: 'never', triesAllowed: 1 }],
    ['a timeout', worst('timeout: 2s, retries: {attempts: 0}'), ['try 0-2000 timeout'], { totalMs: 2000, status: 504 }],
    [
      'a timeout cuts the tries',
      worst('timeout: 1s, retries: {attempts: 4, perTryTimeout: 400ms, retryOn: 5xx}'),
      ['try 0-400 per-try-timeout', 'backoff 400-425 backoff', 'try 425-825 per-try-timeout', 'backoff 825-875 backoff', 'try 875-1000 timeout'],
      { totalMs: 1000, ends: 'timeout', triesAllowed: 5, triesBegun: 3 },
    ],
    [
      'all tries fit',
      worst('timeout: 10s, retries: {attempts: 1, perTryTimeout: 400ms, retryOn: 5xx}'),
      ['try 0-400 per-try-timeout', 'backoff 400-425 backoff', 'try 425-825 per-try-timeout'],
      { totalMs: 825, ends: 'per-try-timeout', triesAllowed: 2, triesBegun: 2 },
    ],
    [
      'a per-try timeout that no condition is for ends it',
      worst('retries: {attempts: 3, perTryTimeout: 400ms, retryOn: connect-failure}'),
      ['try 0-400 per-try-timeout'],
      { totalMs: 400, status: 504, triesAllowed: 4, triesBegun: 1 },
    ],
    [
      'a per-try timeout that is no shorter than the timeout does not count',
      worst('timeout: 1s, retries: {attempts: 3, perTryTimeout: 1s, retryOn: 5xx}'),
      ['try 0-1000 timeout'],
      { totalMs: 1000, triesBegun: 1 },
    ],
    [
      'retries of answers without any limit: the first try may never end',
      worst('retries: {attempts: 3, retryOn: 5xx}'),
      ['try 0- never'],
      { ends: 'never', triesAllowed: 4, triesBegun: 1 },
    ],
    [
      'back-offs double up to their cap',
      worst('retries: {attempts: 5, perTryTimeout: 1ms, retryOn: 5xx, backoff: 10ms}'),
      [
        'try 0-1',
        'backoff 1-11',
        'try 11-12',
        'backoff 12-32',
        'try 32-33',
        'backoff 33-73',
        'try 73-74',
        'backoff 74-154',
        'try 154-155',
        'backoff 155-255',
        'try 255-256',
      ],
      { totalMs: 256 },
    ],
    [
      'a delay that is injected comes before the timeout',
      worst('timeout: 1s, retries: {attempts: 0}, fault: {delay: {fixedDelay: 5s, percentage: {value: 10}}}'),
      ['delay 0-5000 delay', 'try 5000-6000 timeout'],
      { totalMs: 6000 },
    ],
    [
      'an abort of all comes after the delay',
      worst('fault: {delay: {fixedDelay: 5s, percentage: {value: 100}}, abort: {httpStatus: 418, percentage: {value: 100}}}'),
      ['delay 0-5000 delay'],
      { totalMs: 5000, ends: 'abort', status: 418 },
    ],
    ['grpc-timeout', worst('retries: {attempts: 0}', [grpc, ['grpc-timeout', '3S']]), ['try 0-3000 timeout'], { totalMs: 3000 }],
    ['grpc-timeout, capped', worst('timeout: 1s, retries: {attempts: 0}', [grpc, ['grpc-timeout', '3S']]), ['try 0-1000 timeout'], { totalMs: 1000 }],
    ['grpc-timeout of a request that is none of gRPC', worst('retries: {attempts: 0}', [['grpc-timeout', '3S']]), ['try 0- never'], {}],
  ])('%s', (_, found, expected, more) => {
    expect(steps(found)).toEqual(expected.map((step) => expect.stringContaining(step)));
    expect(found).toMatchObject(more);
    expect(found?.totalMs).toBe(found?.steps.at(-1)?.endMs);
  });

  it('each step begins where the one before it ends', () => {
    const { steps: all } = worst('timeout: 1s, retries: {attempts: 4, perTryTimeout: 100ms, retryOn: 5xx}') as Timeline;
    expect(all.map(({ startMs }) => startMs)).toEqual([0, ...all.slice(0, -1).map(({ endMs }) => endMs)]);
  });

  it('is none of what is not forwarded, and of what has nowhere to go', () => {
    const of = (rules: string) =>
      timeline(simulate(tableOf([cart, vs('shop/cart', 'cart', `http: [${rules}]`)]), { method: 'GET', scheme: 'http', authority: 'cart', path: '/' }));
    expect([of('{directResponse: {status: 200}}'), of(`{${to('nosuch')}, timeout: 1s}`)]).toEqual([undefined, undefined]);
  });
});
