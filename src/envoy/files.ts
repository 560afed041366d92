// Resources in files that Envoy reads again when they are replaced.
import { createHash } from 'node:crypto';
import type { JsonObject, TypedJson } from './json.ts';
import type { EnvoyResources } from './resources.ts';
import { withEndpoints, withRoutes } from './static.ts';

/** Texts of files: one of listeners, one of clusters with their endpoints, and by its name one for each route configuration. */
export interface ResourceFiles {
  listeners: string;
  clusters: string;
  routes: Map<string, string>;
}

/**
 * For each file that it watches Envoy takes one of the instances of inotify, of which a user has 128. Where there are more route
 * configurations, they are in their listeners, which are replaced as a whole then.
 */
const mostRouteFiles = 50;

/** @param pathOf the path that Envoy knows a file of this name by */
export function resourceFiles({ listeners, routes, clusters, endpoints }: EnvoyResources, pathOf: (file: string) => string): ResourceFiles {
  const apart = routes.length <= mostRouteFiles;
  const byName = new Map(routes.map((config) => [config.name, config]));
  const source = (name: string): JsonObject => {
    const found = byName.get(name);
    if (found && apart) {
      return { rds: { route_config_name: name, config_source: { path_config_source: { path: pathOf(routeFile(name)) }, resource_api_version: 'V3' } } };
    }
    const { '@type': _, ...config } = found ?? { name, virtual_hosts: [] };
    return { route_config: config };
  };
  return {
    listeners: response(listeners.map((listener) => withRoutes(listener, source))),
    clusters: response(withEndpoints(clusters, endpoints)),
    routes: new Map(apart ? routes.map((config) => [routeFile(String(config.name)), response([config])]) : []),
  };
}

/** The same name always has the same file. */
function routeFile(name: string): string {
  return `routes-${name.replace(/[^\w.-]/g, '_').slice(0, 100)}-${hash(name)}.json`;
}

/** As a control plane would answer. */
export function response(resources: readonly TypedJson[]): string {
  const text = JSON.stringify(resources);
  return `{"version_info":"${hash(text)}","resources":${text}}`;
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
