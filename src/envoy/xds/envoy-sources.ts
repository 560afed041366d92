// A routing table as Envoy's resources, each of which is made when it is needed only.
import type { RouteConfig, VirtualHost } from '../../ir/route.ts';
import type { RoutingTable } from '../../ir/table.ts';
import { clusterResource } from '../clusters/cluster.ts';
import { asksForEndpoints, endpointsResource } from '../clusters/endpoints.ts';
import type { JsonObject } from '../json.ts';
import { listenerResource } from '../listeners/listener.ts';
import { identityOf } from '../listeners/security-filters.ts';
import type { EnvoyOptions } from '../options.ts';
import { routesResource, routesShell, virtualHostResource } from '../routes/routes.ts';
import { typeUrls } from '../type-urls.ts';
import { referencesOf, secretsOf } from './references.ts';
import type { Source } from './resource-sets.ts';
import type { XdsVariant } from './view.ts';

/** Encodes a message that is given as JSON. */
export type Encode = (typeUrl: string, json: JsonObject) => Uint8Array;

export type Sources = Readonly<Record<string, () => Iterable<Source>>>;

/** Of a table without patches. */
export function envoySources(table: RoutingTable, options: EnvoyOptions, variant: XdsVariant, encode: Encode): Sources {
  const source = (typeUrl: string, name: string, of: object, json: () => JsonObject): Source => {
    let made: JsonObject | undefined;
    const once = (): JsonObject => {
      made ??= json();
      return made;
    };
    return { name, of, encode: () => encode(typeUrl, once()), refers: () => referencesOf(typeUrl, once()), secrets: () => secretsOf(typeUrl, once()) };
  };
  return {
    [typeUrls.listener]: function* () {
      for (const one of table.listeners) {
        yield source(typeUrls.listener, one.name, identityOf(one, table, options), () => listenerResource(one, table, options));
      }
    },
    [typeUrls.routes]: function* () {
      for (const one of table.routes) {
        const json = (): JsonObject => (variant === 'delta' && isDiscovered(one.name) ? shell(one) : routesResource(one));
        yield source(typeUrls.routes, one.name, one, json);
      }
    },
    [typeUrls.virtualHost]: function* () {
      if (variant === 'sotw') return;
      for (const { name: routes, virtualHosts } of table.routes) {
        if (!isDiscovered(routes)) continue;
        for (const host of virtualHosts) {
          if (isForAll(host.domains)) continue;
          const name = virtualHostName(routes, host.name);
          yield source(typeUrls.virtualHost, name, host, () => ({ ...virtualHostResource(host), name }));
        }
      }
    },
    [typeUrls.cluster]: function* () {
      for (const one of table.clusters) yield source(typeUrls.cluster, one.name, one, () => clusterResource(one, options));
    },
    [typeUrls.endpoints]: function* () {
      for (const one of table.clusters) {
        if (asksForEndpoints(one)) yield source(typeUrls.endpoints, one.name, one, () => endpointsResource(one) as JsonObject);
      }
    },
  };
}

/**
 * Whether the virtual hosts of a route configuration come one by one. The name alone decides: a proxy whose route configuration
 * loses the discovery forgets its virtual hosts.
 */
export function isDiscovered(routes: string): boolean {
  // Listeners for one service have one virtual host, and so have inbound ones.
  return !routes.includes('|') && !/[^:]:\d+$/.test(routes);
}

/** One that takes requests for every host stays in the route configuration: a domain may not be in both. */
export function isForAll(domains: readonly string[]): boolean {
  return domains.includes('*');
}

/** Envoy takes what is before the last slash for the route configuration. */
export function virtualHostName(routes: string, host: string): string {
  return `${routes}/${host.replaceAll('/', '%2F')}`;
}

/** Where a proxy asks for virtual hosts: on the stream that it has. */
export const virtualHostDiscovery: JsonObject = { config_source: { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' } };

function shell(routes: RouteConfig): JsonObject {
  return {
    ...routesShell(routes),
    virtual_hosts: routes.virtualHosts.filter(({ domains }: VirtualHost) => isForAll(domains)).map(virtualHostResource),
    vhds: virtualHostDiscovery,
  };
}
