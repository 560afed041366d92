import { containersOf, dataplaneModeLabel, injectionLabel, injectLabel, inMesh, proxyImageOf, revisionLabel } from './injection.ts';
import type { Namespace } from './kubernetes.ts';
import type { Mesh } from './mesh.ts';
import { matchesLabels } from './selectors.ts';
import type { Workload } from './workloads.ts';

/** Ports at which the sidecar itself answers: statistics of the pod, health, its own statistics. */
export const sidecarPorts: ReadonlySet<number> = new Set([15020, 15021, 15090]);

/**
 * Whether a workload certainly has a sidecar, and that sidecar certainly takes the connections to a port of its pods and handles
 * them as policies say. False where the input leaves a doubt.
 */
export function sidecarTakes(mesh: Mesh, workload: Workload, port: number): boolean {
  const { annotations, namespace } = workload;
  if (sidecarPorts.has(port) || !hasSidecar(workload, mesh.find('Namespace', '', namespace)) || hasOwnListeners(mesh, workload)) return false;
  if (annotations['sidecar.istio.io/interceptionMode'] === 'NONE') return false;
  const listed = (name: string): string[] | undefined => annotations[`traffic.sidecar.istio.io/${name}`]?.split(',').map((part) => part.trim());
  const included = listed('includeInboundPorts');
  if (included && !included.includes('*') && !included.includes(String(port))) return false;
  return !listed('excludeInboundPorts')?.includes(String(port));
}

function hasSidecar(workload: Workload, namespace: Namespace | undefined): boolean {
  const { spec, labels, annotations } = workload;
  if (proxyImageOf(containersOf(spec)) !== '') return true;
  // Injection leaves alone what is in the network of its node, and what is in a namespace that opts out.
  if (spec.hostNetwork === true || namespace?.labels[injectionLabel] === 'disabled') return false;
  if (inMesh(workload, namespace)) return true;
  const silent = labels[injectLabel] === undefined && annotations[injectLabel] === undefined && namespace?.labels[injectionLabel] === undefined;
  return silent && (namespace?.labels[revisionLabel] ?? '') !== '' && namespace?.labels[dataplaneModeLabel] !== 'ambient';
}

/** A Sidecar with ingress listeners says itself what is taken, and may terminate TLS with certificates of its own. */
function hasOwnListeners(mesh: Mesh, { namespace, labels }: Workload): boolean {
  return mesh
    .listIn('Sidecar', namespace)
    .some(({ spec }) => (spec.ingress?.length ?? 0) > 0 && matchesLabels(spec.workloadSelector?.labels, labels));
}
