import { isDeepStrictEqual } from 'node:util';
import { ownSecretNames } from '../../agent/sds/own-secrets.ts';
import { SecretServer } from '../../agent/sds/server.ts';
import type { OwnSecretNames } from '../../envoy/options.ts';
import type { RoutingTable } from '../../ir/table.ts';
import type { ProxyLog } from '../../proxy/telemetry/log.ts';
import { CredentialStore } from '../../proxy/tls/credential-store.ts';
import { HeldCredentials } from '../../proxy/tls/held-credentials.ts';
import { CliError } from '../exit.ts';
import type { ProxyFlags } from '../proxy/flags.ts';
import { type OwnIdentity, ownIdentity } from '../proxy/own-identity.ts';
import type { MeshSecrets } from '../proxy/secrets.ts';
import { listenReason } from '../xds/listen-address.ts';
import type { RunFolder } from './run-folder.ts';

/**
 * What an Envoy without a control plane gets of certificates: the Secrets among the manifests, and with an identity of its own that, and
 * files that rules name. All of it goes over a socket that nobody else can open: none of it is ever in a file.
 */
export class OwnSecrets {
  /** Where Envoy asks for them. */
  readonly socket: string;
  /** Whether there is an identity of the mesh among them. */
  readonly hasIdentity: boolean;
  private readonly held = new HeldCredentials();
  private named: MeshSecrets['named'] = {};
  private readonly identity: OwnIdentity | undefined;
  /** Of the identity, files, and what is held. */
  private readonly store: CredentialStore | undefined;
  private readonly server: SecretServer;

  private constructor(socket: string, identity: OwnIdentity | undefined, log: ProxyLog) {
    this.socket = socket;
    this.identity = identity;
    this.hasIdentity = identity !== undefined;
    this.store = identity && new CredentialStore([identity.credentials, this.held], (problem) => log.warning(problem));
    this.server = new SecretServer({
      credentials: this.store ?? this.held,
      refused: (names, text) => log.warning(`Envoy refuses a certificate, and goes on with the one before: ${text}`, { names: names.join(' ') }),
    });
  }

  /** @throws CliError for files that cannot be read, and a folder whose path is too long for a socket */
  static async serve(flags: ProxyFlags, table: RoutingTable, folder: RunFolder, log: ProxyLog): Promise<OwnSecrets> {
    const secrets = new OwnSecrets(folder.secretSocket, await ownIdentity(flags, table, log), log);
    try {
      await secrets.server.listen(folder.secretSocket);
    } catch (error) {
      secrets.close();
      throw new CliError(`cannot listen on ${folder.secretSocket}: ${listenReason(error as Error)}`, undefined, 'TMPDIR says where; the path has to be short.');
    }
    return secrets;
  }

  /**
   * What this table asks for is to be had from now on.
   *
   * @returns whether a Secret is another one than before
   */
  async follow(table: RoutingTable, { named }: MeshSecrets, log: ProxyLog): Promise<boolean> {
    await this.store?.follow(table, {});
    for (const problem of this.store?.problems ?? []) log.warning(`${problem}: connections that need it fail`);
    const isNew = !isDeepStrictEqual(named, this.named);
    this.named = named;
    if (isNew) this.held.set({ named, sessionSecret: this.held.sessionSecret });
    return isNew;
  }

  close(): void {
    this.server.close();
    this.store?.close();
    this.identity?.close();
  }
}

/** The Secrets of some manifests, as Envoy is told of them. */
export function secretNames({ named }: MeshSecrets, { proxy }: Pick<RoutingTable, 'proxy'>): OwnSecretNames {
  return ownSecretNames({ named: (name) => (Object.hasOwn(named, name) ? named[name] : undefined) }, proxy.namespace);
}
