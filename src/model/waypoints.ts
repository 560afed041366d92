// Waypoints: gateways of the Gateway API that take requests for services of a mesh in ambient mode, or connections to its pods.
import type { Path } from '../manifest/problem.ts';
import type { Resource } from '../manifest/resource.ts';
import { allowsNamespace } from './allowed-routes.ts';
import { listenersOf } from './gateway-api.ts';
import type { Mesh, ResourceOf } from './mesh.ts';
import { isMap, items, text } from './untyped.ts';
import { waypointClass } from './workload-policies.ts';

/** Labels of a service, a pod or a namespace. */
export const useWaypointLabel = 'istio.io/use-waypoint';
const namespaceLabel = 'istio.io/use-waypoint-namespace';
const ingressLabel = 'istio.io/ingress-use-waypoint';
/** Label of a waypoint or of its class: what it takes. */
const waypointForLabel = 'istio.io/waypoint-for';
/** Nobody's waypoint, whatever the namespace says. */
const none = 'none';

type Gateway = ResourceOf<'gateway-api/Gateway'>;

/** Who is to use which waypoint. */
export interface NamedWaypoint {
  namespace: string;
  name: string;
  /** The object whose label says so. */
  by: Resource;
  path: Path;
  /** Gateways send through it, too. */
  ingress: boolean;
}

/** Why a waypoint that is named takes nothing. */
export type Unused = 'missing' | 'class' | 'traffic' | 'namespace' | 'not-ready';

/** The waypoint of a service or a pod: its own label counts, else that of its namespace. Undefined: it has none. */
export function waypointOf(mesh: Mesh, resource: Resource): NamedWaypoint | undefined {
  const namespace = mesh.find('Namespace', '', resource.namespace);
  const by = [resource, namespace].find((one) => (one?.labels[useWaypointLabel] ?? '') !== '');
  const name = by?.labels[useWaypointLabel];
  if (!by || name === undefined || name === none) return undefined;
  const ingress = resource.labels[ingressLabel] ?? namespace?.labels[ingressLabel];
  return {
    namespace: by.labels[namespaceLabel] || resource.namespace,
    name,
    by,
    path: ['metadata', 'labels', useWaypointLabel],
    ingress: ingress === 'true',
  };
}

/** What a waypoint takes: `service`, `workload`, `all` or `none`. */
export function trafficOf(mesh: Mesh, gateway: Gateway): string {
  const own = mesh.find('gateway-api/GatewayClass', '', classOf(gateway));
  return gateway.labels[waypointForLabel] ?? own?.labels[waypointForLabel] ?? 'service';
}

export function classOf(gateway: Gateway): string {
  return text((gateway.spec as { gatewayClassName?: unknown }).gatewayClassName);
}

/**
 * Why nothing of a service, or to a pod, goes through the waypoint that it names; undefined: it does.
 *
 * @param traffic what is to go through it
 * @param namespace of the service or the pod
 */
export function whyUnused(mesh: Mesh, gateway: Gateway | undefined, traffic: 'service' | 'workload', namespace: string): Unused | undefined {
  if (!gateway) return 'missing';
  if (classOf(gateway) !== waypointClass) return 'class';
  const takes = trafficOf(mesh, gateway);
  if (takes !== traffic && takes !== 'all') return 'traffic';
  if (!listenersOf(gateway).some((listener) => allowsNamespace(mesh, listener, gateway.namespace, namespace))) return 'namespace';
  // The control plane gives it an address when one of its pods is ready. A file does not say.
  const { status } = gateway.raw;
  return gateway.document === undefined && isMap(status) && items(status.addresses as object[]).length === 0 ? 'not-ready' : undefined;
}
