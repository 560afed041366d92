import { isLogLevel, logLevels } from '../telemetry/log.ts';
import { type AdminReply, type AdminRequest, json, text } from './http-server.ts';
import type { AdminState } from './state.ts';

/** `/server_info` */
export function serverInfo(state: AdminState, now: number): AdminReply {
  const table = state.table();
  const { rejected, loadedAt, ...info } = state.tableInfo();
  const proxy = table?.proxy;
  return json({
    version: state.version,
    state: state.state(),
    uptime_current_epoch: uptime(state, now),
    uptime_all_epochs: uptime(state, now),
    concurrency: state.concurrency,
    table: {
      ...info,
      ...(loadedAt !== undefined && { loadedAt: new Date(loadedAt).toISOString() }),
      ...(rejected && { rejected: { ...rejected, at: new Date(rejected.at).toISOString() } }),
    },
    ...(proxy && { proxy: { role: proxy.role, namespace: proxy.namespace, name: proxy.name, labels: proxy.labels } }),
    process: { pid: process.pid, node: process.version },
  });
}

function uptime({ startedAt }: AdminState, now: number): string {
  return `${Math.max(0, Math.floor((now - startedAt) / 1000))}s`;
}

/** `/ready`: 200 only where requests are served as they should be. */
export function readyPage(state: AdminState): AdminReply {
  const name = state.state();
  return text(`${name}\n`, name === 'LIVE' ? 200 : 503);
}

/** `/memory`: texts, as Envoy writes 64-bit numbers. */
export function memoryPage(): AdminReply {
  const { heapUsed, heapTotal, rss, external, arrayBuffers } = process.memoryUsage();
  return json({
    allocated: String(heapUsed),
    heap_size: String(heapTotal),
    total_physical_bytes: String(rss),
    external: String(external),
    array_buffers: String(arrayBuffers),
  });
}

/** `/logging`: `level=L` for all, `paths=name:L,…` or `name=L` for some; answers with the levels. */
export async function loggingPage({ query }: AdminRequest, state: AdminState): Promise<AdminReply> {
  const usage = `usage: /logging?level=<level>\nusage: /logging?<name>=<level>\nusage: /logging?paths=name1:level1,name2:level2,...\nlevels: ${logLevels.join(', ')}\n`;
  const changes: [string | undefined, string][] = [];
  for (const [name, value] of query) {
    if (name === 'level') changes.push([undefined, value]);
    else if (name !== 'paths') changes.push([name, value]);
    else
      for (const part of value.split(',')) {
        const at = part.lastIndexOf(':');
        changes.push([part.slice(0, Math.max(0, at)), part.slice(at + 1)]);
      }
  }
  const known = state.logLevels();
  for (const [name, level] of changes) {
    if (!isLogLevel(level)) return text(`error: unknown logger level\n\n${usage}`, 400);
    // Also keeps names from being made without end.
    if (name !== undefined && !Object.hasOwn(known, name)) return text(`error: unknown logger name\n\n${usage}`, 400);
  }
  for (const [name, level] of changes) if (isLogLevel(level)) await state.setLogLevel(level, name);
  const lines = Object.entries(state.logLevels()).map(([name, level]) => `  ${name}: ${level}\n`);
  return text(`active loggers:\n${lines.join('')}\n`);
}
