import { oneLine } from '../../analysis/report/terminal-text.ts';
import { redacted } from '../../envoy/redact.ts';
import { clusterTable, selectClusters } from '../../proxy-config/clusters.ts';
import { endpointTable, type SelectedEndpoints } from '../../proxy-config/endpoints.ts';
import type { Json } from '../../proxy-config/json.ts';
import { listenerTable, selectListeners } from '../../proxy-config/listeners.ts';
import type { ProxyConfig } from '../../proxy-config/proxy-config.ts';
import { routeTable, selectRoutes } from '../../proxy-config/routes.ts';
import type { Table } from '../../proxy-config/table.ts';
import { CliError, exitCode } from '../exit.ts';
import { parseChoice, parsePort } from '../proxy/flags.ts';
import { write } from '../terminal.ts';
import type { Format } from '../translate/formats.ts';
import { formatted } from '../translate/output.ts';
import { openSource, type Source, type SourceFlags } from './source.ts';
import { tableText } from './table-text.ts';

export type Part = 'listeners' | 'routes' | 'clusters' | 'endpoints';

/** Flags of `weft proxy-config listeners|routes|clusters|endpoints|all` as commander gives them; a part has those that it knows. */
export interface ProxyConfigFlags extends SourceFlags {
  output: string;
  verbose?: boolean;
  address?: string;
  port?: string;
  type?: string;
  name?: string;
  fqdn?: string;
  subset?: string;
  direction?: string;
  cluster?: string;
  status?: string;
}

interface Printed {
  part: Part;
  table: Table;
  messages: readonly Json[];
}

const listenerTypes = ['HTTP', 'TCP', 'HTTP+TCP', 'UNKNOWN'] as const;

/**
 * Prints parts of the configuration of one proxy: tables, or the messages of Envoy's API.
 *
 * @returns 0, also where nothing is selected
 * @throws CliError where the source cannot be read
 */
export async function runProxyConfig(wanted: readonly Part[], pod: string | undefined, flags: ProxyConfigFlags): Promise<number> {
  const format = parseChoice('output', flags.output, ['short', 'json', 'yaml']);
  const selected = selection(flags);
  const source = await openSource(pod, flags);
  let config: ProxyConfig | undefined;
  const printed: Printed[] = [];
  try {
    if (wanted.some((part) => part !== 'endpoints')) config = await source.config();
    for (const part of wanted) printed.push(await selected(part, source, config));
  } finally {
    source.close();
  }
  if (format === 'short') write('stdout', printed.map(({ table }) => tableText(table)).join('\n'));
  else {
    const [only] = printed;
    const documents = printed.map(({ part, messages }) => [part, messages]);
    write('stdout', shown(printed.length === 1 && only ? only.messages : Object.fromEntries(documents), format));
  }
  for (const { part, messages } of printed)
    if (messages.length === 0) write('stderr', `${source.name} has no ${part}${isFiltered(flags) ? ' that match' : ''}.\n`);
  if (config) notes(config);
  return exitCode.ok;
}

/** Checks all filters before anything is read. */
function selection(flags: ProxyConfigFlags): (part: Part, source: Source, config: ProxyConfig | undefined) => Promise<Printed> {
  const { address, name, fqdn, subset, cluster, status, verbose = true } = flags;
  const port = flags.port === undefined ? undefined : parsePort('port', flags.port);
  const type = flags.type === undefined ? undefined : parseChoice('type', flags.type.toUpperCase(), listenerTypes);
  const direction = flags.direction === undefined ? undefined : parseChoice('direction', flags.direction.toLowerCase(), ['inbound', 'outbound']);
  return async (part, source, config) => {
    switch (part) {
      case 'listeners': {
        const messages = selectListeners(config?.listeners ?? [], { address, port, type });
        return { part, messages, table: listenerTable(messages, verbose) };
      }
      case 'routes': {
        const messages = selectRoutes(config?.routes ?? [], { name });
        return { part, messages, table: routeTable(messages, verbose) };
      }
      case 'clusters': {
        const messages = selectClusters(config?.clusters ?? [], { fqdn, port, subset, direction });
        return { part, messages, table: clusterTable(messages) };
      }
      case 'endpoints': {
        const { endpoints, messages }: SelectedEndpoints = await source.endpoints({ address, port, cluster, status });
        return { part, messages, table: endpointTable(endpoints) };
      }
    }
  };
}

function isFiltered({ address, port, type, name, fqdn, subset, direction, cluster, status }: ProxyConfigFlags): boolean {
  return [address, port, type, name, fqdn, subset, direction, cluster, status].some((filter) => filter !== undefined);
}

/** What the proxy did not take is what somebody looks for who does not find it. */
function notes({ refused }: ProxyConfig): void {
  for (const { what, name, why } of refused) write('stderr', `Note: the proxy has refused a version of the ${what} ${oneLine(`${name}: ${why}`)}\n`);
}

/**
 * Prints what a proxy was started with.
 *
 * @throws CliError where the source cannot be read, or does not tell
 */
export async function runBootstrap(pod: string | undefined, flags: SourceFlags & { output: string }): Promise<number> {
  const format = parseChoice('output', flags.output, ['json', 'yaml']);
  const source = await openSource(pod, flags);
  const { bootstrap } = await source.config().finally(() => source.close());
  if (!bootstrap) throw new CliError(`${source.name} has no bootstrap`, undefined, 'It is in what a proxy answers to GET /config_dump without parameters.');
  write('stdout', shown(bootstrap, format));
  return exitCode.ok;
}

/** An Envoy hides keys in its dump, but not those by which tokens are made. */
function shown(document: object, format: Format): string {
  return formatted(redacted(document) as object, format);
}
