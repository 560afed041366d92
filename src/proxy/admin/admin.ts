import { statsFilter } from '../telemetry/stats-matcher.ts';
import { clustersJson, clustersText, listenersJson, listenersText } from './cluster-pages.ts';
import { configDump } from './config-dump.ts';
import { homePage } from './home-page.ts';
import { type AdminReply, type AdminRequest, AdminServer, type Endpoint, helpText, json, text } from './http-server.ts';
import { outliersJson, outliersText } from './outlier-page.ts';
import { loggingPage, memoryPage, readyPage, serverInfo } from './server-pages.ts';
import type { AdminState, ClusterStatus } from './state.ts';
import { prometheusPage, statsPage, statsParameters } from './stats-page.ts';

const done = (): AdminReply => text('OK\n');

/**
 * The paths of port 15000 (TEL-R20), and `/outliers`: for those on this machine, or in this pod, whatever address they are served at. They tell how
 * the mesh is made, and change the process.
 */
export function adminEndpoints(state: AdminState): Endpoint[] {
  const metrics = async () => state.metrics({ clusters: true });
  const inFormat = (request: AdminRequest, asText: () => string | Iterable<string>, asJson: () => unknown): AdminReply => {
    const format = request.query.get('format') ?? 'text';
    if (format === 'json') return json(asJson());
    return format === 'text' ? text(asText()) : text(`usage: ${request.path}?format=(json|text)\n`, 400);
  };
  const formats = { format: 'text or json' };
  const endpoints: Omit<Endpoint, 'local'>[] = [
    {
      path: '/',
      help: 'home page',
      handle: ({ accept }) =>
        accept?.includes('text/html') ? { status: 200, type: 'text/html; charset=UTF-8', body: homePage(endpoints, state.version) } : text(helpText(endpoints)),
    },
    { path: '/help', help: 'print out list of admin commands', handle: () => text(helpText(endpoints)) },
    {
      path: '/config_dump',
      help: 'the routing table in force',
      parameters: { resource: 'only one of listeners, routes, clusters', name_regex: 'only items whose name has this RE2 expression in it' },
      handle: (request) => configDump(request, state.table(), state.tableInfo()),
    },
    {
      path: '/clusters',
      help: 'upstream cluster status',
      parameters: { ...formats, filter: 'RE2 expression that is found in the name' },
      handle: async (request) => {
        const clusters = filteredClusters(request, await state.clusters());
        return 'status' in clusters
          ? clusters
          : inFormat(
              request,
              () => clustersText(clusters),
              () => clustersJson(clusters),
            );
      },
    },
    {
      path: '/listeners',
      help: 'listeners and their addresses',
      parameters: formats,
      handle: async (request) => {
        const listeners = await state.listeners();
        return inFormat(
          request,
          () => listenersText(listeners),
          () => listenersJson(listeners),
        );
      },
    },
    {
      path: '/outliers',
      help: 'who is ejected, why, until when',
      parameters: formats,
      handle: async (request) => {
        const report = await state.outliers();
        return inFormat(
          request,
          () => outliersText(report, Date.now()),
          () => outliersJson(report),
        );
      },
    },
    {
      path: '/stats',
      help: 'print server stats',
      parameters: { ...statsParameters, format: 'text, json or prometheus', type: 'All, Counters, Gauges or Histograms' },
      handle: (request) => statsPage(request, metrics),
    },
    {
      path: '/stats/prometheus',
      help: 'print server stats in prometheus format',
      parameters: statsParameters,
      handle: (request) => prometheusPage(request, metrics),
    },
    { path: '/ready', help: 'print server state, return 200 if LIVE, otherwise return 503', handle: () => readyPage(state) },
    { path: '/server_info', help: 'version, state and table', handle: () => serverInfo(state, Date.now()) },
    { path: '/memory', help: 'memory of the process in bytes', handle: memoryPage },
    ...changes(state),
  ];
  return endpoints.map((endpoint) => ({ ...endpoint, local: true }));
}

/** What changes the process; GET is refused. */
function changes(state: AdminState): Omit<Endpoint, 'local'>[] {
  return [
    {
      path: '/logging',
      post: true,
      help: 'query and change logging levels',
      parameters: { level: 'for all loggers', '<name>': 'for one', paths: 'name:level,…' },
      handle: (request) => loggingPage(request, state),
    },
    {
      path: '/drain_listeners',
      post: true,
      help: 'drain listeners',
      parameters: { graceful: 'connections are told to end first', inboundonly: 'only inbound listeners', skip_exit: 'listeners stay open' },
      handle: async ({ query }) => {
        await state.drain({ graceful: query.has('graceful'), inboundOnly: query.has('inboundonly'), skipExit: query.has('skip_exit') });
        return done();
      },
    },
    {
      path: '/healthcheck/fail',
      post: true,
      help: 'cause the server to fail health checks',
      handle: () => {
        state.failHealthCheck(true);
        return done();
      },
    },
    {
      path: '/healthcheck/ok',
      post: true,
      help: 'cause the server to pass health checks',
      handle: () => {
        state.failHealthCheck(false);
        return done();
      },
    },
    {
      path: '/reset_counters',
      post: true,
      help: 'reset all counters to zero',
      handle: async () => {
        await state.resetCounters();
        return done();
      },
    },
    {
      path: '/reopen_logs',
      post: true,
      help: 'reopen access logs',
      handle: async () => {
        await state.reopenLogs();
        return done();
      },
    },
    { path: '/quitquitquit', post: true, help: 'exit the server', handle: () => ({ ...done(), after: () => state.quit() }) },
  ];
}

function filteredClusters({ query }: AdminRequest, clusters: readonly ClusterStatus[]): readonly ClusterStatus[] | AdminReply {
  const expression = query.get('filter');
  if (expression === null) return clusters;
  const keep = statsFilter(expression);
  return keep ? clusters.filter(({ name }) => keep(name)) : text(`Invalid re2 regex: ${expression}\n`, 400);
}

export interface AdminOptions {
  /** Names that Host headers may have besides `localhost` and addresses; `any`: every name. */
  hostNames?: readonly string[] | 'any';
  onError?: (error: unknown) => void;
}

export function createAdminServer(state: AdminState, options: AdminOptions = {}): AdminServer {
  return new AdminServer({ ...options, endpoints: adminEndpoints(state) });
}
