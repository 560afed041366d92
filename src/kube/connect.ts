import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { KubeClient } from './client.ts';
import { bearer, type ClientCertificate, type Credentials, FixedCredentials, type Identity, type Impersonation } from './credentials.ts';
import type { Endpoint } from './endpoint.ts';
import { KubeError } from './error.ts';
import { ExecCredentials, type ExecPluginOptions } from './exec-plugin.ts';
import { impersonating } from './impersonation.ts';
import { inCluster } from './in-cluster.ts';
import { type ChosenContext, chooseContext, parseKubeconfig, type Sourced, type UserEntry } from './kubeconfig.ts';
import { readKubeconfigFiles } from './kubeconfig-files.ts';
import { isLoopback } from './loopback.ts';
import { TokenFileCredentials } from './token-file.ts';
import { Transport } from './transport.ts';

export interface ConnectOptions {
  /** A file. Default: `$KUBECONFIG` (a list), `~/.kube/config`, the service account of the pod. */
  kubeconfig?: string | undefined;
  /** Default: the current one. */
  context?: string | undefined;
  /** Who requests are sent as, of those that the user may impersonate. */
  as?: string | undefined;
  asGroups?: readonly string[] | undefined;
  asUid?: string | undefined;
  /** Of one request, in milliseconds. Default: 30 s. */
  timeoutMs?: number | undefined;
  /** A person is at the terminal, and credential plug-ins may ask. */
  interactive?: boolean | undefined;
  /** What credential plug-ins say for people, such as where to log in. */
  onPluginOutput?: ((text: string) => void) | undefined;
}

const defaultTimeoutMs = 30_000;

/**
 * The cluster that a kubeconfig names, or the one that this process runs in. No request is sent yet.
 *
 * @throws KubeError 'NoConfig' where nothing names a cluster; 'BadConfig' for a kubeconfig that cannot be used
 */
export async function connect(options: ConnectOptions = {}): Promise<KubeClient> {
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  const wanted = { user: options.as, groups: options.asGroups, uid: options.asUid };
  const sources = await readKubeconfigFiles(options.kubeconfig, process.env);
  const config = parseKubeconfig(sources);
  if (config.contexts.size === 0 && options.context === undefined && options.kubeconfig === undefined) {
    const pod = await inCluster(process.env);
    if (pod) {
      const credentials = impersonating(pod.credentials, wanted);
      return new KubeClient(new Transport(pod.endpoint, credentials), { context: '', namespace: pod.namespace, timeoutMs });
    }
    if (sources.length === 0)
      throw new KubeError('there is no kubeconfig, and this is no pod of a cluster', {
        reason: 'NoConfig',
        help: 'Name a file with --kubeconfig or KUBECONFIG, or write one to ~/.kube/config.',
      });
  }
  const chosen = chooseContext(config, options.context);
  const origin = [...new Set([chosen.cluster.file, ...(chosen.user ? [chosen.user.file] : [])])].join(' and ');
  const endpoint = await endpointOf(chosen, origin);
  const user = chosen.user?.value;
  const impersonation: Impersonation =
    wanted.user !== undefined || wanted.groups !== undefined || wanted.uid !== undefined
      ? wanted
      : { user: user?.as, groups: user?.['as-groups'], uid: user?.['as-uid'], extra: user?.['as-user-extra'] };
  const credentials = await credentialsOf(chosen, endpoint, { interactive: options.interactive, onOutput: options.onPluginOutput });
  const transport = new Transport(endpoint, impersonating(credentials, impersonation));
  return new KubeClient(transport, { context: chosen.name, namespace: chosen.namespace ?? 'default', timeoutMs });
}

