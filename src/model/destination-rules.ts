import type { DestinationRule, Subset, TrafficPolicy } from '../manifest/istio/networking.gen.ts';
import type { Path } from '../manifest/problem.ts';
import type { Resource } from '../manifest/resource.ts';
import { ageIsKnown, byCreation } from './creation.ts';
import { toFqdn } from './hosts.ts';
import type { KindTable } from './kind-table.ts';
import type { Mesh } from './mesh.ts';
import { pushTo } from './push-to.ts';
import { type Scopes, scopesOf } from './visibility.ts';

export type Rule = Resource<DestinationRule>;

export interface PlacedSubset {
  rule: Rule;
  subset: Subset;
  path: Path;
}

/** What the rules for one host say together (DR-R4). */
export interface MergedRule {
  /** The traffic policy for the whole host, whole from one rule. */
  policy: { rule: Rule; policy: TrafficPolicy; path: Path } | undefined;
  subsets: PlacedSubset[];
}

interface OfNamespace {
  rules: readonly Rule[];
  exact: Map<string, Rule[]>;
  /** Hosts that begin with `*`, by what follows it. */
  wild: Map<string, Rule[]>;
}

/** Finds the destination rules of a namespace for a host (DR-R1, DR-R2). */
export class DestinationRules {
  private readonly table: KindTable;
  private readonly namespaces = new Map<string, OfNamespace>();
  private rulesByHost: ReadonlyMap<string, readonly Rule[]> | undefined;

  static of(mesh: Mesh): DestinationRules {
    return mesh.memo<DestinationRules>(
      'destination rules by host',
      ['DestinationRule'],
      (former) => new DestinationRules(mesh.table('DestinationRule'), former),
    );
  }

  private constructor(table: KindTable, former: DestinationRules | undefined) {
    this.table = table;
    for (const [namespace, own] of former?.namespaces ?? []) if (own.rules === table.in(namespace)) this.namespaces.set(namespace, own);
  }

  private in(namespace: string): OfNamespace {
    let found = this.namespaces.get(namespace);
    if (!found) {
      found = indexed(this.table.in(namespace) as readonly Rule[]);
      this.namespaces.set(namespace, found);
    }
    return found;
  }

  /**
   * The rules of a namespace with the most specific host that covers the host given.
   *
   * @param accepts the others are as if they were not there
   */
  inNamespace(namespace: string, fqdn: string, accepts?: (rule: Rule) => boolean): readonly Rule[] {
    const found = this.in(namespace);
    if (found.rules.length === 0) return found.rules;
    const accepted = (rules: readonly Rule[] | undefined): readonly Rule[] => (rules && accepts ? rules.filter(accepts) : (rules ?? []));
    const exact = accepted(found.exact.get(fqdn));
    if (exact.length > 0) return exact;
    for (let start = 0; start <= fqdn.length && found.wild.size > 0; start++) {
      const rules = accepted(found.wild.get(fqdn.slice(start)));
      if (rules.length > 0) return rules;
    }
    return [];
  }

  /** All of a namespace: the same list as long as they are the same. */
  rulesIn(namespace: string): readonly Rule[] {
    return this.table.in(namespace) as readonly Rule[];
  }

  /** Namespaces with a rule for exactly this host. */
  namespacesOf(fqdn: string): ReadonlySet<string> {
    this.rulesByHost ??= Map.groupBy(this.table.list as readonly Rule[], hostOf);
    const rules = fqdn.startsWith('*') ? undefined : this.rulesByHost.get(fqdn);
    return new Set(rules?.map(({ namespace }) => namespace));
  }
}

export function hostOf({ namespace, spec }: Rule): string {
  return toFqdn(namespace, spec.host ?? '').toLowerCase();
}

function indexed(rules: readonly Rule[]): OfNamespace {
  const found: OfNamespace = { rules, exact: new Map(), wild: new Map() };
  for (const rule of rules) {
    const host = hostOf(rule);
    if (host.startsWith('*')) pushTo(found.wild, host.slice(1), rule);
    else pushTo(found.exact, host, rule);
  }
  return found;
}

/** Who sees a rule outside of its own namespace: nobody when it is for some workloads only (DR-R3, DR-R5). */
export function scopesOfRule({ namespace, spec }: Rule, defaults?: readonly string[]): Scopes {
  return spec.workloadSelector ? new Set() : scopesOf(spec.exportTo, namespace, defaults);
}

/**
 * Of the rules for one host in one namespace those with one key are merged (DR-R4). exportTo is compared as it is written: none is
 * not the same as `*`.
 */
export function mergeKey({ spec: { exportTo = [], workloadSelector } }: Rule): string {
  const labels = Object.entries(workloadSelector?.matchLabels ?? {}).sort();
  return JSON.stringify([workloadSelector ? labels : undefined, workloadSelector ? [] : [...new Set(exportTo)].sort()]);
}

/**
 * What rules with one host in one namespace say together (DR-R4, DR-R5). Undefined when it depends on the client, or on which of
 * the rules is the oldest and the input does not tell.
 */
export function mergeRules(rules: readonly Rule[]): MergedRule | undefined {
  if (rules.some(({ spec }) => spec.workloadSelector) || new Set(rules.map(mergeKey)).size > 1) return undefined;
  const sorted = [...rules].sort(byCreation);
  const withPolicy = sorted.filter(({ spec }) => spec.trafficPolicy);
  const byName = [...subsetsByName(sorted).values()];
  if (!firstIsKnown(withPolicy) || !byName.every((list) => firstIsKnown(list.map(({ rule }) => rule)))) return undefined;
  return mergeSorted(sorted);
}

/** What rules that are merged say together; the first of them wins (DR-R4). */
export function mergeSorted(sorted: readonly Rule[]): MergedRule {
  const rule = sorted.find(({ spec }) => spec.trafficPolicy);
  return {
    policy: rule?.spec.trafficPolicy && { rule, policy: rule.spec.trafficPolicy, path: ['spec', 'trafficPolicy'] },
    subsets: [...subsetsByName(sorted).values()].map(([first]) => first as PlacedSubset),
  };
}

function subsetsByName(rules: readonly Rule[]): Map<string, PlacedSubset[]> {
  const all = rules.flatMap((rule) => (rule.spec.subsets ?? []).flatMap((subset, i) => (subset ? [{ rule, subset, path: ['spec', 'subsets', i] }] : [])));
  return Map.groupBy(all, ({ subset }) => subset.name ?? '');
}

function firstIsKnown([first, ...others]: readonly Rule[]): boolean {
  return first === undefined || others.every((other) => other === first || ageIsKnown(first, other));
}
