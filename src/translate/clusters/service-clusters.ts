// Clusters of services, which proxies share as far as they are the same to them.
import type { Cluster } from '../../ir/cluster.ts';
import type { MeshConfig } from '../../manifest/istio/mesh.gen.ts';
import type { EndpointOverride } from '../../model/endpoint-overrides.ts';
import type { Endpoints, ServiceEndpoint } from '../../model/endpoints.ts';
import type { Mesh } from '../../model/mesh.ts';
import type { PeerPolicies } from '../../model/peer-authentication.ts';
import { keepList } from '../../model/same.ts';
import type { MeshService } from '../../model/services.ts';
import { keepEqual } from '../keep-equal.ts';
import type { ProxyView } from '../proxy-view.ts';
import { type ClusterContext, clusterContext, clustersOf, dependsOnClient, fixedClusters } from './clusters.ts';
import type { EffectiveRule } from './effective-rule.ts';
import { staysOnNode } from './endpoints.ts';
import { takesMtls } from './upstream-tls.ts';

/** The clusters of one service for some proxies, and what they were made of. */
export interface ServiceClusters {
  readonly service: MeshService;
  readonly rule: EffectiveRule | undefined;
  /** Of each port of the service. */
  readonly endpoints: readonly (readonly ServiceEndpoint[])[];
  /** They are for clients at some places only. */
  readonly placed: boolean;
  /** Of the proxies that they are for. */
  readonly key: string;
  readonly clusters: readonly Cluster[];
  /** Of the clusters: the same list as before where none came or went. */
  readonly names: readonly string[];
  readonly meshConfig: MeshConfig;
  /** What is known to say the same about TLS as when the clusters were made. */
  policies: PeerPolicies;
}

/** Clusters that one service is remembered with: for several kinds of proxies, and before the last changes. */
const mostRemembered = 32;

/** Proxies that have the same clusters of services with the same rules. */
export interface ClusterClients {
  context: ClusterContext;
  endpoints: Endpoints;
  /** Wherever they are. */
  key: string;
  /** With their place. */
  placedKey: string;
}

export function clusterClients(mesh: Mesh, endpoints: Endpoints, view: ProxyView, overrides: readonly EndpointOverride[]): ClusterClients {
  const context = clusterContext(mesh, view, overrides);
  // Who names an override decides what it means.
  const key = JSON.stringify([view.role, view.family, overrides.length > 0 ? [view, overrides] : []]);
  return { context, endpoints, key, placedKey: JSON.stringify([key, context.client, view.node]) };
}

/** Whether clusters with the same rules and endpoints are the same for two kinds of proxies, of one mesh or of two. */
export function haveSameClusters(a: ClusterClients, b: ClusterClients): boolean {
  return a.placedKey === b.placedKey && a.context.meshConfig === b.context.meshConfig && a.context.policies === b.context.policies;
}

/** For one mesh configuration. */
export class ClusterCache {
  private readonly known = new WeakMap<MeshService, readonly ServiceClusters[]>();
  private readonly fixed = new Map<ProxyView['role'], readonly Cluster[]>();

  /** Those that take what belongs to no service. */
  fixedOf({ context }: ClusterClients): readonly Cluster[] {
    const found = this.fixed.get(context.view.role) ?? fixedClusters(context);
    this.fixed.set(context.view.role, found);
    return found;
  }

  /** @param former of the same proxies before, if that is known: what is equal stays the same object */
  of(clients: ClusterClients, service: MeshService, rule: EffectiveRule | undefined, former: ServiceClusters | undefined): ServiceClusters {
    if (former && isFor(former, clients, service, rule) && isCurrent(former, clients)) return former;
    const known = this.known.get(service) ?? [];
    const there = known.find((one) => isFor(one, clients, service, rule));
    if (there && isCurrent(there, clients)) return there;
    const made = make(clients, service, rule, former ?? there);
    this.known.set(service, [made, ...known.filter((one) => one !== there).slice(0, mostRemembered - 1)]);
    return made;
  }
}

function isFor(one: ServiceClusters, { context, key, placedKey }: ClusterClients, service: MeshService, rule: EffectiveRule | undefined): boolean {
  return one.service === service && one.rule === rule && one.meshConfig === context.meshConfig && one.key === (one.placed ? placedKey : key);
}

function isCurrent(one: ServiceClusters, { endpoints, context: { policies } }: ClusterClients): boolean {
  const { service } = one;
  for (let i = 0; i < service.ports.length; i++) {
    const port = service.ports[i];
    if (port && one.endpoints[i] !== endpoints.at(service, port)) return false;
  }
  if (one.policies !== policies) {
    if (one.policies.modeOf(service.namespace) !== policies.modeOf(service.namespace)) return false;
    const takeTheSame = (endpoint: ServiceEndpoint): boolean => takesMtls(one.policies, endpoint) === takesMtls(policies, endpoint);
    if (!one.endpoints.every((list) => list.every(takeTheSame))) return false;
    one.policies = policies;
  }
  return true;
}

function make(
  { context, endpoints, key, placedKey }: ClusterClients,
  service: MeshService,
  rule: EffectiveRule | undefined,
  former: ServiceClusters | undefined,
): ServiceClusters {
  const placed = staysOnNode(service) || dependsOnClient(context, service, rule);
  const own = service.ports.map((port) => endpoints.at(service, port));
  const clusters = keepClusters(former?.clusters ?? [], clustersOf(context, service, rule, own));
  return {
    service,
    rule,
    endpoints: own,
    placed,
    key: placed ? placedKey : key,
    clusters,
    names: keepList(
      former?.names,
      clusters.map(({ name }) => name),
    ),
    meshConfig: context.meshConfig,
    policies: context.policies,
  };
}

/** By name, what is equal the same object. */
function keepClusters(former: readonly Cluster[], next: readonly Cluster[]): readonly Cluster[] {
  if (former.length === 0) return next;
  const byName = new Map(former.map((cluster) => [cluster.name, cluster]));
  return keepList(
    former,
    next.map((cluster) => keepEqual(byName.get(cluster.name), cluster)),
  );
}