async function endpointOf({ name, cluster }: ChosenContext, origin: string): Promise<Endpoint> {
  const { value, file } = cluster;
  const server = value.server.replace(/\/+$/, '');
  const ca = await pemOf(cluster, value['certificate-authority-data'], value['certificate-authority'], 'certificate-authority');
  const insecure = value['insecure-skip-tls-verify'] === true;
  const proxyUrl = value['proxy-url'];
  if (proxyUrl !== undefined && !(URL.canParse(proxyUrl) && /^(https?|socks(4a?|5h?)?):/i.test(proxyUrl)))
    throw new KubeError(`proxy-url of cluster ${cluster.name} (${file}) is no URL of a proxy: ${proxyUrl}`, {
      reason: 'BadConfig',
      help: 'It is like http://HOST:3128, https://HOST:3128 or socks5://HOST:1080.',
    });
  return {
    server,
    context: name,
    origin,
    ca,
    insecure,
    tlsServerName: value['tls-server-name'],
    proxyUrl,
    via: proxyUrl === undefined ? undefined : withoutPassword(proxyUrl),
    compress: !value['disable-compression'] && !isLoopback(server),
    ...(proxyUrl !== undefined && !/^https?:/i.test(proxyUrl)
      ? {
          agent: async (certificate: ClientCertificate | undefined) => {
            const { proxyAgent } = await import('./auth-provider.ts');
            return proxyAgent(value, ca, certificate);
          },
        }
      : {}),
  };
}

/** What client-go does, in its order: certificates always; of tokens and passwords one. */
async function credentialsOf(chosen: ChosenContext, endpoint: Endpoint, plugin: ExecPluginOptions): Promise<Credentials> {
  const { user } = chosen;
  if (!user) return new FixedCredentials({ headers: {} });
  const certificate = await certificateOf(user);
  const { token, tokenFile, username, password, exec, 'auth-provider': provider } = user.value;
  const identity = (headers: Record<string, string>): Identity => ({ headers, certificate });
  if (tokenFile) return new TokenFileCredentials(resolve(dirname(user.file), tokenFile), identity({}));
  if (token) return new FixedCredentials(identity(bearer(token.trim())));
  if (username) return new FixedCredentials(identity({ authorization: `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}` }));
  if (exec) {
    const ca = endpoint.ca?.toString('base64');
    return new ExecCredentials(user, exec, { ...chosen.cluster.value, ...(ca ? { 'certificate-authority-data': ca } : {}) }, plugin);
  }
  if (provider) {
    const { AuthProviderCredentials } = await import('./auth-provider.ts');
    return new AuthProviderCredentials(user, provider, certificate);
  }
  return new FixedCredentials(identity({}));
}

async function certificateOf(user: Sourced<UserEntry>): Promise<ClientCertificate | undefined> {
  const { value } = user;
  const [cert, key] = await Promise.all([
    pemOf(user, value['client-certificate-data'], value['client-certificate'], 'client-certificate'),
    pemOf(user, value['client-key-data'], value['client-key'], 'client-key'),
  ]);
  if (!cert && !key) return undefined;
  if (cert && key) return { cert, key };
  const [has, lacks] = cert ? ['client-certificate', 'client-key'] : ['client-key', 'client-certificate'];
  throw new KubeError(`user ${user.name} (${user.file}) has a ${has} and no ${lacks}`, { reason: 'BadConfig' });
}

/** Data before files; a path is relative to the kubeconfig. */
async function pemOf({ name, file }: Sourced<unknown>, data: string | undefined, path: string | undefined, key: string): Promise<Buffer | undefined> {
  if (!data && !path) return undefined;
  const at = `${key}${data ? '-data' : ''} of ${name} (${file})`;
  let pem: Buffer;
  try {
    pem = data ? Buffer.from(data, 'base64') : await readFile(resolve(dirname(file), path as string));
  } catch (error) {
    throw new KubeError(`${at} cannot be read: ${(error as Error).message}`, { reason: 'BadConfig', cause: error });
  }
  if (pem.includes('-----BEGIN ')) return pem;
  throw new KubeError(`${at} is not PEM${data ? ' in base64' : ''}`, { reason: 'BadConfig', help: 'It begins with -----BEGIN, after base64 is decoded.' });
}

function withoutPassword(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}
