// Envoy's `RouteConfiguration` of the routes of a table (envoy-mapping.md, C).
import type { RouteConfig, VirtualHost } from '../../ir/route.ts';
import { defined, type JsonObject, type TypedJson } from '../json.ts';
import { typeUrls } from '../type-urls.ts';
import { bodyBytes } from './direct-response.ts';
import { virtualHostResource } from './virtual-host.ts';

export { virtualHostResource };

/** Longest body of a direct response that a user can count on (RT-R19). */
const bodyLimit = 1_048_576;

/** The whole of a route configuration. */
export function routesResource(routes: RouteConfig): TypedJson {
  return { '@type': typeUrls.routes, ...routesShell(routes), virtual_hosts: routes.virtualHosts.map(virtualHostResource) };
}

/** Everything but the virtual hosts (MAP-R17). */
export function routesShell({ name, ignorePortInHost, virtualHosts }: RouteConfig): JsonObject {
  return defined({
    name,
    // Requests for a cluster that does not exist get a status of their own (RT-R5).
    validate_clusters: false,
    ignore_port_in_host_matching: ignorePortInHost || undefined,
    max_direct_response_body_size_bytes: virtualHosts.reduce((longest, host) => Math.max(longest, longestBody(host)), bodyLimit),
  });
}

function longestBody({ routes }: VirtualHost): number {
  return routes.reduce((longest, { action }) => Math.max(longest, action.kind === 'direct' ? bodyBytes(action) : 0), 0);
}
