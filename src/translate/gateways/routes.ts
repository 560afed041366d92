// Route configurations of a gateway.
import type { Route, RouteConfig, VirtualHost } from '../../ir/route.ts';
import type { Status } from '../../ir/table.ts';
import { catchAllLast } from '../route-match.ts';
import { routesOf } from '../routes.ts';
import { originOf } from '../statuses.ts';
import { type Asked, aboutProxy, type Outlook, Translation } from '../translation.ts';
import type { RoutingService } from '../virtual-services.ts';
import { BoundServices, type ServedService } from './hosts.ts';
import type { GatewayRoutes, GatewayServer } from './servers.ts';

type Building = Omit<VirtualHost, 'routes'> & { routes: Route[] };

/**
 * Virtual hosts of the servers that share a route configuration. Several virtual services for one host are merged: their routes one
 * after the other, and what takes every request after all of them (SEL-R80).
 */
export function gatewayRoutes(translation: Translation, bound: BoundToGateways, { name, servers }: GatewayRoutes): RouteConfig {
  const hosts = new Map<string, Building>();
  const known = new Map<string, Map<RoutingService, readonly Route[]>>();
  const hostOf = (server: GatewayServer, domain: string, service: RoutingService | undefined): Building => {
    let host = hosts.get(domain);
    if (!host) {
      host = {
        name: `${domain}:${server.port}`,
        domains: [domain],
        routes: [],
        includeAttemptCount: translation.settings.includeAttemptCount,
        requireTls: false,
        origin: service ? originOf(service.resource) : server.origin,
      };
      hosts.set(domain, host);
    }
    if (server.tls?.httpsRedirect) host.requireTls = true;
    return host;
  };
  for (const server of servers) {
    for (const { service, hosts: domains } of bound.servedBy(server)) {
      const ofGateway = known.get(server.gateway) ?? new Map<RoutingService, readonly Route[]>();
      const routes = ofGateway.get(service) ?? bound.routesFor(server, service);
      known.set(server.gateway, ofGateway.set(service, routes));
      // Without a route for this gateway it does not count.
      if (routes.length > 0) for (const domain of domains) hostOf(server, domain, service).routes.push(...routes);
    }
    // Every host of the server is redirected, whether there are routes for it or not.
    if (server.tls?.httpsRedirect) for (const { host } of server.hosts) hostOf(server, host, undefined);
  }
  const virtualHosts = [...hosts.values()].map((host): VirtualHost => ({ ...host, routes: catchAllLast(host.routes, ({ match }) => match) }));
  virtualHosts.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { name, virtualHosts: virtualHosts.length > 0 ? virtualHosts : [nothing(translation, servers[0])], ignorePortInHost: true };
}

interface Routed {
  /** Port, gateway, and whether TLS ends there. */
  at: string;
  asked: Asked;
  routes: readonly Route[];
  statuses: readonly Status[];
}

/** Servers that routes of one virtual service are remembered for. */
const mostRemembered = 16;

/** Routes that were made before, for one mesh configuration. */
export class GatewayRouteCache {
  private readonly byService = new WeakMap<RoutingService, readonly Routed[]>();
  private readonly indexes = new WeakMap<readonly RoutingService[], BoundServices>();

  indexOf(services: readonly RoutingService[]): BoundServices {
    const found = this.indexes.get(services) ?? new BoundServices(services);
    this.indexes.set(services, found);
    return found;
  }

  of(outlook: Outlook, server: GatewayServer, service: RoutingService): Routed {
    const at = `${server.port} ${server.gateway} ${server.tls !== undefined}`;
    const known = this.byService.get(service) ?? [];
    const found = known.find((one) => one.at === at && outlook.agrees(one.asked));
    if (found) return found;
    const translation = new Translation(outlook, { known: false });
    const routes = routesOf(service, {
      port: server.port,
      gateways: new Set([server.gateway]),
      tls: server.tls !== undefined,
      serviceAt: (host) => translation.serviceOf(host),
      translation,
    });
    const made = { at, asked: translation.asked, routes, statuses: translation.statuses.list() };
    this.byService.set(service, [made, ...known.slice(0, mostRemembered - 1)]);
    return made;
  }
}

/** What is bound to the Gateways of servers, as the proxy sees it. */
export class BoundToGateways {
  private readonly outlook: Outlook;
  private readonly translation: Translation;
  private readonly cache: GatewayRouteCache;
  private readonly lists: ReadonlyMap<string, readonly RoutingService[]>;

  constructor(outlook: Outlook, translation: Translation, cache: GatewayRouteCache, lists: ReadonlyMap<string, readonly RoutingService[]>) {
    this.outlook = outlook;
    this.translation = translation;
    this.cache = cache;
    this.lists = lists;
  }

  servedBy(server: GatewayServer): ServedService[] {
    return this.cache.indexOf(this.lists.get(server.gateway) ?? none).servedBy(server);
  }

  routesFor(server: GatewayServer, service: RoutingService): readonly Route[] {
    const { routes, asked, statuses } = this.cache.of(this.outlook, server, service);
    this.translation.asked.push(...aboutProxy(asked));
    this.translation.statuses.addAll(statuses);
    return routes;
  }
}

const none: readonly RoutingService[] = [];

/** A server that nothing routes for answers 404. */
function nothing({ settings }: Translation, server: GatewayServer | undefined): VirtualHost {
  return { name: `blackhole:${server?.port ?? 0}`, domains: ['*'], routes: [], includeAttemptCount: settings.includeAttemptCount, requireTls: false };
}
