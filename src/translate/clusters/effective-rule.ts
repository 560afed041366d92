import type { ProxyIdentity } from '../../ir/table.ts';
import { byCreation } from '../../model/creation.ts';
import { DestinationRules, type MergedRule, mergeKey, mergeSorted, type Rule } from '../../model/destination-rules.ts';
import type { Mesh } from '../../model/mesh.ts';
import { matchesLabels } from '../../model/selectors.ts';
import type { MeshService } from '../../model/services.ts';

/** The destination rules that a proxy uses for a service, as one. */
export interface EffectiveRule extends MergedRule {
  /** All of one namespace and host, the first is the one that wins (DR-R4). */
  rules: readonly Rule[];
  /** It is for some workloads only (DR-R5, DR-R70). */
  selective: boolean;
}

/**
 * What a client says about a service (DR-R1 to DR-R5).
 *
 * @param direction rules for some workloads only say nothing about what these receive
 */
export function effectiveRule(
  mesh: Mesh,
  { namespace, labels }: Pick<ProxyIdentity, 'namespace' | 'labels'>,
  service: Pick<MeshService, 'host' | 'namespace'>,
  direction: 'outbound' | 'inbound' = 'outbound',
): EffectiveRule | undefined {
  const candidates = candidatesFor(mesh, namespace, service);
  const selecting = candidates.find(
    ({ rules: [rule] }) => direction === 'outbound' && rule?.spec.workloadSelector && matchesLabels(rule.spec.workloadSelector.matchLabels, labels),
  );
  return selecting ?? candidates.findLast(({ selective }) => !selective);
}

/** The rules of one client, each looked for once. */
export class EffectiveRules {
  private readonly mesh: Mesh;
  private readonly client: Pick<ProxyIdentity, 'namespace' | 'labels'>;
  private readonly found: Map<Pick<MeshService, 'host' | 'namespace'>, EffectiveRule | undefined>;

  constructor(mesh: Mesh, { namespace, labels }: Pick<ProxyIdentity, 'namespace' | 'labels'>) {
    this.mesh = mesh;
    this.client = { namespace, labels };
    this.found = mesh.memo(`rules of ${JSON.stringify(this.client)}`, ['DestinationRule', 'MeshConfig'], () => new Map());
  }

  of(service: Pick<MeshService, 'host' | 'namespace'>): EffectiveRule | undefined {
    const there = this.found.get(service);
    if (there || this.found.has(service)) return there;
    const made = effectiveRule(this.mesh, this.client, service);
    this.found.set(service, made);
    return made;
  }
}

/** The merged rules of the first level that has any for the host: nothing is inherited from the others. */
function candidatesFor(mesh: Mesh, client: string, { host, namespace }: Pick<MeshService, 'host' | 'namespace'>): readonly EffectiveRule[] {
  const known = mesh.memo('effective destination rules', ['DestinationRule', 'MeshConfig'], () => new Map<string, readonly EffectiveRule[]>());
  const key = `${client} ${namespace} ${host}`;
  let found = known.get(key);
  if (!found) {
    const before = mesh.cache('effective destination rules', () => new Map<string, readonly EffectiveRule[]>());
    const made = firstLevel(mesh, client, host, namespace);
    const there = before.get(key);
    found = there && haveSameRules(there, made) ? there : made;
    if (found.length > 0) before.set(key, found);
    else before.delete(key);
    known.set(key, found);
  }
  return found;
}

/** Rules of the same resources say the same. */
function haveSameRules(a: readonly EffectiveRule[], b: readonly EffectiveRule[]): boolean {
  const same = (x: readonly unknown[], y: readonly unknown[]): boolean => x.length === y.length && x.every((one, i) => one === y[i]);
  return a.length === b.length && a.every(({ rules }, i) => same(rules, b[i]?.rules ?? []));
}

function firstLevel(mesh: Mesh, client: string, host: string, namespace: string): readonly EffectiveRule[] {
  const { rootNamespace: root } = mesh;
  const index = DestinationRules.of(mesh);
  const byDefault = mesh.meshConfig.defaultDestinationRuleExportTo ?? [];
  const isPrivate = (rule: Rule): boolean => isPrivateRule(rule, byDefault);
  // Rules of the root namespace are for the whole mesh, so a proxy that runs there does not take the public ones for its own.
  const own = merged(index.inNamespace(client, host, client === root ? isPrivate : isForOwnNamespace));
  if (own.length > 0) return own;
  for (const owner of namespace === root ? [root] : [namespace, root]) {
    // What is exported to others only hides less specific rules of its namespace all the same (DR-R3).
    const exported = merged(index.inNamespace(owner, host, (rule) => !isPrivate(rule))).filter(({ rules: [rule] }) => rule && isExportedTo(rule, client));
    if (exported.length > 0) return exported;
  }
  return [];
}

/** Those with a selector first, then by age; rules with one key are one. */
function merged(rules: readonly Rule[]): EffectiveRule[] {
  if (rules.length === 0) return [];
  const selective = ({ spec }: Rule): boolean => Boolean(spec.workloadSelector);
  const sorted = [...rules].sort((a, b) => Number(selective(b)) - Number(selective(a)) || byCreation(a, b));
  return [...Map.groupBy(sorted, mergeKey).values()].map((same) => ({ ...mergeSorted(same), rules: same, selective: selective(same[0] as Rule) }));
}

function isForOwnNamespace({ namespace, spec: { exportTo = [], workloadSelector } }: Rule): boolean {
  return Boolean(workloadSelector) || exportTo.length === 0 || ['*', '.', namespace].some((to) => exportTo.includes(to));
}

/** Nobody outside of its namespace sees it. */
function isPrivateRule({ namespace, spec: { exportTo = [], workloadSelector } }: Rule, byDefault: readonly string[]): boolean {
  if (workloadSelector) return true;
  if (exportTo.length === 0) return byDefault.includes('.');
  return new Set(exportTo).size === 1 && (exportTo[0] === '.' || exportTo[0] === namespace);
}

function isExportedTo({ namespace, spec: { exportTo = [] } }: Rule, client: string): boolean {
  return exportTo.length === 0 || exportTo.includes('*') || exportTo.includes(client) || (client === namespace && exportTo.includes('.'));
}
