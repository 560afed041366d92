import { hostname } from 'node:os';
import { FileDistribution } from '../../controller/distribution/file-distribution.ts';
import { ServedMesh } from '../../controller/served-mesh.ts';
import { XdsService } from '../../controller/xds/xds-service.ts';
import { controlPlane } from '../../envoy/xds/control-plane-server.ts';
import type { EndpointOverride } from '../../model/endpoint-overrides.ts';
import type { Mesh } from '../../model/mesh.ts';
import { createLog, type LogLevel, logLevels } from '../../proxy/telemetry/log.ts';
import { routingTable } from '../../translate/table.ts';
import { brokenExit, exitCode } from '../exit.ts';
import { jwksRoots } from '../jwks-roots.ts';
import { printBroken } from '../proxy/broken.ts';
import { parseChoice, parseMilliseconds, parseOverride } from '../proxy/flags.ts';
import { identityOf } from '../proxy/identity.ts';
import { MeshReader } from '../proxy/mesh-reader.ts';
import { checkOverrides } from '../proxy/overrides.ts';
import { originText } from '../proxy/statuses.ts';
import { isTerminal, styleFor, wantsColour, write } from '../terminal.ts';
import { version } from '../version.ts';
import { FollowedFiles } from './followed-files.ts';
import { cannotListen, listenAddress } from './listen-address.ts';
import { ManifestSecrets, refuseKeysForAll } from './manifest-secrets.ts';
import { nextSignal } from './next-signal.ts';
import { serveSummary } from './summary.ts';

/** Flags of `weft xds serve` as commander gives them. */
export interface ServeFlags {
  filename?: string[];
  meshConfigFile?: string;
  map?: string[];
  jwksCa?: string;
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
  const roots = jwksRoots(flags.jwksCa);
  const overrides = (flags.map ?? []).map((text) => parseOverride(text));
  const reader = new MeshReader(flags, { name: 'weft xds serve' });
  const first = await reader.read();
  if (first.broken.length > 0) {
    await printBroken(first.broken, 'nothing is served until that is repaired');
    return brokenExit(first.broken);
  }
  const served = new ServedMesh();
  served.take(first);
  for (const override of overrides) checkOverride(override, served.mesh, flags);
  if (!address.isLocal) refuseKeysForAll(served.mesh, flags.address);

  const log = await createLog({ level, format });
  const files = new FollowedFiles({
    reader,
    served,
    changed() {
      service.changed();
      served.versions.committed(service.generation);
    },
    log,
  });
  const distribution = new FileDistribution({
    about: { program: 'weft xds serve', version, identity: `${hostname()}_${process.pid}`, startedAt: new Date().toISOString() },
    served,
    streams: () => service.progress(),
    look: async () => (flags.watch ? files.look() : []),
  });
  const service: XdsService = new XdsService({
    services: [controlPlane(distribution)],
    mesh: () => served.mesh,
    source: 'manifests',
    describe: (origin) => originText(origin, served.source),
    overrides,
    ...(roots ? { jwksRoots: roots } : {}),
    ...(address.isLocal
      ? {
          secrets: new ManifestSecrets(
            () => served.mesh,
            (text) => log.warning(text),
          ),
          secretsInPlain: true,
        }
      : {}),
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

  const stopWatching = flags.watch ? files.follow(first.input) : () => {};
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
