// Route configurations of a sidecar's listeners.
import { catchAll } from '../../ir/catch-all.ts';
import type { RouteConfig, VirtualHost } from '../../ir/route.ts';
import type { Status } from '../../ir/table.ts';
import { keepList, sameItems } from '../../model/same.ts';
import { byName } from '../by-name.ts';
import { keepWhole } from '../keep-equal.ts';
import { type Made, Parts } from '../made.ts';
import type { Outlook } from '../translation.ts';
import { outboundCluster } from './catch-all.ts';
import type { RouteRequest } from './listeners.ts';
import { RouteCache, type RouteGroups, routeGroups } from './route-groups.ts';
import { HostCache, type VirtualHosts, virtualHosts } from './virtual-hosts.ts';

export interface OutboundRoutes {
  /** By name. */
  routes: readonly RouteConfig[];
  statuses: readonly Status[];
  /** Who has requests for hosts that nobody has. */
  nobody: VirtualHost;
  /** By listener and port. */
  ports: ReadonlyMap<string, PortRoutes>;
}

interface PortRoutes {
  groups: Made<RouteGroups>;
  hosts: Made<VirtualHosts>;
}

/** Routes that were made before, for one mesh configuration. */
export class RouteCaches {
  readonly routes = new RouteCache();
  readonly hosts = new HostCache();
  readonly shared = new WeakMap<readonly VirtualHost[], readonly RouteConfig[]>();
  readonly own = new WeakMap<VirtualHost, readonly RouteConfig[]>();
  readonly byName = new WeakMap<readonly VirtualHost[], ReadonlyMap<string, VirtualHost>>();
  private readonly nobodies = new Map<string, VirtualHost>();

  /** Who has requests for hosts that nobody has: one for all proxies that treat them alike. */
  nobodyOf(outlook: Outlook): VirtualHost {
    const { outboundMode } = outlook.scope;
    const key = `${outboundMode} ${outboundCluster(outlook.scope)}`;
    const found = this.nobodies.get(key) ?? catchAll(outboundCluster(outlook.scope), outlook.settings.includeAttemptCount);
    this.nobodies.set(key, found);
    return found;
  }
}

/** Routes of all proxies of a mesh. */
export class RouteParts {
  readonly groups = new Parts<RouteGroups>();
  readonly hosts = new Parts<VirtualHosts>();
}

/** @param former of the same proxies before */
export function outboundRoutes(
  outlook: Outlook,
  caches: RouteCaches,
  parts: RouteParts,
  requests: readonly RouteRequest[],
  former: OutboundRoutes | undefined,
): OutboundRoutes {
  const { egress } = outlook.scope;
  const ports = new Map<string, PortRoutes>();
  const portOf = (place: number, port: number): PortRoutes => {
    const key = `${place} ${port}`;
    let found = ports.get(key);
    const listener = egress[place];
    if (!found && listener) {
      // Where listeners changed their places, those of another listener are the nearest.
      const before = former?.ports.get(key) ?? [...(former?.ports ?? [])].find(([other]) => other.endsWith(` ${port}`))?.[1];
      const groups = routeGroups(outlook, caches.routes, parts.groups, listener, port, before?.groups);
      found = { groups, hosts: virtualHosts(outlook, caches.hosts, parts.hosts, groups.result, port, before?.hosts) };
      ports.set(key, found);
    }
    return found as PortRoutes;
  };
  const before = new Map(former?.routes.map((config) => [config.name, config]));
  const nobody = keepWhole(former?.nobody, caches.nobodyOf(outlook));
  const configs = requests.map((request) => {
    const { hosts } = portOf(request.egress, request.port).hosts.result;
    const was = before.get(request.name);
    if (request.own) return keepWhole(was, serviceRoutes(caches, request.name, hosts));
    const made = sharedRoutes(caches, request, hosts, nobody);
    return was && sameItems(was.virtualHosts, made.virtualHosts) && was.ignorePortInHost === made.ignorePortInHost ? was : made;
  });
  const statuses = [...ports.values()].flatMap(({ groups, hosts }) => [...groups.result.statuses, ...hosts.result.statuses]);
  return { routes: keepList(former?.routes, configs.sort(byName)), statuses: keepList(former?.statuses, statuses), ports, nobody };
}

/** Of a listener's HTTP port that many services share. */
function sharedRoutes({ shared }: RouteCaches, { name, port }: RouteRequest, hosts: readonly VirtualHost[], nobody: VirtualHost): RouteConfig {
  const known = shared.get(hosts) ?? [];
  const found = known.find((config) => config.name === name && config.virtualHosts.at(-1) === nobody);
  if (found) return found;
  const made = { name, virtualHosts: [...hosts, nobody], ignorePortInHost: port !== 0 };
  shared.set(hosts, [...known, made]);
  return made;
}

/** Of a listener for one service alone: any host is this service (SEL-R57). */
function serviceRoutes({ own, byName: lists }: RouteCaches, name: string, hosts: readonly VirtualHost[]): RouteConfig {
  const named = lists.get(hosts) ?? new Map(hosts.map((host) => [host.name, host]));
  lists.set(hosts, named);
  const host = named.get(name) ?? hosts[0];
  if (!host) return { name, virtualHosts: [], ignorePortInHost: true };
  const known = own.get(host) ?? [];
  const found = known.find((config) => config.name === name);
  if (found) return found;
  const made = { name, virtualHosts: [{ ...host, domains: ['*'] }], ignorePortInHost: true };
  own.set(host, [...known, made]);
  return made;
}
