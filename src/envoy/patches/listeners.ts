import { isObject, type JsonObject, objectsIn } from '../json.ts';
import { messageName } from '../proto/messages.ts';
import type { Application } from './apply.ts';
import { mergeSocket } from './clusters.ts';
import { type AddedClasses, endFor, placeFor } from './filter-order.ts';
import { type List, mapList, patchList, withList } from './lists.ts';
import { httpFilterOf, listenerFilterOf, matchesChain, matchesListener, networkFilterOf, objectAt } from './match.ts';
import { messages, type PreparedPatch } from './prepare.ts';
import { ofRoutes, patchRoutes } from './routes.ts';

/** What patches of a listener apply to. */
export const ofListeners = ['LISTENER', 'LISTENER_FILTER', 'FILTER_CHAIN', 'NETWORK_FILTER', 'HTTP_FILTER'] as const;

/** A listener with all that is in it, inline routes as well. Undefined where a patch takes it away. */
export function patchListener(listener: JsonObject, application: Application): JsonObject | undefined {
  if (!application.has(...ofListeners, ...ofRoutes)) return listener;
  let out = listener;
  for (const prepared of application.patches('LISTENER')) {
    const { operation } = prepared.patch;
    if ((operation !== 'MERGE' && operation !== 'REMOVE') || !matchesListener(prepared.patch, out)) continue;
    application.use(prepared);
    if (operation === 'REMOVE') return undefined;
    out = application.merge(prepared, out);
  }
  out = patchListenerFilters(out, application);
  return patchChains(out, new ChainPatches(out, application), application);
}

function patchListenerFilters(listener: JsonObject, application: Application): JsonObject {
  const patches = application.patches('LISTENER_FILTER').filter(({ patch }) => matchesListener(patch, listener));
  if (patches.length === 0) return listener;
  const before = objectsIn(listener.listener_filters);
  return withList(
    listener,
    'listener_filters',
    before,
    patchFilters(before, patches, ({ patch }) => listenerFilterOf(patch), application),
  );
}

/** The patches of a listener's filter chains. */
class ChainPatches {
  readonly listener: JsonObject;
  readonly chains: readonly PreparedPatch[];
  readonly network: readonly PreparedPatch[];
  readonly http: readonly PreparedPatch[];

  constructor(listener: JsonObject, application: Application) {
    this.listener = listener;
    const here = ({ patch }: PreparedPatch): boolean => matchesListener(patch, listener);
    this.chains = application.patches('FILTER_CHAIN').filter(here);
    this.network = application.patches('NETWORK_FILTER').filter(here);
    this.http = application.patches('HTTP_FILTER').filter(here);
  }
}

function patchChains(listener: JsonObject, patches: ChainPatches, application: Application): JsonObject {
  const before = objectsIn(listener.filter_chains);
  const chains = mapList(before, (chain) => patchChain(chain, patches, application));
  const added = patches.chains.filter(({ patch }) => patch.operation !== 'MERGE' && patch.operation !== 'REMOVE');
  for (const prepared of added) application.use(prepared);
  const out = withList(listener, 'filter_chains', before, added.length > 0 ? [...chains, ...added.map(({ value }) => value)] : chains);
  const chain = objectAt(out, 'default_filter_chain');
  const changed = chain && patchChain(chain, patches, application);
  if (changed === chain) return out;
  const { default_filter_chain: _, ...rest } = out;
  return changed ? { ...rest, default_filter_chain: changed } : rest;
}

function patchChain(chain: JsonObject, patches: ChainPatches, application: Application): JsonObject | undefined {
  const here = ({ patch }: PreparedPatch): boolean => matchesChain(patch, patches.listener, out);
  let out = chain;
  for (const prepared of patches.chains) {
    const { operation } = prepared.patch;
    if ((operation !== 'MERGE' && operation !== 'REMOVE') || !here(prepared)) continue;
    application.use(prepared);
    if (operation === 'REMOVE') return undefined;
    out = mergeChain(out, prepared, application);
  }
  const before = objectsIn(out.filters);
  const filters = patchFilters(before, patches.network.filter(here), ({ patch }) => networkFilterOf(patch), application);
  const http = patches.http.filter(here);
  return withList(
    out,
    'filters',
    before,
    mapList(filters, (filter) => patchConnectionManager(filter, http, application)),
  );
}

function mergeChain(chain: JsonObject, prepared: PreparedPatch, application: Application): JsonObject {
  const { transport_socket: socket, ...rest } = prepared.value;
  const merged = application.merge(prepared, chain, rest);
  return isObject(socket) ? { ...merged, transport_socket: mergeSocket(merged.transport_socket, socket, prepared, application) } : merged;
}

const connectionManager = 'envoy.filters.network.http_connection_manager';
const connectionManagerType = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

function patchConnectionManager(filter: JsonObject, patches: readonly PreparedPatch[], application: Application): JsonObject {
  const config = objectAt(filter, 'typed_config');
  if (!config || messageName(String(config['@type'])) !== connectionManagerType) return filter;
  const here = patches.filter(({ patch }) => [undefined, filter.name ?? connectionManager].includes(networkFilterOf(patch)));
  const before = objectsIn(config.http_filters);
  const after = patchFilters(before, here, ({ patch }) => httpFilterOf(patch), application);
  let out = withList(config, 'http_filters', before, after);
  const routes = objectAt(out, 'route_config');
  const changed = routes && patchRoutes(routes, application);
  if (changed !== routes) out = { ...out, route_config: changed };
  return out === config ? filter : { ...filter, typed_config: out };
}

/**
 * Filters of a list: first those that come, go and are replaced, then what is merged.
 *
 * @param nameOf name of the filter that a patch selects; undefined: it selects none
 */
function patchFilters(
  filters: List,
  patches: readonly PreparedPatch[],
  nameOf: (prepared: PreparedPatch) => string | undefined,
  application: Application,
): List {
  const added: AddedClasses = new Map();
  let out = filters;
  for (const prepared of patches) {
    const { patch, value } = prepared;
    if (patch.operation === 'MERGE') continue;
    const name = nameOf(prepared);
    const selected = name === undefined ? undefined : (filter: JsonObject): boolean => filter.name === name;
    const place = patch.operation === 'ADD' && patch.applyTo === 'HTTP_FILTER' ? placeFor(patch, value, added) : endFor(value);
    const changed = patchList(out, patch.operation, value, selected, place);
    if (changed === out) continue;
    if (patch.operation === 'ADD') added.set(value, patch.filterClass);
    application.use(prepared);
    out = changed;
  }
  const merges = patches.filter(({ patch }) => patch.operation === 'MERGE');
  return merges.length === 0 ? out : mapList(out, (filter) => mergeInto(filter, merges, nameOf, application));
}

/** Without a selected filter the name in the value tells which one is meant. */
function mergeInto(
  filter: JsonObject,
  merges: readonly PreparedPatch[],
  nameOf: (prepared: PreparedPatch) => string | undefined,
  application: Application,
): JsonObject {
  let out = filter;
  for (const prepared of merges) {
    if ((nameOf(prepared) ?? prepared.value.name) === out.name)
      out = application.mergeExtension(prepared, messages[prepared.patch.applyTo], out, prepared.value);
  }
  return out;
}
