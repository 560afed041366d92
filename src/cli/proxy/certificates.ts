// The certificates of the embedded proxy: who it is for the mesh, and what Gateways and DestinationRules name.
import type { ProxyLog } from '../../proxy/telemetry/log.ts';
import { CredentialStore } from '../../proxy/tls/credential-store.ts';
import type { Credentials } from '../../proxy/tls/credentials.ts';
import { missingCertificates } from '../../proxy/tls/missing.ts';
import type { DataPlane } from '../../proxy/workers/data-plane.ts';
import type { FedTable } from './feed.ts';

export class Certificates {
  private readonly plane: DataPlane;
  private readonly log: ProxyLog;
  private readonly identity: Credentials | undefined;
  private readonly store: CredentialStore;
  private readonly said = new Set<string>();

  /**
   * @param identity of this proxy; undefined: it has none
   * @param secrets of a control plane; undefined: there is none
   */
  constructor(plane: DataPlane, log: ProxyLog, identity: Credentials | undefined, secrets: Credentials | undefined) {
    this.plane = plane;
    this.log = log;
    this.identity = identity;
    this.store = new CredentialStore(
      [identity, secrets].flatMap((source) => source ?? []),
      (problem) => log.warning(problem),
    );
    this.store.onChange(() => void this.share());
  }

  /** The data plane has what this table needs. To be called before it takes the table. */
  async prepare({ table, secrets, placeOf }: FedTable): Promise<void> {
    await this.store.follow(table, secrets?.named ?? {});
    await this.share();
    for (const line of [...(secrets?.problems ?? []), ...this.store.problems, ...missingCertificates(table, this.store, placeOf)]) {
      if (!this.said.has(line)) this.log.warning(line);
      this.said.add(line);
    }
  }

  /** Once there is an identity, or at once where there will be none. */
  async ready(stopped: Promise<unknown>): Promise<void> {
    const { identity } = this;
    if (!identity || identity.workload()) return;
    const there = Promise.withResolvers<void>();
    const stop = identity.onChange(() => {
      if (identity.workload()) there.resolve();
    });
    this.log.info('waiting for the certificate of the mesh');
    await Promise.race([there.promise, stopped]);
    stop();
  }

  close(): void {
    this.store.close();
  }

  private async share(): Promise<void> {
    await this.plane.useCredentials(this.store.snapshot());
  }
}
