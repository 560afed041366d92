// Whether workloads are in the mesh, as far as resources tell (spec/analyze/messages.md, "In mesh").
import type { Resource } from '../manifest/resource.ts';
import type { ConfigMap, Container, Namespace, PodSpec } from './kubernetes.ts';
import type { Mesh } from './mesh.ts';
import { isMap, items } from './untyped.ts';
import type { Workload } from './workloads.ts';

export const proxyContainer = 'istio-proxy';
export const injectionLabel = 'istio-injection';
export const revisionLabel = 'istio.io/rev';
export const dataplaneModeLabel = 'istio.io/dataplane-mode';
/** A label of pods; as an annotation it is deprecated. */
export const injectLabel = 'sidecar.istio.io/inject';
/** Label of what a controller made for a Gateway API gateway, with the controller's name as its value. */
export const managedLabel = 'gateway.istio.io/managed';
export const waypointController = 'istio.io-mesh-controller';

export function containersOf(spec: PodSpec): Container[] {
  return items(spec.containers);
}

/** The image of the sidecar; empty when there is none. */
export function proxyImageOf(containers: readonly Container[]): string {
  return containers.find((container) => container.name === proxyContainer)?.image ?? '';
}

/**
 * Whether a workload has a sidecar or will get one. The container counts first, then the pod's label, its annotation, and the
 * namespace's label. Revisions (`istio.io/rev`) do not count, because the reference leaves them out.
 */
export function inMesh(workload: Workload, namespace: Namespace | undefined): boolean {
  const { spec, labels, annotations } = workload;
  // A template has no sidecar among its init containers: injection puts it into pods.
  const containers = workload.isPod ? [...containersOf(spec), ...items(spec.initContainers)] : containersOf(spec);
  if (proxyImageOf(containers) !== '') return true;
  const asked = labels[injectLabel] ?? annotations[injectLabel];
  if (asked !== undefined) return asked === 'true';
  return namespace?.labels[injectionLabel] === 'enabled';
}

/** Whether traffic of a workload goes through ztunnel. A pod says so itself; a template leaves it to its namespace. */
export function isAmbient(workload: Workload, namespace: Namespace | undefined): boolean {
  if (workload.annotations['ambient.istio.io/redirection'] === 'enabled') return true;
  if (workload.isPod) return false;
  const mode = workload.labels[dataplaneModeLabel];
  return mode === undefined ? isAmbientNamespace(namespace) : mode === 'ambient';
}

/** A namespace in ambient mode; a label for sidecars is stronger. */
export function isAmbientNamespace(namespace: Namespace | undefined): boolean {
  if (!namespace) return false;
  const { labels } = namespace;
  return labels[dataplaneModeLabel] === 'ambient' && labels[injectionLabel] !== 'enabled' && (labels[revisionLabel] ?? '') === '';
}

/** A part of Istio itself, to which the rules for applications do not apply. */
export function isControlPlane(resource: Resource): boolean {
  return resource.labels.istio !== undefined || resource.labels.release === 'istio';
}

/** The name of the ConfigMap that holds what the injector of a revision injects. */
export function injectorName(revision: string): string {
  return revision === '' || revision === 'default' ? 'istio-sidecar-injector' : `istio-sidecar-injector-${revision}`;
}

/** The values of the injectors, by the ConfigMap's name; the control plane's namespace comes first. Values that are not JSON are empty. */
export function injectorValues(mesh: Mesh): ReadonlyMap<string, Record<string, unknown>> {
  return mesh.memo('injector values', ['ConfigMap'], () => {
    const found = new Map<string, Record<string, unknown>>();
    for (const map of mesh.list('ConfigMap')) {
      if (!map.name.startsWith('istio-sidecar-injector')) continue;
      if (!found.has(map.name) || map.namespace === mesh.options.istioNamespace) found.set(map.name, readValues(map));
    }
    return found;
  });
}

function readValues(map: ConfigMap): Record<string, unknown> {
  try {
    const values: unknown = JSON.parse(map.raw.data?.values ?? '');
    return isMap(values) ? values : {};
  } catch {
    return {};
  }
}
