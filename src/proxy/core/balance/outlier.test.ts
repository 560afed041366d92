import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { OutlierDetection } from '../../../ir/cluster.ts';
import type { Host } from './host.ts';
import type { LocalFailure } from './outlier.ts';
import { clusterOf, counts, endpoints, type World, world } from './testing.ts';

const defaults: OutlierDetection = {
  consecutive5xx: 5,
  splitLocalOrigin: false,
  intervalMs: 10_000,
  baseEjectionTimeMs: 30_000,
  maxEjectionTimeMs: 300_000,
  maxEjectionPercent: 100,
};

const detecting = (hosts: number, outlier: Partial<OutlierDetection>): World => world(clusterOf(endpoints(hosts), { outlier: { ...defaults, ...outlier } }));

type Outcome = number | LocalFailure | 'connected' | 'final';

function record({ state }: World, host: Host, outcomes: readonly Outcome[]): void {
  for (const outcome of outcomes) {
    if (typeof outcome === 'number') state.recordResponse(host, outcome);
    else if (outcome === 'connected' || outcome === 'final') state.recordConnect(host, outcome === 'final');
    else state.recordFailure(host, outcome);
  }
}

/** Ejected hosts by their number. */
const ejected = ({ state }: World): number[] => state.hosts.flatMap((host, i) => (host.ejected ? [i] : []));

/** Time goes on, with a tick ten times a second. */
function pass(world: World, ms: number): void {
  for (let gone = 0; gone < ms; gone += 100) {
    world.clock.advance(100);
    world.state.tick(world.clock.now());
  }
}

describe('what counts', () => {
  it.each<[string, Partial<OutlierDetection>, Outcome[], boolean]>([
    ['DR-R62: any code from 500 on', { consecutive5xx: 3 }, [500, 501, 599], true],
    ['DR-R64: not before the n-th', { consecutive5xx: 3 }, [500, 500], false],
    ['DR-R62: a connect failure', { consecutive5xx: 3 }, ['connect', 'connect', 'connect'], true],
    ['DR-R62: a timeout', { consecutive5xx: 2 }, ['timeout', 'timeout'], true],
    ['DR-R62: a reset before headers', { consecutive5xx: 2 }, ['reset', 'reset'], true],
    ['DR-R62: all kinds together', { consecutive5xx: 4 }, [500, 'connect', 'timeout', 'reset'], true],
    ['DR-R62: a connection by itself is no success', { consecutive5xx: 2 }, [500, 'connected', 500], true],
    ['DR-R63: 2xx, 3xx and 4xx reset', { consecutive5xx: 2 }, [500, 200, 500, 302, 500, 404, 500], false],
    ['DR-R63: as it was seen', { consecutive5xx: 3 }, [500, 500, 404, 500, 500, 200, 500, 500], false],
    ['DR-R63: and the next one', { consecutive5xx: 3 }, [500, 500, 404, 500, 500, 200, 500, 500, 500], true],
    ['DR-R62: gateway errors', { consecutive5xx: undefined, consecutiveGatewayErrors: 3 }, [502, 503, 504], true],
    ['DR-R62: another 5xx resets them', { consecutive5xx: undefined, consecutiveGatewayErrors: 2 }, [502, 500, 503, 500, 504], false],
    ['DR-R62: a success resets them', { consecutive5xx: undefined, consecutiveGatewayErrors: 2 }, [502, 200, 503], false],
    ['DR-R62: connect failure and timeout are gateway errors', { consecutive5xx: undefined, consecutiveGatewayErrors: 2 }, ['connect', 'timeout'], true],
    ['DR-R60: a counter that is not there ejects nobody', { consecutive5xx: undefined }, Array(50).fill(503), false],
    ['DR-R60: gateway errors do not eject when they are not set', { consecutive5xx: 100 }, Array(20).fill(503), false],
    ['DR-R65: split: codes count', { splitLocalOrigin: true, consecutive5xx: 2 }, [500, 503], true],
    ['DR-R65: split: local failures do not count as 5xx', { splitLocalOrigin: true, consecutive5xx: 2 }, ['connect', 'timeout', 'reset'], false],
    ['DR-R65: split: they count apart', { splitLocalOrigin: true, consecutiveLocalOrigin: 3 }, ['connect', 'timeout', 'reset'], true],
    ['DR-R65: split: codes do not count there', { splitLocalOrigin: true, consecutive5xx: undefined, consecutiveLocalOrigin: 2 }, [503, 503, 503], false],
    ['DR-R65: split: a connection resets', { splitLocalOrigin: true, consecutiveLocalOrigin: 2 }, ['connect', 'connected', 'connect'], false],
    ['DR-R65: not split: local failures have no counter of their own', { consecutive5xx: undefined, consecutiveLocalOrigin: 2 }, ['connect', 'connect'], false],
    ['DR-R69: TCP: connect failures', { consecutive5xx: 2 }, ['connect', 'connect'], true],
    ['DR-R69: TCP: a connection is a success', { consecutive5xx: 2 }, ['connect', 'final', 'connect'], false],
    ['DR-R69: TCP, split: a connection is a success', { splitLocalOrigin: true, consecutiveLocalOrigin: 2 }, ['connect', 'final', 'connect'], false],
  ])('%s', (_, config, outcomes, expected) => {
    const made = detecting(2, config);
    record(made, made.state.hosts[1] as Host, outcomes);
    expect(ejected(made)).toEqual(expected ? [1] : []);
  });

  test('DR-R62: each try counts for its own host', () => {
    const made = detecting(2, { consecutive5xx: 2 });
    const [a, b] = made.state.hosts as [Host, Host];
    for (let i = 0; i < 2; i++) {
      record(made, a, [500]);
      record(made, b, [200]);
    }
    expect(ejected(made)).toEqual([0]);
  });
});

