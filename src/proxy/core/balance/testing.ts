import type { Cluster, Endpoint, LocalityEndpoints } from '../../../ir/cluster.ts';
import type { Clock, Random } from '../clock.ts';
import { ClusterState } from './cluster-state.ts';
import { Host } from './host.ts';
import { StateArena } from './shared-state.ts';

/** Time that goes on when it is told to. */
export class VirtualClock implements Clock {
  private time: number;

  constructor(time = 1_000) {
    this.time = time;
  }

  now(): number {
    return this.time;
  }

  wallTime(): number {
    return 1_700_000_000_000 + this.time;
  }

  setTimer(): never {
    throw new Error('no policy of this folder sets a timer');
  }

  advance(ms: number): void {
    this.time += ms;
  }
}

/** The same numbers for the same seed (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function endpoint(name: string | number, overrides: Partial<Endpoint> = {}): Endpoint {
  const address = typeof name === 'number' ? `10.0.${name >> 8}.${name & 255}` : name;
  return { address, port: 8080, weight: 1, labels: {}, tlsMode: 'disabled', workload: '', namespace: '', serviceAccount: '', healthy: true, ...overrides };
}

export function group(endpoints: readonly Endpoint[], { priority = 0, weight = 1, zone = '' } = {}): LocalityEndpoints {
  return { locality: { region: 'r', zone, subzone: '' }, priority, weight, endpoints };
}

export function clusterOf(localities: readonly LocalityEndpoints[], overrides: Partial<Cluster> = {}): Cluster {
  return {
    name: 'outbound|8080||reviews.shop.svc.cluster.local',
    direction: 'outbound',
    host: 'reviews.shop.svc.cluster.local',
    port: 8080,
    subset: '',
    namespace: 'shop',
    discovery: 'static',
    protocol: 'http1',
    loadBalancer: { policy: 'round-robin' },
    panicPercent: 0,
    localityWeighted: false,
    breakers: {},
    pool: { connectTimeoutMs: 10_000, idleTimeoutMs: 3_600_000 },
    tls: { mode: 'disable' },
    localities,
    origins: [],
    ...overrides,
  };
}

export interface World {
  state: ClusterState;
  clock: VirtualClock;
}

/** The state of a cluster on virtual time. */
export function world(cluster: Cluster, { random = seeded(7), arena = new StateArena(), clock = new VirtualClock() } = {}): World {
  return { state: new ClusterState(cluster, { clock, random, arena }), clock };
}

/** Endpoints numbered from 1, in one locality. */
export function endpoints(count: number, overrides: Partial<Endpoint> = {}): LocalityEndpoints[] {
  return [group(Array.from({ length: count }, (_, i) => endpoint(i + 1, overrides)))];
}

/** Hosts without a cluster around them. */
export function hostsOf(weights: readonly number[], now = 0): Host[] {
  const arena = new StateArena();
  return weights.map((weight, i) => new Host(endpoint(i + 1, { weight }), group([]), arena.slot(`${i}`), now));
}

/** How often each is what `choose` gives, by address. */
export function counts(times: number, choose: () => Host | undefined): Record<string, number> {
  const found: Record<string, number> = {};
  for (let i = 0; i < times; i++) {
    const key = choose()?.address ?? 'none';
    found[key] = (found[key] ?? 0) + 1;
  }
  return found;
}
