// Route configurations of a gateway.
import type { Route, RouteConfig, VirtualHost } from '../../ir/route.ts';
import { catchAllLast } from '../route-match.ts';
import { routesOf } from '../routes.ts';
import { originOf } from '../statuses.ts';
import type { Translation } from '../translation.ts';
import { type RoutingService, VirtualServices } from '../virtual-services.ts';
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
      const routes = ofGateway.get(service) ?? routesFor(translation, server, service);
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

/** What is bound to the Gateways of servers, as the proxy sees it. */
export class BoundToGateways {
  private readonly translation: Translation;
  private readonly byGateway = new Map<string, BoundServices>();

  constructor(translation: Translation) {
    this.translation = translation;
  }

  servedBy(server: GatewayServer): ServedService[] {
    let found = this.byGateway.get(server.gateway);
    if (!found) {
      const { mesh, scope } = this.translation;
      found = new BoundServices(VirtualServices.of(mesh).boundTo(server.gateway, scope.proxy.namespace));
      this.byGateway.set(server.gateway, found);
    }
    return found.servedBy(server);
  }

  /** Of all servers that were asked for. */
  services(): Set<RoutingService> {
    return new Set([...this.byGateway.values()].flatMap((bound) => bound.all));
  }
}

function routesFor(translation: Translation, server: GatewayServer, service: RoutingService): Route[] {
  const { labels, namespace } = translation.scope.proxy;
  return routesOf(service, {
    labels,
    namespace,
    port: server.port,
    gateways: new Set([server.gateway]),
    tls: server.tls !== undefined,
    settings: translation.settings,
    serviceAt: (host) => translation.serviceOf(host),
    hashOf: (destination) => translation.hashOf(destination),
    statuses: translation.statuses,
  });
}

/** A server that nothing routes for answers 404. */
function nothing({ settings }: Translation, server: GatewayServer | undefined): VirtualHost {
  return { name: `blackhole:${server?.port ?? 0}`, domains: ['*'], routes: [], includeAttemptCount: settings.includeAttemptCount, requireTls: false };
}
