// Envoy's `Listener` of a listener of the table (envoy-mapping.md, B and F).
import type { FilterChain, Listener } from '../../ir/listener.ts';
import type { RoutingTable } from '../../ir/table.ts';
import { defined, duration, type JsonObject, type TypedJson } from '../json.ts';
import type { EnvoyOptions } from '../options.ts';
import { typeUrls } from '../type-urls.ts';
import { unmatchedLog } from './access-log.ts';
import { distinctChains } from './distinct-chains.ts';
import { type ChainContext, filterChain } from './filter-chain.ts';
import { listenerFilters } from './listener-filters.ts';
import { withCertificates } from './missing-certificates.ts';

/** Name of the listener that captured connections come to first; they go on to the listener of their destination (MAP-R15). */
const handsOver = 'virtualOutbound';

export function listenerResource(listener: Listener, table: RoutingTable, options: EnvoyOptions): TypedJson {
  const { name, direction, bind, transparent, defaultChain } = listener;
  const context: ChainContext = { listener, table, options };
  const serve = (chains: readonly FilterChain[]): FilterChain[] => withCertificates(chains, options);
  const chains = distinctChains(serve(listener.chains));
  const capture = name === handsOver;
  return defined({
    '@type': typeUrls.listener,
    name,
    address: addressOf(listener.address, listener.port),
    additional_addresses: listener.moreAddresses?.map((address) => ({ address: addressOf(address, listener.port) })),
    traffic_direction: direction.toUpperCase(),
    bind_to_port: bind ? undefined : false,
    use_original_dst: capture ? true : undefined,
    transparent,
    // The threads of Envoy get new connections evenly.
    max_connections_to_accept_per_socket_event: bind ? 1 : undefined,
    listener_filters: nonEmpty(listenerFilters(listener, chains)),
    ...detection(listener, table, capture),
    filter_chains: chains.map((chain) => filterChain(chain, context)),
    default_filter_chain: defaultChain && serve([defaultChain]).map((chain) => filterChain(chain, context))[0],
    access_log: unmatchedLog(listener, table.mesh),
  });
}

/** What a sidecar does not know after the time is taken as bytes; a gateway has Envoy's own limit, and closes (TCP-R3). */
function detection({ detectionTimeoutMs }: Listener, { proxy }: RoutingTable, capture: boolean): JsonObject {
  if (proxy.role === 'gateway' || capture) return {};
  return { listener_filters_timeout: duration(detectionTimeoutMs), continue_on_listener_filters_timeout: true };
}

/** A port, or with port 0 a Unix socket: `unix:///run/app.sock`. */
function addressOf(address: string, port: number): JsonObject {
  return port === 0 ? { pipe: { path: address.replace(/^unix:\/\//, '') } } : { socket_address: { address, port_value: port } };
}

function nonEmpty<T>(list: T[]): T[] | undefined {
  return list.length > 0 ? list : undefined;
}
