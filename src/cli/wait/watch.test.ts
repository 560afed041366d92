import { describe, expect, it } from 'vitest';
import type { DistributionRequest, ProxyProgress, ProxyState, ResourceState } from '../../envoy/xds/control-plane-api.ts';
import { KubeError } from '../../kube/error.ts';
import type { Replica } from '../control-plane/replica.ts';
import { CliError } from '../exit.ts';
import type { ReplicaAsker, Round } from './ask.ts';
import type { ClusterSource } from './source.ts';
import type { ReplicaAnswer, Tally } from './tally.ts';
import { type WatchOptions, watchDistribution } from './watch.ts';

const proxy = (name: string, state: ProxyState): ProxyProgress => ({ key: `shop/${name}`, name, namespace: 'shop', id: name, program: 'weft/1', state });

interface Said {
  state?: ResourceState;
  version?: string;
  startedAt?: string;
  proxies?: ProxyProgress[];
  /** Undefined: a server of files. */
  revision?: string;
}

const says = ({ state = 'served', version, startedAt = 'then', proxies = [], revision }: Said): ReplicaAnswer => ({
  name: 'a',
  answer: {
    about: { program: '', version: '1', identity: 'a', startedAt, ...(revision === undefined ? {} : { revision }) },
    resource: { state, ...(version === undefined ? {} : { resourceVersion: version }) },
    proxies,
  },
});

const round = (...answers: ReplicaAnswer[]): Round => ({ answers, silent: [] });

type Step = Round | Error | ((request: DistributionRequest) => Round);

/** One step for each time that it is asked; the last one again and again. */
class Script {
  readonly requests: DistributionRequest[] = [];
  private readonly steps: Step[];

  constructor(...steps: Step[]) {
    this.steps = steps;
  }

  async ask(requestOf: (replica: Replica) => DistributionRequest): Promise<Round> {
    const request = requestOf({ name: 'a', address: '', pod: undefined, failure: () => undefined });
    this.requests.push(request);
    const step = this.steps.length > 1 ? (this.steps.shift() as Step) : (this.steps[0] as Step);
    if (step instanceof Error) throw step;
    return typeof step === 'function' ? step(request) : step;
  }
}

const tallies: Tally[] = [];

function watch(script: Script, more: Partial<WatchOptions> = {}) {
  tallies.length = 0;
  return watchDistribution(script as unknown as ReplicaAsker, {
    resource: { kind: 'VirtualService', kindText: 'VirtualService', namespace: 'shop', name: 'cart' },
    for: 'distribution',
    resourceVersion: undefined,
    only: [],
    threshold: 1,
    timeoutMs: 60_000,
    source: undefined,
    stillThere: async (proxies) => [...proxies],
    onTally: (tally) => tallies.push(tally),
    ...more,
  });
}

const cluster = (...versions: ({ resourceVersion: string | undefined; isThere: boolean } | Error)[]): ClusterSource & { checks: number } => {
  const source = {
    checks: 0,
    async version() {
      const next = versions.length > 1 ? versions.shift() : versions[0];
      if (next instanceof Error) throw next;
      return next;
    },
    async check() {
      source.checks++;
    },
  };
  return source as unknown as ClusterSource & { checks: number };
};

const acknowledged = says({ version: '7', proxies: [proxy('cart', 'acknowledged')] });

