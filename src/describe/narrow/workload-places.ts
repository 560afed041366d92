// Of which namespaces a description needs pods and lists of endpoints: of a large cluster they are most of what there is to read.

import { isIp } from '../../manifest/ip.ts';
import { listenersOf } from '../../model/gateway-api.ts';
import type { Labels } from '../../model/label-index.ts';
import type { Mesh } from '../../model/mesh.ts';
import { matchesLabels } from '../../model/selectors.ts';
import { Services } from '../../model/services.ts';
import { isMap, items } from '../../model/untyped.ts';
import { waypointOf } from '../../model/waypoints.ts';
import { addressOf, isFinished } from '../../model/workload-endpoints.ts';
import { listenerName } from '../../translate/gateway-api/gateways.ts';
import { VirtualServices } from '../../translate/virtual-services.ts';
import { findService } from '../find.ts';
import { destinationHosts, isAbout } from '../other-clients.ts';

export interface WorkloadPlaces {
  namespaces: ReadonlySet<string>;
  /** Labels of gateways' pods, which may be anywhere. */
  gateways: readonly Labels[];
}

/** What ingress gateways have, as long as nobody gives them other labels. */
const usualGateway: Labels = { istio: 'ingressgateway' };

/**
 * @param mesh all of it but workloads and endpoints
 * @param described a service, or a workload of which only the name is known: any service of its namespace may select it
 */
export function workloadPlaces(mesh: Mesh, described: { kind: string; namespace: string; name: string }): WorkloadPlaces {
  const { kind, namespace, name } = described;
  const services = Services.of(mesh);
  const service = kind === 'Service' ? findService(mesh, namespace, name) : undefined;
  const targets = service ? [service] : services.listIn(namespace);
  const namespaces = new Set([namespace]);
  const selectors = [usualGateway];
  const gateways = new Set<string>();
  for (const target of targets) {
    for (const one of services.byHost(target.host)) namespaces.add(one.namespace);
    const waypoint = waypointOf(mesh, target.resource);
    if (waypoint) namespaces.add(waypoint.namespace);
  }
  for (const routing of VirtualServices.of(mesh).all) {
    if (!targets.some(({ host }) => isAbout(routing, host))) continue;
    for (const host of destinationHosts(routing)) for (const one of services.byHost(host)) namespaces.add(one.namespace);
    for (const gateway of routing.gateways) gateways.add(gateway);
  }
  for (const gateway of mesh.list('Gateway')) if (gateways.has(gateway.fullName)) selectors.push(gateway.spec.selector ?? {});
  for (const gateway of mesh.list('gateway-api/Gateway'))
    if (listenersOf(gateway).some((listener) => gateways.has(`${gateway.namespace}/${listenerName(gateway, listener)}`))) namespaces.add(gateway.namespace);
  const labels = selectors.filter((selector) => Object.keys(selector).length > 0);
  // Before there are pods, what makes them is beside the Service.
  for (const { selector, namespace: own } of services.all) if (selector && labels.some((wanted) => matchesLabels(wanted, selector))) namespaces.add(own);
  return { namespaces, gateways: labels };
}

/** Addresses that lists of endpoints in the namespaces name and no pod of the same namespace has: pods of others may have them. */
export function strangeAddresses(mesh: Mesh, { namespaces }: Pick<WorkloadPlaces, 'namespaces'>): string[] {
  const strange = new Set<string>();
  for (const namespace of namespaces) {
    const listed = new Set<string>();
    const add = (address: unknown): void => {
      if (typeof address === 'string' && isIp(address)) listed.add(address);
    };
    for (const { raw } of mesh.listIn('EndpointSlice', namespace))
      for (const { addresses } of maps(raw.endpoints)) if (Array.isArray(addresses)) addresses.forEach(add);
    for (const { raw } of mesh.listIn('Endpoints', namespace))
      for (const { addresses, notReadyAddresses } of maps(raw.subsets)) for (const { ip } of [...maps(addresses), ...maps(notReadyAddresses)]) add(ip);
    for (const { spec } of mesh.listIn('ServiceEntry', namespace)) for (const { address } of items(spec.endpoints)) add(address);
    for (const { spec } of mesh.listIn('WorkloadEntry', namespace)) add(spec.address);
    for (const pod of mesh.listIn('Pod', namespace)) if (!isFinished(pod)) listed.delete(addressOf(pod));
    for (const address of listed) strange.add(address);
  }
  return [...strange];
}

function maps(list: unknown): Record<string, unknown>[] {
  return Array.isArray(list) ? list.filter(isMap) : [];
}
