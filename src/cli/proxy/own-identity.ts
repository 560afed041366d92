// Who a proxy is for the mesh, where no control plane says so: by files, or by an authority of this machine.
import type { RoutingTable } from '../../ir/table.ts';
import type { ProxyLog } from '../../proxy/telemetry/log.ts';
import type { Credentials } from '../../proxy/tls/credentials.ts';
import { WorkloadFiles } from '../../proxy/tls/workload-files.ts';
import { CliError, usageError } from '../exit.ts';
import type { ProxyFlags } from './flags.ts';

export interface OwnIdentity {
  credentials: Credentials;
  close(): void;
}

/**
 * Whether the flags ask for one.
 *
 * @throws CliError (usage)
 */
export function hasOwnIdentity({ workloadCertificate, workloadKey, trustRoots, tokenFile, xdsAddress, mtls }: ProxyFlags): boolean {
  const files = { 'workload-certificate': workloadCertificate, 'workload-key': workloadKey, 'trust-roots': trustRoots };
  const missing = Object.entries(files).flatMap(([flag, value]) => (value === undefined ? [flag] : []));
  const given = Object.keys(files).find((flag) => !missing.includes(flag));
  if (given !== undefined && missing.length > 0) {
    throw usageError(`--${given} goes with --${missing.join(' and --')}`, 'An identity is a certificate, its key, and the roots that others are judged by.');
  }
  if (mtls && given !== undefined) throw usageError(`--mtls and --${given} do not go together: a proxy has one identity`);
  const flag = mtls ? 'mtls' : given;
  if (flag !== undefined && tokenFile !== undefined)
    throw usageError(`--token-file and --${flag} do not go together: the control plane gives this proxy its identity`);
  if (mtls && xdsAddress !== undefined)
    throw usageError('--mtls goes with -f: a control plane has an authority of its own', 'It gives identities to proxies with --token-file and --roots-file.');
  return flag !== undefined;
}

/**
 * Undefined without the flags.
 *
 * @param table says whose proxy it is
 * @throws CliError for files that cannot be read, and a folder that is not to be had
 */
export async function ownIdentity(flags: ProxyFlags, table: RoutingTable, log: ProxyLog): Promise<OwnIdentity | undefined> {
  const { workloadCertificate: certificate, workloadKey: key, trustRoots: roots, mtls } = flags;
  if (mtls) {
    const identity = (await import('./local-identity.ts')).localIdentity(table, log);
    return { credentials: identity, close: () => identity.stop() };
  }
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
  return { credentials: files, close: () => files.close() };
}
