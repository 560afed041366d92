import { ControlPlaneClient } from '../../envoy/xds/control-plane-client.ts';
import { fullName, proxyStatuses } from '../../envoy/xds/proxy-statuses.ts';
import { fetchClientStatus } from '../../envoy/xds/status-client.ts';
import { compareText } from '../../manifest/compare-text.ts';
import { type ControlPlane, type Replica, whySilent } from '../control-plane/replica.ts';

/** One process of the control plane. */
export interface ControlPlaneVersion {
  replica: string;
  /** Absent outside of a cluster. */
  revision?: string;
  program: string;
  version: string;
}

/** One proxy. */
export interface ProxyVersion {
  /** `NAME.NAMESPACE` */
  name: string;
  id: string;
  /** `weft` for an embedded sidecar, `envoy`. */
  program: string;
  version: string;
}

export interface MeshVersions {
  controlPlane: ControlPlaneVersion[];
  proxies: ProxyVersion[];
  /** Why something could not be asked, a sentence each. */
  problems: string[];
}

/**
 * Asks all replicas of a control plane for their versions, and for those of their proxies.
 *
 * @throws CliError where there is none, or no way to one
 */
export async function meshVersions(controlPlane: ControlPlane, timeoutMs: number): Promise<MeshVersions> {
  const found: MeshVersions = { controlPlane: [], proxies: [], problems: [] };
  await Promise.all((await controlPlane.replicas()).map((replica) => askReplica(replica, timeoutMs, found)));
  found.controlPlane.sort((a, b) => compareText(a.revision ?? '', b.revision ?? '') || compareText(a.replica, b.replica));
  found.proxies.sort((a, b) => compareText(a.name, b.name) || compareText(a.id, b.id));
  return found;
}

async function askReplica(replica: Replica, timeoutMs: number, { controlPlane, proxies, problems }: MeshVersions): Promise<void> {
  const client = new ControlPlaneClient(replica.address);
  try {
    const [about, clients] = await Promise.all([client.about(timeoutMs), fetchClientStatus(replica.address, timeoutMs)]);
    const { program, version, revision } = about;
    controlPlane.push({ replica: replica.name, ...(revision === undefined ? {} : { revision }), program, version });
    for (const proxy of proxyStatuses(clients)) {
      const [name = '', ...rest] = proxy.proxy.split(' ');
      proxies.push({ name: fullName(proxy), id: proxy.id, program: name, version: rest.join(' ') });
    }
  } catch (error) {
    problems.push(whySilent(replica, error as Error));
  } finally {
    client.close();
  }
}
