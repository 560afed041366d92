import type { AdminViews } from '../../envoy/admin-views.ts';
import type { ProxyPorts } from '../proxy/settings.ts';

const loopback = '127.0.0.1';

/** The ports beside that of the administration, with the pages that istio-agent has there. */
export function adminViews({ stats, agent, health }: Pick<ProxyPorts, 'stats' | 'agent' | 'health'>): AdminViews[] {
  const views: AdminViews[] = [
    { name: 'stats', address: loopback, port: stats, pages: ['metrics'] },
    { name: 'agent', address: loopback, port: agent, pages: ['ready', 'metrics'] },
    { name: 'health', address: loopback, port: health, pages: ['ready'] },
  ];
  return views.filter(({ port }) => port > 0);
}
