import { expect, it } from 'vitest';
import { FakeClock } from '../../envoy/xds/fake-clock.ts';
import { KubeError } from '../../kube/error.ts';
import type { KubeObject } from '../../kube/object.ts';
import { LeaseElection, type LeaseSpec, type Leases } from './lease-election.ts';

/** A Lease as an API server keeps it. */
class FakeServer {
  lease: KubeObject | undefined;
  private version = 0;

  /** @param reached undefined: the request fails; a promise: it is answered after that */
  client(reached: () => boolean | Promise<void>): Leases {
    const through = async (): Promise<void> => {
      const way = reached();
      if (way === false) throw new KubeError('unreachable', { reason: 'Unreachable' });
      if (way !== true) await way;
    };
    return {
      get: async () => {
        await through();
        return this.lease;
      },
      create: async (spec) => {
        await through();
        if (this.lease) throw new KubeError('there is one', { reason: 'AlreadyExists', status: 409 });
        return this.put(spec);
      },
      update: async (lease, spec) => {
        await through();
        if (lease.metadata.resourceVersion !== this.lease?.metadata.resourceVersion) throw new KubeError('conflict', { reason: 'Conflict', status: 409 });
        return this.put(spec);
      },
    };
  }

  get spec(): Partial<LeaseSpec> {
    return (this.lease?.spec ?? {}) as Partial<LeaseSpec>;
  }

  private put(spec: LeaseSpec): KubeObject {
    this.lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'x', resourceVersion: String(++this.version) }, spec };
    return this.lease;
  }
}

class Replica {
  readonly election: LeaseElection;
  reached: boolean | Promise<void> = true;
  /** Times at which it began and ended to lead. */
  readonly changes: [number, boolean][] = [];

  constructor(server: FakeServer, clock: FakeClock, identity: string, skewMs = 0, random: () => number = () => 0.5) {
    // Clocks of machines differ.
    const own = { now: () => clock.now() + skewMs, after: clock.after.bind(clock) };
    this.election = new LeaseElection({
      leases: server.client(() => this.reached),
      identity,
      clock: own,
      random,
      changed: (leads) => this.changes.push([clock.now(), leads]),
    });
  }
}

const replicas = (...skews: number[]): [FakeServer, FakeClock, Replica[]] => {
  const server = new FakeServer();
  const clock = new FakeClock(Date.parse('2026-01-01T00:00:00Z'));
  const all = skews.map((skew, i) => new Replica(server, clock, `replica-${i}`, skew));
  for (const { election } of all) election.start();
  return [server, clock, all];
};
const leaders = (all: readonly Replica[]): number[] => all.flatMap(({ election }, i) => (election.leads ? [i] : []));

it('one of three leads, and goes on', async () => {
  const [server, clock, all] = replicas(0, 3_600_000, -3_600_000);
  await clock.pass(1_000);
  expect(leaders(all)).toEqual([0]);
  await clock.pass(600_000);
  expect(all.map(({ changes }) => changes.length)).toEqual([1, 0, 0]);
  expect(server.spec).toMatchObject({
    holderIdentity: 'replica-0',
    leaseDurationSeconds: 15,
    leaseTransitions: 0,
    acquireTime: '2026-01-01T00:00:00.000000Z',
  });
  expect(server.spec.renewTime).toMatch(/^2026-01-01T00:(?:09:5\d|10:00)\.\d{6}Z$/);
  expect(all[2]?.election.holder).toBe('replica-0');
});

it('when the leader dies, another one leads within 20 seconds, whatever their clocks say', async () => {
  for (const skew of [0, 86_400_000, -86_400_000]) {
    const [server, clock, all] = replicas(0, skew);
    await clock.pass(60_000);
    const [dead, other] = all as [Replica, Replica];
    dead.reached = false;
    await clock.pass(20_000);
    expect(leaders(all)).toEqual([1]);
    const [ended] = dead.changes.slice(-1) as [[number, boolean]];
    const [began] = other.changes as [[number, boolean]];
    expect(ended[1]).toBe(false);
    expect(ended[0]).toBeLessThan(began[0]);
    expect(server.spec).toMatchObject({ holderIdentity: 'replica-1', leaseTransitions: 1 });
  }
});

it('a leader whose requests hang leads no more before another one does', async () => {
  const [, clock, all] = replicas(0, 0);
  await clock.pass(60_000);
  const [hung, other] = all as [Replica, Replica];
  let release = (): void => {};
  hung.reached = new Promise((resolve) => {
    release = resolve;
  });
  await clock.pass(20_000);
  expect(leaders(all)).toEqual([1]);
  expect((hung.changes.at(-1) as [number, boolean])[0]).toBeLessThan((other.changes[0] as [number, boolean])[0]);
  // What it asked for long ago is refused now.
  hung.reached = true;
  release();
  await clock.pass(30_000);
  expect(leaders(all)).toEqual([1]);
});

it('a short outage changes nothing', async () => {
  const [, clock, all] = replicas(0, 0);
  await clock.pass(60_000);
  for (const replica of all) replica.reached = false;
  await clock.pass(7_000);
  for (const replica of all) replica.reached = true;
  await clock.pass(60_000);
  expect(all.map(({ changes }) => changes.length)).toEqual([1, 0]);
});

it('who stops gives it up, and the next one leads at its next attempt', async () => {
  const [server, clock, all] = replicas(0, 0);
  await clock.pass(60_000);
  await all[0]?.election.stop();
  expect(server.spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 });
  await clock.pass(2_500);
  expect(leaders(all)).toEqual([1]);
  await all[1]?.election.stop();
  await clock.pass(60_000);
  expect(leaders(all)).toEqual([]);
});

it('who stops while it asks for the Lease does not keep it', async () => {
  const [server, clock, [replica]] = replicas(0) as [FakeServer, FakeClock, [Replica]];
  let release = (): void => {};
  replica.reached = new Promise((resolve) => {
    release = resolve;
  });
  await clock.pass(100);
  const stopped = replica.election.stop();
  release();
  replica.reached = true;
  await stopped;
  expect(replica.changes).toEqual([]);
  expect(server.spec.holderIdentity).toBe('');
});

it('never two at a time, whatever fails when', async () => {
  let seed = 7;
  const random = (): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed / 2_147_483_648;
  };
  const server = new FakeServer();
  const clock = new FakeClock(Date.parse('2026-01-01T00:00:00Z'));
  const all = Array.from({ length: 4 }, (_, i) => new Replica(server, clock, `replica-${i}`, (random() - 0.5) * 1e9, random));
  for (const { election } of all) election.start();
  let led = 0;
  let without = 0;
  let longest = 0;
  const steps = 4_000;
  for (let step = 0; step < steps; step++) {
    if (step % 20 === 0) for (const replica of all) replica.reached = random() > 0.3;
    await clock.pass(500);
    const now = leaders(all);
    expect(now.length).toBeLessThanOrEqual(1);
    led += now.length;
    without = now.length === 0 && all.every(({ reached }) => reached) ? without + 500 : 0;
    longest = Math.max(longest, without);
  }
  expect(led).toBeGreaterThan(steps / 3);
  expect(longest).toBeLessThan(20_000);
  expect(all.filter(({ changes }) => changes.length > 2).length).toBeGreaterThan(1);
});
