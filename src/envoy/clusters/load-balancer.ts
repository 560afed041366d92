import type { Cluster, LoadBalancer } from '../../ir/cluster.ts';
import { defined, duration, type JsonObject } from '../json.ts';
import { percent } from './numbers.ts';

/** Of a ring; Envoy refuses to be asked for more, and the embedded proxy makes none that is larger (DR-R36). */
const maxRingSize = 8_388_608;
const defaultPanicPercent = 50;
const defaultAggression = 1;

/** MAP-R44 to MAP-R46, MAP-R54 */
export function loadBalancing({ loadBalancer, panicPercent, localityWeighted }: Cluster): JsonObject {
  return {
    ...policy(loadBalancer),
    common_lb_config: defined({
      healthy_panic_threshold: panicPercent === defaultPanicPercent ? undefined : percent(panicPercent),
      locality_weighted_lb_config: localityWeighted ? {} : undefined,
    }),
  };
}

function policy(balancer: LoadBalancer): JsonObject {
  switch (balancer.policy) {
    case 'least-request':
      return { lb_policy: 'LEAST_REQUEST', ...slowStart('least_request_lb_config', balancer.warmup) };
    case 'round-robin':
      return { lb_policy: 'ROUND_ROBIN', ...slowStart('round_robin_lb_config', balancer.warmup) };
    case 'random':
      return { lb_policy: 'RANDOM' };
    case 'original-destination':
      return { lb_policy: 'CLUSTER_PROVIDED' };
    case 'ring-hash':
      return { lb_policy: 'RING_HASH', ring_hash_lb_config: { minimum_ring_size: String(Math.min(balancer.minimumRingSize, maxRingSize)) } };
    case 'maglev':
      return { lb_policy: 'MAGLEV', maglev_lb_config: { table_size: String(balancer.tableSize) } };
  }
}

function slowStart(field: string, warmup: LoadBalancer['warmup']): JsonObject {
  if (!warmup) return {};
  const { durationMs, minimumPercent, aggression } = warmup;
  return {
    [field]: {
      slow_start_config: defined({
        slow_start_window: duration(durationMs),
        // The name of a setting that would replace it at run time has to be there with it.
        aggression:
          aggression === defaultAggression || aggression <= 0 ? undefined : { default_value: aggression, runtime_key: 'upstream.slow_start.aggression' },
        min_weight_percent: percent(minimumPercent),
      }),
    },
  };
}
