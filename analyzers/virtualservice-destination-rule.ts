import { defineAnalyzer, type ReportExtra } from '../src/analysis/analyzer.ts';
import { IST0101 } from '../src/analysis/catalogue/references.ts';
import { meant } from '../src/analysis/meant.ts';
import { NearestIndex } from '../src/analysis/nearest.ts';
import type { DestinationRule } from '../src/manifest/istio/networking.gen.ts';
import type { Path } from '../src/manifest/problem.ts';
import type { Resource } from '../src/manifest/resource.ts';
import { OverlapIndex } from '../src/model/host-overlap.ts';
import { parseFqdn, toFqdn } from '../src/model/hosts.ts';
import { effectOfMissingCluster, targetsOf } from '../src/translate/destinations.ts';

type Rule = Resource<DestinationRule>;

/** spec/analyze/messages.md, virtualservice.DestinationRule */
export default defineAnalyzer({
  name: 'virtualservice.DestinationRuleAnalyzer',
  summary: 'subsets that virtual services route to are in a destination rule',
  reads: ['VirtualService', 'DestinationRule'],
  preset: 'reference',
  messages: { IST0101 },
  check({ mesh, knows, preset, report }) {
    const subsets = new Subsets(mesh.list('DestinationRule'), preset === 'reference');
    for (const service of mesh.list('VirtualService')) {
      for (const target of targetsOf(service.spec)) {
        const { path, mirror } = target;
        const { host = '', subset = '' } = target.destination;
        if (subset === '' || subsets.has(service.namespace, host, subset) || !knows('DestinationRule')) continue;
        const rules = subsets.rules(service.namespace, host);
        report(
          'IST0101',
          service,
          // The reference tells the line of the host.
          [...path, preset === 'reference' ? 'host' : 'subset'],
          {
            what: mirror ? 'mirror subset' : 'subset',
            name: subset,
            of: `host "${host}"`,
            // It has no lines in `mirrors`.
            same: path.includes('mirrors') ? `in mirrors: ${host} subset ${subset}` : undefined,
          },
          {
            ...help(rules, subset, [...path, 'subset']),
            effect: effectOfMissingCluster(target),
            related: rules.map((rule) => ({ resource: rule, path: ['spec', 'subsets'], text: `the subsets of ${host} in destination rule ${rule.fullName}` })),
          },
        );
      }
    }
  },
});

function help(rules: readonly Rule[], subset: string, path: Path): Pick<ReportExtra, 'help' | 'fix'> {
  if (rules.length === 0) return { help: 'add a DestinationRule of the host with this subset' };
  const names = rules.flatMap((rule) => (rule.spec.subsets ?? []).map((s) => s?.name ?? ''));
  const near = new NearestIndex(names).find(subset);
  if (near !== undefined) return meant(near, path);
  const where = `destination rule ${rules.map((r) => r.fullName).join(', ')}`;
  return { help: names.length === 0 ? `add the subset to ${where}` : `add the subset to ${where}, which has: ${names.slice(0, 20).join(', ')}` };
}

/** Destination rules by their host. */
class Subsets {
  private readonly asReference: boolean;
  private readonly byHost = new Map<string, Rule[]>();
  private readonly named = new Set<string>();
  private readonly wild = new OverlapIndex<Rule>();

  constructor(rules: readonly Rule[], asReference: boolean) {
    this.asReference = asReference;
    for (const rule of rules) {
      const host = toFqdn(rule.namespace, rule.spec.host ?? '');
      if (host.startsWith('*') && !asReference) this.wild.add(host, rule);
      const key = this.key(rule.namespace, host);
      const list = this.byHost.get(key);
      if (list) list.push(rule);
      else this.byHost.set(key, [rule]);
      for (const subset of rule.spec.subsets ?? []) this.named.add(`${key} ${subset?.name ?? ''}`);
    }
  }

  /**
   * The reference takes any host that is no name of the cluster for a short name in the namespace of the resource, so a rule for
   * `api.example` in another namespace is not found.
   */
  private key(namespace: string, host: string): string {
    const fqdn = toFqdn(namespace, host);
    if (!this.asReference) return fqdn;
    const parsed = parseFqdn(namespace, fqdn);
    return `${parsed.namespace}/${parsed.name}`;
  }

  has(namespace: string, host: string, subset: string): boolean {
    if (this.named.has(`${this.key(namespace, host)} ${subset}`)) return true;
    return this.wildRules(namespace, host).some((rule) => rule.spec.subsets?.some((s) => s?.name === subset));
  }

  /** The rules of the host. */
  rules(namespace: string, host: string): readonly Rule[] {
    return this.byHost.get(this.key(namespace, host)) ?? this.wildRules(namespace, host);
  }

  private wildRules(namespace: string, host: string): Rule[] {
    return [...this.wild.overlapping(toFqdn(namespace, host))];
  }
}
