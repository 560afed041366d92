// A proxy with an identity of the mesh: its control plane is known by the roots of the mesh, and a token says whose proxy it is.
import { ControlPlane } from '../../agent/control-plane.ts';
import { WorkloadIdentity } from '../../agent/workload-identity.ts';
import { wallClock } from '../../envoy/xds/clock.ts';
import type { ProxyIdentity } from '../../ir/table.ts';
import { requestIdentity } from '../../pki/signing/client.ts';
import type { ProxyLog } from '../../proxy/telemetry/log.ts';
import { usageError } from '../exit.ts';
import type { ProxyFlags } from './flags.ts';
import { addressText, parseXdsAddress } from './xds-address.ts';

export interface MeshIdentity {
  controlPlane: ControlPlane;
  /** Started. */
  identity: WorkloadIdentity;
}

/** Of one request for a certificate, in milliseconds. */
const timeoutMs = 10_000;

/**
 * @returns undefined without the flags: the control plane is spoken to in plain text, and there is no mTLS
 * @throws CliError (usage) for one of the flags without the other
 */
export function meshIdentity({ xdsAddress, xdsName, tokenFile, rootsFile }: ProxyFlags, proxy: ProxyIdentity, log: ProxyLog): MeshIdentity | undefined {
  if (tokenFile === undefined && rootsFile === undefined) {
    if (xdsName !== undefined) throw usageError('--xds-name goes with --roots-file and --token-file: in plain text there is no certificate with a name');
    return undefined;
  }
  if (xdsAddress === undefined) throw usageError('--token-file and --roots-file go with --xds-address: they are for a control plane');
  if (tokenFile === undefined || rootsFile === undefined) {
    const [given, missing] = tokenFile === undefined ? ['roots-file', 'token-file'] : ['token-file', 'roots-file'];
    throw usageError(`--${given} goes with --${missing}: the control plane is known by its certificate, and this proxy by its token`);
  }
  const address = parseXdsAddress(xdsAddress);
  if ('path' in address) throw usageError('--token-file goes with HOST:PORT, not with a Unix socket');
  const controlPlane = new ControlPlane({ address: addressText(address), name: xdsName, tokenFile, rootsFile });
  // What is asked for; the control plane signs what the token says.
  const spiffeId = `spiffe://cluster.local/ns/${proxy.namespace}/sa/${proxy.serviceAccount}`;
  const identity = new WorkloadIdentity({
    async request() {
      const token = (): Promise<string> => controlPlane.token();
      return requestIdentity({ address: controlPlane.address, ...(await controlPlane.safe()), token, spiffeId, lifetimeSeconds: 0, timeoutMs });
    },
    roots: () => controlPlane.roots(),
    clock: wallClock,
    random: Math.random,
    log: log.scope('identity'),
  });
  identity.start();
  return { controlPlane, identity };
}