describe('DR-R61: the share that may be ejected', () => {
  it.each([
    [3, 33, 0],
    [3, 34, 1],
    [3, 66, 1],
    [3, 67, 2],
    [3, 100, 3],
    [9, 10, 0],
    [10, 10, 1],
    [2, 10, 0],
    [1, 99, 0],
    [3, 1000, 3],
  ])('%i hosts, %i percent: %i', (hosts, maxEjectionPercent, expected) => {
    const made = detecting(hosts, { consecutive5xx: 1, maxEjectionPercent });
    for (const host of made.state.hosts) record(made, host, [500]);
    expect(ejected(made)).toHaveLength(expected);
    expect(made.state.outlier?.stats()).toMatchObject({ ejections_active: expected, ejections_overflow: hosts - expected });
  });

  test('what was refused is tried again after as many errors', () => {
    const made = detecting(3, { consecutive5xx: 3, maxEjectionPercent: 33 });
    const host = made.state.hosts[0] as Host;
    record(made, host, Array(9).fill(500));
    expect(made.state.outlier?.stats().ejections_overflow).toBe(3);
    expect(made.state.outlier?.events.map(({ action }) => action)).toEqual(['overflow', 'overflow', 'overflow']);
  });

  test('is never more, whatever happens', () => {
    const step = fc.tuple(fc.nat(7), fc.constantFrom<Outcome>(200, 500, 503, 'connect', 'timeout', 'connected'), fc.nat(3000));
    const config = fc.record({
      consecutive5xx: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
      consecutiveGatewayErrors: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
      consecutiveLocalOrigin: fc.integer({ min: 1, max: 3 }),
      splitLocalOrigin: fc.boolean(),
      intervalMs: fc.constantFrom(100, 1000),
      baseEjectionTimeMs: fc.constantFrom(0, 500, 3000),
      maxEjectionTimeMs: fc.constantFrom(3000, 9000),
      maxEjectionPercent: fc.nat(100),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), config, fc.array(step, { maxLength: 120 }), (count, outlier, steps) => {
        const made = detecting(count, outlier);
        for (const [host, outcome, ms] of steps) {
          record(made, made.state.hosts[host % count] as Host, [outcome]);
          made.clock.advance(ms);
          made.state.tick(made.clock.now());
          const out = ejected(made);
          expect((100 * out.length) / count).toBeLessThanOrEqual(outlier.maxEjectionPercent);
          expect(made.state.outlier?.stats().ejections_active).toBe(out.length);
          // Until then the balancer may not have heard of it.
          made.clock.advance(1000);
          const chosen = made.state.choose();
          expect(chosen === undefined).toBe(out.length === count);
          expect(chosen?.ejected ?? false).toBe(false);
        }
      }),
    );
  });
});

