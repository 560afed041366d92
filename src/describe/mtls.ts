// Which connections a workload accepts (SEC-R10, SEC-R11).
import type { Mesh } from '../model/mesh.ts';
import { type AcceptedMtls, PeerPolicies } from '../model/peer-authentication.ts';
import type { Workload } from '../model/workloads.ts';
import { originOf } from '../translate/statuses.ts';
import type { MtlsSection } from './description.ts';

/** Ports that nobody declares have the number 0. */
const anyPort = 0;

export function mtlsSection(mesh: Mesh, workload: Pick<Workload, 'namespace' | 'labels'>): MtlsSection {
  const policies = PeerPolicies.of(mesh);
  const at = (port: number): Pick<MtlsSection, 'mode' | 'policy'> => {
    // Where the input does not tell which of several is the oldest, it is as the control plane would decide now.
    const accepted: Pick<AcceptedMtls, 'mode' | 'policy' | 'path'> = policies.acceptedAt(workload, port) ?? { mode: policies.modeAt(workload, port) };
    const { mode, policy, path = [] } = accepted;
    return { mode, ...(policy ? { policy: originOf(policy, ...path) } : {}) };
  };
  return {
    ...at(anyPort),
    ports: policies
      .namedPorts(workload)
      .sort((a, b) => a - b)
      .map((port) => ({ port, ...at(port) })),
    applied: policies.appliedTo(workload).map((policy) => originOf(policy)),
  };
}
