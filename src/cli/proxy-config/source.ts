import { readFileSync } from 'node:fs';
import { oneLine } from '../../analysis/report/terminal-text.ts';
import { type EndpointFilter, endpointsOfAssignments, endpointsOfClusters, type SelectedEndpoints } from '../../proxy-config/endpoints.ts';
import { type ProxyConfig, readProxyConfig } from '../../proxy-config/proxy-config.ts';
import type { ClusterFlags } from '../cluster.ts';
import { CliError, usageError } from '../exit.ts';
import { readStdinSync } from '../stdin.ts';
import { write } from '../terminal.ts';
import { type Admin, ask, notAdmin, openAdmin } from './admin.ts';
import { readOwnDump } from './own-dump.ts';

/** Flags that tell which proxy is looked at. */
export interface SourceFlags extends ClusterFlags {
  file?: string;
  namespace?: string;
  proxyAdminAddress?: string;
  proxyAdminPort?: string;
}

/** Where the configuration of a proxy is read. `close` it at the end. */
export interface Source {
  /** As messages name it. */
  name: string;
  /** @throws CliError or KubeError where it cannot be read */
  config(): Promise<ProxyConfig>;
  /** @throws CliError or KubeError where they cannot be read */
  endpoints(filter: EndpointFilter): Promise<SelectedEndpoints>;
  close(): void;
}

/**
 * A file, or the administration of a running proxy: of a pod, where one is named, else on this machine.
 *
 * @throws CliError (usage), and for a pod that cannot be found
 */
export async function openSource(pod: string | undefined, flags: SourceFlags): Promise<Source> {
  const { file } = flags;
  if (file === undefined) return liveSource(await openAdmin(pod, flags));
  const { proxyAdminAddress, proxyAdminPort } = flags;
  if (pod !== undefined) throw usageError(`--file and the pod ${pod} are two sources: give one`);
  if (proxyAdminAddress !== undefined || proxyAdminPort !== undefined) throw usageError('--file and the administration of a proxy are two sources: give one');
  return fileSource(file);
}

function liveSource(admin: Admin): Source {
  return {
    name: admin.name,
    config: async () => configOf(parse(await ask(admin, () => admin.client.page('/config_dump')), admin.name), admin.name),
    endpoints: async (filter) => {
      const document = parse(await ask(admin, () => admin.client.page('/clusters?format=json')), admin.name);
      const found = endpointsOfClusters(document, filter);
      if (!found) throw new CliError(`what ${admin.name} answers to GET /clusters is not that of a proxy`, undefined, notAdmin);
      return found;
    },
    close: admin.close,
  };
}

function fileSource(file: string): Source {
  let document: unknown;
  const read = (): unknown => {
    document ??= parse(textOf(file), file);
    return document;
  };
  return {
    name: file,
    config: async () => configOf(read(), file),
    endpoints: async (filter) => {
      const states = endpointsOfClusters(read(), filter);
      if (states) return states;
      const { endpoints, hasAssignments } = configOf(read(), file);
      if (!hasAssignments)
        write('stderr', `Note: ${file} has only endpoints that are written in clusters: a dump has the others with GET /config_dump?include_eds.\n`);
      return endpointsOfAssignments(endpoints, filter);
    },
    close: () => {},
  };
}

function textOf(file: string): string {
  if (file === '-') return readStdinSync();
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new CliError(`there is no file ${file}`);
    throw new CliError(code === 'EISDIR' ? `${file} is a directory` : `cannot read ${file}: ${message}`);
  }
}

const dumps =
  'It is what a proxy answers to GET /config_dump (of an Envoy with ?include_eds, so that endpoints are in it), or GET /clusters?format=json for endpoints.';

/** @throws CliError where the text is no JSON */
function parse(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CliError(`${name} is no JSON: ${oneLine((error as Error).message)}`, undefined, dumps);
  }
}

/** @throws CliError where the document is no dump */
function configOf(document: unknown, name: string): ProxyConfig {
  const config = readOwnDump(document, name) ?? readProxyConfig(document);
  if (!config) throw new CliError(`${name} is no dump of a proxy's configuration`, undefined, dumps);
  return config;
}
