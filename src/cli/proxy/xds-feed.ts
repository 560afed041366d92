import { ControlPlaneSecrets } from '../../agent/control-plane-secrets.ts';
import { quietGrpc } from '../../envoy/xds/quiet-grpc.ts';
import { TableClient } from '../../envoy/xds/table-client.ts';
import type { Origin, RoutingTable } from '../../ir/table.ts';
import type { ProxyLog } from '../../proxy/telemetry/log.ts';
import { usageError } from '../exit.ts';
import { version } from '../version.ts';
import { describedIdentity } from './described.ts';
import { ignoredFilters } from './envoy-filters.ts';
import type { FedTable, TableFeed, TableSink } from './feed.ts';
import type { ProxyFlags } from './flags.ts';
import { withAccessLog } from './manifests.ts';
import { meshIdentity } from './mesh-identity.ts';
import { notYetOfTable } from './not-yet.ts';
import { hasOwnIdentity } from './own-identity.ts';
import { addressText, parseXdsAddress } from './xds-address.ts';

/**
 * Tables from a control plane. Waits for the first one, however long it takes.
 *
 * @param stopped resolves when the first table is no longer waited for
 * @returns undefined when it was stopped
 * @throws CliError (usage) for flags that make no sense, and for a first table with EnvoyFilters that are not to be ignored
 */
export async function xdsFeed(flags: ProxyFlags, log: ProxyLog, stopped: Promise<unknown>): Promise<TableFeed | undefined> {
  refuseFileFlags(flags);
  const address = addressText(parseXdsAddress(flags.xdsAddress ?? ''));
  quietGrpc();
  const proxy = describedIdentity(flags);
  const safe = meshIdentity(flags, proxy, log);
  const connection = new ConnectionLog(address, log);
  const secrets = new ControlPlaneSecrets();
  const first = Promise.withResolvers<FedTable>();
  /** What to do with a table; the first one waits for whoever asked for it. */
  const sink = Promise.withResolvers<TableSink>();
  let isFirst = true;
  const client = new TableClient({
    address,
    ...(safe ? { channel: () => safe.controlPlane.channel() } : {}),
    proxy,
    version,
    secrets: (found) => secrets.set(found),
    take: async (table) => {
      if (!isFirst) return (await sink.promise).take(fedOf(table, flags));
      isFirst = false;
      try {
        first.resolve(fedOf(table, flags));
      } catch (error) {
        first.reject(error);
        throw error;
      }
      // Only with it in force it is acknowledged.
      await sink.promise;
    },
    events: {
      connected: () => connection.connected(),
      disconnected: (detail, retryMs) => connection.disconnected(detail, retryMs),
      refused: (problem) => {
        if (connection.hasTable) log.error(`the new routing table is refused, and the one before goes on: ${problem}`);
        void sink.promise.then(({ refused }) => refused([problem]));
      },
    },
  });
  client.start();
  log.info('waiting for the routing table', { from: address });
  let fed: FedTable | undefined;
  try {
    fed = await Promise.race([first.promise, stopped.then(() => undefined)]);
  } finally {
    if (!fed) {
      client.close();
      safe?.identity.stop();
    }
  }
  if (!fed) return undefined;
  connection.hasTable = true;
  return {
    first: fed,
    follow: (taken) => sink.resolve(taken),
    ...(safe ? { credentials: safe.identity } : {}),
    secrets,
    close() {
      client.close();
      safe?.identity.stop();
    },
  };
}

/** @throws CliError (usage) for flags that say what the control plane says */
export function refuseFileFlags({ filename, useKube, meshConfigFile, map, watch }: ProxyFlags): void {
  const written = { '-f': filename, '-k': useKube, '--meshConfigFile': meshConfigFile, '--map': map, '--watch': watch };
  const [flag] = Object.entries(written).find(([, value]) => value !== undefined && value !== false) ?? [];
  if (flag === undefined) return;
  const help = flag === '--map' ? 'weft xds serve takes --map.' : 'Manifests are given to weft xds serve.';
  throw usageError(`${flag} does not go with --xds-address: the routing table comes from there`, help);
}

/** @throws CliError for EnvoyFilters that are not to be ignored */
function fedOf(received: RoutingTable, flags: ProxyFlags): FedTable {
  const table = withAccessLog(received, flags);
  const placeOf = ({ kind, namespace, name }: Origin): string => `${kind} ${namespace}/${name}`;
  const ignored = ignoredFilters(table, flags, placeOf);
  const statuses = table.statuses.map(({ origin, message }) => `${placeOf(origin)}: ${message}`);
  return { table, placeOf, warnings: [...ignored, ...notYetOfTable(table, hasOwnIdentity(flags) || flags.tokenFile !== undefined), ...statuses] };
}

/** Says once that a control plane is lost, and once that it is back. */
class ConnectionLog {
  /** There is one to go on with. */
  hasTable = false;
  private readonly address: string;
  private readonly log: ProxyLog;
  private lost: string | undefined;
  private wasConnected = false;

  constructor(address: string, log: ProxyLog) {
    this.address = address;
    this.log = log;
  }

  connected(): void {
    this.log.info(this.wasConnected ? 'the control plane is back' : 'connected to the control plane', { address: this.address });
    this.wasConnected = true;
    this.lost = undefined;
  }

  disconnected(detail: string, retryMs: number): void {
    const fields = { address: this.address, retryMs: Math.round(retryMs) };
    if (this.lost !== detail) this.log.warning(`no connection to the control plane: ${detail}; ${this.meanwhile()}`, fields);
    else this.log.debug(`no connection to the control plane: ${detail}`, fields);
    this.lost = detail;
  }

  private meanwhile(): string {
    return this.hasTable ? 'the last routing table goes on' : 'it is tried again until there is one';
  }
}