describe('with a cluster', () => {
  const there = { resourceVersion: '7', isThere: true };

  it('replicas are asked for the version that the cluster has, until all have it', async () => {
    const script = new Script(
      round(says({ state: 'unseen', revision: 'default' })),
      round(says({ proxies: [proxy('cart', 'unanswered')], revision: 'default' })),
      round(says({ proxies: [proxy('cart', 'acknowledged')], revision: 'default' })),
    );
    const watched = await watch(script, { source: cluster(there) });
    expect(watched).toMatchObject({ isReached: true, resourceVersion: '7' });
    expect(script.requests.map(({ resourceVersion, newest }) => [resourceVersion, newest])).toEqual(Array(3).fill(['7', undefined]));
    expect(tallies.map(({ isServed, acknowledged: count }) => [isServed, count])).toEqual([
      [false, 0],
      [true, 0],
      [true, 1],
    ]);
  });

  it('for a removal nobody is asked before it is gone', async () => {
    const script = new Script(round(acknowledged));
    const source = cluster(there, there, { resourceVersion: '7', isThere: false });
    expect((await watch(script, { source, for: 'delete' })).isReached).toBe(true);
    expect(script.requests).toMatchObject([{ for: 'delete', resourceVersion: '7' }]);
    expect(tallies.map(({ why }) => why)).toEqual(['it is still there', 'it is still there', '']);
  });

  it('a resource that all replicas have lost is looked for', async () => {
    const source = cluster(there);
    await watch(new Script(round(says({ state: 'absent' })), round(acknowledged)), { source });
    expect(source.checks).toBe(1);
  });

  it('a cluster that does not answer for a moment is no end', async () => {
    const away = new KubeError('it is away', { reason: 'Unreachable' });
    const watched = await watch(new Script(round(says({ state: 'unseen' })), round(acknowledged)), { source: cluster(there, away, there) });
    expect(watched.isReached).toBe(true);
    expect(tallies[1]?.why).toBe('it is away');
    await expect(watch(new Script(round(acknowledged)), { source: cluster(away) })).rejects.toThrow('it is away');
  });

  it('a control plane without replicas for a moment is no end', async () => {
    const none = new CliError('no control plane runs');
    expect((await watch(new Script(round(says({ state: 'unseen' })), none, round(acknowledged)), { source: cluster(there) })).isReached).toBe(true);
    expect(tallies[1]?.why).toBe('no control plane runs');
    await expect(watch(new Script(none), { source: cluster(there) })).rejects.toThrow('no control plane runs');
  });

  it('a replica that does not answer holds up all', async () => {
    const script = new Script({ answers: [acknowledged], silent: ['b does not answer'] }, round(acknowledged));
    expect((await watch(script, { source: cluster(there) })).isReached).toBe(true);
    expect(tallies[0]).toMatchObject({ isServed: false, why: 'b does not answer' });
    await expect(watch(new Script({ answers: [], silent: ['b does not answer'] }), { source: cluster(there) })).rejects.toThrow('b does not answer');
  });

  it('a proxy that was behind and is gone is waited for, as long as its pod is there', async () => {
    const both = round(says({ proxies: [proxy('cart', 'acknowledged'), proxy('web', 'unanswered')] }));
    const one = round(says({ proxies: [proxy('cart', 'acknowledged')] }));
    let asked = 0;
    const watched = await watch(new Script(both, one), { source: cluster(there), stillThere: async (proxies) => (++asked < 3 ? [...proxies] : []) });
    expect(watched.isReached).toBe(true);
    expect(tallies.map(({ proxies }) => proxies.map(({ state }) => state))).toEqual([
      ['acknowledged', 'unanswered'],
      ['acknowledged', 'unconnected'],
      ['acknowledged', 'unconnected'],
      ['acknowledged'],
    ]);
  });
});

describe('with an address', () => {
  it('the control plane finds out what is newest, and is asked for that from then on', async () => {
    const script = new Script(
      round(says({ version: '7', proxies: [proxy('cart', 'unanswered')] })),
      round(says({ version: '8', proxies: [proxy('cart', 'acknowledged')] })),
    );
    await watch(script);
    expect(script.requests.map(({ newest, resourceVersion }) => [newest, resourceVersion])).toEqual([
      [true, undefined],
      [undefined, '7'],
    ]);
  });

  it('a control plane that has begun anew is asked anew', async () => {
    const script = new Script(
      round(says({ version: '7', proxies: [proxy('cart', 'unanswered')] })),
      round(says({ version: '1', startedAt: 'now', state: 'unseen' })),
      round(says({ version: '1', startedAt: 'now', proxies: [proxy('cart', 'unanswered')] })),
      round(says({ version: '1', startedAt: 'now', proxies: [proxy('cart', 'acknowledged')] })),
    );
    await watch(script);
    expect(script.requests.map(({ newest, resourceVersion }) => [newest, resourceVersion])).toEqual([
      [true, undefined],
      [undefined, '7'],
      [true, undefined],
      [undefined, '1'],
    ]);
  });

  it('a removal is looked for again and again', async () => {
    const script = new Script(round(says({ state: 'present', version: '7' })), round(says({ proxies: [proxy('cart', 'acknowledged')] })));
    expect((await watch(script, { for: 'delete' })).isReached).toBe(true);
    expect(script.requests.map(({ newest }) => newest)).toEqual([true, true]);
  });

  it('what there is not is no reason to wait', async () => {
    await expect(watch(new Script(round(says({ state: 'absent' }))))).rejects.toThrow('there is no VirtualService shop/cart');
  });

  it('a controller that is asked alone does not know where the others are', async () => {
    const answer = says({ revision: 'default', version: '7', proxies: [proxy('cart', 'acknowledged'), proxy('web', 'unconnected')] });
    expect((await watch(new Script(round(answer)))).tally.proxies.map(({ name }) => name)).toEqual(['cart']);
  });
});

it('when the time is over, what was known last is the answer', async () => {
  const watched = await watch(new Script(round(says({ version: '7', proxies: [proxy('cart', 'unanswered')] }))), { timeoutMs: 1_500 });
  expect(watched).toMatchObject({ isReached: false, resourceVersion: '7', tally: { acknowledged: 0 } });
  expect(tallies.length).toBeGreaterThan(1);
});

it('without any time it is looked once', async () => {
  const script = new Script(round(says({ version: '7', proxies: [proxy('cart', 'unanswered')] })));
  await watch(script, { timeoutMs: 0 });
  expect(script.requests).toHaveLength(1);
});
