// The certificates of the embedded proxy: who it is for the mesh, and what Gateways and DestinationRules name.
import type { ProxyLog } from '../../proxy/telemetry/log.ts';
import { CredentialStore } from '../../proxy/tls/credential-store.ts';
import type { Credentials } from '../../proxy/tls/credentials.ts';
import { HeldCredentials } from '../../proxy/tls/held-credentials.ts';
import { missingCertificates } from '../../proxy/tls/missing.ts';
import { WorkloadFiles } from '../../proxy/tls/workload-files.ts';
import type { DataPlane } from '../../proxy/workers/data-plane.ts';
import { CliError, usageError } from '../exit.ts';
import type { FedTable } from './feed.ts';
import type { ProxyFlags } from './flags.ts';

/** @throws CliError (usage) */
export function speaksMeshTls({ workloadCertificate, workloadKey, trustRoots, tokenFile, mtls }: ProxyFlags): boolean {
  const files = { 'workload-certificate': workloadCertificate, 'workload-key': workloadKey, 'trust-roots': trustRoots };
  const missing = Object.entries(files).flatMap(([flag, value]) => (value === undefined ? [flag] : []));
  const given = Object.keys(files).find((flag) => !missing.includes(flag));
  if (given !== undefined && missing.length > 0) {
    throw usageError(`--${given} goes with --${missing.join(' and --')}`, 'An identity is a certificate, its key, and the roots that others are judged by.');
  }
  if (mtls && given !== undefined) throw usageError(`--mtls and --${given} do not go together: a proxy has one identity`);
  if (tokenFile !== undefined && (mtls || given !== undefined)) {
    throw usageError(`--token-file and --${given ?? 'mtls'} do not go together: the control plane gives this proxy its identity`);
  }
  return given !== undefined || mtls === true || tokenFile !== undefined;
}

export class Certificates {
  private readonly plane: DataPlane;
  private readonly log: ProxyLog;
  private readonly identity: Credentials | undefined;
  private readonly store: CredentialStore;
  private readonly said = new Set<string>();

  private constructor(plane: DataPlane, log: ProxyLog, identity: Credentials | undefined) {
    this.plane = plane;
    this.log = log;
    this.identity = identity;
    this.store = new CredentialStore(
      identity ? [identity] : [],
      () => void this.share(),
      (problem) => log.warning(problem),
    );
  }

  /** @param identity of this proxy; undefined: it has none */
  static of(plane: DataPlane, log: ProxyLog, identity: Credentials | undefined): Certificates {
    return new Certificates(plane, log, identity);
  }

  /** The data plane has what this table needs. To be called before it takes the table. */
  async prepare({ table, secrets }: FedTable): Promise<void> {
    await this.store.follow(table, secrets?.named ?? {});
    await this.share();
    const held = new HeldCredentials();
    held.set(this.store.snapshot());
    for (const line of [...(secrets?.problems ?? []), ...this.store.problems, ...missingCertificates(table, held)]) {
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

/** @throws CliError for files that cannot be read */
export async function identityOfFiles(flags: ProxyFlags, log: ProxyLog): Promise<WorkloadFiles | undefined> {
  const { workloadCertificate: certificate, workloadKey: key, trustRoots: roots } = flags;
  if (certificate === undefined || key === undefined || roots === undefined) return undefined;
  const files = new WorkloadFiles({ certificate, key, roots }, (problem) => log.warning(problem));
  try {
    await files.start();
  } catch (error) {
    throw new CliError(
      `the identity of this proxy: ${(error as Error).message}`,
      undefined,
      'It is in --workload-certificate, --workload-key and --trust-roots.',
    );
  }
  return files;
}
