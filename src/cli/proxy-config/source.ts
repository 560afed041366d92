import { readFileSync } from 'node:fs';
import { oneLine } from '../../analysis/report/terminal-text.ts';
import { type EndpointFilter, endpointsOfAssignments, endpointsOfClusters, type SelectedEndpoints } from '../../proxy-config/endpoints.ts';
import { type ProxyConfig, readProxyConfig } from '../../proxy-config/proxy-config.ts';
import { AdminClient } from '../envoy/admin-client.ts';
import { CliError, usageError } from '../exit.ts';
import { parsePort } from '../proxy/flags.ts';
import { addressText, parseXdsAddress } from '../proxy/xds-address.ts';
import { readStdinSync } from '../stdin.ts';
import { write } from '../terminal.ts';
import { readOwnDump } from './own-dump.ts';

/** Flags that tell which proxy is looked at. */
export interface SourceFlags {
  file?: string;
  proxyAdminAddress?: string;
  proxyAdminPort?: string;
  selector?: string;
}

/** Where the configuration of a proxy is read. */
export interface Source {
  /** As messages name it. */
  name: string;
  /** @throws CliError where it cannot be read */
  config(): Promise<ProxyConfig>;
  /** @throws CliError where they cannot be read */
  endpoints(filter: EndpointFilter): Promise<SelectedEndpoints>;
}

export const ofPods =
  'A pod is reached with kubectl port-forward -n NAMESPACE pod/NAME 15000, and then without a name: its administration is on 127.0.0.1:15000.';

/**
 * A file, or the administration of a running proxy.
 *
 * @param pod what stands where the reference takes the name of a pod
 * @throws CliError (usage)
 */
export function openSource(pod: string | undefined, flags: SourceFlags): Source {
  const { file } = flags;
  if (file === undefined) return liveSource(openAdmin(pod, flags));
  const { proxyAdminAddress, proxyAdminPort } = flags;
  if (proxyAdminAddress !== undefined || proxyAdminPort !== undefined) throw usageError('--file and the administration of a proxy are two sources: give one');
  refusePod(pod, flags);
  return fileSource(file);
}

export interface Admin {
  client: AdminClient;
  name: string;
}

/** @throws CliError (usage) */
export function openAdmin(pod: string | undefined, flags: SourceFlags): Admin {
  refusePod(pod, flags);
  const { proxyAdminAddress, proxyAdminPort } = flags;
  if (proxyAdminAddress !== undefined && proxyAdminPort !== undefined) throw usageError('--proxy-admin-address and --proxy-admin-port say the same: give one');
  const port = parsePort('proxy-admin-port', proxyAdminPort ?? '15000');
  const address = proxyAdminAddress === undefined ? { address: '127.0.0.1', port } : parseXdsAddress(proxyAdminAddress, 'proxy-admin-address');
  return { client: new AdminClient(address), name: addressText(address) };
}

/** @throws CliError */
function refusePod(pod: string | undefined, { selector }: SourceFlags): void {
  const asked = pod ?? selector;
  if (asked !== undefined) throw usageError(`weft does not connect to pods, and "${asked}" asks for ${pod === undefined ? 'some' : 'one'}`, ofPods);
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
const notAdmin = 'That has to be the administration of a sidecar or an Envoy (weft proxy run --admin-port, by default 15000).';

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

/** @throws CliError that says why there is no answer */
export async function ask<T>({ name }: Admin, request: () => Promise<T>, help = notAdmin): Promise<T> {
  try {
    return await request();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ECONNREFUSED' || code === 'ENOENT')
      throw new CliError(
        `nobody listens on ${name}`,
        undefined,
        `A proxy has its administration there when it runs on this machine (weft proxy run); --proxy-admin-address names another place. ${ofPods}`,
      );
    throw new CliError(`cannot ask ${name}: ${oneLine(message.split('\n', 1)[0] ?? '')}`, undefined, help);
  }
}
