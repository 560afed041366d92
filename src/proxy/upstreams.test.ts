import { expect, test } from 'vitest';
import type { Cluster, LocalityEndpoints } from '../ir/cluster.ts';
import { StateArena } from './core/balance/shared-state.ts';
import { realClock } from './real-clock.ts';
import { clusterForTests, endpointForTests } from './telemetry/testing.ts';
import { Upstreams } from './upstreams.ts';

const name = 'outbound|80||web.shop';
const cluster = (address: string, changes: Partial<Cluster> = {}): Cluster => ({
  ...clusterForTests(name, [endpointForTests(address)]),
  discovery: 'dns',
  ...changes,
});

test('a DNS cluster whose names change has its endpoints until the new ones are known', () => {
  const answer = new Map<string, (localities: readonly LocalityEndpoints[]) => void>();
  const upstreams = new Upstreams({
    clock: realClock,
    random: Math.random,
    arena: new StateArena(),
    pool: () => {
      throw new Error('nobody connects');
    },
    resolve: ({ localities }, changed) => {
      answer.set(localities[0]?.endpoints[0]?.address ?? '', changed);
      return { close: () => {} };
    },
  });
  const hosts = (): string[] | undefined => upstreams.get(name)?.state.hosts.map(({ address }) => address);
  const found = (address: string): LocalityEndpoints[] => clusterForTests(name, [endpointForTests(address)]).localities as LocalityEndpoints[];
  upstreams.apply([cluster('one')]);
  expect(hosts()).toEqual([]);
  answer.get('one')?.(found('10.0.0.1'));
  expect(hosts()).toEqual(['10.0.0.1']);
  const [host] = upstreams.get(name)?.state.hosts ?? [];
  // Other settings, and then other names.
  upstreams.apply([cluster('one', { panicPercent: 30 })]);
  upstreams.apply([cluster('two', { panicPercent: 30 })]);
  expect(upstreams.get(name)?.state.hosts[0]).toBe(host);
  expect(upstreams.get(name)?.state.cluster.panicPercent).toBe(30);
  answer.get('two')?.(found('10.0.0.2'));
  expect(hosts()).toEqual(['10.0.0.2']);
});
