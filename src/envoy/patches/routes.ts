import { type JsonObject, objectsIn } from '../json.ts';
import type { Application } from './apply.ts';
import { mapList, patchList, withList } from './lists.ts';
import { matchesRoute, matchesRouteConfiguration, matchesVirtualHost, selectsRoute } from './match.ts';
import type { PreparedPatch } from './prepare.ts';

/** What patches of routes apply to. */
export const ofRoutes = ['ROUTE_CONFIGURATION', 'VIRTUAL_HOST', 'HTTP_ROUTE'] as const;

/** A route configuration with its virtual hosts and routes; the same object where no patch is for it. */
export function patchRoutes<T extends JsonObject>(config: T, application: Application): T {
  const here = (prepared: PreparedPatch): boolean => matchesRouteConfiguration(prepared.patch, application.context, config);
  let out: JsonObject = config;
  for (const prepared of application.patches('ROUTE_CONFIGURATION')) if (here(prepared)) out = application.merge(prepared, out);
  const ofHosts = application.patches('VIRTUAL_HOST').filter(here);
  const ofRoutes = application.patches('HTTP_ROUTE').filter(here);
  if (ofHosts.length === 0 && ofRoutes.length === 0) return out as T;
  const before = objectsIn(out.virtual_hosts);
  const hosts = mapList(before, (host) => patchHost(host, ofHosts, ofRoutes, application));
  return withList(out, 'virtual_hosts', before, addHosts(hosts, ofHosts, application)) as T;
}

function patchHost(host: JsonObject, ofHosts: readonly PreparedPatch[], ofRoutes: readonly PreparedPatch[], application: Application): JsonObject | undefined {
  let out = host;
  for (const prepared of ofHosts) {
    const { operation } = prepared.patch;
    if (!matchesVirtualHost(prepared.patch, out)) continue;
    if (operation === 'REMOVE' || operation === 'REPLACE') application.use(prepared);
    if (operation === 'REMOVE') return undefined;
    if (operation === 'REPLACE') out = prepared.value;
    if (operation === 'MERGE') out = application.merge(prepared, out);
  }
  const patches = ofRoutes.filter(({ patch }) => matchesVirtualHost(patch, out));
  if (patches.length === 0) return out;
  const before = objectsIn(out.routes);
  const changed = mapList(before, (route) => patchRoute(route, patches, application));
  return withList(out, 'routes', before, addRoutes(changed, patches, application));
}

/** Operations that put something new into a list. */
const adds: ReadonlySet<string> = new Set(['ADD', 'INSERT_BEFORE', 'INSERT_AFTER', 'INSERT_FIRST']);

/** The order of virtual hosts does not count: wherever one is to be inserted, it is added. */
function addHosts(hosts: readonly JsonObject[], patches: readonly PreparedPatch[], application: Application): readonly JsonObject[] {
  const out = [...hosts];
  for (const prepared of patches) {
    if (!adds.has(prepared.patch.operation)) continue;
    application.use(prepared);
    const { value } = prepared;
    const there = out.find(({ name }) => name === value.name);
    if (!there) out.push(value);
    else if (JSON.stringify(there) !== JSON.stringify(value)) {
      application.problem(prepared, 'duplicate-name', `there is a virtual host ${String(value.name)} already, which stays`);
    }
  }
  return out.length === hosts.length ? hosts : out;
}

function patchRoute(route: JsonObject, patches: readonly PreparedPatch[], application: Application): JsonObject | undefined {
  let out = route;
  for (const prepared of patches) {
    const { operation } = prepared.patch;
    if ((operation !== 'MERGE' && operation !== 'REMOVE') || !matchesRoute(prepared.patch, out)) continue;
    application.use(prepared);
    if (operation === 'REMOVE') return undefined;
    out = application.merge(prepared, out);
  }
  return out;
}

function addRoutes(routes: readonly JsonObject[], patches: readonly PreparedPatch[], application: Application): readonly JsonObject[] {
  let out = routes;
  for (const prepared of patches) {
    const { patch, value } = prepared;
    if (!adds.has(patch.operation)) continue;
    const selected = selectsRoute(patch) ? (route: JsonObject): boolean => matchesRoute(patch, route) : undefined;
    // Unlike a filter, a route comes first only where the selected one is there.
    if (patch.operation === 'INSERT_FIRST' && selected && !out.some(selected)) continue;
    const changed = patchList(out, patch.operation, value, selected, ({ length }) => length);
    if (changed !== out) application.use(prepared);
    out = changed;
  }
  return out;
}
