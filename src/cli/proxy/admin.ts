import { createAdminServer } from '../../proxy/admin/admin.ts';
import { createAgentServer, createHealthServer, createStatsServer, Health } from '../../proxy/admin/health.ts';
import type { AdminServer } from '../../proxy/admin/http-server.ts';
import type { AdminState, TableInfo } from '../../proxy/admin/state.ts';
import type { ProxyLog } from '../../proxy/telemetry/log.ts';
import { serverFamilies } from '../../proxy/telemetry/server-metrics.ts';
import type { DataPlane } from '../../proxy/workers/data-plane.ts';
import { CliError } from '../exit.ts';
import { version } from '../version.ts';
import type { AccessLogFile } from './access-log-file.ts';

export interface AdminDeps {
  plane: DataPlane;
  log: ProxyLog;
  accessLog: AccessLogFile;
  /** 0: none. */
  ports: { admin: number; stats: number; agent: number; health: number };
  quit: () => void;
}

export interface Admin {
  /** A new version of the manifests was refused. */
  rejected(findings: readonly string[]): void;
  accepted(): void;
  draining(): void;
  close(): void;
}

const loopback = '127.0.0.1';

/**
 * The administration servers of a proxy, all on loopback.
 *
 * @throws CliError where a port is taken
 */
export async function startAdmin({ plane, log, accessLog, ports, quit }: AdminDeps): Promise<Admin> {
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
  const servers: AdminServer[] = [];
  const options = { onError: (error: unknown) => log.error(`administration: ${(error as Error).stack ?? String(error)}`) };
  const wanted: [number, string, AdminServer][] = [
    [ports.admin, '--admin-port', createAdminServer(state, options)],
    [ports.stats, '--stats-port', createStatsServer(state, options)],
    [ports.agent, '--agent-port', createAgentServer(state, options)],
    [ports.health, '--health-port', createHealthServer(state, options)],
  ];
  for (const [port, flag, server] of wanted) {
    if (port === 0) continue;
    try {
      await server.listen(port, loopback);
      servers.push(server);
    } catch (error) {
      for (const open of servers) void open.close();
      const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
      throw new CliError(
        `cannot listen on ${loopback}:${port}: ${taken ? 'another process has this port' : (error as Error).message}`,
        undefined,
        `Choose another port with ${flag}, or 0 for none.`,
      );
    }
  }
  health.live();
  return {
    rejected: (findings) => {
      refusals++;
      rejected = { version: plane.state.version, at: Date.now(), findings };
    },
    accepted: () => {
      rejected = undefined;
    },
    draining: () => health.draining(),
    close: () => {
      for (const server of servers) void server.close();
    },
  };
}
