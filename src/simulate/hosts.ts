// Which services a table has, by the names that an application knows them by.
import { clientNames } from '../ir/outbound-listener.ts';
import type { RouteConfig, VirtualHost } from '../ir/route.ts';
import type { RoutingTable } from '../ir/table.ts';
import { DomainIndex, withoutPort } from '../proxy/core/router.ts';

interface PortHosts {
  config: RouteConfig;
  index: DomainIndex<VirtualHost>;
}

/** What a table knows of hosts: made once for each. */
export class TableHosts {
  /** Full name of the service that a name stands for. */
  private readonly services: DomainIndex<string>;
  /** Ports of each service. */
  private readonly ports = new Map<string, Set<number>>();
  /** Route configurations of whole ports. */
  private readonly byPort: readonly (readonly [port: number, hosts: PortHosts])[];

  constructor({ clusters, routes, proxy }: RoutingTable) {
    for (const { host, port, direction } of clusters) {
      if (host === '' || direction !== 'outbound') continue;
      const known = this.ports.get(host) ?? new Set();
      this.ports.set(host, known.add(port));
    }
    const names = [...this.ports.keys()];
    this.services = new DomainIndex(
      true,
      names.flatMap((host) => clientNames(host, proxy.namespace).map((name) => [name, host] as const)),
    );
    this.byPort = routes
      .flatMap((config) => {
        const port = Number(config.name);
        return Number.isInteger(port) ? [[port, { config, index: domainsOf(config) }] as const] : [];
      })
      .sort(([a], [b]) => a - b);
  }

  /** Full name of a service: `cart.shop.svc.cluster.local` for `cart` in its namespace; undefined: no service has the name. */
  serviceOf(name: string): string | undefined {
    return this.services.find(name);
  }

  /** All services, by their full names. */
  get all(): readonly string[] {
    return [...this.ports.keys()];
  }

  /** @param host full name */
  portsOfService(host: string): ReadonlySet<number> | undefined {
    return this.ports.get(host);
  }

  /** Ports on which somebody has a host, the smallest first: a virtual host of its own, or a service. */
  portsOf(name: string): number[] {
    const service = this.serviceOf(name);
    const found = new Set(service === undefined ? [] : this.ports.get(service));
    for (const [port, { index }] of this.byPort) {
      const host = index.find(name);
      if (host && !host.domains.includes('*')) found.add(port);
    }
    return [...found].sort((a, b) => a - b);
  }
}

/** The virtual hosts of a route configuration by their domains. */
export function domainsOf(config: RouteConfig): DomainIndex<VirtualHost> {
  return new DomainIndex(
    config.ignorePortInHost,
    config.virtualHosts.flatMap((host) => host.domains.map((domain) => [domain, host] as const)),
  );
}

/** `h:8080` → 8080; undefined without one. */
export function portIn(authority: string): number | undefined {
  const host = withoutPort(authority);
  if (host === authority || (host.includes(':') && !host.startsWith('['))) return undefined;
  const port = Number(authority.slice(host.length + 1));
  return Number.isInteger(port) && port > 0 && port < 65536 ? port : undefined;
}
