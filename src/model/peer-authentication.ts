// Which connections the sidecar of a workload accepts (SEC-R10, SEC-R11).
import type { PeerAuthentication } from '../manifest/istio/security.gen.ts';
import type { Path } from '../manifest/problem.ts';
import type { Resource } from '../manifest/resource.ts';
import { ageIsKnown, byCreation } from './creation.ts';
import { type Labels, SelectorIndex } from './label-index.ts';
import type { Mesh } from './mesh.ts';

export type PeerPolicy = Resource<PeerAuthentication>;
export type MtlsMode = 'STRICT' | 'PERMISSIVE' | 'DISABLE';

/** What is accepted at one port, and which policy says so. */
export interface AcceptedMtls {
  mode: MtlsMode;
  /** Absent for the default. */
  policy?: PeerPolicy;
  path?: Path;
}

export function selectorOf({ spec }: PeerPolicy): Labels {
  return spec.selector?.matchLabels ?? {};
}

/** Whether a policy is for workloads that it selects, and not for a namespace or the mesh. */
export function isForWorkloads(policy: PeerPolicy): boolean {
  return Object.keys(selectorOf(policy)).length > 0;
}

/** What a policy says, `STRICT, port 8080 DISABLE`: equal for policies with the same effect. */
export function describeMtls({ spec }: PeerPolicy): string {
  const ports = Object.entries(spec.portLevelMtls ?? {}).sort(([a], [b]) => Number(a) - Number(b));
  return [spec.mtls?.mode ?? 'UNSET', ...ports.map(([port, mtls]) => `port ${port} ${mtls?.mode ?? 'UNSET'}`)].join(', ');
}

/** Peer authentication policies by what they are for. */
export class PeerPolicies {
  private readonly rootNamespace: string;
  /** For a whole namespace; in the root namespace for the whole mesh. */
  private readonly whole: ReadonlyMap<string, readonly PeerPolicy[]>;
  private readonly selecting: ReadonlyMap<string, SelectorIndex<PeerPolicy>>;

  static of(mesh: Mesh): PeerPolicies {
    return mesh.memo('peer policies', ['PeerAuthentication', 'MeshConfig'], () => new PeerPolicies(mesh));
  }

  private constructor(mesh: Mesh) {
    const policies = mesh.list('PeerAuthentication');
    const namespaceOf = ({ namespace }: PeerPolicy): string => namespace;
    this.rootNamespace = mesh.rootNamespace;
    this.whole = Map.groupBy(
      policies.filter((policy) => !isForWorkloads(policy)),
      namespaceOf,
    );
    // A policy with a selector in the root namespace selects nothing, there or elsewhere.
    const selecting = policies.filter((policy) => isForWorkloads(policy) && policy.namespace !== mesh.rootNamespace);
    this.selecting = new Map([...Map.groupBy(selecting, namespaceOf)].map(([namespace, list]) => [namespace, new SelectorIndex(list, selectorOf)]));
  }

  /**
   * What a workload accepts at a port of its pods. Undefined when it depends on which of several policies is the oldest, and
   * the input does not tell.
   */
  acceptedAt(workload: { namespace: string; labels: Labels }, targetPort: number): AcceptedMtls | undefined {
    return accepted(this.levels(workload), targetPort, theOneThatCounts);
  }

  /** As the control plane decides with this input: what has no time of creation is new (DR-R6). */
  modeAt(workload: { namespace: string; labels: Labels }, targetPort: number): MtlsMode {
    return accepted(this.levels(workload), targetPort, oldest)?.mode ?? 'PERMISSIVE';
  }

  /** What the policies for the mesh and the namespace say, as clients take it for all of its workloads (DR-R71). */
  modeOf(namespace: string): MtlsMode {
    return accepted(this.levels({ namespace, labels: {} }), 0, oldest)?.mode ?? 'PERMISSIVE';
  }

  /** Ports of a workload that a policy names. */
  namedPorts(workload: { namespace: string; labels: Labels }): number[] {
    const [policy] = [...(this.levels(workload)[2] ?? [])].sort(byCreation);
    return Object.keys(policy?.spec.portLevelMtls ?? {})
      .map(Number)
      .filter((port) => port > 0 && port <= 65_535);
  }

  /** Those that have a say about a workload: for the mesh, its namespace and itself, the oldest first in each. */
  appliedTo(workload: { namespace: string; labels: Labels }): PeerPolicy[] {
    return this.levels(workload).flatMap((policies) => policies.toSorted(byCreation));
  }

  /** Policies for the mesh, the namespace and the workload itself. */
  private levels({ namespace, labels }: { namespace: string; labels: Labels }): (readonly PeerPolicy[])[] {
    return [
      this.whole.get(this.rootNamespace) ?? [],
      namespace === this.rootNamespace ? [] : (this.whole.get(namespace) ?? []),
      this.selecting.get(namespace)?.selecting(labels) ?? [],
    ];
  }
}

function accepted(
  levels: readonly (readonly PeerPolicy[])[],
  targetPort: number,
  choose: (policies: readonly PeerPolicy[]) => PeerPolicy | undefined,
): AcceptedMtls | undefined {
  let accepted: AcceptedMtls = { mode: 'PERMISSIVE' };
  for (const [level, policies] of levels.entries()) {
    if (policies.length === 0) continue;
    const policy = choose(policies);
    if (!policy) return undefined;
    const { mtls, portLevelMtls } = policy.spec;
    if (isSet(mtls?.mode)) accepted = { mode: mtls.mode, policy, path: ['spec', 'mtls', 'mode'] };
    const ofPort = level === 2 ? portLevelMtls?.[targetPort]?.mode : undefined;
    if (isSet(ofPort)) accepted = { mode: ofPort, policy, path: ['spec', 'portLevelMtls', String(targetPort), 'mode'] };
  }
  return accepted;
}

function oldest(policies: readonly PeerPolicy[]): PeerPolicy | undefined {
  return [...policies].sort(byCreation)[0];
}

const modes: readonly string[] = ['STRICT', 'PERMISSIVE', 'DISABLE'] satisfies readonly MtlsMode[];

/** What is none of them says nothing, as UNSET. */
function isSet(mode: string | undefined): mode is MtlsMode {
  return mode !== undefined && modes.includes(mode);
}

/** The oldest; any of them where all say the same. */
function theOneThatCounts(policies: readonly PeerPolicy[]): PeerPolicy | undefined {
  const [first, ...others] = [...policies].sort(byCreation);
  return first && others.every((other) => ageIsKnown(first, other) || describeMtls(other) === describeMtls(first)) ? first : undefined;
}
