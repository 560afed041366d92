import type { Random } from '../clock.ts';
import type { Host } from './host.ts';
import type { HostPicker } from './host-picker.ts';

/** RANDOM: each with the same probability; as in Envoy, weights do not matter. */
export class RandomPicker implements HostPicker {
  private hosts: readonly Host[] = [];
  private readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  refresh(hosts: readonly Host[]): void {
    this.hosts = hosts;
  }

  pick(): Host | undefined {
    return this.hosts[Math.floor(this.random() * this.hosts.length)];
  }
}
