import { envoyResources } from '../../envoy/resources.ts';
import type { RoutingTable } from '../../ir/table.ts';
import { isJson, type Json, messages } from '../../proxy-config/json.ts';
import { type ProxyConfig, readProxyConfig } from '../../proxy-config/proxy-config.ts';
import { CliError } from '../exit.ts';

/** Certificates are named as a control plane's are: nothing is asked whether it is there. */
const options = { meshTls: 'sds', secrets: 'ads' } as const;

/**
 * The `/config_dump` of the embedded sidecar, or a routing table as `weft translate --to ir` prints it: in the terms of Envoy, so that one
 * table and one script are for both.
 *
 * @param source names it in messages
 * @returns undefined where the document is of something else
 * @throws CliError where it is of a sidecar with another form of table
 */
export function readOwnDump(document: unknown, source: string): ProxyConfig | undefined {
  if (!isJson(document)) return undefined;
  const sections = new Map(messages(document, 'configs').map((section) => [section.kind, section]));
  const about = sections.get('ProxyConfigDump');
  if (!about && !(isJson(document.proxy) && isJson(document.mesh))) return undefined;
  const { proxy, mesh, security } = about ?? document;
  const list = (kind: string, name: string): Json[] => messages(about ? (sections.get(kind) ?? {}) : document, name);
  const table = {
    proxy,
    mesh,
    listeners: list('ListenersConfigDump', 'listeners'),
    routes: list('RoutesConfigDump', 'routes'),
    clusters: list('ClustersConfigDump', 'clusters'),
    ...(isJson(security) ? { security } : {}),
    envoyPatches: [],
    statuses: [],
  } as unknown as RoutingTable;
  // Before its first table a sidecar is nobody's.
  const config = readProxyConfig(isJson(proxy) ? resourcesOf(table, source) : { listeners: [], endpoints: [] });
  return config && { ...config, bootstrap: about, refused: refusals(about ?? {}) };
}

function resourcesOf(table: RoutingTable, source: string): object {
  try {
    return envoyResources(table, options);
  } catch {
    throw new CliError(
      `${source} is a dump of a sidecar with another form of routing table than this version of weft has`,
      undefined,
      'Use the version of weft that the sidecar has (weft version, and GET /server_info of its administration).',
    );
  }
}

function refusals({ rejected }: Json): ProxyConfig['refused'] {
  if (!isJson(rejected)) return [];
  const why = Array.isArray(rejected.findings) ? rejected.findings.join('; ') : '';
  return [{ what: 'routing table', name: String(rejected.version ?? ''), why }];
}
