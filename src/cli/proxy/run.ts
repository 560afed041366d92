import type { RoutingTable } from '../../ir/table.ts';
import { createLog, type ProxyLog } from '../../proxy/telemetry/log.ts';
import type { DataPlane, ThreadSettings } from '../../proxy/workers/data-plane.ts';
import { SingleThread } from '../../proxy/workers/single-thread.ts';
import { WorkerGroup } from '../../proxy/workers/worker-group.ts';
import { CliError, exitCode } from '../exit.ts';
import { isTerminal, styleFor, wantsColour, write } from '../terminal.ts';
import { AccessLogFile } from './access-log-file.ts';
import { type Admin, startAdmin } from './admin.ts';
import { printBroken } from './broken.ts';
import type { ProxyFlags } from './flags.ts';
import { ManifestReader } from './manifests.ts';
import { notYet } from './not-yet.ts';
import { settingsOf } from './settings.ts';
import { describeTable, startSummary } from './summary.ts';
import { watchFiles } from './watch-files.ts';

/** How soon a line of the access log is in its file. */
const logFlushMs = 100;

/**
 * Serves until a signal ends it: SIGTERM and SIGINT let requests under way end within the drain time, a second one does not wait.
 *
 * @returns 0 after a signal; 1 when a worker thread failed; 79 when the manifests are broken, 65 when they cannot be parsed
 * @throws CliError for flags that make no sense, input that is not there, ports that are taken
 */
export async function runProxy(flags: ProxyFlags): Promise<number> {
  const { ports, drainMs, concurrency, logLevel, logFormat } = settingsOf(flags);
  const reader = new ManifestReader(flags);
  const first = await reader.read();
  if (!first.table) {
    await printBroken(first.broken, 'nothing is served until that is repaired');
    return first.broken.some((item) => item.unparsable) ? exitCode.unparsable : exitCode.findings;
  }
  const log = await createLog({ level: logLevel, format: logFormat });
  const accessLog = new AccessLogFile();
  const takeLogSettings = ({ mesh }: RoutingTable): void => {
    const problem = accessLog.use(mesh);
    if (problem !== undefined) log.warning(`access log format: ${problem}`);
  };
  takeLogSettings(first.table);
  const threads: ThreadSettings = {
    bind: flags.bind,
    outboundPort: ports.outbound,
    inboundPort: ports.inbound,
    capture: flags.capture === true,
    drainMs,
    logFlushMs,
  };
  const plane = dataPlane(threads, accessLog, concurrency);
  const signal = Promise.withResolvers<string>();
  let admin: Admin;
  try {
    await plane.apply(first.table);
    admin = await startAdmin({ plane, log, accessLog, ports, quit: () => signal.resolve('quit') });
  } catch (error) {
    // Its sockets and timers would keep the process.
    await plane.drain();
    await plane.close();
    throw startError(error as Error, ports.outbound);
  }
  if (isTerminal('stderr') && logFormat === 'text')
    write('stderr', startSummary(first.table, { ports, flags }, await styleFor(wantsColour(undefined, 'stderr'))));
  else log.info('serving', { version: plane.state.version, ...describeTable(first.table, ports.outbound, flags) });
  for (const text of notYet(first.mesh, first.table)) log.warning(text);
  for (const { message, origin } of first.table.statuses) log.warning(`${origin.kind} ${origin.namespace}/${origin.name}: ${message}`);
  const stopWatching = flags.watch
    ? watchFiles(
        reader.files,
        first.input,
        async () => {
          const { table, broken, input } = await reader.read();
          if (!table) {
            admin.rejected(broken.map((item) => `${item.code} ${item.origin}: ${item.text}`));
            log.error('the new manifests are refused, and the ones before go on', { findings: broken.length });
            await printBroken(broken, 'the manifests before go on');
            return input;
          }
          const before = plane.state.version;
          takeLogSettings(table);
          await plane.apply(table);
          admin.accepted();
          const { version, generation } = plane.state;
          if (version !== before) log.info('new manifests are in force', { version, generation });
          return input;
        },
        (error) => {
          admin.rejected([error.message]);
          log.error(`the new manifests are refused, and the ones before go on: ${error.message}`);
        },
      )
    : () => {};
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => signal.resolve(name));
  process.on('SIGHUP', () => accessLog.reopen());
  const reason = await Promise.race([signal.promise, plane.failed]);
  if (reason instanceof Error) log.critical(`a worker thread failed, and the proxy ends: ${reason.stack ?? reason.message}`);
  admin.draining();
  stopWatching();
  await shutDown(plane, drainMs, log, reason instanceof Error ? 'failure' : reason);
  admin.close();
  await accessLog.close();
  const code = reason instanceof Error ? exitCode.error : exitCode.ok;
  // Connections that were given up may still hold timers.
  setTimeout(() => process.exit(code), 100).unref();
  return code;
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
