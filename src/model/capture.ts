import type { Sidecar } from '../manifest/istio/networking.gen.ts';
import type { Resource } from '../manifest/resource.ts';
import { containersOf, dataplaneModeLabel, injectionLabel, injectLabel, inMesh, proxyImageOf, revisionLabel } from './injection.ts';
import type { Namespace } from './kubernetes.ts';
import { type Labels, SelectorIndex } from './label-index.ts';
import type { Mesh } from './mesh.ts';
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

/** Whether a workload has a sidecar, or gets one for certain. A revision that its namespace names is taken to be there. */
export function hasSidecar(workload: Workload, namespace: Namespace | undefined): boolean {
  const { spec, labels, annotations } = workload;
  if (proxyImageOf(containersOf(spec)) !== '') return true;
  // Injection leaves alone what is in the network of its node, and what is in a namespace that opts out.
  if (spec.hostNetwork === true || namespace?.labels[injectionLabel] === 'disabled') return false;
  if (inMesh(workload, namespace)) return true;
  const silent = labels[injectLabel] === undefined && annotations[injectLabel] === undefined && namespace?.labels[injectionLabel] === undefined;
  return silent && (namespace?.labels[revisionLabel] ?? '') !== '' && namespace?.labels[dataplaneModeLabel] !== 'ambient';
}

interface OwnListeners {
  whole: boolean;
  selecting: SelectorIndex<Resource<Sidecar>>;
}

/** A Sidecar with ingress listeners says itself what is taken, and may terminate TLS with certificates of its own. */
function hasOwnListeners(mesh: Mesh, { namespace, labels }: Workload): boolean {
  const byNamespace = mesh.memo('sidecars with ingress listeners', ['Sidecar'], () => new Map<string, OwnListeners>());
  let found = byNamespace.get(namespace);
  if (!found) {
    const sidecars = mesh.listIn('Sidecar', namespace).filter(({ spec }) => (spec.ingress?.length ?? 0) > 0);
    found = { whole: sidecars.some((sidecar) => isEmpty(selectorOf(sidecar))), selecting: new SelectorIndex(sidecars, selectorOf) };
    byNamespace.set(namespace, found);
  }
  return found.whole || found.selecting.selecting(labels).length > 0;
}

function selectorOf({ spec }: Resource<Sidecar>): Labels {
  return spec.workloadSelector?.labels ?? {};
}

function isEmpty(labels: Labels): boolean {
  return Object.keys(labels).length === 0;
}
