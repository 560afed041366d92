import type { Agent } from 'node:http';
import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import type { ClientCertificate, Credentials, Identity } from './credentials.ts';
import { KubeError } from './error.ts';
import type { ClusterEntry, Sourced, UserEntry } from './kubeconfig.ts';

/** Credentials by an auth provider (`oidc`, `azure`, `gcp`), whose tokens @kubernetes/client-node renews. */
export class AuthProviderCredentials implements Credentials {
  readonly #config: KubeConfig;
  readonly #name: string;
  readonly #certificate: ClientCertificate | undefined;

  constructor(user: Sourced<UserEntry>, provider: NonNullable<UserEntry['auth-provider']>, certificate: ClientCertificate | undefined) {
    this.#config = kubeConfig({ server: 'https://localhost' }, { name: user.name, authProvider: { name: provider.name, config: { ...provider.config } } });
    this.#name = `auth provider ${provider.name} of user ${user.name} (${user.file})`;
    this.#certificate = certificate;
  }

  async current(): Promise<Identity> {
    const options: RequestOptions = {};
    try {
      await this.#config.applyToHTTPSOptions(options);
    } catch (error) {
      throw this.#bad(`fails: ${(error as Error).message}`, error);
    }
    const headers = options.headers as Record<string, string> | undefined;
    const authorization = headers?.Authorization;
    if (typeof authorization !== 'string') throw this.#bad('gives no token');
    return { headers: { authorization }, certificate: this.#certificate };
  }

  async renew(): Promise<boolean> {
    return false;
  }

  #bad(why: string, cause?: unknown): KubeError {
    return new KubeError(`the ${this.#name} ${why}`, { reason: 'BadCredentials', help: 'Log in again with the tool that wrote the kubeconfig.', cause });
  }
}

/** Connections through a proxy that Node has no agent for: SOCKS. This one makes a connection for each request. */
export async function proxyAgent(
  cluster: ClusterEntry & { server: string },
  ca: Buffer | undefined,
  certificate: ClientCertificate | undefined,
): Promise<Agent> {
  const pem = (value: string | Buffer | undefined): string | undefined => (value === undefined ? undefined : Buffer.from(value).toString('base64'));
  const config = kubeConfig(cluster, { name: 'user', certData: pem(certificate?.cert), keyData: pem(certificate?.key) }, pem(ca));
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  return options.agent as Agent;
}

function kubeConfig(cluster: ClusterEntry & { server: string }, user: KubeConfig['users'][number], caData?: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    {
      name: 'cluster',
      server: cluster.server,
      skipTLSVerify: cluster['insecure-skip-tls-verify'] === true,
      ...(caData === undefined ? {} : { caData }),
      ...(cluster['tls-server-name'] ? { tlsServerName: cluster['tls-server-name'] } : {}),
      ...(cluster['proxy-url'] ? { proxyUrl: cluster['proxy-url'] } : {}),
    },
    user,
  );
  return config;
}
