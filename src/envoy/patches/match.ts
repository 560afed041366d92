// Whether a patch is for a part of the configuration. An absent condition holds for everything.

import { inboundPassthroughCluster } from '../../ir/cluster.ts';
import type { EnvoyPatch, FilterChainPatchMatch, PatchContext } from '../../ir/envoy-patch.ts';
import type { ProxyIdentity } from '../../ir/table.ts';
import { isObject, type JsonObject, type JsonValue, objectsIn } from '../json.ts';

/** The traffic that a resource is for. */
export type ResourceContext = Exclude<PatchContext, 'ANY'>;

export function contextOfListener({ role }: Pick<ProxyIdentity, 'role'>, listener: JsonObject): ResourceContext {
  if (role === 'gateway') return 'GATEWAY';
  return listener.traffic_direction === 'INBOUND' ? 'SIDECAR_INBOUND' : 'SIDECAR_OUTBOUND';
}

/** @param name of a cluster or route configuration (MAP-R2, MAP-R9) */
export function contextOfName({ role }: Pick<ProxyIdentity, 'role'>, name: string): ResourceContext {
  if (role === 'gateway') return 'GATEWAY';
  return name.startsWith('inbound|') || name === inboundPassthroughCluster ? 'SIDECAR_INBOUND' : 'SIDECAR_OUTBOUND';
}

export function isInContext({ context }: EnvoyPatch, of: ResourceContext): boolean {
  return context === 'ANY' || context === of;
}

/** Listeners that all captured connections go through: ports are those of their filter chains. */
const virtualListeners: ReadonlySet<unknown> = new Set(['virtualInbound', 'virtualOutbound']);

export function matchesListener({ match, applyTo }: EnvoyPatch, listener: JsonObject): boolean {
  const { name, portNumber } = match.listener ?? {};
  if (name && name !== listener.name) return false;
  if (!portNumber || (applyTo !== 'LISTENER' && virtualListeners.has(listener.name))) return true;
  return objectAt(listener.address, 'socket_address')?.port_value === portNumber;
}

/** @param listener one that matches */
export function matchesChain({ match }: EnvoyPatch, listener: JsonObject, chain: JsonObject): boolean {
  const { portNumber, filterChain } = match.listener ?? {};
  const conditions = objectAt(chain, 'filter_chain_match') ?? {};
  if (portNumber && virtualListeners.has(listener.name) && conditions.destination_port !== portNumber) return false;
  return !filterChain || matchesConditions(filterChain, chain, conditions);
}

function matchesConditions(match: FilterChainPatchMatch, chain: JsonObject, conditions: JsonObject): boolean {
  const { name, sni, transportProtocol, applicationProtocols, destinationPort } = match;
  if (name && name !== chain.name) return false;
  if (sni && !includes(conditions.server_names, sni)) return false;
  if (transportProtocol && transportProtocol !== conditions.transport_protocol) return false;
  if (applicationProtocols && !applicationProtocols.split(',').every((one) => includes(conditions.application_protocols, one))) return false;
  return !destinationPort || destinationPort === conditions.destination_port;
}

/** Name of the filter that a patch selects; undefined: it selects none. */
export function networkFilterOf({ match }: EnvoyPatch): string | undefined {
  return match.listener?.filterChain?.filter && (match.listener.filterChain.filter.name ?? '');
}

export function httpFilterOf({ match }: EnvoyPatch): string | undefined {
  const selected = match.listener?.filterChain?.filter?.subFilter;
  return selected && (selected.name ?? '');
}

export function listenerFilterOf({ match }: EnvoyPatch): string | undefined {
  return match.listener?.listenerFilter || undefined;
}

export function matchesRouteConfiguration({ match }: EnvoyPatch, context: ResourceContext | undefined, config: JsonObject): boolean {
  const { name, portNumber, portName, gateway } = match.routeConfiguration ?? {};
  if (name && name !== config.name) return false;
  const from = partsOfRoutes(context, config);
  if (portNumber && !from.ports.includes(portNumber)) return false;
  if (context !== 'GATEWAY') return true;
  return (!portName || portName === from.portName) && (!gateway || gateway === from.gateway);
}

interface RoutesName {
  /** Of the services, or of the Gateways' servers, that the routes are for. */
  ports: readonly number[];
  portName: string;
  gateway: string;
}

function partsOfRoutes(context: ResourceContext | undefined, config: JsonObject): RoutesName {
  const name = String(config.name ?? '');
  if (context === 'SIDECAR_INBOUND') return { ports: [Number(name.split('|')[1])], portName: '', gateway: '' };
  if (context === 'SIDECAR_OUTBOUND') return { ports: [Number(name.slice(name.lastIndexOf(':') + 1))], portName: '', gateway: '' };
  // `http.PORT` has the port that the proxy listens on, and names of its virtual hosts those of the servers.
  const [kind, port, portName = '', own = '', namespace = ''] = name.split('.');
  if (kind === 'https') return { ports: [Number(port)], portName, gateway: `${namespace}/${own}` };
  const served = objectsIn(config.virtual_hosts).flatMap((host) => /:(\d+)$/.exec(String(host.name))?.[1] ?? []);
  return { ports: served.length > 0 ? served.map(Number) : [Number(port)], portName: '', gateway: '' };
}

export function matchesVirtualHost({ match }: EnvoyPatch, host: JsonObject): boolean {
  const { name, domainName } = match.routeConfiguration?.vhost ?? {};
  return (!name || name === host.name) && (!domainName || includes(host.domains, domainName));
}

const actions = { ROUTE: 'route', REDIRECT: 'redirect', DIRECT_RESPONSE: 'direct_response' } as const;

export function selectsRoute({ match }: EnvoyPatch): boolean {
  return match.routeConfiguration?.vhost?.route !== undefined;
}

export function matchesRoute({ match }: EnvoyPatch, route: JsonObject): boolean {
  const { name, action = 'ANY' } = match.routeConfiguration?.vhost?.route ?? {};
  return (!name || name === route.name) && (action === 'ANY' || route[actions[action]] !== undefined);
}

/** @param hosts services that an inbound cluster is for */
export function matchesCluster({ match }: EnvoyPatch, cluster: JsonObject, hosts: () => readonly string[]): boolean {
  const { name, portNumber, service, subset } = match.cluster ?? {};
  if (name) return name === cluster.name;
  const [direction, port = '', ownSubset = '', host = ''] = partsOfCluster(String(cluster.name));
  if (subset && subset !== ownSubset) return false;
  if (service && !(direction === 'inbound' ? hosts() : [host]).includes(service)) return false;
  return !portNumber || portNumber === Number(port);
}

/** `outbound|PORT|SUBSET|HOST`, and `outbound_.PORT_.SUBSET_.HOST` of what goes on by its server name (MAP-R1 to MAP-R3). */
function partsOfCluster(name: string): string[] {
  return name.startsWith('outbound_.') ? name.split('_.') : name.split('|');
}

function includes(list: JsonValue | undefined, item: string): boolean {
  return Array.isArray(list) && list.includes(item);
}

export function objectAt(value: JsonValue | undefined, field: string): JsonObject | undefined {
  const found = isObject(value) ? value[field] : undefined;
  return isObject(found) ? found : undefined;
}
