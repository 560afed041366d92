import type { ProxyIdentity } from '../../ir/table.ts';
import { byCreation } from '../../model/creation.ts';
import { DestinationRules, type MergedRule, mergeKey, mergeSorted, type Rule } from '../../model/destination-rules.ts';
import type { Labels } from '../../model/label-index.ts';
import type { Mesh } from '../../model/mesh.ts';
import { sameItems } from '../../model/same.ts';
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
  return new RuleLevels(mesh, namespace).ruleOf({ labels }, service, direction);
}

function chosen(candidates: readonly EffectiveRule[], labels: Labels, direction: 'outbound' | 'inbound'): EffectiveRule | undefined {
  const selecting = candidates.find(
    ({ rules: [rule] }) => direction === 'outbound' && rule?.spec.workloadSelector && matchesLabels(rule.spec.workloadSelector.matchLabels, labels),
  );
  return selecting ?? candidates.findLast(({ selective }) => !selective);
}

/** Where rules for the clients of a namespace are looked for. */
export class RuleLevels {
  private readonly client: string;
  private readonly root: string;
  private readonly index: DestinationRules;
  private readonly isPrivate: (rule: Rule) => boolean;
  private readonly isPublic: (rule: Rule) => boolean;
  private readonly byDefault: readonly string[] | undefined;

  constructor(mesh: Mesh, client: string) {
    this.byDefault = mesh.meshConfig.defaultDestinationRuleExportTo;
    const byDefault = this.byDefault ?? [];
    this.client = client;
    this.root = mesh.rootNamespace;
    this.index = DestinationRules.of(mesh);
    this.isPrivate = (rule) => isPrivateRule(rule, byDefault);
    this.isPublic = (rule) => !isPrivateRule(rule, byDefault);
  }

  /** As `effectiveRule`. */
  ruleOf(
    { labels }: Pick<ProxyIdentity, 'labels'>,
    service: Pick<MeshService, 'host' | 'namespace'>,
    direction: 'outbound' | 'inbound' = 'outbound',
  ): EffectiveRule | undefined {
    return chosen(this.candidates(service), labels, direction);
  }

  /** Whether the rules for all services of a namespace are those of a mesh before, to the same clients. */
  areSameFor(namespace: string, former: RuleLevels): boolean {
    const { client, root, byDefault } = this;
    if (client !== former.client || root !== former.root || byDefault !== former.byDefault) return false;
    return [client, root, namespace].every((one) => this.index.rulesIn(one) === former.index.rulesIn(one));
  }

  /** The merged rules of the first level that has any for the host: nothing is inherited from the others. */
  private candidates({ host, namespace }: Pick<MeshService, 'host' | 'namespace'>): readonly EffectiveRule[] {
    const { client, root, index } = this;
    // Rules of the root namespace are for the whole mesh, so a proxy that runs there does not take the public ones for its own.
    const own = merged(index.inNamespace(client, host, client === root ? this.isPrivate : isForOwnNamespace));
    if (own.length > 0) return own;
    const exported = this.exported(namespace, host);
    return exported.length > 0 || namespace === root ? exported : this.exported(root, host);
  }

  private exported(owner: string, host: string): readonly EffectiveRule[] {
    // What is exported to others only hides less specific rules of its namespace all the same (DR-R3).
    const all = merged(this.index.inNamespace(owner, host, this.isPublic));
    const isForClient = ({ rules: [rule] }: EffectiveRule): boolean => rule !== undefined && isExportedTo(rule, this.client);
    return all.every(isForClient) ? all : all.filter(isForClient);
  }
}

const none: readonly EffectiveRule[] = [];

// The same rules are the same objects in every mesh; by the first of them.
const mergedRules = new WeakMap<Rule, { rules: readonly Rule[]; merged: readonly EffectiveRule[] }[]>();

/** Merged rules that one rule is remembered with; others are merged again. */
const mostRemembered = 8;

/** Those with a selector first, then by age; rules with one key are one. */
function merged(rules: readonly Rule[]): readonly EffectiveRule[] {
  const [first] = rules;
  if (!first) return none;
  const known = mergedRules.get(first) ?? [];
  const found = known.find((one) => sameItems(one.rules, rules));
  if (found) return found.merged;
  const selective = ({ spec }: Rule): boolean => Boolean(spec.workloadSelector);
  const sorted = rules.toSorted((a, b) => Number(selective(b)) - Number(selective(a)) || byCreation(a, b));
  const made = [...Map.groupBy(sorted, mergeKey).values()].map((same) => ({ ...mergeSorted(same), rules: same, selective: selective(same[0] as Rule) }));
  mergedRules.set(first, [{ rules, merged: made }, ...known.slice(0, mostRemembered - 1)]);
  return made;
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
