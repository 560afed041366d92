import { text } from '../../proxy/admin/http-server.ts';
import type { ProbedProxy } from '../../proxy/admin/probe-servers.ts';
import { expositionTypes } from '../../proxy/telemetry/prometheus.ts';
import type { AdminClient } from './admin-client.ts';
import type { EnvoyReadiness } from './readiness.ts';

/** An Envoy as the kubelet, load balancers and scrapers see it. */
export function probedEnvoy(admin: AdminClient, readiness: EnvoyReadiness): ProbedProxy {
  return {
    state: () => readiness.state(),
    // Envoy knows the text format only.
    format: 'prometheus',
    metrics: async ({ query }) => {
      const parameters = ['filter', 'usedonly'].flatMap((name) => (query.has(name) ? [`${name}=${encodeURIComponent(query.get(name) ?? '')}`] : []));
      try {
        const body = await admin.page(`/stats/prometheus${parameters.length === 0 ? '' : `?${parameters.join('&')}`}`);
        return { status: 200, type: expositionTypes.prometheus, body };
      } catch (error) {
        return text(`Envoy gives no metrics: ${(error as Error).message}\n`, 503);
      }
    },
  };
}
