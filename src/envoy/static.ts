// Resources that a proxy has from the start, instead of asking a control plane for them.
import { isObject, type JsonObject, type JsonValue, type TypedJson } from './json.ts';
import type { EnvoyResources } from './resources.ts';

/** Listeners with their routes, and clusters with their endpoints inside, as `static_resources` takes them. */
export interface StaticResources {
  listeners: JsonObject[];
  clusters: JsonObject[];
}

/** All resources in the static form: nothing of them is asked for. */
export function staticResources({ listeners, routes, clusters, endpoints }: EnvoyResources): StaticResources {
  const byName = new Map(routes.map((config) => [config.name, untyped(config)]));
  return {
    listeners: listeners.map((listener) => withRoutes(untyped(listener), (name) => ({ route_config: byName.get(name) ?? { name, virtual_hosts: [] } }))),
    clusters: withEndpoints(clusters, endpoints).map(untyped),
  };
}

/** Clusters with their endpoints inside. */
export function withEndpoints(clusters: readonly TypedJson[], endpoints: readonly TypedJson[]): TypedJson[] {
  const byName = new Map(endpoints.map((assignment) => [assignment.cluster_name, untyped(assignment)]));
  return clusters.map((cluster) => {
    const { eds_cluster_config, ...rest } = cluster;
    if (cluster.type !== 'EDS') return cluster;
    const name = (isObject(eds_cluster_config) ? eds_cluster_config.service_name : undefined) ?? cluster.name;
    return { ...rest, type: 'STATIC', load_assignment: { endpoints: [], ...byName.get(name), cluster_name: cluster.name } } as TypedJson;
  });
}

/**
 * A listener whose connection managers have their routes from elsewhere.
 *
 * @param source what takes the place of `rds`, by the name of the route configuration
 */
export function withRoutes<T extends JsonObject>(listener: T, source: (routeConfig: string) => JsonObject): T {
  return rewrite(listener, (object) => {
    const { rds, ...rest } = object;
    return isObject(rds) && typeof rds.route_config_name === 'string' ? { ...rest, ...source(rds.route_config_name) } : object;
  });
}

/** Names of the route configurations that a listener asks for. */
export function routesOf(listener: JsonObject): string[] {
  const names: string[] = [];
  withRoutes(listener, (name) => {
    names.push(name);
    return {};
  });
  return names;
}

/** With `change` done to every object of a tree, from the inside out. */
export function rewrite<T>(value: T, change: (object: JsonObject) => JsonObject): T {
  return rewritten(value as JsonValue, change) as T;
}

function rewritten(value: JsonValue | undefined, change: (object: JsonObject) => JsonObject): JsonValue | undefined {
  if (Array.isArray(value)) return value.map((one) => rewritten(one, change) as JsonValue);
  if (!isObject(value)) return value;
  return change(Object.fromEntries(Object.entries(value).map(([field, one]) => [field, rewritten(one, change)])));
}

function untyped({ '@type': _, ...resource }: TypedJson): JsonObject {
  return resource;
}
