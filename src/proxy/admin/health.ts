import { type StatsInclusion, statsMatcher } from '../telemetry/stats-matcher.ts';
import type { AdminOptions } from './admin.ts';
import { type AdminReply, AdminServer, type Endpoint, text } from './http-server.ts';
import type { AdminState, ServerState } from './state.ts';
import { prometheusPage } from './stats-page.ts';

/** The state of the process, as the parts of it tell (TEL-R20). */
export class Health {
  private phase: ServerState = 'PRE_INITIALIZING';
  private failed = false;

  /** A failed health check shows as draining, as Envoy's does. */
  get state(): ServerState {
    return this.phase === 'LIVE' && this.failed ? 'DRAINING' : this.phase;
  }

  /** A table is there, its sockets are not yet. */
  initializing(): void {
    if (this.phase === 'PRE_INITIALIZING') this.phase = 'INITIALIZING';
  }

  live(): void {
    if (this.phase !== 'DRAINING') this.phase = 'LIVE';
  }

  draining(): void {
    this.phase = 'DRAINING';
  }

  /** @param failed until it is said again */
  fail(failed: boolean): void {
    this.failed = failed;
  }
}

function readiness(state: AdminState): AdminReply {
  const name = state.state();
  return name === 'LIVE' ? text('') : text(`not ready: ${name}\n`, 503);
}

function healthEndpoint(state: AdminState): Endpoint {
  return { path: '/healthz/ready', help: '200 if the proxy is ready, otherwise 503', handle: () => readiness(state) };
}

export interface ScrapeOptions extends AdminOptions {
  /** What scrapes get besides the usual (TEL-R6). */
  inclusion?: StatsInclusion;
}

function scrapeEndpoint(state: AdminState, { inclusion }: ScrapeOptions): Endpoint {
  const included = statsMatcher(inclusion);
  // With thousands of clusters their counters are most of the work, and nothing takes them if nothing is said.
  const clusters = [inclusion?.prefixes, inclusion?.suffixes, inclusion?.regexps].some((list) => (list?.length ?? 0) > 0);
  return {
    path: '/stats/prometheus',
    help: 'metrics',
    handle: (request) => prometheusPage(request, async () => state.metrics({ clusters }), included),
  };
}

/** Port 15021: health checks of load balancers and of Kubernetes (TEL-R24). */
export function createHealthServer(state: AdminState, options: AdminOptions = {}): AdminServer {
  return new AdminServer({ ...options, endpoints: [healthEndpoint(state)] });
}

/** Port 15090: metrics alone (TEL-R24). */
export function createStatsServer(state: AdminState, options: ScrapeOptions = {}): AdminServer {
  return new AdminServer({ ...options, endpoints: [scrapeEndpoint(state, options)] });
}

/** Port 15020: what the agent has there in a mesh (TEL-R23). */
export function createAgentServer(state: AdminState, options: ScrapeOptions = {}): AdminServer {
  return new AdminServer({ ...options, endpoints: [healthEndpoint(state), scrapeEndpoint(state, options)] });
}