describe('DR-R66: how long', () => {
  const config = { consecutive5xx: 1, baseEjectionTimeMs: 2_000, intervalMs: 1_000, maxEjectionTimeMs: 300_000 };

  /** Ejects the first host now, and says after how much time it was back. */
  function absence(made: World): number {
    record(made, made.state.hosts[0] as Host, [500]);
    expect(ejected(made)).toEqual([0]);
    const since = made.clock.now();
    while (ejected(made).length > 0) pass(made, 100);
    return made.clock.now() - since;
  }

  test('base times the number of ejections, at an interval', () => {
    const made = detecting(2, config);
    pass(made, 800);
    // The intervals end at 1000, 2000, 3000 …: 800 + 2000 is over at 3000.
    expect(absence(made)).toBe(2_200);
    // Again at once: twice as long.
    expect(absence(made)).toBe(4_000);
    expect(absence(made)).toBe(6_000);
  });

  test('at most the maximum', () => {
    const made = detecting(2, { ...config, maxEjectionTimeMs: 5_000 });
    expect([absence(made), absence(made), absence(made), absence(made), absence(made)]).toEqual([2_000, 4_000, 5_000, 5_000, 5_000]);
    // No more than one beyond the maximum is remembered: with 2 s, the 4th is the last that counts.
    expect(made.state.outlier?.events.filter(({ action }) => action === 'ejected').map(({ ejections }) => ejections)).toEqual([1, 2, 3, 4, 4]);
  });

  test('each interval without ejection takes one off, from one interval after it came back on', () => {
    const made = detecting(2, config);
    absence(made);
    absence(made);
    absence(made);
    pass(made, 1_000);
    expect(absence(made)).toBe(6_000);
    pass(made, 60_000);
    expect(absence(made)).toBe(2_000);
  });

  test('nobody comes back before the interval', () => {
    const made = detecting(2, { ...config, intervalMs: 10_000 });
    expect(absence(made)).toBe(10_000);
  });

  test('DR-R64: errors from before do not count when it is back', () => {
    const made = detecting(2, { ...config, consecutive5xx: 3 });
    const host = made.state.hosts[0] as Host;
    record(made, host, [500, 500, 500, 500, 500]);
    pass(made, 3_000);
    expect(ejected(made)).toEqual([]);
    record(made, host, [500, 500]);
    expect(ejected(made)).toEqual([]);
    record(made, host, [500]);
    expect(ejected(made)).toEqual([0]);
  });
});

