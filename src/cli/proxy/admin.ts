import { createAdminServer } from '../../proxy/admin/admin.ts';
import { Health } from '../../proxy/admin/health.ts';
import { scraped } from '../../proxy/admin/probe-servers.ts';
import type { AdminState, TableInfo } from '../../proxy/admin/state.ts';
import type { ProxyLog } from '../../proxy/telemetry/log.ts';
import { serverFamilies } from '../../proxy/telemetry/server-metrics.ts';
import type { DataPlane } from '../../proxy/workers/data-plane.ts';
import { version } from '../version.ts';
import type { AccessLogFile } from './access-log-file.ts';
import { openServers } from './open-servers.ts';
import { startProbeServers } from './probe-servers.ts';
import type { ProxySettings } from './settings.ts';

export interface AdminDeps {
  plane: DataPlane;
  log: ProxyLog;
  accessLog: AccessLogFile;
  settings: Pick<ProxySettings, 'ports' | 'probeBind'>;
  /** Addresses of the pod. */
  ip: readonly string[] | undefined;
  quit: () => void;
}

export interface Admin {
  /** A new version of the manifests was refused. */
  rejected(findings: readonly string[]): void;
  accepted(): void;
  /** There is a table; its sockets are being opened. */
  initializing(): void;
  /** The first table is in force. */
  live(): void;
  draining(): void;
  close(): void;
}

const loopback = '127.0.0.1';

/**
 * The administration of a proxy on loopback, and its servers for the kubelet, load balancers and scrapers. It is not live yet.
 *
 * @throws CliError where a port is taken, or the environment has probes that cannot be understood
 */
export async function startAdmin({ plane, log, accessLog, settings, ip, quit }: AdminDeps): Promise<Admin> {
  const health = new Health();
  const startedAt = Date.now();
  let rejected: TableInfo['rejected'];
  let refusals = 0;
  const state: AdminState = {
    version,
    startedAt,
    concurrency: plane.concurrency,
    state: () => health.state,
    table: () => plane.table,
    tableInfo: () => ({ ...plane.state, ...(rejected ? { rejected } : {}) }),
    listeners: () =>
      (plane.table?.listeners ?? []).map(({ name, address, moreAddresses = [], port, direction, bind }) => ({
        name,
        addresses: [address, ...moreAddresses].map((own) => `${own}:${port}`),
        direction,
        bound: bind,
      })),
    clusters: () => plane.clusters(),
    outliers: () => plane.outliers(),
    metrics: async ({ clusters }) => {
      const { heapUsed, heapTotal, connections } = await plane.usage();
      const facts = serverFamilies({
        live: health.state === 'LIVE',
        state: health.state === 'LIVE' ? 0 : health.state === 'DRAINING' ? 1 : health.state === 'PRE_INITIALIZING' ? 2 : 3,
        uptimeSeconds: (Date.now() - startedAt) / 1000,
        concurrency: plane.concurrency,
        memory: { heapUsed, heapTotal, rss: process.memoryUsage.rss() },
        connections,
        listeners: plane.table?.listeners.length ?? 0,
        clusters: plane.table?.clusters.length ?? 0,
        generation: plane.state.generation,
        rejected: refusals,
        droppedLogLines: accessLog.droppedLines,
      });
      return [...(await plane.metrics(clusters)), ...facts];
    },
    resetCounters: () => plane.resetCounters(),
    logLevels: () => log.levels(),
    setLogLevel: (level, scope) => log.setLevel(level, scope),
    reopenLogs: () => accessLog.reopen(),
    failHealthCheck: (failed) => health.fail(failed),
    drain: async ({ inboundOnly, skipExit }) => {
      if (skipExit) return;
      if (!inboundOnly) health.draining();
      await plane.drain(inboundOnly ? 'inbound' : undefined);
    },
    quit,
  };
  const { ports } = settings;
  const onError = (error: unknown) => log.error(`administration: ${(error as Error).stack ?? String(error)}`);
  const own = await openServers([
    { server: createAdminServer(state, { onError }), address: loopback, port: ports.admin, help: 'Choose another port with --admin-port, or 0 for none.' },
  ]);
  const drain = (): void => health.fail(true);
  const probed = { state: () => health.state, metrics: scraped(state) };
  const probes = await startProbeServers(probed, { drain, quit }, { settings, ip, log }).catch((error: Error) => {
    own.close();
    throw error;
  });
  return {
    rejected: (findings) => {
      refusals++;
      rejected = { version: plane.state.version, at: Date.now(), findings };
    },
    accepted: () => {
      rejected = undefined;
    },
    initializing: () => health.initializing(),
    live: () => health.live(),
    draining: () => health.draining(),
    close: () => {
      own.close();
      probes.close();
    },
  };
}
