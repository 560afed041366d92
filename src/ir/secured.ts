import type { Listener } from './listener.ts';
import type { RoutingTable, Security } from './table.ts';

/** What is asked of those who come in at a listener: at the inbound ones of a sidecar, and at all of a gateway (SEC-R20). */
export function securityAt({ proxy, security }: Pick<RoutingTable, 'proxy' | 'security'>, { direction }: Pick<Listener, 'direction'>): Security | undefined {
  return proxy.role === 'gateway' || direction === 'inbound' ? security : undefined;
}
