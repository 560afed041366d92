// The identity of a proxy on somebody's own machine: signed by an authority that all of that person's proxies have in common.
import { LocalAuthority, localAuthorityFolder } from '../../agent/local-authority.ts';
import { WorkloadIdentity } from '../../agent/workload-identity.ts';
import { systemClock } from '../../envoy/xds/clock.ts';
import type { RoutingTable } from '../../ir/table.ts';
import type { ProxyLog } from '../../proxy/telemetry/log.ts';
import { CliError } from '../exit.ts';

/**
 * Who the proxy of the table is.
 *
 * @returns started
 * @throws CliError where the folder of the authority is not to be had
 */
export function localIdentity({ mesh, proxy }: RoutingTable, log: ProxyLog): WorkloadIdentity {
  const folder = localAuthorityFolder(mesh.trustDomain);
  let authority: LocalAuthority;
  try {
    authority = new LocalAuthority(folder, systemClock);
  } catch (error) {
    throw new CliError(
      `--mtls: ${(error as Error).message}`,
      undefined,
      'The authority of this machine is in a folder of this user, by XDG_RUNTIME_DIR, XDG_CACHE_HOME or HOME.',
    );
  }
  const spiffeId = `spiffe://${mesh.trustDomain}/ns/${proxy.namespace}/sa/${proxy.serviceAccount || 'default'}`;
  const identity = new WorkloadIdentity({
    request: () => authority.sign(spiffeId),
    roots: () => authority.roots(),
    clock: systemClock,
    random: Math.random,
    log: log.scope('identity'),
  });
  log.info('mTLS with an authority of this machine', { folder });
  identity.start();
  return identity;
}
