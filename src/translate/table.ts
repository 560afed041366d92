import type { Cluster } from '../ir/cluster.ts';
import type { ProxyIdentity, RoutingTable } from '../ir/table.ts';
import type { EndpointOverride } from '../model/endpoint-overrides.ts';
import type { Mesh } from '../model/mesh.ts';
import { clustersFor } from './clusters/clusters.ts';
import { inboundFor } from './clusters/inbound.ts';
import { gatewayTraffic } from './gateways/listeners.ts';
import { reportMissingClusters } from './missing-clusters.ts';
import { outboundTraffic } from './outbound/listeners.ts';
import { proxyScope } from './proxy-scope.ts';
import { meshSettings } from './proxy-settings.ts';
import { Translation } from './translation.ts';
import { reportDelegates, reportUnknownGateways, VirtualServices } from './virtual-services.ts';

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
  const outbound =
    proxy.role === 'gateway'
      ? gatewayTraffic(translation)
      : { ...outboundTraffic(translation), passthroughClusters: none, services: new Set(scope.egress.flatMap(({ virtualServices }) => virtualServices)) };
  const inbound = inboundFor(mesh, proxy);
  const clusters = clustersFor(mesh, proxy, scope.services, { overrides: options.overrides ?? [], statuses });
  clusters.push(...withoutTls(clusters, outbound.passthroughClusters));
  const { all, problems } = VirtualServices.of(mesh);
  reportDelegates(mesh, all, statuses);
  reportUnknownGateways(mesh, all, statuses);
  for (const { origin, reason, message } of problems) statuses.add(origin, reason, message);
  reportMissingClusters(translation, outbound.services, new Set(clusters.map(({ name }) => name)));
  return {
    proxy,
    mesh: meshSettings(mesh),
    listeners: [...outbound.listeners, ...inbound.listeners].sort(byName),
    routes: [...outbound.routes, ...inbound.routes].sort(byName),
    clusters: [...clusters, ...inbound.clusters].sort(byName),
    statuses: statuses.sorted(),
  };
}

const none: ReadonlyMap<string, string> = new Map();

/** TLS of the client goes on as it is: the clusters, under other names, add none of their own. */
function withoutTls(clusters: readonly Cluster[], names: ReadonlyMap<string, string>): Cluster[] {
  if (names.size === 0) return [];
  const byOwnName = new Map(clusters.map((cluster) => [cluster.name, cluster]));
  return [...names].flatMap(([name, like]) => {
    const cluster = byOwnName.get(like);
    return cluster ? [{ ...cluster, name, tls: { mode: 'disable' as const } }] : [];
  });
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
