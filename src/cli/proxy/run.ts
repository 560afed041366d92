import type { RoutingTable } from '../../ir/table.ts';
import { createLog, type ProxyLog } from '../../proxy/telemetry/log.ts';
import type { DataPlane, ThreadOutput, ThreadSettings } from '../../proxy/workers/data-plane.ts';
import { SingleThread } from '../../proxy/workers/single-thread.ts';
import { WorkerGroup } from '../../proxy/workers/worker-group.ts';
import { CliError, exitCode, usageError } from '../exit.ts';
import { jwksRoots } from '../jwks-roots.ts';
import { isTerminal, styleFor, wantsColour, write } from '../terminal.ts';
import { AccessLogFile } from './access-log-file.ts';
import { type Admin, startAdmin } from './admin.ts';
import { Certificates } from './certificates.ts';
import type { FedTable, TableFeed } from './feed.ts';
import { fileFeed } from './file-feed.ts';
import { type ProxyFlags, parseChoice } from './flags.ts';
import { hasOwnIdentity, type OwnIdentity, ownIdentity } from './own-identity.ts';
import { settingsOf } from './settings.ts';
import { describeTable, startSummary } from './summary.ts';

/** How soon a line of the access log is in its file. */
const logFlushMs = 100;

/**
 * Serves until a signal ends it: SIGTERM and SIGINT let requests under way end within the drain time, a second one does not wait.
 *
 * @param given whether a flag was written, and does not only have its default
 * @returns 0 after a signal; 1 when a worker thread failed; 79 when the manifests are broken, 65 when they cannot be parsed
 * @throws CliError for flags that make no sense, input that is not there, ports that are taken
 */
export async function runProxy(flags: ProxyFlags, given: (flag: string) => boolean): Promise<number> {
  const engine = parseChoice('engine', flags.engine, ['embedded', 'envoy']);
  if (engine === 'envoy' && flags.ignoreEnvoyFilters) throw usageError('--ignore-envoy-filters is for the embedded engine: an Envoy does what they say');
  if ((engine === 'embedded' || flags.xdsAddress !== undefined) && (flags.meshTls === 'sds' || flags.sdsSocket !== undefined))
    throw usageError('--mesh-tls and --sds-socket go with --engine envoy and -f: with a control plane certificates are had by --token-file');
  if (engine === 'envoy' && flags.xdsAddress !== undefined) return (await import('../envoy/run-xds.ts')).runXdsEnvoy(flags, given);
  if (engine === 'envoy') return (await import('../envoy/run.ts')).runEnvoy(flags);
  if (flags.envoyPath !== undefined) throw usageError('--envoy-path goes with --engine envoy: the embedded engine is weft itself');
  const settings = settingsOf(flags);
  const { ports, drainMs, drainDelayMs, concurrency, logLevel, logFormat } = settings;
  const roots = jwksRoots(flags.jwksCa);
  const meshTls = hasOwnIdentity(flags) || flags.tokenFile !== undefined;
  const log = await createLog({ level: logLevel, format: logFormat });
  const signal = Promise.withResolvers<string>();
  const ofFiles = flags.xdsAddress === undefined ? await fileFeed(flags, log) : undefined;
  if (typeof ofFiles === 'number') return ofFiles;
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
    ...(roots ? { jwksRoots: roots } : {}),
    meshTls,
  };
  let plane: DataPlane | undefined;
  let admin: Admin | undefined;
  let feed: TableFeed | undefined = ofFiles;
  let certificates: Certificates | undefined;
  let identity: OwnIdentity | undefined;
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => signal.resolve(name));
  try {
    plane = dataPlane(threads, { write: (lines) => accessLog.write(lines), warn: (text) => log.warning(text) }, concurrency);
    // Before there is a table: the kubelet asks for the application's health all the while.
    admin = await startAdmin({ plane, log, accessLog, settings, ip: flags.ip, quit: () => signal.resolve('quit') });
    feed ??= await Promise.race([remoteFeed(flags, log, signal.promise), failureOf(plane)]);
    if (feed) {
      takeLogSettings(feed.first.table);
      identity = await ownIdentity(flags, feed.first.table, log);
      certificates = new Certificates(plane, log, identity?.credentials ?? feed.credentials, feed.secrets);
      await certificates.ready(signal.promise);
      await certificates.prepare(feed.first);
      admin.initializing();
      await plane.apply(feed.first.table);
      admin.live();
    }
  } catch (error) {
    // Sockets and timers would keep the process; a feed that still waits ends, too.
    signal.resolve('failure');
    feed?.close();
    certificates?.close();
    identity?.close();
    admin?.close();
    await plane?.drain();
    await plane?.close();
    throw startError(error as Error, ports.outbound);
  }
  if (!feed) {
    admin.close();
    await plane.close();
    return exitCode.ok;
  }
  const { table } = feed.first;
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
      await certificates?.prepare(fed);
      await plane.apply(fed.table);
      admin.accepted();
      const { version, generation } = plane.state;
      if (version === before) return;
      log.info(flags.xdsAddress === undefined ? 'new manifests are in force' : 'a new routing table is in force', { version, generation });
      warn(fed);
    },
    refused: (findings) => admin.rejected(findings),
  });
  process.on('SIGHUP', () => accessLog.reopen());
  const reason = await Promise.race([signal.promise, plane.failed]);
  if (reason instanceof Error) log.critical(`a worker thread failed, and the proxy ends: ${reason.stack ?? reason.message}`);
  admin.draining();
  const again = new Promise<void>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => resolve());
  });
  if (drainDelayMs > 0 && typeof reason === 'string' && reason.startsWith('SIG')) {
    log.info('not ready any more: new connections are still taken', { reason, drainDelayMs });
    await within(drainDelayMs, again);
  }
  feed.close();
  certificates?.close();
  identity?.close();
  await shutDown(plane, log, { reason: reason instanceof Error ? 'failure' : reason, drainMs, again });
  admin.close();
  await accessLog.close();
  const code = reason instanceof Error ? exitCode.error : exitCode.ok;
  // Connections that were given up may still hold timers.
  setTimeout(() => process.exit(code), 100).unref();
  return code;
}

/** @returns undefined where it was ended before the first table */
async function remoteFeed(flags: ProxyFlags, log: ProxyLog, stopped: Promise<string>): Promise<TableFeed | undefined> {
  const { xdsFeed } = await import('./xds-feed.ts');
  return xdsFeed(flags, log, stopped);
}

/** @throws Error when a worker thread fails before there is a table */
async function failureOf({ failed }: DataPlane): Promise<never> {
  throw await failed;
}

function dataPlane(settings: ThreadSettings, output: ThreadOutput, threads: number): DataPlane {
  try {
    return threads === 1 ? new SingleThread(settings, output) : new WorkerGroup(settings, output, threads);
  } catch (error) {
    // Of --capture, where this machine cannot.
    throw new CliError((error as Error).message);
  }
}

/** @param again somebody does not want to wait */
async function shutDown(plane: DataPlane, log: ProxyLog, { reason, drainMs, again }: { reason: string; drainMs: number; again: Promise<void> }): Promise<void> {
  const { requests, connections } = await plane.usage();
  log.info('draining', { reason, requests, connections });
  await plane.drain();
  await within(drainMs, again, plane.idle());
  await plane.close();
  log.info('stopped');
}

/** Waits for one of these, but not longer. */
async function within(ms: number, ...ends: Promise<unknown>[]): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([...ends, late]);
  clearTimeout(timer);
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
