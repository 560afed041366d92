import type { Clock, Random } from '../clock.ts';
import { Edf } from './edf.ts';
import type { Host } from './host.ts';
import { equalWeights, type HostPicker } from './host-picker.ts';
import { type Warmup, warmAt, warmupFactor } from './warmup.ts';

/** ROUND_ROBIN (DR-R22): a strict cycle that starts anywhere; with different weights, or endpoints that warm up, by deadlines. */
export class RoundRobinPicker implements HostPicker {
  private hosts: readonly Host[] = [];
  private edf: Edf | undefined;
  private next: number;
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly warmup: Warmup | undefined;

  constructor(clock: Clock, random: Random, warmup: Warmup | undefined) {
    this.clock = clock;
    this.random = random;
    this.warmup = warmup;
    this.next = Math.floor(random() * 2 ** 32);
  }

  refresh(hosts: readonly Host[], now: number): void {
    this.hosts = hosts;
    const { warmup } = this;
    this.edf = undefined;
    if (warmAt(warmup, hosts, now) > 0) {
      this.edf = new Edf(hosts.length, (i) => this.weightWhileCold(hosts[i] as Host, warmup as Warmup), this.random());
    } else if (!equalWeights(hosts)) {
      this.edf = new Edf(hosts.length, (i) => (hosts[i] as Host).weight, this.random());
    }
  }

  private weightWhileCold(host: Host, warmup: Warmup): number {
    return host.weight * warmupFactor(warmup, this.clock.now() - host.addedAt);
  }

  pick(): Host | undefined {
    if (this.edf !== undefined) return this.hosts[this.edf.pick()];
    if (this.hosts.length === 0) return undefined;
    return this.hosts[this.next++ % this.hosts.length];
  }
}
