import { spawn } from 'node:child_process';
import { dirname, isAbsolute, join } from 'node:path';
import { bearer, type ClientCertificate, type Credentials, type Identity } from './credentials.ts';
import { KubeError } from './error.ts';
import type { ClusterEntry, ExecEntry, Sourced, UserEntry } from './kubeconfig.ts';

export interface ExecPluginOptions {
  /** A person is there, and may be asked by the plug-in. */
  interactive?: boolean | undefined;
  /** What the plug-in says for people while it runs, such as where to log in. */
  onOutput?: ((text: string) => void) | undefined;
}

/** ExecCredential of client.authentication.k8s.io, as plug-ins print it. */
interface ExecCredential {
  apiVersion?: unknown;
  kind?: unknown;
  status?: { token?: unknown; clientCertificateData?: unknown; clientKeyData?: unknown; expirationTimestamp?: unknown };
}

/** One run of the plug-in; times in milliseconds since 1970. */
interface Asked {
  identity: Promise<Identity>;
  expires: number;
  /** Undefined: it still runs. */
  answeredAt: number | undefined;
}

/** A person may have to log in with a browser meanwhile. */
const interactiveMs = 5 * 60_000;
const unattendedMs = 60_000;

/** Credentials that end so soon are fetched again before they are used. */
const leewayMs = 10_000;

const maxOutputBytes = 1024 * 1024;

const knownVersions = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'];

/** The credentials that a program gives (`exec` of the user), asked again when they have expired or the server does not take them. */
export class ExecCredentials implements Credentials {
  readonly #user: Sourced<UserEntry>;
  readonly #exec: ExecEntry;
  readonly #cluster: ClusterEntry;
  readonly #options: ExecPluginOptions;
  #asked: Asked | undefined;

  /**
   * @param cluster told to plug-ins that want it; its authority as base64
   * @throws KubeError 'BadConfig' where the entry makes no sense
   */
  constructor(user: Sourced<UserEntry>, exec: ExecEntry, cluster: ClusterEntry, options: ExecPluginOptions) {
    const at = `exec of user ${user.name} (${user.file})`;
    if (typeof exec.command !== 'string' || exec.command === '') throw new KubeError(`${at} has no command`, { reason: 'BadConfig' });
    if (typeof exec.apiVersion !== 'string' || !knownVersions.includes(exec.apiVersion))
      throw new KubeError(`${at} has apiVersion ${String(exec.apiVersion)}`, { reason: 'BadConfig', help: `Known are ${knownVersions.join(' and ')}.` });
    if (exec.interactiveMode === 'Always' && !options.interactive)
      throw new KubeError(`${at} needs a terminal, and there is none`, { reason: 'BadCredentials', help: 'Log in on a terminal first, or use another user.' });
    this.#user = user;
    this.#exec = exec;
    this.#cluster = cluster;
    this.#options = options;
  }

  current(): Promise<Identity> {
    if (this.#asked && Date.now() < this.#asked.expires - leewayMs) return this.#asked.identity;
    return this.#ask();
  }

  async renew(): Promise<boolean> {
    // Requests that were sent together are refused together: one answer of the plug-in is for all of them, however long it takes.
    const answeredAt = this.#asked ? this.#asked.answeredAt : 0;
    if (answeredAt !== undefined && Date.now() - answeredAt > 1_000) this.#ask();
    return true;
  }

  #ask(): Promise<Identity> {
    const asked: Asked = { identity: undefined as unknown as Promise<Identity>, expires: Number.POSITIVE_INFINITY, answeredAt: undefined };
    asked.identity = this.#run().then(
      ({ identity, expires }) => {
        asked.expires = expires;
        asked.answeredAt = Date.now();
        return identity;
      },
      (error) => {
        if (this.#asked === asked) this.#asked = undefined;
        throw error;
      },
    );
    asked.identity.catch(() => {});
    this.#asked = asked;
    return asked.identity;
  }

