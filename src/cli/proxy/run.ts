import { formatPretty } from '../../analysis/report/pretty.ts';
import type { ReportItem } from '../../analysis/report/report.ts';
import { originalDestinationReader } from '../../proxy/capture/original-destination.ts';
import type { ExchangeRecord } from '../../proxy/core/exchange-record.ts';
import { realClock } from '../../proxy/real-clock.ts';
import { Sidecar } from '../../proxy/sidecar.ts';
import { AccessLog, accessLogLine } from '../../proxy/telemetry/access-log.ts';
import { createLog } from '../../proxy/telemetry/log.ts';
import { LogBuffer } from '../../proxy/telemetry/log-buffer.ts';
import { LogFile } from '../../proxy/telemetry/log-file.ts';
import { Metrics } from '../../proxy/telemetry/metrics.ts';
import { CliError, exitCode } from '../exit.ts';
import { isTerminal, styleFor, wantsColour, write } from '../terminal.ts';
import { type Admin, startAdmin } from './admin.ts';
import type { ProxyFlags } from './flags.ts';
import { ManifestReader } from './manifests.ts';
import { settingsOf } from './settings.ts';
import { describeTable, startSummary } from './summary.ts';
import { watchFiles } from './watch-files.ts';

/** How soon a line of the access log is in its file. */
const logFlushMs = 100;

/**
 * Serves until a signal ends it: SIGTERM and SIGINT let requests under way end within the drain time, a second one does not wait.
 *
 * @returns 0 after a signal; 79 when the manifests are broken, 65 when they cannot be parsed
 * @throws CliError for flags that make no sense, input that is not there, ports that are taken
 */
export async function runProxy(flags: ProxyFlags): Promise<number> {
  const { ports, drainMs, logLevel, logFormat } = settingsOf(flags);
  const reader = new ManifestReader(flags);
  const first = await reader.read();
  if (!first.table) {
    await printBroken(first.broken, 'nothing is served until that is repaired');
    return first.broken.some((item) => item.unparsable) ? exitCode.unparsable : exitCode.findings;
  }
  const log = await createLog({ level: logLevel, format: logFormat });
  let output: LogFile | undefined;
  let buffer: LogBuffer | undefined;
  let accessLog: AccessLog | undefined;
  const takeLogSettings = (settings: NonNullable<typeof first.table>['mesh']): void => {
    if (settings.accessLogFile === '') {
      accessLog = undefined;
      return;
    }
    const { line, problem } = accessLogLine(settings);
    if (problem !== undefined) log.warning(`access log format: ${problem}`);
    output ??= openLog(settings.accessLogFile);
    buffer ??= new LogBuffer(output, undefined, logFlushMs);
    if (accessLog) accessLog.setLine(line);
    else accessLog = new AccessLog(line, buffer);
  };
  takeLogSettings(first.table.mesh);
  const sidecar = new Sidecar({
    clock: realClock,
    bind: flags.bind,
    outboundPort: ports.outbound,
    inboundPort: ports.inbound,
    ...(flags.capture ? { originalDestination: originalDestinationReader('redirect') } : {}),
    reusePort: false,
    metrics: (table) => new Metrics(table),
    accessLog: (record: ExchangeRecord) => accessLog?.log(record),
  });
  const signal = Promise.withResolvers<string>();
  let admin: Admin;
  try {
    await sidecar.apply(first.table);
    admin = await startAdmin({ sidecar, log, ports, reopenLogs: () => output?.reopen(), quit: () => signal.resolve('quit') });
  } catch (error) {
    // Its sockets and timers would keep the process.
    await sidecar.drain();
    sidecar.destroy();
    throw startError(error as Error, ports.outbound);
  }
  if (isTerminal('stderr') && logFormat === 'text')
    write('stderr', startSummary(first.table, { ports, flags }, await styleFor(wantsColour(undefined, 'stderr'))));
  else log.info('serving', { version: sidecar.state.version, ...describeTable(first.table, ports.outbound, flags) });
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
          const before = sidecar.state.version;
          await sidecar.apply(table);
          takeLogSettings(table.mesh);
          admin.accepted();
          if (sidecar.state.version !== before)
            log.info('new manifests are in force', { version: sidecar.state.version, generation: sidecar.state.generation });
          return input;
        },
        (error) => {
          admin.rejected([error.message]);
          log.error(`the new manifests are refused, and the ones before go on: ${error.message}`);
        },
      )
    : () => {};
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => signal.resolve(name));
  process.on('SIGHUP', () => output?.reopen());
  const reason = await signal.promise;
  admin.draining();
  stopWatching();
  await shutDown(sidecar, drainMs, log, reason);
  admin.close();
  buffer?.close();
  await output?.close();
  // Connections that were given up may still hold timers.
  setTimeout(() => process.exit(exitCode.ok), 100).unref();
  return exitCode.ok;
}

async function shutDown(sidecar: Sidecar, drainMs: number, log: { info(text: string, fields?: Record<string, unknown>): void }, reason: string): Promise<void> {
  log.info('draining', { reason, ...sidecar.active });
  await sidecar.drain();
  const again = new Promise<void>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => resolve());
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, drainMs);
  });
  const idle = sidecar.active.connections === 0 ? Promise.resolve() : new Promise<void>((resolve) => sidecar.events.once('idle', () => resolve()));
  await Promise.race([again, late, idle]);
  clearTimeout(timer);
  sidecar.destroy();
  log.info('stopped');
}

function openLog(path: string): LogFile {
  try {
    return new LogFile(path);
  } catch (error) {
    throw new CliError(`cannot write the access log ${path}: ${(error as Error).message}`);
  }
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

async function printBroken(items: readonly ReportItem[], meaning: string): Promise<void> {
  const style = await styleFor(wantsColour(undefined, 'stderr'));
  const summary = { files: 0, resources: 0 };
  const count = `${items.length} error${items.length === 1 ? '' : 's'}`;
  write('stderr', `${formatPretty({ items, summary } as never, style)}${style.error(`✘ ${count}`)}: ${meaning}.\n`);
}