describe('the cluster around it', () => {
  test('DR-R67: clusters do not know of each other', () => {
    const a = detecting(2, { consecutive5xx: 1 });
    const b = world(clusterOf(endpoints(2), { name: 'outbound|8080|v1|reviews.shop.svc.cluster.local', outlier: defaults }));
    record(a, a.state.hosts[0] as Host, [500]);
    expect([ejected(a), ejected(b)]).toEqual([[0], []]);
  });

  test('DR-R24: an ejected host gets nothing; all ejected: nobody does', () => {
    const made = detecting(2, { consecutive5xx: 1 });
    const [a, b] = made.state.hosts as [Host, Host];
    expect(Object.keys(counts(4, () => made.state.choose()))).toHaveLength(2);
    record(made, a, [500]);
    expect(counts(4, () => made.state.choose())).toEqual({ [b.address]: 4 });
    record(made, b, [500]);
    // Within a second of the first ejection the balancer hears of no other.
    expect(counts(4, () => made.state.choose())).toEqual({ [b.address]: 4 });
    made.clock.advance(1000);
    expect(made.state.choose()).toBeUndefined();
    pass(made, 30_000);
    expect(Object.keys(counts(4, () => made.state.choose()))).toHaveLength(2);
  });

  test('DR-R24: with a panic threshold, all ejected means all used', () => {
    const made = world(clusterOf(endpoints(2), { panicPercent: 50, outlier: { ...defaults, consecutive5xx: 1 } }));
    for (const host of made.state.hosts) record(made, host, [500]);
    expect(Object.keys(counts(4, () => made.state.choose()))).toHaveLength(2);
    expect(made.state.panicTotal).toBe(4);
  });

  test('DR-R68: stats, who is ejected, why and until when', () => {
    const made = detecting(3, { consecutive5xx: 2, consecutiveGatewayErrors: 3 });
    const [a, b] = made.state.hosts as [Host, Host];
    record(made, a, [500, 500]);
    const since = made.clock.wallTime();
    expect(made.state.outlier?.describe()).toEqual([{ host: '10.0.0.1:8080', reason: 'consecutive_5xx', since, until: since + 30_000, ejections: 1 }]);
    record(made, b, ['connect', 'connect']);
    expect(made.state.outlier?.stats()).toEqual({
      ejections_active: 2,
      ejections_enforced_total: 2,
      ejections_enforced_consecutive_5xx: 2,
      ejections_enforced_consecutive_gateway_failure: 0,
      ejections_enforced_consecutive_local_origin_failure: 0,
      ejections_overflow: 0,
    });
    pass(made, 30_000);
    expect(made.state.outlier?.describe()).toEqual([]);
    expect(made.state.outlier?.stats()).toMatchObject({ ejections_active: 0, ejections_enforced_total: 2 });
    expect(made.state.outlier?.events.map(({ action, host, reason }) => [action, host, reason])).toEqual([
      ['ejected', '10.0.0.1:8080', 'consecutive_5xx'],
      ['ejected', '10.0.0.2:8080', 'consecutive_5xx'],
      ['unejected', '10.0.0.1:8080', 'consecutive_5xx'],
      ['unejected', '10.0.0.2:8080', 'consecutive_5xx'],
    ]);
  });

  test('the log does not grow without end', () => {
    const made = detecting(3, { consecutive5xx: 1, maxEjectionPercent: 0 });
    record(made, made.state.hosts[0] as Host, Array(1000).fill(500));
    expect(made.state.outlier?.events).toHaveLength(100);
  });
});

describe('a new table', () => {
  test('keeps ejections of hosts that stay, and counts those that go no more', () => {
    const made = detecting(4, { consecutive5xx: 1 });
    const [first, second] = made.state.hosts as [Host, Host];
    record(made, first, [500]);
    record(made, second, [500]);
    const [all] = endpoints(4);
    made.state.update(
      clusterOf([{ ...(all as NonNullable<typeof all>), endpoints: all?.endpoints.slice(1) ?? [] }], { outlier: { ...defaults, consecutive5xx: 1 } }),
    );
    expect(made.state.hosts[0]).toBe(second);
    expect(ejected(made)).toEqual([0]);
    expect(made.state.outlier?.stats().ejections_active).toBe(1);
    // It comes back as if it were new.
    made.state.update(clusterOf(endpoints(4), { outlier: defaults }));
    expect(ejected(made)).toEqual([1]);
  });

  test('without outlier detection lets all come back', () => {
    const made = detecting(2, { consecutive5xx: 1 });
    record(made, made.state.hosts[0] as Host, [500]);
    made.state.update(clusterOf(endpoints(2)));
    expect(ejected(made)).toEqual([]);
    expect(Object.keys(counts(4, () => made.state.choose()))).toHaveLength(2);
    record(made, made.state.hosts[0] as Host, Array(20).fill(500));
    expect(ejected(made)).toEqual([]);
  });
});
