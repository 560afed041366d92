// Which object of the user a refusal of Envoy is about: Envoy is asked again with parts of the configuration, until one is left that it
// refuses by itself.
import { type Configuration, configurationOf } from '../../envoy/configuration.ts';
import { type JsonObject, objectsIn, type TypedJson } from '../../envoy/json.ts';
import type { LocalOptions } from '../../envoy/local-table.ts';
import type { EnvoyOptions } from '../../envoy/options.ts';
import type { EnvoyResources } from '../../envoy/resources.ts';
import type { VirtualHost } from '../../ir/route.ts';
import type { Origin, RoutingTable } from '../../ir/table.ts';

export interface Blame {
  /** `cluster outbound|80||cart`; of a route also its virtual host. */
  resource: string;
  /** Undefined: no object of the user. */
  origin: Origin | undefined;
  /** What Envoy says of this part alone. */
  reason: string;
}

/** Why Envoy refuses resources; undefined: it does not. `patches`: other ones of its bootstrap. */
export type Refusal = (resources: EnvoyResources, patches?: RoutingTable['envoyPatches']) => Promise<string | undefined>;

/** Undefined where no single part is to blame. */
export async function blame(
  { table, resources }: Configuration,
  refusal: Refusal,
  made: { table: RoutingTable; options: EnvoyOptions; local: LocalOptions },
): Promise<Blame | undefined> {
  return (
    (await ofPatches(made, refusal)) ??
    (await ofClusters(table, resources, refusal)) ??
    (await ofListeners(table, resources, refusal)) ??
    (await ofRoutes(table, resources, refusal))
  );
}

/** Without the patches all is well: the first is to blame with which it is not. */
async function ofPatches(
  { table, options, local }: { table: RoutingTable; options: EnvoyOptions; local: LocalOptions },
  refusal: Refusal,
): Promise<Blame | undefined> {
  const { envoyPatches } = table;
  for (let count = 0; count <= envoyPatches.length && envoyPatches.length > 0; count++) {
    const first = envoyPatches.slice(0, count);
    const reason = await refusal(configurationOf({ ...table, envoyPatches: first }, options, local).resources, first);
    if (reason === undefined) continue;
    const patch = envoyPatches[count - 1];
    return patch && { resource: `${patch.applyTo} ${patch.operation}`, origin: patch.origin, reason };
  }
  return undefined;
}

async function ofClusters({ clusters }: RoutingTable, resources: EnvoyResources, refusal: Refusal): Promise<Blame | undefined> {
  const found = await isolate(resources.clusters, (some) => refusal({ ...resources, listeners: [], clusters: some }));
  if (!found) return undefined;
  const cluster = clusters.find(({ name }) => name === found.one.name);
  return { resource: `cluster ${found.one.name}`, origin: cluster?.origins[0], reason: found.reason };
}

async function ofListeners({ listeners }: RoutingTable, resources: EnvoyResources, refusal: Refusal): Promise<Blame | undefined> {
  const found = await isolate(resources.listeners, (some) => refusal({ ...resources, routes: [], listeners: some }));
  if (!found) return undefined;
  const listener = listeners.find(({ name }) => name === found.one.name);
  return { resource: `listener ${found.one.name}`, origin: listener?.origin, reason: found.reason };
}

interface RoutePart {
  config: TypedJson;
  host: JsonObject;
  route: JsonObject | undefined;
  origin: Origin | undefined;
}

async function ofRoutes(table: RoutingTable, resources: EnvoyResources, refusal: Refusal): Promise<Blame | undefined> {
  const withParts = (parts: readonly RoutePart[]): Promise<string | undefined> => refusal({ ...resources, routes: configsOf(parts) });
  const host = await isolate(virtualHosts(table, resources), withParts);
  if (!host) return undefined;
  const route = await isolate(routesOf(table, host.one), withParts);
  const { config, host: virtualHost, route: own, origin } = route?.one ?? host.one;
  const name = own?.name === undefined || own.name === '' ? 'a route' : `route ${own.name}`;
  const place = `virtual host ${virtualHost.name} of ${config.name}`;
  return { resource: own ? `${name} in ${place}` : place, origin: origin ?? host.one.origin, reason: (route ?? host).reason };
}

function virtualHosts({ routes }: RoutingTable, resources: EnvoyResources): RoutePart[] {
  return resources.routes.flatMap((config) => {
    return objectsIn(config.virtual_hosts).map((host) => ({ config, host, route: undefined, origin: hostOf(routes, host)?.origin }));
  });
}

/** Routes are those of the table, one by one, unless something was done to them later. */
function routesOf({ routes }: RoutingTable, { config, host, origin }: RoutePart): RoutePart[] {
  const known = hostOf(routes, host)?.routes ?? [];
  const made = objectsIn(host.routes);
  return made.map((route, index) => ({ config, host, route, origin: (known.length === made.length ? known[index]?.origin : undefined) ?? origin }));
}

/** Whatever configuration it has come into: names of virtual hosts have the port. */
function hostOf(routes: RoutingTable['routes'], { name }: JsonObject): VirtualHost | undefined {
  for (const { virtualHosts: hosts } of routes) {
    const found = hosts.find((host) => host.name === name);
    if (found) return found;
  }
  return undefined;
}

function configsOf(parts: readonly RoutePart[]): TypedJson[] {
  return [...Map.groupBy(parts, ({ config }) => config)].map(([config, own]) => ({
    ...config,
    virtual_hosts: [...Map.groupBy(own, ({ host }) => host)].map(([host, list]) => {
      const routes = list.flatMap(({ route }) => (route ? [route] : []));
      return routes.length > 0 ? { ...host, routes } : host;
    }),
  }));
}

/** The one of many that is refused by itself. */
async function isolate<T>(all: readonly T[], refusal: (some: T[]) => Promise<string | undefined>): Promise<{ one: T; reason: string } | undefined> {
  let some = [...all];
  let reason = some.length === 0 ? undefined : await refusal(some);
  if (reason === undefined) return undefined;
  while (some.length > 1) {
    const half = Math.ceil(some.length / 2);
    const first = some.slice(0, half);
    const second = some.slice(half);
    let next = first;
    let said = await refusal(first);
    if (said === undefined) {
      next = second;
      said = await refusal(second);
    }
    // Only together are they refused.
    if (said === undefined) return undefined;
    some = next;
    reason = said;
  }
  return { one: some[0] as T, reason };
}
