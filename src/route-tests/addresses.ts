// Where requests of tests come from, in the terms of policies: `sourceIp` is who connects, `remoteIp` whom the proxy takes for the client.
import { chainsOf, type HttpFilter } from '../ir/listener.ts';
import type { RoutingTable } from '../ir/table.ts';
import { parseIp } from '../proxy/core/ip.ts';
import type { SimulatedHttpRequest } from '../simulate/request.ts';
import type { TestRequest } from './format/requests.ts';

/** A client that cannot be where a test says; the message is a sentence for the user. */
export class AddressError extends Error {}

/** Stand for the proxies between the client and the one that is asked. */
const trustedProxy = '192.0.2.3';
const header = 'x-forwarded-for';

/**
 * The request as a client sends it, whose address is to be the one that the test names: how many entries of x-forwarded-for the proxy counts
 * from its end is by `numTrustedProxies` of the mesh configuration (SEC-R25, RT-R46).
 *
 * @param table of the proxy that the request comes to
 * @throws AddressError
 */
export function asSent({ remoteIp, ...request }: TestRequest, { listeners, proxy }: Pick<RoutingTable, 'listeners' | 'proxy'>): SimulatedHttpRequest {
  if (remoteIp === undefined) return request;
  const { headers = [], client } = request;
  const inside = proxy.role === 'sidecar';
  const counted = inside ? { useRemoteAddress: false, trustedHops: 0 } : (filterOf(listeners) ?? { useRemoteAddress: true, trustedHops: 0 });
  // Who connects to a gateway is an entry, too, which it adds itself.
  const entries = counted.trustedHops + (counted.useRemoteAddress ? 0 : 1);
  if (entries === 0) {
    if (client !== undefined && !isSame(client, remoteIp))
      throw new AddressError(
        `remoteIp ${remoteIp} cannot be, as the client connects from ${client}: the gateway trusts no proxy in front of it (numTrustedProxies is 0)`,
      );
    return { ...request, client: remoteIp };
  }
  if (headers.some(([name]) => name.toLowerCase() === header))
    throw new AddressError(`remoteIp and the header ${header} both say who the client is: write one`);
  const value = [remoteIp, ...Array.from({ length: entries - 1 }, () => trustedProxy)].join(', ');
  return { ...request, headers: [...headers, [header, value]] };
}

/** All servers of a gateway count alike. */
function filterOf(listeners: RoutingTable['listeners']): HttpFilter | undefined {
  for (const listener of listeners) {
    for (const { filter } of chainsOf(listener)) if (filter.kind === 'http') return filter;
  }
  return undefined;
}

function isSame(a: string, b: string): boolean {
  return String(parseIp(a)) === String(parseIp(b));
}
