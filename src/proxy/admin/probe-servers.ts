// The servers beside the administration, for the kubelet, load balancers and scrapers: whatever engine serves traffic.
import { type AppMetrics, openMetricsAsText } from '../agent/app-metrics.ts';
import type { AppProbe } from '../agent/app-probe.ts';
import { runProbe } from '../agent/run-probe.ts';
import { exposition, expositionFor, expositionTypes } from '../telemetry/prometheus.ts';
import { type StatsInclusion, statsMatcher } from '../telemetry/stats-matcher.ts';
import type { AdminOptions } from './admin.ts';
import { type AdminReply, type AdminRequest, AdminServer, type Endpoint, text } from './http-server.ts';
import type { AdminState, ServerState } from './state.ts';
import { prometheusPage } from './stats-page.ts';

/** A proxy as those see it who only want to know how it is. */
export interface ProbedProxy {
  state(): ServerState | Promise<ServerState>;
  /** The only one that its metrics have; absent: they have each. */
  format?: 'prometheus';
  /** Metrics of its own, in the format that `accept` of the request asks for, or in text. */
  metrics(request: AdminRequest): Promise<AdminReply>;
}

/** The pod around a sidecar. */
export interface Pod {
  /** Its own address. */
  address: string;
  /** Checks of the application, by the path that the kubelet asks for. */
  probes: ReadonlyMap<string, AppProbe>;
  /** Undefined: the application has no metrics, or nobody is to have them here. */
  metrics?: AppMetrics;
  /** From now on it is not ready; traffic goes on. */
  drain(): void;
  /** Ends the proxy; the answer has gone out. */
  quit(): void;
}

/**
 * The metrics that a scraper of an embedded sidecar gets.
 *
 * @param inclusion what it gets besides the usual (TEL-R6)
 */
export function scraped(state: Pick<AdminState, 'metrics'>, inclusion?: StatsInclusion): ProbedProxy['metrics'] {
  const included = statsMatcher(inclusion);
  // With thousands of clusters their counters are most of the work, and nothing takes them if nothing is said.
  const clusters = [inclusion?.prefixes, inclusion?.suffixes, inclusion?.regexps].some((list) => (list?.length ?? 0) > 0);
  return (request) => prometheusPage(request, async () => state.metrics({ clusters }), included);
}

function healthEndpoint(proxy: Pick<ProbedProxy, 'state'>): Endpoint {
  const handle = async (): Promise<AdminReply> => {
    const name = await proxy.state();
    return name === 'LIVE' ? text('') : text(`not ready: ${name}\n`, 503);
  };
  return { path: '/healthz/ready', help: '200 if the proxy is ready, otherwise 503', handle };
}

const scrapeEndpoint = { path: '/stats/prometheus', help: 'metrics' };

/** Port 15021: health checks of load balancers and of Kubernetes (TEL-R24). */
export function createHealthServer(proxy: Pick<ProbedProxy, 'state'>, options: AdminOptions = {}): AdminServer {
  return new AdminServer({ ...options, endpoints: [healthEndpoint(proxy)] });
}

/** Port 15090: metrics of the proxy alone (TEL-R24). */
export function createStatsServer(proxy: Pick<ProbedProxy, 'metrics'>, options: AdminOptions = {}): AdminServer {
  return new AdminServer({ ...options, endpoints: [{ ...scrapeEndpoint, handle: (request) => proxy.metrics(request) }] });
}

/** Port 15020: what the agent has there in a mesh (TEL-R23): for the whole pod, where there is one. */
export function createAgentServer(proxy: ProbedProxy, pod: Pod, options: AdminOptions = {}): AdminServer {
  const probes = [...pod.probes].map(
    ([path, probe]): Endpoint => ({
      path,
      help: `${probe.check.kind} probe of the application`,
      handle: async ({ headers }) => {
        const { status, body } = await runProbe(probe, pod.address, headers);
        return text(body, status);
      },
    }),
  );
  const done = text('OK\n');
  return new AdminServer({
    ...options,
    endpoints: [
      healthEndpoint(proxy),
      { ...scrapeEndpoint, handle: (request) => merged(request, proxy, pod.metrics) },
      ...probes,
      {
        path: '/drain',
        post: true,
        local: true,
        help: 'not ready from now on; traffic goes on',
        handle: () => {
          pod.drain();
          return done;
        },
      },
      { path: '/quitquitquit', post: true, local: true, help: 'end the proxy', handle: () => ({ ...done, after: () => pod.quit() }) },
    ],
  });
}

/** The metrics of the application and those of the proxy as one page, in the format of the application's if that can be. */
async function merged(request: AdminRequest, proxy: ProbedProxy, app: AppMetrics | undefined): Promise<AdminReply> {
  if (!app) return proxy.metrics(request);
  const accept = proxy.format ? expositionTypes[proxy.format] : (request.accept ?? '*/*');
  const timeout = request.headers['x-prometheus-scrape-timeout-seconds'];
  const page = await app.scrape(accept, typeof timeout === 'string' ? timeout : undefined);
  const format = proxy.format ?? page?.format ?? expositionFor(request.accept);
  const own = await proxy.metrics({ ...request, accept: expositionTypes[format] });
  if (own.status !== 200) return own;
  const first = page && page.format !== format ? openMetricsAsText(page.text) : page?.text;
  // Its lines come first: `# EOF` of OpenMetrics is the last line of the proxy's own.
  return { ...own, body: together(first ?? '', exposition([app.family], format), own.body) };
}

function* together(first: string, second: Iterable<string>, third: string | Iterable<string>): Generator<string> {
  yield first;
  for (const piece of second) if (piece !== '# EOF\n') yield piece;
  if (typeof third === 'string') yield third;
  else yield* third;
}
