import type { Cluster } from '../../../ir/cluster.ts';
import type { Clock, Random } from '../clock.ts';
import type { Balancer } from './choose.ts';
import { HashingBalancer } from './hashing-balancer.ts';
import type { HostPicker } from './host-picker.ts';
import { LeastRequestPicker } from './least-request.ts';
import { Maglev } from './maglev.ts';
import { type HostMaker, OriginalDestinationBalancer } from './original-destination.ts';
import { PickingBalancer } from './picking-balancer.ts';
import { RandomPicker } from './random.ts';
import { RingHash } from './ring-hash.ts';
import { RoundRobinPicker } from './round-robin.ts';

export interface BalancerDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly hosts: HostMaker;
  /** Called for each choice that is made in panic. */
  readonly countPanic: () => void;
}

export function newBalancer({ discovery, loadBalancer, localityWeighted }: Cluster, { clock, random, hosts, countPanic }: BalancerDeps): Balancer {
  const picking = (newPicker: () => HostPicker): Balancer => new PickingBalancer(newPicker, localityWeighted, random, countPanic);
  const { warmup } = loadBalancer;
  if (sendsOn({ discovery, loadBalancer })) return new OriginalDestinationBalancer(hosts);
  switch (loadBalancer.policy) {
    case 'round-robin':
      return picking(() => new RoundRobinPicker(clock, random, warmup));
    case 'random':
      return picking(() => new RandomPicker(random));
    case 'ring-hash':
      return new HashingBalancer((weighted) => new RingHash(weighted, loadBalancer.minimumRingSize), localityWeighted, random, countPanic);
    case 'maglev':
      return new HashingBalancer((weighted) => new Maglev(weighted, loadBalancer.tableSize), localityWeighted, random, countPanic);
    default:
      return picking(() => new LeastRequestPicker(clock, random, warmup));
  }
}

/** A balancer of the one works for the other. */
export function sameBalancer(a: Cluster, b: Cluster): boolean {
  return sendsOn(a) === sendsOn(b) && a.localityWeighted === b.localityWeighted && JSON.stringify(a.loadBalancer) === JSON.stringify(b.loadBalancer);
}

/** Its endpoints are those that clients ask for. */
export function sendsOn({ discovery, loadBalancer }: Pick<Cluster, 'discovery' | 'loadBalancer'>): boolean {
  return discovery === 'original-destination' || loadBalancer.policy === 'original-destination';
}
