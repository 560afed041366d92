import type { Configuration } from '../../envoy/configuration.ts';
import { createLog } from '../../proxy/telemetry/log.ts';
import { CliError, exitCode, usageError } from '../exit.ts';
import { jwksRoots } from '../jwks-roots.ts';
import { printBroken } from '../proxy/broken.ts';
import type { ProxyFlags } from '../proxy/flags.ts';
import { ManifestReader, type Manifests } from '../proxy/manifests.ts';
import { hasOwnIdentity } from '../proxy/own-identity.ts';
import { startProbeServers } from '../proxy/probe-servers.ts';
import { settingsOf } from '../proxy/settings.ts';
import { originText, statusLines } from '../proxy/statuses.ts';
import { describeTable, startSummary } from '../proxy/summary.ts';
import { watchFiles } from '../proxy/watch-files.ts';
import { isTerminal, styleFor, wantsColour, write } from '../terminal.ts';
import { meshTlsOf } from '../translate/mesh-tls.ts';
import { checkBind } from './bind.ts';
import { endedByItself, untilTheEnd } from './ending.ts';
import { EnvoyEngine, EnvoyRefusal } from './engine.ts';
import { findEnvoy } from './find.ts';
import { checkFree } from './free-ports.ts';
import { notInEnvoy } from './not-yet.ts';
import { OwnSecrets } from './own-secrets.ts';
import { probedEnvoy } from './probed.ts';
import { EnvoyReadiness } from './readiness.ts';
import { RunFolder } from './run-folder.ts';
import { Signals } from './signals.ts';
import { TokenKeys } from './token-keys.ts';

/**
 * As `runProxy`, by an Envoy that gets its configuration from weft: `weft proxy run --engine envoy`.
 *
 * @returns 0 after a signal; the code of Envoy when it ended by itself; 79 when the manifests are broken, 65 when they cannot be parsed
 * @throws CliError for flags that make no sense, input that is not there, ports that are taken, what Envoy refuses
 */
export async function runEnvoy(flags: ProxyFlags): Promise<number> {
  const { ports, drainDelayMs, ...settings } = settingsOf(flags);
  const { sdsSocket: agent } = meshTlsOf(flags);
  if (hasOwnIdentity(flags) && agent !== undefined)
    throw usageError('--mesh-tls sds does not go with an identity by other flags: an agent gives Envoy its identity');
  checkBind(flags);
  const reader = new ManifestReader(flags);
  const first = await reader.read();
  if (!first.table) {
    await printBroken(first.broken, 'nothing is served until that is repaired');
    return first.broken.some((item) => item.unparsable) ? exitCode.unparsable : exitCode.findings;
  }
  const roots = jwksRoots(flags.jwksCa);
  const program = await findEnvoy(flags.envoyPath);
  const log = await createLog({ level: settings.logLevel, format: settings.logFormat });
  const local = { bind: flags.bind, outboundPort: ports.outbound, inboundPort: ports.inbound, capture: flags.capture === true };
  const folder = new RunFolder();
  const keys = new TokenKeys((text) => log.warning(text), roots);
  const secrets = await OwnSecrets.serve(flags, first.table, folder, log);
  const sdsSocket = secrets?.socket ?? agent;
  const engine = new EnvoyEngine(program, { ...settings, adminPort: ports.admin, local, jwks: keys.jwks, sdsSocket }, folder);
  const envoy = engine.process;
  // Whatever happens to weft, its Envoy does not stay.
  process.on('exit', () => {
    envoy.kill();
    folder.delete();
  });
  const signals = new Signals(() => envoy.reopenLogs());
  const warn = ({ mesh, table }: Manifests, { problems }: Configuration): void => {
    if (!table) return;
    for (const text of notInEnvoy(mesh, table, sdsSocket !== undefined)) log.warning(text);
    for (const text of statusLines(table.statuses, mesh)) log.warning(text);
    for (const { origin, message } of problems) log.warning(`${originText(origin, mesh)}: ${message}`);
  };

  await keys.use(first.table);
  const configuration = await configured(engine, first);
  await checkFree(configuration.table.listeners, ports);
  const readiness = new EnvoyReadiness(envoy.admin, { awaitsResources: false });
  const lifecycle = { drain: () => readiness.draining(), quit: () => signals.quit() };
  const probes = await startProbeServers(probedEnvoy(envoy.admin, readiness), lifecycle, { settings: { ...settings, ports }, ip: flags.ip, log });
  const starting = engine.start(configuration).catch((error: Error) => {
    // Its process, and open ports, would keep this one.
    envoy.kill();
    probes.close();
    throw new CliError(error.message);
  });
  const started = await Promise.race([starting, signals.first]);
  if (typeof started === 'string') {
    starting.catch(() => {});
    envoy.kill();
    probes.close();
    return exitCode.ok;
  }
  if (started) {
    probes.close();
    return endedByItself(started);
  }
  // From now on changes are heard of: who is told that it serves may make one at once.
  let current = first;
  const inTurn = turns();
  keys.follow(() => {
    void inTurn(async () => {
      if (await engine.replace(await configured(engine, current))) log.info('other keys of token issuers are in force');
    }).catch((error: Error) => log.error(`keys of token issuers are refused, and the ones before go on: ${error.message}`));
  });
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
            const { table } = next;
            await keys.use(table);
            await secrets?.follow(table, log);
            await inTurn(async () => {
              const made = await configured(engine, next);
              const isNew = await engine.replace(made);
              current = next;
              if (!isNew) return;
              log.info('new manifests are in force', describeTable(table, ports.outbound, flags));
              warn(next, made);
            });
          }
          return next.input;
        },
        (error) => log.error(`the new manifests are refused, and the ones before go on: ${error.message}`),
      )
    : () => {};
  if (isTerminal('stderr') && settings.logFormat === 'text') {
    write('stderr', startSummary(first.table, { ports, flags }, await styleFor(wantsColour(undefined, 'stderr'))));
    log.info('Envoy serves', { version: program.version, path: program.path });
  } else log.info('serving', { engine: `envoy ${program.version}`, ...describeTable(first.table, ports.outbound, flags) });
  warn(first, configuration);
  const code = await untilTheEnd(envoy, { signals, readiness, drainDelayMs, log });
  stopWatching();
  keys.close();
  secrets?.close();
  probes.close();
  return code;
}

/** One change after the other. */
function turns(): (change: () => Promise<void>) => Promise<void> {
  let last = Promise.resolve();
  return (change) => {
    const turn = last.then(change);
    last = turn.catch(() => {});
    return turn;
  };
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
