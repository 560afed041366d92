import { describe, expect, it } from 'vitest';
import type { Cluster, LoadBalancer } from '../../ir/cluster.ts';
import { loadBalancing } from './load-balancer.ts';
import { cluster } from './testing.ts';

const made = (loadBalancer: LoadBalancer, more: Partial<Cluster> = {}): unknown => loadBalancing(cluster({ loadBalancer, ...more }));

describe('loadBalancing', () => {
  it.each<[LoadBalancer, object]>([
    [{ policy: 'least-request' }, { lb_policy: 'LEAST_REQUEST' }],
    [{ policy: 'round-robin' }, { lb_policy: 'ROUND_ROBIN' }],
    [{ policy: 'random' }, { lb_policy: 'RANDOM' }],
    [{ policy: 'original-destination' }, { lb_policy: 'CLUSTER_PROVIDED' }],
    [
      { policy: 'ring-hash', minimumRingSize: 1024 },
      { lb_policy: 'RING_HASH', ring_hash_lb_config: { minimum_ring_size: '1024' } },
    ],
    [
      { policy: 'ring-hash', minimumRingSize: 1e9 },
      { lb_policy: 'RING_HASH', ring_hash_lb_config: { minimum_ring_size: '8388608' } },
    ],
    [
      { policy: 'maglev', tableSize: 5003 },
      { lb_policy: 'MAGLEV', maglev_lb_config: { table_size: '5003' } },
    ],
  ])('MAP-R44, MAP-R46: %j', (balancer, expected) => expect(made(balancer)).toEqual({ ...expected, common_lb_config: {} }));

  const warmup = { durationMs: 30_000, minimumPercent: 10, aggression: 1 };
  it.each<[object, object]>([
    [{}, {}],
    [{ minimumPercent: 150 }, { min_weight_percent: { value: 100 } }],
    [{ aggression: 1.5 }, { aggression: { default_value: 1.5, runtime_key: 'upstream.slow_start.aggression' } }],
    // As by the embedded proxy: it counts as 1.
    [{ aggression: 0 }, {}],
  ])('MAP-R45: a warm-up with %j', (more, expected) => {
    const config = { slow_start_config: { slow_start_window: '30s', min_weight_percent: { value: 10 }, ...expected } };
    expect(made({ policy: 'least-request', warmup: { ...warmup, ...more } })).toMatchObject({ least_request_lb_config: config });
    expect(made({ policy: 'round-robin', warmup: { ...warmup, ...more } })).toEqual({
      lb_policy: 'ROUND_ROBIN',
      round_robin_lb_config: config,
      common_lb_config: {},
    });
  });

  it.each<[string, Partial<Cluster>, object]>([
    ['of Envoy itself', { panicPercent: 50 }, {}],
    ['none', { panicPercent: 0 }, { healthy_panic_threshold: { value: 0 } }],
    ['another', { panicPercent: 20.5 }, { healthy_panic_threshold: { value: 20.5 } }],
    ['by places', { localityWeighted: true }, { locality_weighted_lb_config: {} }],
  ])('MAP-R53, MAP-R54: panic threshold %s', (_, more, expected) => {
    expect(made({ policy: 'random' }, more)).toEqual({ lb_policy: 'RANDOM', common_lb_config: expected });
  });
});