  async #run(): Promise<{ identity: Identity; expires: number }> {
    const output = await this.#output();
    let credential: ExecCredential | null;
    try {
      credential = JSON.parse(output) as ExecCredential | null;
    } catch {
      throw this.#bad('prints no JSON');
    }
    if (credential?.kind !== 'ExecCredential') throw this.#bad('prints no ExecCredential');
    if (credential.apiVersion !== this.#exec.apiVersion)
      throw this.#bad(`answers with ${String(credential.apiVersion)}, and the kubeconfig has ${this.#exec.apiVersion}`);
    const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp } = credential.status ?? {};
    const certificate: ClientCertificate | undefined = typeof cert === 'string' && typeof key === 'string' ? { cert, key } : undefined;
    const hasToken = typeof token === 'string' && token !== '';
    if (!hasToken && !certificate) throw this.#bad('gives neither a token nor a certificate with its key');
    const expires = typeof expirationTimestamp === 'string' ? Date.parse(expirationTimestamp) : Number.POSITIVE_INFINITY;
    return { identity: { headers: hasToken ? bearer(token) : {}, certificate }, expires: Number.isNaN(expires) ? Number.POSITIVE_INFINITY : expires };
  }

  async #output(): Promise<string> {
    const { args, env, installHint } = this.#exec;
    const interactive = this.#options.interactive === true && this.#exec.interactiveMode !== 'Never';
    const child = spawn(this.#command(), args ?? [], {
      env: { ...process.env, ...Object.fromEntries((env ?? []).map(({ name, value }) => [name, value])), KUBERNETES_EXEC_INFO: this.#info(interactive) },
      stdio: [interactive ? 'inherit' : 'ignore', 'pipe', 'pipe'],
      windowsHide: true,
    });
    const timeoutMs = interactive ? interactiveMs : unattendedMs;
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const fail = (error: KubeError): void => {
      child.kill('SIGKILL');
      reject(error);
    };
    const timer = setTimeout(() => fail(this.#bad(`does not end within ${timeoutMs / 1000} s`)), timeoutMs);
    const printed: Buffer[] = [];
    let size = 0;
    let said = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      size += chunk.length;
      printed.push(chunk);
      if (size > maxOutputBytes) fail(this.#bad('prints more than 1 MB'));
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4096);
      this.#options.onOutput?.(text);
    });
    child.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'ENOENT' ? 'is not there' : error.code === 'EACCES' ? 'may not be run' : `cannot be run: ${error.message}`;
      const hint = typeof installHint === 'string' && installHint.trim() ? installHint.trim() : 'Install it, or put its folder on the PATH.';
      reject(this.#bad(why, hint));
    });
    child.once('close', (code, signal) => {
      if (code === 0) return resolve(Buffer.concat(printed).toString());
      const how = signal ? `was ended by ${signal}` : `fails with status ${code}`;
      const last = said.trim().split('\n').at(-1)?.trim();
      reject(this.#bad(last ? `${how}: ${last}` : how));
    });
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** A path with folders is relative to the kubeconfig; a name alone is looked up on the PATH. */
  #command(): string {
    const command = this.#exec.command as string;
    return /[/\\]/.test(command) && !isAbsolute(command) ? join(dirname(this.#user.file), command) : command;
  }

  /** What a plug-in is told. */
  #info(interactive: boolean): string {
    const cluster = this.#cluster;
    const config = cluster.extensions?.find(({ name }) => name === 'client.authentication.k8s.io/exec')?.extension;
    return JSON.stringify({
      apiVersion: this.#exec.apiVersion,
      kind: 'ExecCredential',
      spec: {
        interactive,
        ...(this.#exec.provideClusterInfo
          ? {
              cluster: {
                server: cluster.server,
                'tls-server-name': cluster['tls-server-name'],
                'insecure-skip-tls-verify': cluster['insecure-skip-tls-verify'],
                'certificate-authority-data': cluster['certificate-authority-data'],
                'proxy-url': cluster['proxy-url'],
                'disable-compression': cluster['disable-compression'],
                config,
              },
            }
          : {}),
      },
    });
  }

  #bad(why: string, help?: string): KubeError {
    return new KubeError(`the credential plug-in ${this.#exec.command} of user ${this.#user.name} (${this.#user.file}) ${why}`, {
      reason: 'BadCredentials',
      help,
    });
  }
}
