import { OverlapIndex } from '../../model/host-overlap.ts';
import { isSubset } from '../egress-hosts.ts';
import type { RoutingService } from '../virtual-services.ts';
import type { GatewayServer } from './servers.ts';

/** A virtual service that routes for a server. */
export interface ServedService {
  service: RoutingService;
  /** What both are for: of each pair of hosts that overlaps the narrower one. */
  hosts: string[];
}

/** Finds the virtual services of a Gateway by the hosts of its servers, without a look at all of them for each server. */
export class BoundServices {
  readonly all: readonly RoutingService[];
  private readonly order = new Map<RoutingService, number>();
  private readonly byHost = new OverlapIndex<RoutingService>();

  /** @param services in the order in which they are taken */
  constructor(services: readonly RoutingService[]) {
    this.all = services;
    for (const [i, service] of services.entries()) {
      this.order.set(service, i);
      for (const host of service.hosts) this.byHost.add(host, service);
    }
  }

  /** In their order. */
  servedBy({ hosts }: GatewayServer): ServedService[] {
    const served = new Map<RoutingService, Set<string>>();
    for (const { namespace, host } of hosts) {
      for (const service of this.byHost.overlapping(host)) {
        if (namespace !== '*' && namespace !== service.namespace) continue;
        const common = served.get(service) ?? new Set();
        served.set(service, common);
        for (const own of service.hosts) {
          if (isSubset(host, own)) common.add(host);
          else if (isSubset(own, host)) common.add(own);
        }
      }
    }
    return [...served]
      .map(([service, common]) => ({ service, hosts: [...common] }))
      .sort((a, b) => (this.order.get(a.service) ?? 0) - (this.order.get(b.service) ?? 0));
  }
}
