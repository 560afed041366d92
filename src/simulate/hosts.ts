// Which services a table has, by the names that an application knows them by.
import type { RouteConfig, VirtualHost } from '../ir/route.ts';
import type { RoutingTable } from '../ir/table.ts';
import { DomainIndex, withoutPort } from '../proxy/core/router.ts';

/** What a table knows of hosts: made once for each. */
export class TableHosts {
  /** Ports of each service. */
  private readonly ports = new Map<string, Set<number>>();
  /** Services by their full names in lower case, with their places in the table: of several for a name the first one counts. */
  private readonly exact = new Map<string, { host: string; place: number }>();
  private readonly wildcards: DomainIndex<string>;
  private readonly namespace: string;
  /** Route configurations of whole ports. */
  private readonly byPort: readonly (readonly [port: number, config: RouteConfig])[];
  private readonly domains = new Map<RouteConfig, DomainIndex<VirtualHost>>();
  /** Answers that were given. */
  private readonly knownPorts = new Map<string, readonly number[]>();

  constructor({ clusters, routes, proxy }: RoutingTable) {
    for (const { host, port, direction } of clusters) {
      if (host === '' || direction !== 'outbound') continue;
      const known = this.ports.get(host);
      if (known) known.add(port);
      else this.ports.set(host, new Set([port]));
    }
    const wildcards: string[] = [];
    for (const host of this.ports.keys()) {
      const name = host.toLowerCase();
      if (name.startsWith('*') || name.endsWith('*')) wildcards.push(host);
      else if (!this.exact.has(name)) this.exact.set(name, { host, place: this.exact.size });
    }
    this.wildcards = new DomainIndex(
      true,
      wildcards.map((host) => [host, host] as const),
    );
    this.namespace = proxy.namespace.toLowerCase();
    this.byPort = routes
      .flatMap((config) => {
        const port = Number(config.name);
        return Number.isInteger(port) ? [[port, config] as const] : [];
      })
      .sort(([a], [b]) => a - b);
  }

  /** Full name of a service: `cart.shop.svc.cluster.local` for `cart` in its namespace; undefined: no service has the name. */
  serviceOf(name: string): string | undefined {
    const host = this.wildcards.hostOf(name);
    let found: { host: string; place: number } | undefined;
    for (const full of fullNamesOf(host, this.namespace)) {
      const service = this.exact.get(full);
      if (service && (!found || service.place < found.place)) found = service;
    }
    return found?.host ?? this.wildcards.find(name);
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
  portsOf(name: string): readonly number[] {
    let known = this.knownPorts.get(name);
    if (!known) {
      known = this.findPorts(name);
      this.knownPorts.set(name, known);
    }
    return known;
  }

  private findPorts(name: string): readonly number[] {
    const service = this.serviceOf(name);
    const found = new Set(service === undefined ? [] : this.ports.get(service));
    for (const [port, config] of this.byPort) {
      if (found.has(port)) continue;
      const host = this.domainsOf(config).find(name);
      if (host && !host.domains.includes('*')) found.add(port);
    }
    return [...found].sort((a, b) => a - b);
  }

  /** The virtual hosts of a route configuration by their domains. */
  domainsOf(config: RouteConfig): DomainIndex<VirtualHost> {
    let index = this.domains.get(config);
    if (!index) {
      index = domainsOf(config);
      this.domains.set(config, index);
    }
    return index;
  }
}

/** Names that services of which a client may say this one have in full: `clientNames` of src/ir/outbound-listener.ts the other way round. */
function fullNamesOf(name: string, namespace: string): string[] {
  const parts = name.split('.');
  switch (parts.length) {
    case 1:
      return [name, `${name}.${namespace}${inMesh}`];
    case 2:
      return [name, `${name}${inMesh}`];
    case 3:
      return parts[2] === 'svc' ? [name, `${name}.cluster.local`] : [name];
    default:
      return parts.length === 6 && name.endsWith(`${inMesh}.`) ? [name, name.slice(0, -1)] : [name];
  }
}

const inMesh = '.svc.cluster.local';

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
