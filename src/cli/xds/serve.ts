import { ServedMesh } from '../../controller/served-mesh.ts';
import { XdsService } from '../../controller/xds/xds-service.ts';
import type { EndpointOverride } from '../../model/endpoint-overrides.ts';
import type { Mesh } from '../../model/mesh.ts';
import { createLog, type LogLevel, logLevels, type ProxyLog } from '../../proxy/telemetry/log.ts';
import { routingTable } from '../../translate/table.ts';
import { exitCode } from '../exit.ts';
import { printBroken } from '../proxy/broken.ts';
import { parseChoice, parseMilliseconds, parseOverride } from '../proxy/flags.ts';
import { identityOf } from '../proxy/identity.ts';
import { MeshReader, type ReadMesh } from '../proxy/mesh-reader.ts';
import { checkOverrides } from '../proxy/overrides.ts';
import { originText } from '../proxy/statuses.ts';
import { watchFiles } from '../proxy/watch-files.ts';
import { isTerminal, styleFor, wantsColour, write } from '../terminal.ts';
import { cannotListen, listenAddress } from './listen-address.ts';
import { nextSignal } from './next-signal.ts';
import { serveSummary } from './summary.ts';

/** Flags of `weft xds serve` as commander gives them. */
export interface ServeFlags {
  filename?: string[];
  meshConfigFile?: string;
  map?: string[];
  namespace?: string;
  istioNamespace: string;
  address: string;
  watch: boolean;
  debounce: string;
  logLevel: string;
  logFormat: string;
}

/** However fast changes come, proxies get them this often, in milliseconds. */
const debounceMaxMs = 10_000;

/** At the end, proxies are told to go elsewhere, and have this long. */
const drainMs = 5_000;

/**
 * Serves the configuration of all proxies of a mesh until SIGTERM or SIGINT.
 *
 * @returns 0 after a signal; 79 when the manifests are broken, 65 when they cannot be parsed
 * @throws CliError for flags that make no sense, input that is not there, an address that is taken
 */
export async function runServe(flags: ServeFlags): Promise<number> {
  const debounceMs = parseMilliseconds('debounce', flags.debounce);
  const level: LogLevel = parseChoice('log-level', flags.logLevel, logLevels);
  const format = parseChoice('log-format', flags.logFormat, ['text', 'json']);
  const address = listenAddress(flags.address);
  const overrides = (flags.map ?? []).map((text) => parseOverride(text));
  const reader = new MeshReader(flags, { name: 'weft xds serve' });
  const first = await reader.read();
  if (first.broken.length > 0) {
    await printBroken(first.broken, 'nothing is served until that is repaired');
    return first.broken.some((item) => item.unparsable) ? exitCode.unparsable : exitCode.findings;
  }
  const served = new ServedMesh();
  served.take(first);
  for (const override of overrides) checkOverride(override, served.mesh, flags);

  const log = await createLog({ level, format });
  const service = new XdsService({
    mesh: () => served.mesh,
    source: 'manifests',
    describe: (origin) => originText(origin, served.source),
    overrides,
    debounceMs,
    debounceMaxMs,
    log,
  });
  const signal = nextSignal();
  const port = await service.listen(flags.address).catch(async (error: Error) => {
    await service.close();
    throw cannotListen('address', flags.address, error);
  });
  const at = address.withPort(port);
  if (isTerminal('stderr') && format === 'text')
    write('stderr', serveSummary({ address: at, mesh: served.mesh, resources: served.size, flags }, await styleFor(wantsColour(undefined, 'stderr'))));
  else log.info('serving', { address: at, resources: served.size });
  if (!address.isLocal) log.warning(`whoever can reach ${at} gets the configuration of the mesh: there is no TLS, and nobody is asked who they are`);

  const stopWatching = flags.watch ? watch(reader, first, { served, changed: () => service.changed(), log }) : () => {};
  log.info('stopping', { reason: await signal, proxies: service.size });
  stopWatching();
  await service.close({ drainMs });
  log.info('stopped');
  return exitCode.ok;
}

/** @throws CliError where no proxy has a service, port or subset of this name */
function checkOverride(override: EndpointOverride, mesh: Mesh, flags: ServeFlags): void {
  const own = identityOf({ namespace: flags.namespace, istioNamespace: flags.istioNamespace }, mesh);
  // Short names are those of the proxy's own namespace.
  const namespaces = new Set(mesh.list('Service').flatMap(({ name, namespace }) => (name === override.host ? [namespace] : [])));
  const problems = [...(namespaces.size === 0 ? [own.namespace] : namespaces)].map((namespace): unknown => {
    try {
      checkOverrides([override], mesh, routingTable(mesh, { ...own, namespace }));
      return undefined;
    } catch (error) {
      return error;
    }
  });
  if (problems.every((problem) => problem !== undefined)) throw problems[0];
}

/** Takes each new version of the files that is not broken. @returns ends it */
function watch(reader: MeshReader, first: ReadMesh, { served, changed, log }: { served: ServedMesh; changed: () => void; log: ProxyLog }): () => void {
  return watchFiles(
    reader.files,
    first.input,
    async () => {
      const next = await reader.read();
      if (next.broken.length > 0) {
        log.error('the new manifests are refused, and the ones before go on', { findings: next.broken.length });
        await printBroken(next.broken, 'the manifests before go on');
        return next.input;
      }
      const count = served.take(next);
      if (count > 0) {
        changed();
        log.info('new manifests are in force', { changed: count, resources: served.size });
      } else log.debug('the manifests say what they said before');
      return next.input;
    },
    (error) => log.error(`the new manifests are refused, and the ones before go on: ${error.message}`),
  );
}
