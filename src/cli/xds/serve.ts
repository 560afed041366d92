import { loadEnvoyApi } from '../../envoy/proto/api.ts';
import { quietGrpc } from '../../envoy/xds/quiet-grpc.ts';
import { XdsServer } from '../../envoy/xds/server.ts';
import { Views } from '../../envoy/xds/views.ts';
import type { RoutingTable } from '../../ir/table.ts';
import type { EndpointOverride } from '../../model/endpoint-overrides.ts';
import type { Mesh } from '../../model/mesh.ts';
import { createLog, type LogLevel, logLevels, type ProxyLog } from '../../proxy/telemetry/log.ts';
import { routingTable, viewKey } from '../../translate/table.ts';
import { CliError, exitCode } from '../exit.ts';
import { printBroken } from '../proxy/broken.ts';
import { parseChoice, parseMilliseconds, parseOverride } from '../proxy/flags.ts';
import { identityOf } from '../proxy/identity.ts';
import { MeshReader, type ReadMesh } from '../proxy/mesh-reader.ts';
import { checkOverrides } from '../proxy/overrides.ts';
import { originText, statusLines } from '../proxy/statuses.ts';
import { watchFiles } from '../proxy/watch-files.ts';
import { isTerminal, styleFor, wantsColour, write } from '../terminal.ts';
import { eventsLog } from './events-log.ts';
import { knownProxy } from './known-proxy.ts';
import { listenAddress } from './listen-address.ts';
import { ServedMesh } from './served-mesh.ts';
import { serveSummary } from './summary.ts';
import { WarnOnce } from './warn-once.ts';

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

/** What only proxies had that are gone is forgotten after this time, in case they come back. */
const pruneMs = 10_000;

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
  const warnings = new WarnOnce((text) => log.warning(text));
  const tableOf = (proxy: RoutingTable['proxy']): RoutingTable => {
    const table = routingTable(served.mesh, knownProxy(proxy, served.mesh), { overrides });
    warnings.say(statusLines(table.statuses, served.source));
    return table;
  };
  quietGrpc();
  const api = loadEnvoyApi();
  const views = new Views({
    encode: (typeUrl, json) => api.encode(typeUrl, json),
    tableOf,
    onPatchProblem: (origin, message) => warnings.say([`${originText(origin, served.source)}: ${message}`]),
    keyOf: (proxy) => viewKey(served.mesh, knownProxy(proxy, served.mesh)),
  });
  const events = eventsLog(log);
  const prune = new Later(pruneMs, () => views.prune(server.nodes()));
  const server = new XdsServer(views, {
    debounceMs,
    debounceMaxMs: Math.max(debounceMs, debounceMaxMs),
    events: {
      ...events,
      disconnected: (peer, problem) => {
        if (stopping) return;
        events.disconnected(peer, problem);
        prune.soon();
      },
    },
  });
  let stopping = false;
  const signal = nextSignal();
  const port = await server.listen(flags.address).catch(async (error: Error) => {
    await server.close();
    throw new CliError(`cannot listen on ${flags.address}: ${reasonOf(error)}`, undefined, 'Choose another address with --address HOST:PORT.');
  });
  const at = address.withPort(port);
  if (isTerminal('stderr') && format === 'text')
    write('stderr', serveSummary({ address: at, mesh: served.mesh, resources: served.size, flags }, await styleFor(wantsColour(undefined, 'stderr'))));
  else log.info('serving', { address: at, resources: served.size });
  if (!address.isLocal) log.warning(`whoever can reach ${at} gets the configuration of the mesh: there is no TLS, and nobody is asked who they are`);

  const stopWatching = flags.watch ? watch(reader, first, { served, changed, log }) : () => {};
  function changed(): void {
    log.debug('what has changed is sent', { proxies: server.nodes().length });
    warnings.next();
    views.changed();
    server.changed();
  }
  log.info('stopping', { reason: await signal, proxies: server.nodes().length });
  stopping = true;
  stopWatching();
  prune.cancel();
  await server.close({ drainMs });
  log.info('stopped');
  return exitCode.ok;
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process has this port',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'permission denied',
};

/** What the system says, without what the library says around it. */
function reasonOf({ message }: Error): string {
  const code = /\b(?:listen|bind) (E[A-Z]+)\b/.exec(message)?.[1];
  return code === undefined ? message : (reasons[code] ?? code);
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

/** Does something once, some time after it was first asked for. */
class Later {
  private readonly ms: number;
  private readonly run: () => void;
  private timer: NodeJS.Timeout | undefined;

  constructor(ms: number, run: () => void) {
    this.ms = ms;
    this.run = run;
  }

  soon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.run();
    }, this.ms);
  }

  cancel(): void {
    clearTimeout(this.timer);
  }
}

function nextSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => resolve(name));
  });
}
