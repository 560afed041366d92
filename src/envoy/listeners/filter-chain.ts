import { blackHoleCluster } from '../../ir/cluster.ts';
import type { FilterChain, FilterChainMatch, Listener, TcpFilter } from '../../ir/listener.ts';
import type { Origin, RoutingTable } from '../../ir/table.ts';
import { defined, type JsonObject } from '../json.ts';
import type { EnvoyOptions } from '../options.ts';
import { httpConnectionManager } from './http-connection-manager.ts';
import { networkSecurityFilters } from './security-filters.ts';
import { tcpProxy } from './tcp-proxy.ts';
import { tlsSocket } from './tls.ts';

/** Where a filter chain is. */
export interface ChainContext {
  listener: Listener;
  table: RoutingTable;
  options: EnvoyOptions;
}

/** How long a client may take for its TLS handshake; without it a connection that never begins one stays for ever (MAP-R12). */
const handshakeTimeout = '15s';

export function filterChain(chain: FilterChain, context: ChainContext): JsonObject {
  const { name, match, tls, filter } = chain;
  const { listener, table } = context;
  // Chains that every proxy has are those with names, but for inbound ones.
  const forService = listener.direction === 'outbound' && name === '';
  return defined({
    name: name || undefined,
    filter_chain_match: filterChainMatch(match),
    filters: filter.kind === 'http' ? [httpConnectionManager(filter, chain, context)] : [...guards(filter, context), tcpProxy(filter, chain, context)],
    transport_socket: tls && tlsSocket(tls, context),
    transport_socket_connect_timeout: forService ? handshakeTimeout : undefined,
    metadata: filter.kind === 'tcp' && table.proxy.role === 'sidecar' ? metadataOf(filter.origin) : undefined,
  });
}

/** What goes nowhere needs no guard. */
function guards({ clusters }: TcpFilter, context: ChainContext): JsonObject[] {
  return clusters.every(({ cluster }) => cluster === blackHoleCluster) ? [] : networkSecurityFilters(context);
}

/** Undefined: every connection. */
function filterChainMatch({ serverNames, destinationCidrs, destinationPort, transport, applicationProtocols }: FilterChainMatch): JsonObject | undefined {
  const match = defined({
    destination_port: destinationPort,
    prefix_ranges: destinationCidrs?.map(cidr),
    server_names: serverNames && [...serverNames],
    transport_protocol: transport,
    application_protocols: applicationProtocols && [...applicationProtocols],
  });
  return Object.keys(match).length > 0 ? match : undefined;
}

function cidr(written: string): JsonObject {
  const [address = '', length = ''] = written.split('/');
  return { address_prefix: address, prefix_len: Number(length) };
}

/** The virtual service that routes, by which filters and statistics can name it. */
function metadataOf(origin: Origin | undefined): JsonObject | undefined {
  if (origin?.kind !== 'VirtualService') return undefined;
  const config = `/apis/networking.istio.io/v1/namespaces/${origin.namespace}/virtual-service/${origin.name}`;
  return { filter_metadata: { istio: { config } } };
}
