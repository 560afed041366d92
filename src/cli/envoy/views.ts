import type { AdminViews } from '../../envoy/admin-views.ts';
import type { ProxyPorts } from '../proxy/settings.ts';

/**
 * The ports beside that of the administration, with the pages that istio-agent has there.
 *
 * @param bind their address; `*`: every one, of IPv4 and IPv6
 */
export function adminViews({ stats, agent, health }: Pick<ProxyPorts, 'stats' | 'agent' | 'health'>, bind: string): AdminViews[] {
  const address = bind === '*' ? '::' : bind;
  const views: AdminViews[] = [
    { name: 'stats', address, port: stats, pages: ['metrics'] },
    { name: 'agent', address, port: agent, pages: ['ready', 'metrics'] },
    { name: 'health', address, port: health, pages: ['ready'] },
  ];
  return views.filter(({ port }) => port > 0);
}
