import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { Cluster, LoadBalancer, LocalityEndpoints } from '../../../ir/cluster.ts';
import type { ChooseContext, RetryChoice } from './choose.ts';
import { hash64 } from './hash64.ts';
import type { Host } from './host.ts';
import { hostCell } from './slot.ts';
import { clusterOf, counts, endpoint, endpoints, group, seeded, type World, world } from './testing.ts';

const policies: LoadBalancer[] = [
  { policy: 'least-request' },
  { policy: 'round-robin' },
  { policy: 'random' },
  { policy: 'ring-hash', minimumRingSize: 64 },
  { policy: 'maglev', tableSize: 251 },
];
const outlier = { consecutive5xx: 1, splitLocalOrigin: false, intervalMs: 1000, baseEjectionTimeMs: 1000, maxEjectionTimeMs: 9000, maxEjectionPercent: 100 };
const retry: RetryChoice = { previousHosts: true, hostSelectionAttempts: 5, previousPriorities: false };

/** Three zones of two endpoints each, with these priorities and weights. */
function zones(...settings: { priority?: number; weight?: number }[]): LocalityEndpoints[] {
  return settings.map((setting, i) => group([endpoint(10 * i + 1), endpoint(10 * i + 2)], { ...setting, zone: `z${i}` }));
}

/** Choices by zone: the tens of the address. */
function byZone({ state }: World, times: number, context?: ChooseContext): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [address, count] of Object.entries(counts(times, () => state.choose(context)))) {
    const zone = address === 'none' ? address : `z${Math.floor(Number(address.split('.')[3]) / 10)}`;
    found[zone] = (found[zone] ?? 0) + count;
  }
  return found;
}

/** After the time in which the balancer hears of one ejection only. */
const eject = ({ state, clock }: World, ...numbers: number[]): void => {
  clock.advance(1000);
  for (const number of numbers) state.recordResponse(state.hosts[number] as Host, 500);
};

