import type { Listener } from '../ir/listener.ts';
import { outboundListener } from '../ir/outbound-listener.ts';
import type { RoutingTable } from '../ir/table.ts';

/** The listeners of a table with the one for all that the application sends. */
export function withOutboundListener(table: RoutingTable, bind: string, port: number): Listener[] {
  // Where nothing is captured, the two catch-all sockets get nothing.
  return [...table.listeners.filter(({ name }) => name !== 'virtualOutbound' && name !== 'virtualInbound'), outboundListener(bind, port)];
}

/**
 * Where a request that no service takes is for, by its Host header: a name is looked up when the connection is made. Not this proxy
 * itself, which would send it to itself for ever.
 */
export function destinationOf(authority: string, ownPort: number): { address: string; port: number } | undefined {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(authority) ?? [];
  const address = bracketed ?? plain;
  if (address === undefined) return undefined;
  const number = port === undefined ? 80 : Number(port);
  if (number === ownPort || number < 1 || number > 65535) return undefined;
  return { address, port: number };
}
