import { SecretServer } from '../../agent/sds/server.ts';
import type { RoutingTable } from '../../ir/table.ts';
import type { ProxyLog } from '../../proxy/telemetry/log.ts';
import { CredentialStore } from '../../proxy/tls/credential-store.ts';
import type { ProxyFlags } from '../proxy/flags.ts';
import { ownIdentity } from '../proxy/own-identity.ts';
import type { RunFolder } from './run-folder.ts';

/** The agent of an Envoy with an identity of its own: that, and files that rules name. */
export class OwnSecrets {
  /** Where Envoy asks for them. */
  readonly socket: string;
  private readonly store: CredentialStore;
  private readonly server: SecretServer;
  private readonly closeIdentity: () => void;

  private constructor(socket: string, store: CredentialStore, server: SecretServer, closeIdentity: () => void) {
    this.socket = socket;
    this.store = store;
    this.server = server;
    this.closeIdentity = closeIdentity;
  }

  /**
   * Undefined where the flags ask for no identity.
   *
   * @throws CliError for files that cannot be read
   */
  static async serve(flags: ProxyFlags, table: RoutingTable, folder: RunFolder, log: ProxyLog): Promise<OwnSecrets | undefined> {
    const identity = await ownIdentity(flags, table, log);
    if (!identity) return undefined;
    const store = new CredentialStore([identity.credentials], (problem) => log.warning(problem));
    const server = new SecretServer({
      credentials: store,
      refused: (names, text) => log.warning(`Envoy refuses a certificate, and goes on with the one before: ${text}`, { names: names.join(' ') }),
    });
    const secrets = new OwnSecrets(folder.secretSocket, store, server, () => identity.close());
    await secrets.follow(table, log);
    await server.listen(folder.secretSocket);
    return secrets;
  }

  /** What this table asks for is to be had from now on. */
  async follow(table: RoutingTable, log: ProxyLog): Promise<void> {
    await this.store.follow(table, {});
    for (const problem of this.store.problems) log.warning(`${problem}: connections that need it fail`);
  }

  close(): void {
    this.server.close();
    this.store.close();
    this.closeIdentity();
  }
}