describe('which endpoints', () => {
  it.each(policies)('DR-R24: only healthy ones: $policy', (loadBalancer) => {
    const list = [endpoint(1), endpoint(2, { healthy: false }), endpoint(3)];
    const { state } = world(clusterOf([group(list)], { loadBalancer }));
    expect(Object.keys(counts(200, () => state.choose())).sort()).toEqual(['10.0.0.1', '10.0.0.3']);
  });

  it.each(policies)('DR-R24: in panic all of them: $policy', (loadBalancer) => {
    const list = [endpoint(1), endpoint(2, { healthy: false }), endpoint(3, { healthy: false })];
    const { state } = world(clusterOf([group(list)], { loadBalancer, panicPercent: 50 }));
    expect(Object.keys(counts(200, () => state.choose()))).toHaveLength(3);
    expect(state.panicTotal).toBe(200);
  });

  it.each(policies)('DR-R23: weights and localities do not matter unless they are asked to: $policy', (loadBalancer) => {
    const { state } = world(clusterOf(zones({ weight: 100 }, { weight: 1 }), { loadBalancer }));
    const found = counts(4000, () => state.choose());
    expect(Object.keys(found)).toHaveLength(4);
    for (const count of Object.values(found)) expect(count).toBeGreaterThan(400);
  });

  test('DR-R22: in the order of the table', () => {
    const { state } = world(clusterOf([group([endpoint(3), endpoint(1)]), group([endpoint(2)], { zone: 'b' })]));
    const [first, ...others] = Array.from({ length: 6 }, () => state.choose()?.address.at(-1)).join('');
    expect(`${first}${others.join('')}`).toMatch(/^(312312|123123|231231)$/);
  });

  it.each(policies)('property: $policy gives what can be used, and something when anything can', (loadBalancer) => {
    const host = fc.record({ healthy: fc.boolean(), weight: fc.integer({ min: 1, max: 5 }), ejected: fc.boolean() });
    const locality = fc.record({ hosts: fc.array(host, { maxLength: 4 }), priority: fc.nat(2), weight: fc.integer({ min: 1, max: 9 }) });
    fc.assert(
      fc.property(fc.array(locality, { maxLength: 4 }), fc.boolean(), fc.integer(), fc.boolean(), (localities, localityWeighted, seed, again) => {
        let next = 1;
        const groups = localities.map(({ hosts, ...setting }) =>
          group(
            hosts.map(({ healthy, weight }) => endpoint(next++, { healthy, weight })),
            setting,
          ),
        );
        const made = world(clusterOf(groups, { loadBalancer, localityWeighted, outlier }), { random: seeded(seed) });
        localities
          .flatMap(({ hosts }) => hosts)
          .forEach(({ ejected }, i) => {
            if (ejected) eject(made, i);
          });
        const usable = made.state.hosts.filter((known) => known.usable);
        const context = again ? { tried: made.state.hosts.slice(0, 2), retry: { ...retry, previousPriorities: true } } : undefined;
        for (let i = 0; i < 20; i++) {
          const chosen = made.state.choose(context);
          expect(chosen === undefined).toBe(usable.length === 0);
          expect(chosen?.usable ?? true).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('consistent hash', () => {
  const hashing = policies.filter(({ policy }) => policy === 'ring-hash' || policy === 'maglev');

  it.each(hashing)('DR-R38: $policy: the same host for the same hash; another when it is ejected, and back', (loadBalancer) => {
    const made = world(clusterOf(endpoints(5), { loadBalancer, outlier }));
    const context = { hash: hash64('alice') };
    const [address, ...others] = Object.keys(counts(50, () => made.state.choose(context)));
    expect(others).toEqual([]);
    eject(
      made,
      made.state.hosts.findIndex((host) => host.address === address),
    );
    const moved = Object.keys(counts(50, () => made.state.choose(context)));
    expect(moved).toHaveLength(1);
    expect(moved).not.toEqual([address]);
    made.clock.advance(2000);
    made.state.tick(made.clock.now());
    expect(Object.keys(counts(50, () => made.state.choose(context)))).toEqual([address]);
  });

  it.each(hashing)('DR-R31, DR-R40: $policy without a hash: a random host', (loadBalancer) => {
    const { state } = world(clusterOf(endpoints(3), { loadBalancer }));
    for (const count of Object.values(counts(3000, () => state.choose({})))) expect(Math.abs(count - 1000)).toBeLessThan(250);
  });

  it.each(hashing)('DR-R38: $policy has a table for each priority', (loadBalancer) => {
    const made = world(clusterOf(zones({ priority: 0 }, { priority: 1 }), { loadBalancer, outlier }));
    const keys = Array.from({ length: 100 }, (_, i) => ({ hash: hash64(`${i}`) }));
    const zonesOf = (): number[] => keys.map((context) => (made.state.choose(context) as Host).priority);
    expect(new Set(zonesOf())).toEqual(new Set([0]));
    // 1 of 2 healthy: 70 percent stay, by their hash.
    eject(made, 0);
    const share = zonesOf();
    expect(share).toEqual(zonesOf());
    expect(Math.abs(share.filter((priority) => priority === 1).length - 30)).toBeLessThan(15);
    eject(made, 1);
    expect(new Set(zonesOf())).toEqual(new Set([1]));
  });

  test('DR-R46: the weights of localities count', () => {
    const loadBalancer: LoadBalancer = { policy: 'maglev', tableSize: 1009 };
    const made = world(clusterOf(zones({ weight: 3 }, { weight: 1 }), { loadBalancer, localityWeighted: true }));
    const found = byZone(made, 4000);
    expect((found.z0 ?? 0) / 4000).toBeCloseTo(0.75, 1);
  });
});

describe('localities and priorities', () => {
  it.each(['round-robin', 'least-request', 'random'] as const)('DR-R46: %s: each locality has its share', (policy) => {
    const made = world(clusterOf(zones({ weight: 47 }, { weight: 24 }, { weight: 29 }), { loadBalancer: { policy }, localityWeighted: true }));
    const found = byZone(made, 1000);
    for (const [zone, share] of [
      ['z0', 470],
      ['z1', 240],
      ['z2', 290],
    ] as const) {
      expect(Math.abs((found[zone] ?? 0) - share)).toBeLessThanOrEqual(2);
    }
  });

  test('DR-R46: a locality without endpoints gets nothing, one with fewer healthy ones less', () => {
    const settings = [...zones({ weight: 50 }, { weight: 50 }), group([], { weight: 100, zone: 'z9' })];
    const made = world(clusterOf(settings, { localityWeighted: true, outlier }));
    expect(byZone(made, 100)).toEqual({ z0: 50, z1: 50 });
    eject(made, 0);
    // 50 × 1.4 × 1/2 = 35 against 50
    expect(Math.abs((byZone(made, 850).z0 ?? 0) - 350)).toBeLessThanOrEqual(2);
    eject(made, 1);
    expect(byZone(made, 100)).toEqual({ z1: 100 });
  });

  test('localities all of weight 0 do not matter', () => {
    const made = world(clusterOf(zones({ weight: 0 }, { weight: 0 }), { localityWeighted: true }));
    expect(byZone(made, 100)).toEqual({ z0: 50, z1: 50 });
  });

  test('DR-R47: the nearest priority has it all while it is healthy', () => {
    const made = world(clusterOf(zones({ priority: 1 }, { priority: 0 }, { priority: 2 }), { outlier }));
    expect(byZone(made, 100)).toEqual({ z1: 100 });
  });

  test('DR-R49: what a priority cannot take goes to the next', () => {
    const made = world(clusterOf(zones({ priority: 0 }, { priority: 1 }, { priority: 2 }), { outlier }));
    eject(made, 0);
    const found = byZone(made, 2000);
    expect(Math.abs((found.z0 ?? 0) - 1400)).toBeLessThan(80);
    expect(found.z2).toBeUndefined();
    eject(made, 1);
    expect(byZone(made, 100)).toEqual({ z1: 100 });
    eject(made, 2);
    expect(Math.abs((byZone(made, 2000).z1 ?? 0) - 1400)).toBeLessThan(80);
    eject(made, 3, 4, 5);
    expect(byZone(made, 100)).toEqual({ none: 100 });
    expect(made.state.priorities).toEqual({ loads: [100, 0, 0], panic: [false, false, false], availability: [0, 0, 0] });
  });
});

describe('retries', () => {
  it.each(policies)('RT-R73: $policy: up to so many reselections to find a host that was not tried', (loadBalancer) => {
    const { state } = world(clusterOf(endpoints(2), { loadBalancer }));
    const hash = hash64('bob');
    const first = state.choose({ hash }) as Host;
    const found = counts(300, () => state.choose({ hash, tried: [first], retry }));
    // Six draws: a random one may find nothing else once in 64.
    expect(found[first.address] ?? 0).toBeLessThan(25);
    const without = counts(300, () => state.choose({ hash, tried: [first], retry: { ...retry, previousHosts: false } }));
    expect(without[first.address] ?? 0).toBeGreaterThan(75);
  });

  it.each(policies)('RT-R73: $policy: then one that was tried is used', (loadBalancer) => {
    const { state } = world(clusterOf(endpoints(2), { loadBalancer }));
    expect(state.choose({ tried: state.hosts, retry })).toBeDefined();
    const single = world(clusterOf(endpoints(1), { loadBalancer })).state;
    expect(single.choose({ tried: single.hosts, retry })).toBe(single.hosts[0]);
  });

  test('RT-R73: round robin goes on until an untried host; six draws are the most', () => {
    const { state } = world(clusterOf(endpoints(8)));
    const order = Array.from({ length: 8 }, () => state.choose() as Host);
    expect(state.choose({ tried: order.slice(0, 5), retry })).toBe(order[5]);
    // 6, 7, 0, 1, 2, 3: all tried, and the last one is it.
    expect(state.choose({ tried: order, retry })).toBe(order[3]);
  });

  test.each([0, 1, 2, 5])('RT-R73: %i reselections', (hostSelectionAttempts) => {
    const { state } = world(clusterOf(endpoints(8)));
    const order = Array.from({ length: 8 }, () => state.choose() as Host);
    expect(state.choose({ tried: order, retry: { ...retry, hostSelectionAttempts } })).toBe(order[hostSelectionAttempts]);
  });

  test('RT-R74: after two tries other priorities', () => {
    const made = world(clusterOf(zones({ priority: 0 }, { priority: 1 })));
    const [a, b] = made.state.hosts as [Host, Host];
    const other = { ...retry, previousPriorities: true };
    expect(byZone(made, 50, { tried: [a], retry: other })).toEqual({ z0: 50 });
    expect(byZone(made, 50, { tried: [a, b], retry: other })).toEqual({ z1: 50 });
    expect(byZone(made, 50, { tried: [a, b], retry })).toEqual({ z0: 50 });
  });
});

describe('a new table', () => {
  test('hosts that stay are the same, with what is counted of them', () => {
    const { state } = world(clusterOf(endpoints(3)));
    const [, second] = state.hosts as [Host, Host];
    second.beginRequest();
    const gone: string[] = [];
    state.onHostRemoved = ({ key }) => gone.push(key);
    state.update(clusterOf([group([endpoint(2, { weight: 7 }), endpoint(9)], { priority: 1, zone: 'new' })]));
    expect(state.hosts[0]).toBe(second);
    expect(state.hosts[0]).toMatchObject({ weight: 7, priority: 1, locality: { zone: 'new' }, active: 1 });
    expect(gone).toEqual(['10.0.0.1:8080', '10.0.0.3:8080']);
    expect(Object.keys(counts(16, () => state.choose())).sort()).toEqual(['10.0.0.2', '10.0.0.9']);
  });

  test('a cycle goes on, and new settings hold', () => {
    const { state } = world(clusterOf(endpoints(3)));
    const order = Array.from({ length: 3 }, () => state.choose());
    state.update(clusterOf(endpoints(3)));
    expect(state.choose()).toBe(order[0]);
    state.update(clusterOf(endpoints(3), { loadBalancer: { policy: 'maglev', tableSize: 251 }, breakers: { maxRequests: 0 } }));
    expect(Object.keys(counts(20, () => state.choose({ hash: hash64('x') })))).toHaveLength(1);
    expect(state.breakers.requests.tryAcquire()).toBe(false);
  });

  test('an endpoint that gets unhealthy is not used any more', () => {
    const { state } = world(clusterOf([group([endpoint(1), endpoint(2)])]));
    expect(Object.keys(counts(4, () => state.choose()))).toHaveLength(2);
    state.update(clusterOf([group([endpoint(1, { healthy: false }), endpoint(2)])]));
    expect(counts(4, () => state.choose())).toEqual({ '10.0.0.2': 4 });
  });

  test('DR-R25: only what is new warms up, and at the end weights are as ever', () => {
    const loadBalancer: LoadBalancer = { policy: 'round-robin', warmup: { durationMs: 10_000, minimumPercent: 10, aggression: 1 } };
    const { state, clock } = world(clusterOf(endpoints(1), { loadBalancer }));
    clock.advance(60_000);
    state.update(clusterOf(endpoints(2), { loadBalancer }));
    expect(counts(110, () => state.choose())['10.0.0.2']).toBeCloseTo(10, -1);
    clock.advance(10_000);
    expect(counts(100, () => state.choose())).toEqual({ '10.0.0.1': 50, '10.0.0.2': 50 });
  });

  test('a closed cluster still takes what ends', () => {
    const { state } = world(clusterOf(endpoints(2), { outlier }));
    const host = state.choose() as Host;
    host.beginRequest();
    state.close();
    host.endRequest();
    state.recordResponse(host, 200);
    expect(host.active).toBe(0);
  });
});

describe('original destination', () => {
  const passthrough = (overrides: Partial<Cluster> = {}): Cluster =>
    clusterOf([], { discovery: 'original-destination', loadBalancer: { policy: 'original-destination' }, ...overrides });
  const to = (address: string): ChooseContext => ({ destination: { address, port: 80 } });

  test('DR-R20: PASSTHROUGH sends to where the client meant to', () => {
    const { state } = world(passthrough());
    const host = state.choose(to('192.0.2.1')) as Host;
    expect(host.key).toBe('192.0.2.1:80');
    expect(state.choose(to('192.0.2.1'))).toBe(host);
    expect(state.choose(to('192.0.2.2'))).not.toBe(host);
    expect(state.hosts).toHaveLength(2);
    expect(state.choose()).toBeUndefined();
  });

  test('what the table knows of the endpoint holds', () => {
    const known = group([endpoint('192.0.2.1', { port: 80, tlsMode: 'istio', workload: 'w' })]);
    const { state } = world(passthrough({ localities: [known] }));
    expect(state.choose(to('192.0.2.1'))?.endpoint.workload).toBe('w');
    state.update(passthrough());
    expect(state.choose(to('192.0.2.1'))?.endpoint.workload).toBe('');
  });

  test('idle endpoints go, those in use stay', () => {
    const { state, clock } = world(passthrough());
    const removed: Host[] = [];
    state.onHostRemoved = (host) => removed.push(host);
    const busy = state.choose(to('192.0.2.1')) as Host;
    const idle = state.choose(to('192.0.2.2')) as Host;
    busy.beginConnection();
    for (let i = 0; i < 4; i++) {
      clock.advance(5000);
      state.tick(clock.now());
    }
    expect(state.hosts).toEqual([busy]);
    expect(removed).toEqual([idle]);
  });

  test('may change to an ordinary cluster and back', () => {
    const { state } = world(passthrough());
    state.choose(to('192.0.2.1'));
    state.update(clusterOf(endpoints(1)));
    expect(state.choose()?.address).toBe('10.0.0.1');
    expect(state.hosts).toHaveLength(1);
    state.update(passthrough());
    expect(state.hosts).toHaveLength(0);
    expect(state.choose(to('192.0.2.9'))?.address).toBe('192.0.2.9');
  });
});

test('a new interval of outlier detection does not wait for the end of the old one', () => {
  const long = { ...outlier, intervalMs: 30_000 };
  const made = world(clusterOf(endpoints(2), { outlier: long }));
  made.state.update(clusterOf(endpoints(2), { outlier }));
  eject(made, 0);
  for (let i = 0; i < 20; i++) {
    made.clock.advance(100);
    made.state.tick(made.clock.now());
  }
  expect(made.state.hosts[0]?.ejected).toBe(false);
});

describe('what is counted', () => {
  test('of an endpoint', () => {
    const { state } = world(clusterOf(endpoints(1)));
    const [host] = state.hosts as [Host];
    host.beginConnection();
    for (let i = 0; i < 4; i++) host.beginRequest();
    state.recordResponse(host, 200);
    state.recordResponse(host, 503);
    state.recordFailure(host, 'timeout');
    host.endRequest();
    host.beginConnection();
    host.countConnectFailure();
    host.endConnection();
    expect(host.stats()).toEqual({ cx_active: 1, cx_connect_fail: 1, cx_total: 2, rq_active: 3, rq_error: 2, rq_success: 1, rq_timeout: 1, rq_total: 4 });
  });

  test('DR-R50: nothing is refused by default', () => {
    const { state } = world(clusterOf(endpoints(1)));
    expect([state.breakers.pending.tryAcquire(), state.breakers.requests.tryAcquire(), state.breakers.mayConnect(false), state.breakers.tryRetry()]).toEqual([
      true,
      true,
      true,
      true,
    ]);
  });
});

describe('odd input', () => {
  test('two endpoints with the same address are one', () => {
    const { state } = world(clusterOf([group([endpoint(1), endpoint(1, { weight: 9 })]), group([endpoint(1)], { priority: 1 })]));
    expect(state.hosts.map(({ weight, priority }) => [weight, priority])).toEqual([[1, 0]]);
  });

  test.each([0, -5, Number.NaN, 1.5, 1e300, Number.POSITIVE_INFINITY])('weight %d', (weight) => {
    // A ring of the largest size takes seconds.
    for (const loadBalancer of policies.filter(({ policy }) => policy !== 'ring-hash' || !(weight > 1000))) {
      const { state } = world(clusterOf([group([endpoint(1, { weight }), endpoint(2, { weight: 1 })], { weight })], { loadBalancer, localityWeighted: true }));
      for (let i = 0; i < 10; i++) expect(() => state.choose()).not.toThrow();
    }
  });

  test.each([-1, 1e9, Number.NaN, 1.5])('priority %d', (priority) => {
    for (const loadBalancer of policies) {
      const { state } = world(clusterOf([group([endpoint(1)], { priority })], { loadBalancer }));
      expect(state.choose()?.address).toBe('10.0.0.1');
    }
  });

  test('no endpoints at all', () => {
    for (const loadBalancer of policies) expect(world(clusterOf([], { loadBalancer, panicPercent: 50 })).state.choose()).toBeUndefined();
  });

  test('an interval of nothing', () => {
    const made = world(clusterOf(endpoints(2), { outlier: { ...outlier, intervalMs: 0, baseEjectionTimeMs: 0 } }));
    eject(made, 0);
    made.state.tick(made.clock.now());
    expect(made.state.hosts[0]?.ejected).toBe(false);
    expect(made.state.hosts[0]?.slot.get(hostCell.consecutive5xx)).toBe(0);
  });
});
