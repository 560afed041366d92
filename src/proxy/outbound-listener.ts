// Without capture the application's requests come to one port, and the Host header alone says where they are for.
import type { HttpFilter, Listener } from '../ir/listener.ts';
import type { RoutingTable } from '../ir/table.ts';

/** Name of the listener, of its filter chain and of what it takes as a route configuration. */
export const byHostHeader = 'outbound';

/** The listeners of a table with the one for all that the application sends. */
export function withOutboundListener(table: RoutingTable, bind: string, port: number): Listener[] {
  const filter: HttpFilter = {
    kind: 'http',
    routes: byHostHeader,
    serverName: 'envoy',
    useRemoteAddress: false,
    trustedHops: 0,
    forwardClientCert: 'sanitize',
    http10: false,
    preserveHeaderCase: false,
    streamIdleTimeoutMs: 0,
    maxRequestHeadersKb: 60,
  };
  const outbound: Listener = {
    name: byHostHeader,
    direction: 'outbound',
    address: bind,
    port,
    bind: true,
    chains: [{ name: byHostHeader, match: {}, filter }],
    inspectHttp: false,
    inspectTls: false,
    detectionTimeoutMs: 0,
  };
  // Where nothing is captured, the two catch-all sockets get nothing.
  return [...table.listeners.filter(({ name }) => name !== 'virtualOutbound' && name !== 'virtualInbound'), outbound];
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
