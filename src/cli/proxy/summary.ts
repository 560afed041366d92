import type { RoutingTable } from '../../ir/table.ts';
import type { ProxyFlags } from './flags.ts';

/** What a proxy serves, in a few numbers. */
export function describeTable(table: RoutingTable, outboundPort: number, flags: Pick<ProxyFlags, 'bind' | 'capture'>): Record<string, unknown> {
  const { role, namespace, name } = table.proxy;
  const routes = table.routes.reduce((sum, config) => sum + config.virtualHosts.reduce((n, host) => n + host.routes.length, 0), 0);
  return {
    proxy: `${role} ${namespace}${name === '' ? '' : `/${name}`}`,
    ...(role === 'sidecar' && !flags.capture ? { outbound: `${flags.bind}:${outboundPort}` } : {}),
    listeners: table.listeners.length,
    routes,
    clusters: table.clusters.length,
  };
}
