import { describe, expect, it } from 'vitest';
import type { CorsPolicy, HTTPFaultInjection, HTTPRoute } from '../manifest/istio/networking.gen.ts';
import { millionths, mirrorsOf, translateCors, translateFault } from './route-filters.ts';

it.each([
  [100, 1_000_000],
  [33.333333, 333_333],
  [0.1, 1000],
  [12.34567, 123_456],
  [0.00001, 0],
  [0, 0],
  [150, 1_000_000],
  [-1, 0],
])('RT-R90, RT-R110: %d percent are %d millionths', (percent, expected) => {
  expect(millionths(percent)).toBe(expected);
});

const unexpected = (message: string): void => expect.unreachable(message);

describe('faults', () => {
  it.each<[HTTPFaultInjection, unknown]>([
    [{ delay: { fixedDelay: '2s', percentage: { value: 10 } } }, { delay: { durationMs: 2000, share: 100_000 } }],
    [{ delay: { fixedDelay: '2s', percent: 7 } }, { delay: { durationMs: 2000, share: 70_000 } }],
    [{ delay: { fixedDelay: '2s' } }, { delay: { durationMs: 2000, share: 0 } }],
    [{ delay: { percentage: { value: 10 } } }, undefined],
    [{ delay: { fixedDelay: '0s', percentage: { value: 10 } } }, undefined],
    [{ delay: { fixedDelay: '-1s', percentage: { value: 10 } } }, undefined],
    [{ abort: { httpStatus: 418, percentage: { value: 100 } } }, { abort: { share: 1_000_000, httpStatus: 418 } }],
    [{ abort: { httpStatus: 418 } }, { abort: { share: 0, httpStatus: 418 } }],
    [{ abort: { grpcStatus: 'UNAVAILABLE', percentage: { value: 100 } } }, { abort: { share: 1_000_000, grpcStatus: 14 } }],
    [{ abort: { grpcStatus: 'NONSENSE', percentage: { value: 100 } } }, undefined],
    [{ abort: { percentage: { value: 100 } } }, undefined],
    [{}, undefined],
  ])('RT-R90, MAP-R37: %j', (written, expected) => {
    expect(translateFault(written, unexpected)).toEqual(expected);
  });
});

it.each([
  [0, false],
  [199, false],
  [200, true],
  [599, true],
  [600, false],
])('abort with status %d: taken is %s', (httpStatus, taken) => {
  const told: string[] = [];
  const fault = translateFault({ abort: { httpStatus, percentage: { value: 100 } } }, (message) => told.push(message));
  expect([fault !== undefined, told.length === 0]).toEqual([taken, taken]);
});

describe('CORS', () => {
  it('an origin by an expression that is none is left out, and told', () => {
    const told: string[] = [];
    const cors = translateCors({ allowOrigins: [{ regex: '(' }, { regex: 'a.*' }] }, (message) => told.push(message));
    expect([cors?.allowOrigins, told]).toEqual([[{ kind: 'regex', value: 'a.*' }], ['"(" is no RE2 expression: the origin is left out']]);
  });

  const nothing = { allowOrigins: [], allowMethods: '', allowHeaders: '', exposeHeaders: '', allowCredentials: false, forwardUnmatchedPreflights: true };
  it.each<[CorsPolicy, object]>([
    [{}, {}],
    [
      { allowOrigins: [{ exact: 'a' }, { prefix: 'b' }, { regex: 'c' }], allowOrigin: ['old'] },
      {
        allowOrigins: [
          { kind: 'exact', value: 'a' },
          { kind: 'prefix', value: 'b' },
          { kind: 'regex', value: 'c' },
        ],
      },
    ],
    [{ allowOrigin: ['old'] }, { allowOrigins: [{ kind: 'exact', value: 'old' }] }],
    [
      { allowMethods: ['GET', 'PUT'], allowHeaders: ['x', 'z'], exposeHeaders: ['w'] },
      { allowMethods: 'GET,PUT', allowHeaders: 'x,z', exposeHeaders: 'w' },
    ],
    [
      { maxAge: '1.9s', allowCredentials: true },
      { maxAgeSeconds: 1, allowCredentials: true },
    ],
    [{ unmatchedPreflights: 'IGNORE' }, { forwardUnmatchedPreflights: false }],
    [{ unmatchedPreflights: 'FORWARD' }, {}],
  ])('RT-R102, RT-R104, MAP-R38: %j', (written, expected) => {
    expect(translateCors(written, unexpected)).toEqual({ ...nothing, ...expected });
  });
});

describe('mirrors', () => {
  const to = { host: 'b' };
  it.each<[HTTPRoute, number[]]>([
    [{ mirror: to }, [1_000_000]],
    [{ mirror: to, mirrorPercentage: { value: 0 } }, []],
    [{ mirror: to, mirrorPercentage: { value: 12.5 }, mirrorPercent: 1 }, [125_000]],
    [{ mirror: to, mirrorPercent: 3 }, [30_000]],
    [{ mirrors: [{ destination: to }, { destination: to, percentage: { value: 0 } }, { destination: to, percentage: { value: 50 } }] }, [1_000_000, 500_000]],
    [{ mirror: to, mirrors: [{ destination: to, percentage: { value: 1 } }] }, [1_000_000, 10_000]],
    [{ mirrors: [{}] }, []],
  ])('RT-R110, MAP-R33: %j', (route, shares) => {
    expect(mirrorsOf(route, ({ host = '' }) => host)).toEqual(shares.map((share) => ({ cluster: 'b', share })));
  });
});
