import { createAdminServer } from '../../proxy/admin/admin.ts';
import { createAgentServer, createHealthServer, createStatsServer, Health } from '../../proxy/admin/health.ts';
import type { AdminServer } from '../../proxy/admin/http-server.ts';
import type { AdminState, TableInfo } from '../../proxy/admin/state.ts';
import { clusterStatus, outlierReport } from '../../proxy/admin/upstream-status.ts';
import type { Sidecar } from '../../proxy/sidecar.ts';
import type { ProxyLog } from '../../proxy/telemetry/log.ts';
import { serverFamilies } from '../../proxy/telemetry/server-metrics.ts';
import { UpstreamGauges } from '../../proxy/telemetry/upstream-gauges.ts';
import { CliError } from '../exit.ts';
import { version } from '../version.ts';

export interface AdminDeps {
  sidecar: Sidecar;
  log: ProxyLog;
  /** 0: none. */
  ports: { admin: number; stats: number; agent: number; health: number };
  reopenLogs: () => void;
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
export async function startAdmin({ sidecar, log, ports, reopenLogs, quit }: AdminDeps): Promise<Admin> {
  const health = new Health();
  const gauges = new UpstreamGauges();
  const startedAt = Date.now();
  let rejected: TableInfo['rejected'];
  let refusals = 0;
  const upstreams = () => [...sidecar.upstreams.all()].map(({ state }) => state);
  const state: AdminState = {
    version,
    startedAt,
    concurrency: 1,
    state: () => health.state,
    table: () => sidecar.table,
    tableInfo: () => ({ ...sidecar.state, ...(rejected ? { rejected } : {}) }),
    listeners: () =>
      (sidecar.table?.listeners ?? []).map(({ name, address, moreAddresses = [], port, direction, bind }) => ({
        name,
        addresses: [address, ...moreAddresses].map((own) => `${own}:${port}`),
        direction,
        bound: bind,
      })),
    clusters: () => upstreams().map(clusterStatus),
    outliers: () => outlierReport(upstreams()),
    metrics: () => {
      const { heapUsed, heapTotal, rss } = process.memoryUsage();
      const facts = serverFamilies({
        live: health.state === 'LIVE',
        state: health.state === 'LIVE' ? 0 : health.state === 'DRAINING' ? 1 : health.state === 'PRE_INITIALIZING' ? 2 : 3,
        uptimeSeconds: (Date.now() - startedAt) / 1000,
        concurrency: 1,
        memory: { heapUsed, heapTotal, rss },
        connections: sidecar.active.connections,
        listeners: sidecar.table?.listeners.length ?? 0,
        clusters: sidecar.table?.clusters.length ?? 0,
        generation: sidecar.state.generation,
        rejected: refusals,
        droppedLogLines: 0,
      });
      return [...(sidecar.metrics?.snapshot() ?? []), ...gauges.families(upstreams()), ...facts];
    },
    resetCounters: () => sidecar.metrics?.reset(),
    logLevels: () => log.levels(),
    setLogLevel: (level, scope) => log.setLevel(level, scope),
    reopenLogs,
    failHealthCheck: (failed) => health.fail(failed),
    drain: async ({ inboundOnly, skipExit }) => {
      if (skipExit) return;
      if (!inboundOnly) health.draining();
      await sidecar.drain(inboundOnly ? 'inbound' : undefined);
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
        `cannot listen on ${loopback}:${port}${taken ? ', which another process has' : `: ${(error as Error).message}`}`,
        undefined,
        `Choose another port with ${flag}, or 0 for none.`,
      );
    }
  }
  health.live();
  return {
    rejected: (findings) => {
      refusals++;
      rejected = { version: sidecar.state.version, at: Date.now(), findings };
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
