import { formatPretty } from '../../analysis/report/pretty.ts';
import type { ReportItem } from '../../analysis/report/report.ts';
import { originalDestinationReader } from '../../proxy/capture/original-destination.ts';
import type { ExchangeRecord } from '../../proxy/core/exchange-record.ts';
import { realClock } from '../../proxy/real-clock.ts';
import { Sidecar } from '../../proxy/sidecar.ts';
import { AccessLog, accessLogLine } from '../../proxy/telemetry/access-log.ts';
import { createLog, isLogLevel } from '../../proxy/telemetry/log.ts';
import { LogBuffer } from '../../proxy/telemetry/log-buffer.ts';
import { LogFile } from '../../proxy/telemetry/log-file.ts';
import { Metrics } from '../../proxy/telemetry/metrics.ts';
import { CliError, exitCode, usageError } from '../exit.ts';
import { styleFor, wantsColour, write } from '../terminal.ts';
import { startAdmin } from './admin.ts';
import { type ProxyFlags, parseMilliseconds, parsePort } from './flags.ts';
import { ManifestReader } from './manifests.ts';
import { describeTable } from './summary.ts';
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
  const drainMs = parseMilliseconds('drain-time', flags.drainTime);
  const ports = {
    outbound: parsePort('outbound-port', flags.outboundPort),
    inbound: parsePort('inbound-port', flags.inboundPort),
    admin: parsePort('admin-port', flags.adminPort),
    stats: parsePort('stats-port', flags.statsPort),
    agent: parsePort('agent-port', flags.agentPort),
    health: parsePort('health-port', flags.healthPort),
  };
  if (!isLogLevel(flags.logLevel)) throw usageError(`--log-level takes debug, info, warning or error, not "${flags.logLevel}"`);
  const reader = new ManifestReader(flags);
  const first = await reader.read();
  if (!first.table) {
    await printBroken(first.broken);
    return first.broken.some((item) => item.unparsable) ? exitCode.unparsable : exitCode.findings;
  }
  const log = await createLog({ level: flags.logLevel, format: flags.logFormat === 'json' ? 'json' : 'text' });
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
  try {
    await sidecar.apply(first.table);
  } catch (error) {
    throw new CliError((error as Error).message);
  }
  const signal = Promise.withResolvers<string>();
  const admin = await startAdmin({ sidecar, log, ports, reopenLogs: () => output?.reopen(), quit: () => signal.resolve('quit') });
  log.info('serving', { version: sidecar.state.version, ...describeTable(first.table, ports.outbound, flags) });
  for (const { message, origin } of first.table.statuses) log.warning(`${origin.kind} ${origin.namespace}/${origin.name}: ${message}`);
  const stopWatching = flags.watch
    ? watchFiles(reader.files, first.input, async () => {
        const { table, broken, input } = await reader.read();
        if (!table) {
          admin.rejected(broken.map((item) => `${item.code} ${item.origin}: ${item.text}`));
          log.error('the new manifests are refused, and the ones before go on', { findings: broken.length });
          await printBroken(broken);
          return input;
        }
        const before = sidecar.state.version;
        await sidecar.apply(table);
        takeLogSettings(table.mesh);
        admin.accepted();
        if (sidecar.state.version !== before) log.info('new manifests are in force', { version: sidecar.state.version, generation: sidecar.state.generation });
        return input;
      }, (error) => {
        admin.rejected([error.message]);
        log.error(`the new manifests are refused, and the ones before go on: ${error.message}`);
      })
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

async function printBroken(items: readonly ReportItem[]): Promise<void> {
  const style = await styleFor(wantsColour(undefined, 'stderr'));
  const summary = { files: 0, resources: 0 };
  write('stderr', `${formatPretty({ items, summary } as never, style)}\n`);
}
