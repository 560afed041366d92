import type { Configuration } from '../../envoy/configuration.ts';
import type { RoutingTable } from '../../ir/table.ts';
import { createLog, type ProxyLog } from '../../proxy/telemetry/log.ts';
import { brokenExit, CliError, exitCode, usageError } from '../exit.ts';
import { jwksRoots } from '../jwks-roots.ts';
import { printBroken } from '../proxy/broken.ts';
import type { ProxyFlags } from '../proxy/flags.ts';
import { ManifestReader, type Manifests } from '../proxy/manifests.ts';
import { hasOwnIdentity } from '../proxy/own-identity.ts';
import { startProbeServers } from '../proxy/probe-servers.ts';
import { type MeshSecrets, meshSecrets } from '../proxy/secrets.ts';
import { settingsOf } from '../proxy/settings.ts';
import { originText, statusLines } from '../proxy/statuses.ts';
import { describeTable, startSummary } from '../proxy/summary.ts';
import { watchFiles } from '../proxy/watch-files.ts';
import { isTerminal, styleFor, wantsColour, write } from '../terminal.ts';
import { meshTlsOf } from '../translate/mesh-tls.ts';
import { checkBind } from './bind.ts';
import { endedByItself, untilTheEnd } from './ending.ts';
import { EnvoyEngine, EnvoyRefusal } from './engine.ts';
import { type EnvoyProgram, findEnvoy } from './find.ts';
import { checkFree } from './free-ports.ts';
import { notInEnvoy } from './not-yet.ts';
import { OwnSecrets, secretNames } from './own-secrets.ts';
import { probedEnvoy } from './probed.ts';
import { EnvoyReadiness } from './readiness.ts';
import { RunFolder } from './run-folder.ts';
import { Signals } from './signals.ts';
import { TokenKeys } from './token-keys.ts';

/** Manifests that are whole, and the Secrets among them that are for the proxy. */
interface Input extends Manifests {
  table: RoutingTable;
  secrets: MeshSecrets;
}

/**
 * As `runProxy`, by an Envoy that gets its configuration from weft: `weft proxy run --engine envoy`.
 *
 * @returns 0 after a signal; the code of Envoy when it ended by itself; 79 when the manifests are broken, 65 when they cannot be parsed
 * @throws CliError for flags that make no sense, input that is not there, ports that are taken, what Envoy refuses
 */
export async function runEnvoy(flags: ProxyFlags): Promise<number> {
  const settings = settingsOf(flags);
  const { sdsSocket: agent } = meshTlsOf(flags);
  if (hasOwnIdentity(flags) && agent !== undefined)
    throw usageError('--mesh-tls sds does not go with an identity by other flags: an agent gives Envoy its identity');
  checkBind(flags);
  const reader = new ManifestReader(flags);
  const read = await reader.read();
  const first = inputOf(read);
  if (!first) {
    await printBroken(read.broken, 'nothing is served until that is repaired');
    return brokenExit(read.broken);
  }
  const roots = jwksRoots(flags.jwksCa);
  const program = await findEnvoy(flags.envoyPath);
  const log = await createLog({ level: settings.logLevel, format: settings.logFormat });
  const folder = new RunFolder();
  process.on('exit', () => folder.delete());
  const keys = new TokenKeys((text) => log.warning(text), roots);
  let secrets: OwnSecrets | undefined;
  try {
    secrets = await OwnSecrets.serve(flags, first.table, folder, log);
    return await serve({ flags, settings, reader, first, program, log, folder, keys, secrets, agent });
  } finally {
    // Sockets and timers would keep the process.
    keys.close();
    secrets?.close();
  }
}

interface Parts {
  flags: ProxyFlags;
  settings: ReturnType<typeof settingsOf>;
  reader: ManifestReader;
  first: Input;
  program: EnvoyProgram;
  log: ProxyLog;
  folder: RunFolder;
  keys: TokenKeys;
  secrets: OwnSecrets;
  /** Socket of another one that gives out certificates of the mesh. */
  agent: string | undefined;
}

async function serve({ flags, settings: all, reader, first, program, log, folder, keys, secrets, agent }: Parts): Promise<number> {
  const { ports, drainDelayMs, ...settings } = all;
  const local = { bind: flags.bind, outboundPort: ports.outbound, inboundPort: ports.inbound, capture: flags.capture === true };
  const sdsSocket = secrets.hasIdentity ? secrets.socket : agent;
  const sockets = { sdsSocket, secretsSocket: secrets.socket };
  const engine = new EnvoyEngine(program, { ...settings, adminPort: ports.admin, local, jwks: keys.jwks, ...sockets }, folder);
  const envoy = engine.process;
  // Whatever happens to weft, its Envoy does not stay.
  process.prependListener('exit', () => envoy.kill());
  const signals = new Signals(() => envoy.reopenLogs());
  let warnings: ReadonlySet<string> = new Set();
  const warn = ({ mesh, table, secrets: ofManifests }: Input, { problems }: Configuration): void => {
    const before = warnings;
    warnings = new Set([
      ...ofManifests.problems,
      ...notInEnvoy(mesh, table, sdsSocket !== undefined),
      ...statusLines(table.statuses, mesh),
      ...problems.map(({ origin, message }) => `${originText(origin, mesh)}: ${message}`),
    ]);
    // What was said already, and is still so, is not said again.
    for (const text of warnings) if (!before.has(text)) log.warning(text);
  };

  await keys.use(first.table);
  const configuration = await configured(engine, first);
  await secrets.follow(first.table, first.secrets, log);
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
  const take = async (next: Input): Promise<void> => {
    const made = await configured(engine, next);
    // New ones are there before somebody asks for them.
    const areOther = await secrets.follow(next.table, next.secrets, log);
    const isNew = await engine.replace(made);
    current = next;
    if (!isNew && !areOther) return;
    if (isNew) log.info('new manifests are in force', describeTable(next.table, ports.outbound, flags));
    else log.info('other certificates are in force');
    warn(next, made);
  };
  const stopWatching = flags.watch
    ? watchFiles(
        reader.files,
        first.input,
        async () => {
          const reading = await reader.read();
          const next = inputOf(reading);
          if (!next) {
            log.error('the new manifests are refused, and the ones before go on', { findings: reading.broken.length });
            await printBroken(reading.broken, 'the manifests before go on');
          } else {
            await keys.use(next.table);
            await inTurn(() => take(next));
          }
          return reading.input;
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
  probes.close();
  return code;
}

function inputOf(manifests: Manifests): Input | undefined {
  const { table, mesh } = manifests;
  return table && { ...manifests, table, secrets: meshSecrets(mesh, table) };
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
async function configured(engine: EnvoyEngine, { table, mesh, secrets }: Input): Promise<Configuration> {
  try {
    return await engine.configure(table, secretNames(secrets, table));
  } catch (error) {
    if (!(error instanceof EnvoyRefusal)) throw error;
    const { message, blame } = error;
    if (!blame) throw new CliError(`Envoy refuses the configuration: ${message}`);
    const { origin, resource } = blame;
    throw new CliError(origin ? `${originText(origin, mesh)}: Envoy refuses ${resource}: ${message}` : `Envoy refuses ${resource}: ${message}`);
  }
}
