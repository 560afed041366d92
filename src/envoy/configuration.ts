import type { Origin, RoutingTable } from '../ir/table.ts';
import { forwardByHost } from './forward-by-host.ts';
import type { JsonObject } from './json.ts';
import { hasOutboundListener, type LocalOptions, localTable } from './local-table.ts';
import { missingSecrets } from './missing-secrets.ts';
import type { EnvoyOptions } from './options.ts';
import { outboundRoutes } from './outbound-routes.ts';
import { patchBootstrap } from './patches/patch-bootstrap.ts';
import { patchResources } from './patches/patch-resources.ts';
import { type EnvoyResources, envoyResources } from './resources.ts';
import { routesOf } from './static.ts';

/** Something that an object asks for and that cannot be done. */
export interface ConfigurationProblem {
  origin: Origin;
  message: string;
}

export interface Configuration {
  /** That the resources are made of. */
  table: RoutingTable;
  resources: EnvoyResources;
  problems: ConfigurationProblem[];
}

/**
 * All that an Envoy gets of a routing table, with the patches of EnvoyFilters.
 *
 * @param local for an Envoy on this machine; undefined: as in a pod
 */
export function configurationOf(table: RoutingTable, options: EnvoyOptions, local?: LocalOptions): Configuration {
  const own = local ? localTable(table, local) : table;
  const patches = table.envoyPatches;
  const hostsOf = (name: string): string[] => own.clusters.flatMap(({ name: other, host }) => (other === name && host !== '' ? [host] : []));
  const { resources, problems, unused } = patchResources(envoyResources(own, options), patches, table.proxy, { hostsOf });
  return {
    table: own,
    resources: local ? localResources(resources, table, local) : resources,
    problems: [
      ...missingSecrets(own, options),
      ...problems,
      ...patchBootstrap({}, patches).problems,
      ...unused.map(({ origin, applyTo, operation }) => ({ origin, message: `${operation} of ${applyTo} is for nothing that this proxy has` })),
    ],
  };
}

/** A bootstrap with what EnvoyFilters do to it. */
export function patchedBootstrap(bootstrap: JsonObject, { envoyPatches }: Pick<RoutingTable, 'envoyPatches'>): JsonObject {
  return patchBootstrap(bootstrap, envoyPatches).bootstrap;
}

function localResources(resources: EnvoyResources, table: RoutingTable, local: LocalOptions): EnvoyResources {
  if (local.capture) return resources;
  const { routes } = resources;
  const all = hasOutboundListener(table, local) ? [...routes, outboundRoutes(routes, table, local.outboundPort)] : routes;
  const asked = new Set(resources.listeners.flatMap(routesOf));
  return forwardByHost({ ...resources, routes: all.filter(({ name }) => asked.has(String(name))) });
}
