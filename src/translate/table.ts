import type { ProxyIdentity, RoutingTable } from '../ir/table.ts';
import type { EndpointOverride } from '../model/endpoint-overrides.ts';
import type { Mesh } from '../model/mesh.ts';
import { clustersFor } from './clusters/clusters.ts';
import { reportMissingClusters } from './missing-clusters.ts';
import { outboundTraffic } from './outbound/listeners.ts';
import { meshSettings } from './proxy-settings.ts';
import { proxyScope } from './proxy-scope.ts';
import { Translation } from './translation.ts';
import { reportDelegates, VirtualServices } from './virtual-services.ts';

export interface TableOptions {
  /** Addresses that stand in for endpoints of the manifests. */
  overrides?: readonly EndpointOverride[];
}

/**
 * The routing table of a proxy: what Istio's control plane would configure it with. The same mesh and proxy give the same table, to
 * the byte of its JSON. An object that is not right has a status, and the rest of the table is there all the same.
 */
export function routingTable(mesh: Mesh, proxy: ProxyIdentity, options: TableOptions = {}): RoutingTable {
  const scope = proxyScope(mesh, proxy);
  const translation = new Translation(mesh, scope);
  const { statuses } = translation;
  reportDelegates(mesh, VirtualServices.of(mesh).all, statuses);
  const { listeners, routes } = outboundTraffic(translation);
  const clusters = clustersFor(mesh, proxy, scope.services, { overrides: options.overrides ?? [], statuses });
  reportMissingClusters(translation, routes, listeners, new Set(clusters.map(({ name }) => name)));
  return {
    proxy,
    mesh: meshSettings(mesh),
    listeners: listeners.sort(byName),
    routes: routes.sort(byName),
    clusters: clusters.sort(byName),
    statuses: statuses.sorted(),
  };
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
