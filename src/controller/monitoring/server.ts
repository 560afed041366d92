import { homePage } from '../../proxy/admin/home-page.ts';
import { AdminServer, type Endpoint, text } from '../../proxy/admin/http-server.ts';
import type { MetricFamily } from '../../proxy/telemetry/metric-snapshot.ts';
import { exposition, expositionFor, expositionTypes } from '../../proxy/telemetry/prometheus.ts';
import { type DebugFacts, debugEndpoints } from './debug-endpoints.ts';

export interface MonitoringFacts extends DebugFacts {
  version: string;
  metrics(): readonly MetricFamily[];
  /** Why nobody is to be sent here yet, or any more; undefined: all is well. */
  notReady(): string | undefined;
  failed(error: unknown): void;
}

/** Health and metrics for everybody, and what is inside for those in the pod. */
export function monitoringServer(facts: MonitoringFacts): AdminServer {
  const endpoints: Endpoint[] = [
    { path: '/healthz', help: '200 as long as the process answers', handle: () => text('ok\n') },
    {
      path: '/readyz',
      help: '200 when everything was read and is served; else 503, with what is missing',
      handle() {
        const problem = facts.notReady();
        return problem === undefined ? text('ok\n') : text(`${problem}\n`, 503);
      },
    },
    {
      path: '/metrics',
      help: 'for Prometheus',
      handle({ accept }) {
        const format = expositionFor(accept);
        return { status: 200, type: expositionTypes[format], body: exposition(facts.metrics(), format) };
      },
    },
    ...debugEndpoints(facts),
  ];
  const home: Endpoint = {
    path: '/debug',
    help: 'this page',
    local: true,
    handle: () => ({ status: 200, type: 'text/html; charset=UTF-8', body: homePage(endpoints, facts.version, 'weft controller') }),
  };
  // Kubelets and scrapers name the pod as they like.
  return new AdminServer({ endpoints: [...endpoints, home], hostNames: 'any', onError: facts.failed });
}
