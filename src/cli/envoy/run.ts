import type { Configuration } from '../../envoy/configuration.ts';
import { createLog } from '../../proxy/telemetry/log.ts';
import { CliError, exitCode } from '../exit.ts';
import { printBroken } from '../proxy/broken.ts';
import type { ProxyFlags } from '../proxy/flags.ts';
import { ManifestReader, type Manifests } from '../proxy/manifests.ts';
import { settingsOf } from '../proxy/settings.ts';
import { originText, statusLines } from '../proxy/statuses.ts';
import { describeTable, startSummary } from '../proxy/summary.ts';
import { watchFiles } from '../proxy/watch-files.ts';
import { isTerminal, styleFor, wantsColour, write } from '../terminal.ts';
import { type Ending, EnvoyEngine, EnvoyRefusal } from './engine.ts';
import { findEnvoy } from './find.ts';
import { checkFree } from './free-ports.ts';
import { notInEnvoy } from './not-yet.ts';
import { RunFolder } from './run-folder.ts';

/** Of a program that a signal ended. */
const signalCodes: Readonly<Record<string, number>> = {
  SIGHUP: 129,
  SIGINT: 130,
  SIGQUIT: 131,
  SIGILL: 132,
  SIGABRT: 134,
  SIGBUS: 135,
  SIGKILL: 137,
  SIGSEGV: 139,
  SIGTERM: 143,
};

/**
 * As `runProxy`, by an Envoy that gets its configuration from weft: `weft proxy run --engine envoy`.
 *
 * @returns 0 after a signal; the code of Envoy when it ended by itself; 79 when the manifests are broken, 65 when they cannot be parsed
 * @throws CliError for flags that make no sense, input that is not there, ports that are taken, what Envoy refuses
 */
export async function runEnvoy(flags: ProxyFlags): Promise<number> {
  const { ports, ...settings } = settingsOf(flags);
  const reader = new ManifestReader(flags);
  const first = await reader.read();
  if (!first.table) {
    await printBroken(first.broken, 'nothing is served until that is repaired');
    return first.broken.some((item) => item.unparsable) ? exitCode.unparsable : exitCode.findings;
  }
  const program = await findEnvoy(flags.envoyPath);
  const log = await createLog({ level: settings.logLevel, format: settings.logFormat });
  const local = { bind: flags.bind, outboundPort: ports.outbound, inboundPort: ports.inbound, capture: flags.capture === true };
  const folder = new RunFolder();
  const engine = new EnvoyEngine(program, { ...settings, ports, local }, folder);
  // Whatever happens to weft, its Envoy does not stay.
  process.on('exit', () => {
    engine.kill();
    folder.delete();
  });
  const signals = signalsOf(() => engine.reopenLogs());
  const warn = ({ mesh, table }: Manifests, { problems }: Configuration): void => {
    if (!table) return;
    for (const text of notInEnvoy(mesh, table)) log.warning(text);
    for (const text of statusLines(table.statuses, mesh)) log.warning(text);
    for (const { origin, message } of problems) log.warning(`${originText(origin, mesh)}: ${message}`);
  };

  const configuration = await configured(engine, first);
  await checkFree(configuration.table.listeners, ports);
  const starting = engine.start(configuration).catch((error: Error) => {
    // Its process would keep this one.
    engine.kill();
    throw new CliError(error.message);
  });
  const started = await Promise.race([starting, signals.first]);
  if (typeof started === 'string') {
    starting.catch(() => {});
    engine.kill();
    return exitCode.ok;
  }
  if (started) return endedByItself(started);
  if (isTerminal('stderr') && settings.logFormat === 'text') {
    write('stderr', startSummary(first.table, { ports, flags }, await styleFor(wantsColour(undefined, 'stderr'))));
    log.info('Envoy serves', { version: program.version, path: program.path });
  } else log.info('serving', { engine: `envoy ${program.version}`, ...describeTable(first.table, ports.outbound, flags) });
  warn(first, configuration);

  const stopWatching = flags.watch
    ? watchFiles(
        reader.files,
        first.input,
        async () => {
          const next = await reader.read();
          if (!next.table) {
            log.error('the new manifests are refused, and the ones before go on', { findings: next.broken.length });
            await printBroken(next.broken, 'the manifests before go on');
          } else {
            const made = await configured(engine, next);
            if (await engine.replace(made)) {
              log.info('new manifests are in force', describeTable(next.table, ports.outbound, flags));
              warn(next, made);
            }
          }
          return next.input;
        },
        (error) => log.error(`the new manifests are refused, and the ones before go on: ${error.message}`),
      )
    : () => {};
  const reason = await Promise.race([signals.first, engine.ended]);
  stopWatching();
  if (typeof reason !== 'string') return endedByItself(reason);
  log.info('draining', { reason, requests: await engine.active().catch(() => 0) });
  await engine.stop(signals.second);
  log.info('stopped');
  return exitCode.ok;
}

/** @throws CliError that names the object which Envoy refuses */
async function configured(engine: EnvoyEngine, { table, mesh }: Manifests): Promise<Configuration> {
  if (!table) throw new Error('there is no table of broken manifests');
  try {
    return await engine.configure(table);
  } catch (error) {
    if (!(error instanceof EnvoyRefusal)) throw error;
    const { message, blame } = error;
    if (!blame) throw new CliError(`Envoy refuses the configuration: ${message}`);
    const { origin, resource } = blame;
    throw new CliError(origin ? `${originText(origin, mesh)}: Envoy refuses ${resource}: ${message}` : `Envoy refuses ${resource}: ${message}`);
  }
}

function signalsOf(hangUp: () => void): { first: Promise<string>; second: Promise<string> } {
  const first = Promise.withResolvers<string>();
  const second = Promise.withResolvers<string>();
  let count = 0;
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => (count++ === 0 ? first : second).resolve(name));
  process.on('SIGHUP', hangUp);
  return { first: first.promise, second: second.promise };
}

/** Nobody asked it to: it is not started again, and weft ends as it did. */
function endedByItself({ code, signal }: Ending): number {
  write('stderr', `Error: Envoy ended by itself, ${signal === null ? `with exit code ${code}` : `by ${signal}`}: nothing is served any more.\n`);
  return signal === null ? (code ?? exitCode.error) : (signalCodes[signal] ?? exitCode.error);
}
