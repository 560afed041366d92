// A routing table with EnvoyFilters as Envoy's resources: all are made, and patched, as one patch may be for many.
import type { Cluster } from '../../ir/cluster.ts';
import type { Origin, RoutingTable } from '../../ir/table.ts';
import { clusterResource } from '../clusters/cluster.ts';
import { endpointsResource } from '../clusters/endpoints.ts';
import { isObject, type JsonObject, type TypedJson } from '../json.ts';
import { listenerResource } from '../listeners/listener.ts';
import { identityOf } from '../listeners/security-filters.ts';
import type { EnvoyOptions } from '../options.ts';
import { patchResources } from '../patches/patch-resources.ts';
import type { EnvoyResources } from '../resources.ts';
import { routesResource } from '../routes/routes.ts';
import { typeUrls } from '../type-urls.ts';
import { type Encode, isDiscovered, isForAll, type Sources, virtualHostDiscovery, virtualHostName } from './envoy-sources.ts';
import { referencesOf, secretsOf } from './references.ts';
import type { Source } from './resource-sets.ts';
import type { XdsVariant } from './view.ts';

/** What a patch cannot do, or has nothing to do it to. */
export type OnPatchProblem = (origin: Origin, message: string) => void;

/** Unpatched resources by the objects of tables that they are of: the same object, the same resource, so that patches are not done again. */
export class UnpatchedResources {
  private readonly byObject: Record<keyof EnvoyResources, WeakMap<object, TypedJson>> = {
    listeners: new WeakMap(),
    routes: new WeakMap(),
    clusters: new WeakMap(),
    endpoints: new WeakMap(),
  };

  of(table: RoutingTable, options: EnvoyOptions): EnvoyResources {
    const each = <T extends object>(
      list: readonly T[],
      kind: keyof EnvoyResources,
      make: (one: T) => TypedJson | undefined,
      keyOf: (one: T) => object = (one) => one,
    ): TypedJson[] =>
      list.flatMap((one) => {
        const key = keyOf(one);
        const known = this.byObject[kind].get(key) ?? make(one);
        if (known) this.byObject[kind].set(key, known);
        return known ?? [];
      });
    return {
      listeners: each(
        table.listeners,
        'listeners',
        (one) => listenerResource(one, table, options),
        (one) => identityOf(one, table, options),
      ),
      routes: each(table.routes, 'routes', routesResource),
      clusters: each(table.clusters, 'clusters', (one) => clusterResource(one, options)),
      endpoints: each(table.clusters, 'endpoints', endpointsResource),
    };
  }
}

/** @param unpatched for the same options, and for listeners of the same mesh and proxy */
export function patchedSources(
  table: RoutingTable,
  options: EnvoyOptions,
  variant: XdsVariant,
  { encode, unpatched, onProblem }: { encode: Encode; unpatched: UnpatchedResources; onProblem: OnPatchProblem },
): Sources {
  const hosts = new Map(table.clusters.map(({ name, host }: Cluster) => [name, host]));
  const hostsOf = (name: string): string[] => [hosts.get(name) ?? ''].filter((host) => host !== '');
  const { resources, problems, unused } = patchResources(unpatched.of(table, options), table.envoyPatches, table.proxy, { hostsOf });
  for (const { origin, message } of problems) onProblem(origin, message);
  for (const { origin, applyTo, operation } of unused) onProblem(origin, `${operation} of ${applyTo} is for nothing that a proxy has`);
  const source = (typeUrl: string, name: string, json: JsonObject, of: object = json): Source => ({
    name,
    of,
    encode: () => encode(typeUrl, json),
    refers: () => referencesOf(typeUrl, json),
    secrets: () => secretsOf(typeUrl, json),
  });
  const isSplit = ({ name }: JsonObject): boolean => variant === 'delta' && isDiscovered(String(name));
  return {
    [typeUrls.listener]: () => resources.listeners.map((one) => source(typeUrls.listener, String(one.name), one)),
    [typeUrls.routes]: () => resources.routes.map((one) => source(typeUrls.routes, String(one.name), isSplit(one) ? shell(one) : one, one)),
    [typeUrls.virtualHost]: () =>
      resources.routes.filter(isSplit).flatMap((config) =>
        hostsIn(config)
          .filter((host) => !isWhole(host))
          .map((host) => {
            const name = virtualHostName(String(config.name), String(host.name));
            return source(typeUrls.virtualHost, name, { ...host, name }, host);
          }),
      ),
    [typeUrls.cluster]: () => resources.clusters.map((one) => source(typeUrls.cluster, String(one.name), one)),
    [typeUrls.endpoints]: () => resources.endpoints.map((one) => source(typeUrls.endpoints, String(one.cluster_name), one)),
  };
}

function shell(config: JsonObject): JsonObject {
  return { ...config, virtual_hosts: hostsIn(config).filter(isWhole), vhds: virtualHostDiscovery };
}

function hostsIn({ virtual_hosts }: JsonObject): JsonObject[] {
  return Array.isArray(virtual_hosts) ? virtual_hosts.filter(isObject) : [];
}

/** It stays in its route configuration. */
function isWhole({ domains }: JsonObject): boolean {
  return isForAll(Array.isArray(domains) ? domains.map(String) : []);
}
