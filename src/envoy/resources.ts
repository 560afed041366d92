import type { RoutingTable } from '../ir/table.ts';
import { clusterResource } from './clusters/cluster.ts';
import { endpointsResource } from './clusters/endpoints.ts';
import type { TypedJson } from './json.ts';
import { listenerResource } from './listeners/listener.ts';
import type { EnvoyOptions } from './options.ts';
import { routesResource } from './routes/routes.ts';

/** All resources of one proxy, each list by name; listeners name their routes and clusters their endpoints, to be had over ADS. */
export interface EnvoyResources {
  listeners: TypedJson[];
  routes: TypedJson[];
  clusters: TypedJson[];
  endpoints: TypedJson[];
}

export function envoyResources(table: RoutingTable, options: EnvoyOptions): EnvoyResources {
  return {
    listeners: table.listeners.map((listener) => listenerResource(listener, table, options)),
    routes: table.routes.map((routes) => routesResource(routes)),
    clusters: table.clusters.map((cluster) => clusterResource(cluster, options)),
    endpoints: table.clusters.flatMap((cluster) => endpointsResource(cluster) ?? []),
  };
}
