// Which policies apply to a workload: whom they are for is said in the same way by all kinds of them (SEC-R20).
import type { Resource } from '../manifest/resource.ts';
import { byCreation } from './creation.ts';
import { gatewayGroup, gatewayNameLabel } from './gateway-api.ts';
import type { KindTable } from './kind-table.ts';
import { type Labels, SelectorIndex } from './label-index.ts';
import type { Mesh, ResourceOf } from './mesh.ts';
import { items, text } from './untyped.ts';

export const workloadPolicyKinds = ['AuthorizationPolicy', 'RequestAuthentication', 'Telemetry', 'WasmPlugin', 'ProxyConfig'] as const;
export type WorkloadPolicyKind = (typeof workloadPolicyKinds)[number];

/** For whom a policy is: the whole mesh, its namespace, or the workloads that it selects or that serve what it names. */
export type PolicyScope = 'mesh' | 'namespace' | 'workload';

interface Target {
  group?: string;
  kind?: string;
  name?: string;
  namespace?: string;
}

interface Targeting {
  selector?: { matchLabels?: Labels };
  targetRef?: Target;
  targetRefs?: readonly (Target | null)[];
}

interface Workload {
  namespace: string;
  labels: Labels;
}

/** Waypoints are gateways for the services of a namespace: selectors do not select them. */
export const waypointClass = 'istio-waypoint';

const noLabels: Labels = {};

/** Labels that a policy selects by; none: it is for all workloads, or for what it names. */
function selectorOf(policy: Resource): Labels {
  return (policy.spec as Targeting).selector?.matchLabels ?? noLabels;
}

/** What a policy names. */
export function targetsOf(policy: Resource): readonly Target[] {
  const { targetRef, targetRefs } = policy.spec as Targeting;
  const several = items(targetRefs);
  return several.length > 0 ? several : targetRef ? [targetRef] : several;
}

/** A policy with its place among those of its namespace, the oldest first. */
interface Placed<P> {
  policy: P;
  order: number;
}

/** The policies of one namespace. */
class PoliciesIn<P extends Resource> {
  /** Neither with a selector nor with targets. */
  readonly forAll: readonly Placed<P>[];
  private readonly selecting: SelectorIndex<Placed<P>>;
  /** By name of the Gateway. */
  private readonly forGateways = new Map<string, Placed<P>[]>();
  readonly forWaypoints: readonly Placed<P>[];

  constructor(policies: readonly P[]) {
    const placed = policies.toSorted(byCreation).map((policy, order) => ({ policy, order }));
    this.forAll = placed.filter(({ policy }) => targetsOf(policy).length === 0 && Object.keys(selectorOf(policy)).length === 0);
    this.selecting = new SelectorIndex(placed, ({ policy }) => selectorOf(policy));
    const waypoints: Placed<P>[] = [];
    for (const one of placed) {
      const targets = targetsOf(one.policy).filter(({ group }) => group === gatewayGroup);
      if (targets.some(({ kind, name }) => kind === 'GatewayClass' && name === waypointClass)) waypoints.push(one);
      const own = targets.filter(({ kind, namespace = '' }) => kind === 'Gateway' && (namespace === '' || namespace === one.policy.namespace));
      for (const name of new Set(own.map((target) => target.name ?? ''))) this.forGateways.set(name, [...(this.forGateways.get(name) ?? []), one]);
    }
    this.forWaypoints = waypoints;
  }

  /** Those with a selector that labels satisfy. */
  selectedBy(labels: Labels): readonly Placed<P>[] {
    return this.selecting.selecting(labels);
  }

  of(gateway: string): readonly Placed<P>[] {
    return this.forGateways.get(gateway) ?? [];
  }
}

/** Policies of one kind by those whom they are for. */
export class WorkloadPolicies<P extends Resource = Resource> {
  private readonly rootNamespace: string;
  private readonly byNamespace: ReadonlyMap<string, PoliciesIn<P>>;
  private readonly gateways: KindTable;
  private readonly lists = new Map<string, readonly P[]>();

  static of<K extends WorkloadPolicyKind>(mesh: Mesh, kind: K): WorkloadPolicies<ResourceOf<K> & Resource> {
    return mesh.memo(`${kind} by workload`, [kind, 'MeshConfig', 'gateway-api/Gateway'], () => new WorkloadPolicies(mesh, kind));
  }

  private constructor(mesh: Mesh, kind: WorkloadPolicyKind) {
    const policies = mesh.list(kind) as readonly Resource[] as readonly P[];
    this.rootNamespace = mesh.rootNamespace;
    this.gateways = mesh.table('gateway-api/Gateway');
    this.byNamespace = new Map([...Map.groupBy(policies, ({ namespace }) => namespace)].map(([namespace, list]) => [namespace, new PoliciesIn(list)]));
  }

  /**
   * Those that apply to a workload, of the root namespace first, then of its own; in each the oldest first. Workloads with the same
   * policies have the same list.
   *
   * What a policy names are pods that are made for a Gateway of the Gateway API. Services and ServiceEntries are served by waypoints, so
   * that a policy that names them is for no workload. One that selects workloads as well, which it may not, is for both: in doubt it
   * applies.
   */
  appliedTo({ namespace, labels }: Workload): readonly P[] {
    if (this.byNamespace.size === 0) return none as readonly P[];
    const root = this.rootNamespace;
    const gateway = labels[gatewayNameLabel];
    const waypoint = gateway !== undefined && this.classOf(namespace, gateway) === waypointClass;
    const namespaces = namespace === root ? [root] : [root, namespace];
    const found = namespaces.map((one) => {
      const policies = this.byNamespace.get(one);
      if (!policies) return [];
      return [
        ...(waypoint ? [] : policies.selectedBy(labels)),
        ...(gateway !== undefined && one === namespace ? policies.of(gateway) : []),
        ...(waypoint && one === root ? policies.forWaypoints : []),
      ];
    });
    const key = JSON.stringify([waypoint, namespaces.map((one) => this.byNamespace.has(one) && one), found.map((list) => list.map(({ order }) => order))]);
    let list = this.lists.get(key);
    if (!list) {
      list = namespaces.flatMap((one, i) => inOrder(waypoint ? [] : (this.byNamespace.get(one)?.forAll ?? []), found[i] ?? []));
      this.lists.set(key, list);
    }
    return list;
  }

  /** For whom a policy is that applies to somebody. */
  scopeOf(policy: P): PolicyScope {
    if (targetsOf(policy).length > 0 || Object.keys(selectorOf(policy)).length > 0) return 'workload';
    return policy.namespace === this.rootNamespace ? 'mesh' : 'namespace';
  }

  private classOf(namespace: string, gateway: string): string {
    return text((this.gateways.find(namespace, gateway)?.spec as { gatewayClassName?: unknown } | undefined)?.gatewayClassName);
  }
}

const none: readonly Resource[] = [];

function inOrder<P>(forAll: readonly Placed<P>[], found: readonly Placed<P>[]): P[] {
  const all = found.length === 0 ? forAll : [...new Set([...forAll, ...found])].sort((a, b) => a.order - b.order);
  return all.map(({ policy }) => policy);
}
