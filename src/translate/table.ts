import type { Cluster } from '../ir/cluster.ts';
import type { ProxyIdentity, RoutingTable, Status } from '../ir/table.ts';
import type { EndpointOverride } from '../model/endpoint-overrides.ts';
import type { Mesh } from '../model/mesh.ts';
import { byName, sortedByName } from './by-name.ts';
import { clustersFor } from './clusters/clusters.ts';
import { selectPatches } from './envoy-filters/select.ts';
import { gatewayTraffic } from './gateways/listeners.ts';
import { reportMissingClusters } from './missing-clusters.ts';
import { type OutboundTraffic, outboundTraffic } from './outbound/listeners.ts';
import { proxyScope } from './proxy-scope.ts';
import { meshSettings } from './proxy-settings.ts';
import { sameWherePossible } from './same.ts';
import { Statuses } from './statuses.ts';
import { Translation } from './translation.ts';
import { asClient, inboundOf, viewKey } from './view-key.ts';
import { type RoutingService, reportDelegates, reportUnknownGateways, VirtualServices } from './virtual-services.ts';

export { viewKey };

export interface TableOptions {
  /** Addresses that stand in for endpoints of the manifests. */
  overrides?: readonly EndpointOverride[];
}

/**
 * The routing table of a proxy: what Istio's control plane would configure it with. The same mesh and proxy give the same table, to
 * the byte of its JSON. An object that is not right has a status, and the rest of the table is there all the same.
 *
 * Of a mesh that was made by `Mesh.with` the table has every listener, virtual host, cluster and list that is as before as the same
 * object, and costs what changed.
 */
export function routingTable(mesh: Mesh, proxy: ProxyIdentity, options: TableOptions = {}): RoutingTable {
  if (options.overrides?.length) return makeTable(mesh, proxy, options);
  const key = viewKey(mesh, proxy);
  const shared = mesh.memo(`table ${key}`, [], () => asBefore(mesh, key, makeTable(mesh, proxy, options)));
  return { ...shared, proxy };
}

/** Proxies of so many kinds keep what they had before. */
const mostTables = 1000;

/** The table with all that did not change as it was before: the same objects. */
function asBefore(mesh: Mesh, key: string, table: RoutingTable): RoutingTable {
  const tables = mesh.cache('tables', () => new Map<string, RoutingTable>());
  const before = tables.get(key);
  const made = before ? sameWherePossible(before, table) : table;
  tables.delete(key);
  tables.set(key, made);
  for (const oldest of tables.keys()) {
    if (tables.size <= mostTables) break;
    tables.delete(oldest);
  }
  return made;
}

function makeTable(mesh: Mesh, proxy: ProxyIdentity, options: TableOptions): RoutingTable {
  const overrides = options.overrides ?? [];
  const client = overrides.length > 0 ? proxy : asClient(mesh, proxy);
  const outbound = overrides.length > 0 ? outboundOf(mesh, client) : mesh.memo(`outbound ${JSON.stringify(client)}`, [], () => outboundOf(mesh, client));
  const { translation } = outbound;
  const statuses = new Statuses(outbound.statuses);
  const clusters = clustersFor(mesh, client, translation.scope.services, { overrides, statuses });
  clusters.push(...withoutTls(clusters, outbound.passthroughClusters));
  const { all, problems } = VirtualServices.of(mesh);
  reportDelegates(mesh, all, statuses);
  reportUnknownGateways(mesh, all, statuses);
  for (const { origin, reason, message } of problems) statuses.add(origin, reason, message);
  for (const { origin, reason, message } of missingClusters(outbound, namesOf(mesh, clusters))) statuses.add(origin, reason, message);
  const patches = selectPatches(mesh, proxy);
  for (const { origin, reason, message } of patches.problems) statuses.add(origin, reason, message);
  const inbound = inboundOf(mesh, proxy);
  return {
    proxy,
    mesh: mesh.memo('settings of the mesh', ['MeshConfig'], () => meshSettings(mesh)),
    listeners: [...outbound.listeners, ...inbound.listeners].sort(byName),
    routes: [...outbound.routes, ...inbound.routes].sort(byName),
    clusters: sortedByName(mesh, `all clusters of ${client.role} ${client.namespace}`, [...clusters, ...inbound.clusters]),
    envoyPatches: patches.patches,
    statuses: statuses.sorted(),
  };
}

const missing = new WeakMap<Outbound, { names: ReadonlySet<string>; statuses: readonly Status[] }>();

/** Looked for once for the same traffic and the same clusters. */
function missingClusters(outbound: Outbound, names: ReadonlySet<string>): readonly Status[] {
  let found = missing.get(outbound);
  if (found?.names !== names) {
    const statuses = new Statuses();
    reportMissingClusters(outbound.translation, statuses, outbound.services, names);
    found = { names, statuses: statuses.sorted() };
    missing.set(outbound, found);
  }
  return found.statuses;
}

/** The same set for as long as the names are the same. */
function namesOf(mesh: Mesh, clusters: readonly Cluster[]): ReadonlySet<string> {
  const known = mesh.cache('names of clusters', () => ({ names: new Set<string>(), list: [] as readonly string[] }));
  if (known.list.length !== clusters.length || clusters.some(({ name }, i) => known.list[i] !== name)) {
    known.list = clusters.map(({ name }) => name);
    known.names = new Set(known.list);
  }
  return known.names;
}

interface Outbound extends OutboundTraffic {
  translation: Translation;
  /** Clusters that add no TLS, by what they are like. */
  passthroughClusters: ReadonlyMap<string, string>;
  /** Whose destinations the proxy sends to. */
  services: ReadonlySet<RoutingService>;
  statuses: readonly Status[];
}

/** Listeners and routes for the traffic of the application. Endpoints count where connections go to their addresses only. */
function outboundOf(mesh: Mesh, client: ProxyIdentity): Outbound {
  const scope = proxyScope(mesh, client);
  const translation = new Translation(mesh, scope);
  const made =
    client.role === 'gateway'
      ? gatewayTraffic(translation)
      : { ...outboundTraffic(translation), passthroughClusters: none, services: new Set(scope.egress.flatMap(({ virtualServices }) => virtualServices)) };
  return { ...made, translation, statuses: translation.statuses.sorted() };
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
