import type { MeshService } from '../../model/services.ts';
import type { RoutingService } from '../virtual-services.ts';

/**
 * Which virtual service a service belongs to: one for exactly its host, else the one with the most specific wildcard; of several for
 * one host the first (SEL-R7, SEL-R20).
 */
export class ServiceBinding {
  private readonly exact = new Map<string, RoutingService>();
  /** By what follows the `*`. */
  private readonly wild = new Map<string, RoutingService>();

  /** @param services in the order in which they are taken */
  constructor(services: readonly RoutingService[]) {
    for (const service of services) {
      for (const host of service.hosts) {
        const [map, key] = host.startsWith('*') ? [this.wild, host.slice(1)] : [this.exact, host];
        if (!map.has(key)) map.set(key, service);
      }
    }
  }

  of({ host }: MeshService): RoutingService | undefined {
    const exact = this.exact.get(host);
    if (exact || this.wild.size === 0) return exact;
    const name = host.startsWith('*') ? host.slice(1) : host;
    for (let start = 0; start <= name.length; start++) {
      const found = this.wild.get(name.slice(start));
      if (found) return found;
    }
    return undefined;
  }
}
