import type { RoutingTable } from '../../ir/table.ts';
import { createLog, type ProxyLog } from '../../proxy/telemetry/log.ts';
import type { DataPlane, ThreadSettings } from '../../proxy/workers/data-plane.ts';
import { SingleThread } from '../../proxy/workers/single-thread.ts';
import { WorkerGroup } from '../../proxy/workers/worker-group.ts';
import { CliError, exitCode, usageError } from '../exit.ts';
import { isTerminal, styleFor, wantsColour, write } from '../terminal.ts';
import { AccessLogFile } from './access-log-file.ts';
import { type Admin, startAdmin } from './admin.ts';
import type { FedTable, TableFeed } from './feed.ts';
import { fileFeed } from './file-feed.ts';
import { type ProxyFlags, parseChoice } from './flags.ts';
import { settingsOf } from './settings.ts';
import { describeTable, startSummary } from './summary.ts';

/** How soon a line of the access log is in its file. */
const logFlushMs = 100;

/**
 * Serves until a signal ends it: SIGTERM and SIGINT let requests under way end within the drain time, a second one does not wait.
 *
 * @returns 0 after a signal; 1 when a worker thread failed; 79 when the manifests are broken, 65 when they cannot be parsed
 * @throws CliError for flags that make no sense, input that is not there, ports that are taken
 */
export async function runProxy(flags: ProxyFlags): Promise<number> {
  const engine = parseChoice('engine', flags.engine, ['embedded', 'envoy']);
  if (engine === 'envoy' && flags.xdsAddress !== undefined)
    throw usageError(
      '--xds-address is for the embedded engine',
      'For an Envoy: weft proxy bootstrap --xds-address HOST:PORT --proxy NAMESPACE/NAME > envoy.json && envoy -c envoy.json',
    );
  if (engine === 'envoy' && flags.ignoreEnvoyFilters) throw usageError('--ignore-envoy-filters is for the embedded engine: an Envoy does what they say');
  if (engine === 'envoy') return (await import('../envoy/run.ts')).runEnvoy(flags);
  if (flags.envoyPath !== undefined) throw usageError('--envoy-path goes with --engine envoy: the embedded engine is weft itself');
  const { ports, drainMs, concurrency, logLevel, logFormat } = settingsOf(flags);
  const log = await createLog({ level: logLevel, format: logFormat });
  const signal = Promise.withResolvers<string>();
  const feed = flags.xdsAddress === undefined ? await fileFeed(flags, log) : await remoteFeed(flags, log, signal);
  if (typeof feed === 'number') return feed;
  const { table } = feed.first;
  const accessLog = new AccessLogFile();
  const takeLogSettings = ({ mesh }: RoutingTable): void => {
    const problem = accessLog.use(mesh);
    if (problem !== undefined) log.warning(`access log format: ${problem}`);
  };
  const threads: ThreadSettings = {
    bind: flags.bind,
    outboundPort: ports.outbound,
    inboundPort: ports.inbound,
    capture: flags.capture === true,
    drainMs,
    logFlushMs,
  };
  let plane: DataPlane | undefined;
  let admin: Admin;
  try {
    takeLogSettings(table);
    plane = dataPlane(threads, accessLog, concurrency);
    await plane.apply(table);
    admin = await startAdmin({ plane, log, accessLog, ports, quit: () => signal.resolve('quit') });
  } catch (error) {
    // Its sockets and timers would keep the process.
    feed.close();
    await plane?.drain();
    await plane?.close();
    throw startError(error as Error, ports.outbound);
  }
  if (isTerminal('stderr') && logFormat === 'text') write('stderr', startSummary(table, { ports, flags }, await styleFor(wantsColour(undefined, 'stderr'))));
  else log.info('serving', { version: plane.state.version, ...describeTable(table, ports.outbound, flags) });
  const said = new Set<string>();
  const warn = ({ warnings }: FedTable): void => {
    for (const text of warnings) if (!said.has(text)) log.warning(text);
    for (const text of warnings) said.add(text);
  };
  warn(feed.first);
  feed.follow({
    take: async (fed) => {
      const before = plane.state.version;
      takeLogSettings(fed.table);
      await plane.apply(fed.table);
      admin.accepted();
      const { version, generation } = plane.state;
      if (version === before) return;
      log.info(flags.xdsAddress === undefined ? 'new manifests are in force' : 'a new routing table is in force', { version, generation });
      warn(fed);
    },
    refused: (findings) => admin.rejected(findings),
  });
  if (flags.xdsAddress === undefined) endBySignal(signal);
  process.on('SIGHUP', () => accessLog.reopen());
  const reason = await Promise.race([signal.promise, plane.failed]);
  if (reason instanceof Error) log.critical(`a worker thread failed, and the proxy ends: ${reason.stack ?? reason.message}`);
  admin.draining();
  feed.close();
  await shutDown(plane, drainMs, log, reason instanceof Error ? 'failure' : reason);
  admin.close();
  await accessLog.close();
  const code = reason instanceof Error ? exitCode.error : exitCode.ok;
  // Connections that were given up may still hold timers.
  setTimeout(() => process.exit(code), 100).unref();
  return code;
}

/** @returns 0 where a signal came before the first table */
async function remoteFeed(flags: ProxyFlags, log: ProxyLog, signal: PromiseWithResolvers<string>): Promise<TableFeed | number> {
  const { xdsFeed } = await import('./xds-feed.ts');
  endBySignal(signal);
  return (await xdsFeed(flags, log, signal.promise)) ?? exitCode.ok;
}

function endBySignal({ resolve }: PromiseWithResolvers<string>): void {
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => resolve(name));
}

function dataPlane(settings: ThreadSettings, accessLog: AccessLogFile, threads: number): DataPlane {
  try {
    return threads === 1 ? new SingleThread(settings, accessLog) : new WorkerGroup(settings, accessLog, threads);
  } catch (error) {
    // Of --capture, where this machine cannot.
    throw new CliError((error as Error).message);
  }
}

async function shutDown(plane: DataPlane, drainMs: number, log: ProxyLog, reason: string): Promise<void> {
  const { requests, connections } = await plane.usage();
  log.info('draining', { reason, requests, connections });
  await plane.drain();
  const again = new Promise<void>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => resolve());
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, drainMs);
  });
  await Promise.race([again, late, plane.idle()]);
  clearTimeout(timer);
  await plane.close();
  log.info('stopped');
}

function startError(error: Error, outboundPort: number): CliError {
  if (error instanceof CliError || !/^cannot listen on /.test(error.message)) return error instanceof CliError ? error : new CliError(error.message);
  const ofFlags = new RegExp(`^cannot listen on [^ ]*:${outboundPort}: `).test(error.message);
  return new CliError(
    error.message,
    undefined,
    ofFlags ? 'Choose another port with --outbound-port, or another address with --bind.' : 'The port is that of a Gateway or Sidecar in the manifests.',
  );
}
