// The routing table for an Envoy on this machine: its listeners get the addresses and ports that whoever starts it wants.
import type { Cluster } from '../ir/cluster.ts';
import type { FilterChain, Listener } from '../ir/listener.ts';
import { outboundListener } from '../ir/outbound-listener.ts';
import type { RoutingTable } from '../ir/table.ts';
import { forwardName } from './forward-by-host.ts';

export interface LocalOptions {
  /** Address of listeners that are for every address, where connections are not captured. */
  bind: string;
  /** Captured connections come here; without capture all requests of the application, which tell by their Host header where they are for. 0: none. */
  outboundPort: number;
  /** Captured connections to the application come here; 0: none. */
  inboundPort: number;
  /** Connections are redirected to the proxy, and their original destination decides. */
  capture: boolean;
}

const anyAddress: ReadonlySet<string> = new Set(['0.0.0.0', '::', '']);
const capturing: ReadonlySet<string> = new Set(['virtualOutbound', 'virtualInbound']);

/** There is one listener for all that the application sends. */
export function hasOutboundListener({ proxy }: RoutingTable, { capture, outboundPort }: LocalOptions): boolean {
  return !capture && outboundPort > 0 && proxy.role === 'sidecar';
}

export function localTable(table: RoutingTable, options: LocalOptions): RoutingTable {
  const { listeners, clusters } = table;
  if (options.capture) return { ...table, listeners: listeners.flatMap((listener) => redirected(listener, options)) };
  const own = listeners.filter(({ name, bind }) => bind && !capturing.has(name)).map((listener) => bound(listener, options.bind));
  if (!hasOutboundListener(table, options)) return { ...table, listeners: own };
  return {
    ...table,
    listeners: [...own, outboundListener(options.bind, options.outboundPort)],
    clusters: [...clusters, ...clusters.filter(goesElsewhere).map((cluster) => ({ ...cluster, name: forwardName(cluster.name) }))],
  };
}

/** It sends on to where the connection was meant to go. */
export function goesElsewhere({ direction, discovery }: Cluster): boolean {
  return direction === 'outbound' && discovery === 'original-destination';
}

/** The sockets that redirected connections come to have the ports that they are redirected to. */
function redirected(listener: Listener, { outboundPort, inboundPort }: LocalOptions): Listener[] {
  if (!capturing.has(listener.name)) return [listener];
  const port = listener.name === 'virtualInbound' ? inboundPort : outboundPort;
  if (port === 0) return [];
  const at = (chain: FilterChain): FilterChain =>
    chain.match.destinationPort === listener.port ? { ...chain, match: { ...chain.match, destinationPort: port } } : chain;
  return [{ ...listener, port, chains: listener.chains.map(at) }];
}

function bound(listener: Listener, bind: string): Listener {
  const [address = bind, ...moreAddresses] = new Set([listener.address, ...(listener.moreAddresses ?? [])].map((own) => (anyAddress.has(own) ? bind : own)));
  return { ...listener, address, moreAddresses };
}
