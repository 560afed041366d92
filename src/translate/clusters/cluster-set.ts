// All outbound clusters of a proxy, and what of them changes with the mesh.
import type { Cluster } from '../../ir/cluster.ts';
import type { Status } from '../../ir/table.ts';
import { keepList } from '../../model/same.ts';
import type { MeshService } from '../../model/services.ts';
import { areDifferent, byName, changed, named } from '../by-name.ts';
import { keepWhole } from '../keep-equal.ts';
import type { ServiceRules } from '../service-rules.ts';
import { clusterStatuses } from './clusters.ts';
import { type ClusterCache, type ClusterClients, haveSameClusters, type ServiceClusters } from './service-clusters.ts';

export interface ClusterSet {
  known: ServiceRules;
  clients: ClusterClients;
  /** What the endpoints of each namespace are. */
  sources: ReadonlyMap<string, object>;
  /** Of each service. */
  parts: readonly ServiceClusters[];
  fixed: readonly Cluster[];
  /** By name. */
  clusters: readonly Cluster[];
  /** Their names are. */
  areDifferent: boolean;
  /** Names of the clusters of each service: the same list as before where no cluster came or went. */
  names: readonly (readonly string[])[];
  statuses: readonly Status[];
  /** Some are for clients at some places only. */
  placed: boolean;
}

/** @param former of the same proxies before: what is equal stays the same object */
export function clusterSet(cache: ClusterCache, clients: ClusterClients, known: ServiceRules, former: ClusterSet | undefined): ClusterSet {
  const { services } = known;
  const before = former?.known.services === services ? former : undefined;
  const sources = new Map([...known.byNamespace.keys()].map((namespace) => [namespace, clients.endpoints.in(namespace).content]));
  const parts = before ? partsAfter(cache, clients, known, before, sources) : partsOf(cache, clients, known, former);
  const fixed = wholeClusters(former?.fixed ?? [], cache.fixedOf(clients));
  const clusters = former ? clustersAfter(former, fixed, parts, before !== undefined) : inOrder(fixed, parts);
  return {
    known,
    clients,
    sources,
    parts,
    fixed,
    names: namesAfter(former, parts),
    clusters,
    areDifferent: clusters === former?.clusters ? former.areDifferent : areDifferent(clusters),
    placed: parts.some((part) => part.placed),
    statuses: before ? before.statuses : keepWhole(former?.statuses, services.flatMap(clusterStatuses)),
  };
}

function partsOf(cache: ClusterCache, clients: ClusterClients, { services, rules }: ServiceRules, former: ClusterSet | undefined): readonly ServiceClusters[] {
  const before = new Map(former?.parts.map((part) => [part.service.host, part]));
  return services.map((service, i) => cache.of(clients, service, rules[i], before.get(service.host)));
}

/** Of the same services: those of namespaces without a change need not be looked at. */
function partsAfter(
  cache: ClusterCache,
  clients: ClusterClients,
  known: ServiceRules,
  former: ClusterSet,
  sources: ClusterSet['sources'],
): readonly ServiceClusters[] {
  const { services, rules, byNamespace } = known;
  const sameClients = haveSameClusters(clients, former.clients);
  const out = [...former.parts];
  for (const [namespace, places] of byNamespace) {
    const sameEndpoints = sameClients && sources.get(namespace) === former.sources.get(namespace);
    for (const place of places) {
      const part = former.parts[place] as ServiceClusters;
      if (!sameEndpoints || rules[place] !== former.known.rules[place]) out[place] = cache.of(clients, services[place] as MeshService, rules[place], part);
    }
  }
  return keepList(former.parts, out);
}

/** The list changes where a cluster comes or goes, and not where one changes. */
function namesAfter(former: ClusterSet | undefined, parts: readonly ServiceClusters[]): ClusterSet['names'] {
  if (former?.parts === parts) return former.names;
  return keepList(
    former?.names,
    parts.map(({ names }) => names),
  );
}

function inOrder(fixed: readonly Cluster[], parts: readonly ServiceClusters[]): readonly Cluster[] {
  const all = [...fixed];
  for (const { clusters } of parts) for (const cluster of clusters) all.push(cluster);
  return all.sort(byName);
}

function clustersAfter(former: ClusterSet, fixed: readonly Cluster[], parts: readonly ServiceClusters[], sameServices: boolean): readonly Cluster[] {
  const { going, coming } = sameServices ? changesAt(former.parts, parts) : changesOf(former.parts, parts);
  if (fixed !== former.fixed) {
    coming.push(fixed);
    going.push(former.fixed);
  }
  if (coming.length === 0 && going.length === 0) return former.clusters;
  // Of the list: other proxies may have got what is equal as another object.
  const removed = going.flat().flatMap(({ name }) => named(former.clusters, name) ?? []);
  const added = wholeClusters(removed, coming.flat());
  const list = former.areDifferent ? changed(former.clusters, removed, added) : undefined;
  return keepList(former.clusters, list ?? wholeClusters(former.clusters, inOrder(fixed, parts)));
}

type Changes = Record<'going' | 'coming', (readonly Cluster[])[]>;

/** Of parts that stand in the same places. */
function changesAt(former: readonly ServiceClusters[], parts: readonly ServiceClusters[]): Changes {
  const going: (readonly Cluster[])[] = [];
  const coming: (readonly Cluster[])[] = [];
  for (let i = 0; i < parts.length; i++) {
    const [before, now] = [former[i], parts[i]];
    if (before === now || before?.clusters === now?.clusters) continue;
    if (before) going.push(before.clusters);
    if (now) coming.push(now.clusters);
  }
  return { going, coming };
}

function changesOf(former: readonly ServiceClusters[], parts: readonly ServiceClusters[]): Changes {
  const old = new Set(former.map(({ clusters }) => clusters));
  const coming = parts.map(({ clusters }) => clusters).filter((clusters) => !old.delete(clusters));
  return { going: [...old], coming };
}

/** By name, those that are equal as they were: others are shared with other proxies. */
function wholeClusters(former: readonly Cluster[], next: readonly Cluster[]): readonly Cluster[] {
  const byOwnName = new Map(former.map((cluster) => [cluster.name, cluster]));
  return keepList(
    former,
    next.map((cluster) => keepWhole(byOwnName.get(cluster.name), cluster)),
  );
}
