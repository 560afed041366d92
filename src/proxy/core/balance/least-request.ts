import type { Clock, Random } from '../clock.ts';
import { Edf } from './edf.ts';
import type { Host } from './host.ts';
import { equalWeights, type HostPicker } from './host-picker.ts';
import { type Warmup, warmAt, warmupFactor } from './warmup.ts';

/**
 * LEAST_REQUEST (DR-R21): of two endpoints drawn at random, which may be the same, the one with fewer requests on their way; the
 * first if they have the same. With different weights, or endpoints that warm up: by deadlines, each with its weight shared out
 * among the requests that it has.
 */
export class LeastRequestPicker implements HostPicker {
  private hosts: readonly Host[] = [];
  private edf: Edf | undefined;
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly warmup: Warmup | undefined;

  constructor(clock: Clock, random: Random, warmup: Warmup | undefined) {
    this.clock = clock;
    this.random = random;
    this.warmup = warmup;
  }

  refresh(hosts: readonly Host[], now: number): void {
    this.hosts = hosts;
    const cold = warmAt(this.warmup, hosts, now) > 0;
    this.edf = cold || !equalWeights(hosts) ? new Edf(hosts.length, (i) => this.effectiveWeight(hosts[i] as Host, cold), this.random()) : undefined;
  }

  private effectiveWeight(host: Host, cold: boolean): number {
    const factor = cold && this.warmup !== undefined ? warmupFactor(this.warmup, this.clock.now() - host.addedAt) : 1;
    return (host.weight * factor) / (Math.max(0, host.active) + 1);
  }

  pick(): Host | undefined {
    const { hosts, random } = this;
    if (this.edf !== undefined) return hosts[this.edf.pick()];
    if (hosts.length === 1) return hosts[0];
    const first = hosts[Math.floor(random() * hosts.length)];
    const second = hosts[Math.floor(random() * hosts.length)];
    if (first === undefined || second === undefined) return undefined;
    return second.active < first.active ? second : first;
  }
}
