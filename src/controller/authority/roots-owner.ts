// Whose the ConfigMap with roots of a namespace is, where there are several control planes in one cluster.
import type { KubeObject } from '../../kube/object.ts';

/** Namespace of the control plane that wrote it. */
export const ownerAnnotation = 'weft.mesh/control-plane';
/** What a control plane of Istio has made. */
const istioLabel = 'istio.io/config';
/** Services of control planes, of weft and of Istio, of all revisions. */
const weftService = /^weft-controller(?:-|$)/;
const istioService = /^istiod(?:-|$)/;

/** A control plane that may write the roots, too. */
export interface OtherControlPlane {
  program: 'weft' | 'istio';
  namespace: string;
}

/** Of a Service. @returns undefined: of something else */
export function controlPlaneOf(namespace: string, name: string): OtherControlPlane | undefined {
  const program = weftService.test(name) ? 'weft' : istioService.test(name) ? 'istio' : undefined;
  return program && { program, namespace };
}

/**
 * Who has written a ConfigMap and is still there: it stays as it is. What nobody stands for any more is for whoever comes.
 *
 * @param own namespace of the control plane that asks: there the ConfigMap is its own, and so is what all its revisions have written
 * @param all control planes of the cluster; asked for only where it matters
 */
export function otherOwner(map: KubeObject, own: string, all: () => readonly OtherControlPlane[]): OtherControlPlane | undefined {
  const { namespace, annotations, labels } = map.metadata;
  const owner = annotations?.[ownerAnnotation];
  if (owner === own) return undefined;
  if (owner !== undefined) return namespace === own ? undefined : all().find((other) => other.program === 'weft' && other.namespace === owner);
  return labels?.[istioLabel] === 'true' ? all().find(({ program }) => program === 'istio') : undefined;
}
