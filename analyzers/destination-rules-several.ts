import { isDeepStrictEqual } from 'node:util';
import { type Context, defineAnalyzer } from '../src/analysis/analyzer.ts';
import type { Related } from '../src/analysis/finding.ts';
import { message } from '../src/analysis/message.ts';
import { names } from '../src/analysis/wording.ts';
import type { Path } from '../src/manifest/problem.ts';
import { ageIsKnown, byCreation } from '../src/model/creation.ts';
import { DestinationRules, hostOf, mergeKey, type Rule, scopesOfRule } from '../src/model/destination-rules.ts';
import { OverlapIndex } from '../src/model/host-overlap.ts';
import { clusterDomain, parseFqdn } from '../src/model/hosts.ts';
import type { Mesh } from '../src/model/mesh.ts';
import { serviceEntriesByHost } from '../src/model/service-entry-hosts.ts';
import { isSeenIn, isSeenTogether } from '../src/model/visibility.ts';

const WFT1008 = message<{ what: string }>({
  name: 'SeveralDestinationRules',
  level: 'Warning',
  summary: 'several destination rules are for one host, and what one of them says is lost',
  text: ({ what }) => what,
  aliases: ['KIA0201'],
});

const messages = { WFT1008 };
type Own = Context<typeof messages>;

/** The rules for one host in one namespace, in the order in which they are merged. */
interface Group {
  host: string;
  namespace: string;
  rules: Rule[];
}

/** DR-R1 to DR-R4 */
export default defineAnalyzer({
  name: 'weft.SeveralDestinationRulesAnalyzer',
  summary: 'no destination rule loses what it says to another one for the same host',
  reads: ['DestinationRule', 'ServiceEntry'],
  preset: 'recommended',
  messages,
  check(context) {
    const byHost = groupsOf(context.mesh.list('DestinationRule'));
    const groups = [...byHost.values()];
    const withWildcards = new Set(groups.filter((g) => g.host.startsWith('*')).map((g) => g.namespace));
    for (const group of groups) {
      checkNamespace(context, group);
      if (withWildcards.has(group.namespace)) checkWildcard(context, group, byHost);
    }
    checkOtherNamespaces(context, groups);
  },
});

/** By `namespace/host`. */
function groupsOf(rules: readonly Rule[]): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const rule of rules) {
    const host = hostOf(rule);
    const key = `${rule.namespace}/${host}`;
    const group = groups.get(key);
    if (group) group.rules.push(rule);
    else groups.set(key, { host, namespace: rule.namespace, rules: [rule] });
  }
  for (const { rules } of groups.values()) rules.sort(byCreation);
  return groups;
}

/** More rules of one host than this are not compared each with each. */
const mostCompared = 20;

function checkNamespace(context: Own, { host, rules }: Group): void {
  if (rules.length < 2) return;
  const merged = [...Map.groupBy(rules, mergeKey).values()];
  const forAll = merged.flatMap(([first]) => (first && !first.spec.workloadSelector ? [first] : [])).slice(0, mostCompared);
  for (const [i, rule] of forAll.entries()) for (const other of forAll.slice(0, i)) checkApart(context, host, other, rule, rules.length === 2);
  // With a third rule that is not merged with them, more than these two decide.
  if (forAll.length < 2) for (const list of merged) checkMerged(context, host, list);
}

/** Of rules that are merged the first traffic policy counts, and the first subset of each name (DR-R4). */
function checkMerged({ report }: Own, host: string, rules: readonly Rule[]): void {
  let policy: Rule | undefined;
  const subsets = new Map<string, { rule: Rule; index: number }>();
  const lost = (rule: Rule, path: Path, winner: Rule, there: Path, thing: string, parts: string): void => {
    const known = ageIsKnown(winner, rule);
    const what = known
      ? `${thing} of ${host} is not used from here: destination rule ${winner.fullName}, which is older, defines it, too`
      : `only one ${thing} of ${host} is used, that of the rule created first: destination rule ${winner.fullName} defines it, too (and is first when both are created at once)`;
    report(
      'WFT1008',
      rule,
      path,
      { what },
      {
        help: 'put all that is for one host into one destination rule',
        effect: `${known ? '' : `where ${winner.fullName} is first, `}${parts} as written here applies to no request`,
        related: [{ resource: winner, path: there, text: `${thing} of ${winner.fullName}` }],
      },
    );
  };
  for (const rule of rules) {
    const { trafficPolicy, subsets: own = [] } = rule.spec;
    if (trafficPolicy && !policy) policy = rule;
    else if (trafficPolicy && policy && !isDeepStrictEqual(trafficPolicy, policy.spec.trafficPolicy)) {
      lost(rule, ['spec', 'trafficPolicy'], policy, ['spec', 'trafficPolicy'], 'trafficPolicy', names(Object.keys(trafficPolicy), ', '));
    }
    for (const [i, subset] of own.entries()) {
      const name = subset?.name ?? '';
      const first = subsets.get(name);
      if (!first) subsets.set(name, { rule, index: i });
      // Validation says what is there twice in one rule.
      else if (first.rule !== rule && subset && !isDeepStrictEqual(subset, first.rule.spec.subsets?.[first.index])) {
        lost(rule, ['spec', 'subsets', i, 'name'], first.rule, ['spec', 'subsets', first.index, 'name'], `subset "${name}"`, 'the subset');
      }
    }
  }
}

/**
 * Rules with different exportTo are not merged, whatever their order: who sees both uses the last one only (DR-R4).
 *
 * @param alone there is no other rule for this host
 */
function checkApart({ mesh, report }: Own, host: string, first: Rule, last: Rule, alone: boolean): void {
  const [a, b] = [new Set(first.spec.exportTo), new Set(last.spec.exportTo)];
  const includes = (x: ReadonlySet<string>, y: ReadonlySet<string>): boolean => y.size > 0 && [...y].every((name) => x.has(name));
  if (includes(a, b) || includes(b, a)) return;
  const defaults = mesh.meshConfig.defaultDestinationRuleExportTo;
  const lost = lostOf([first], [last]);
  if (!isSeenTogether(scopesOfRule(first, defaults), scopesOfRule(last, defaults)) || lost.length + lostOf([last], [first]).length === 0) return;
  const known = alone && ageIsKnown(first, last);
  const which = known ? `, ${last.fullName}, which is newer` : alone ? ', the one that is created last' : '';
  const place = ({ spec }: Rule): Path => ['spec', spec.exportTo ? 'exportTo' : 'host'];
  const what = `namespaces that see this rule and ${last.fullName} use only one of the two for ${host}${which}: rules with different exportTo are not merged`;
  report(
    'WFT1008',
    first,
    place(first),
    { what },
    {
      help: 'let both have the same exportTo, so that they are merged, or put them into one rule',
      effect: known && lost.length > 0 ? `${names(lost, ', ')} of this rule ${are(lost)} lost to them` : 'what only one of the two says may be lost to them',
      related: [{ resource: last, path: place(last), text: `the exportTo of ${last.fullName}` }],
    },
  );
}

/** Of the rules of a namespace only those with the most specific host apply; they take over nothing of a wildcard's (DR-R2). */
function checkWildcard({ report }: Own, { host, namespace, rules }: Group, byHost: ReadonlyMap<string, Group>): void {
  const from = host.startsWith('*') ? 2 : 0;
  for (let start = from; start <= host.length; start++) {
    const wild = byHost.get(`${namespace}/*${host.slice(start)}`);
    if (!wild) continue;
    const [rule] = rules.filter(appliesAtHome);
    const lost = lostOf(wild.rules.filter(appliesAtHome), rules);
    if (!rule || lost.length === 0) return;
    const what = `${host} takes over nothing of ${names(
      wild.rules.map((r) => r.fullName),
      ', ',
    )} (${wild.host}), because it has a rule of its own: ${names(lost, ', ')} ${are(lost)} not for it`;
    report(
      'WFT1008',
      rule,
      ['spec', 'host'],
      { what },
      {
        level: 'Info',
        help: 'repeat here what is needed of the wildcard',
        related: wild.rules.slice(0, 10).map((r): Related => ({ resource: r, path: ['spec', 'host'], text: `does not apply to ${host}` })),
      },
    );
    return;
  }
}

/** A rule in a client's own namespace takes the place of those in the service's, also a wildcard of an exact host (DR-R1, DR-R2). */
function checkOtherNamespaces(context: Own, groups: readonly Group[]): void {
  const { mesh } = context;
  const ofServices = new Map<string, Group>();
  for (const group of groups) if (!group.host.startsWith('*') && serviceNamespace(mesh, group.host) === group.namespace) ofServices.set(group.host, group);
  const exact = new OverlapIndex<Group>();
  for (const [host, group] of ofServices) exact.add(host, group);
  const under = new Map<string, readonly Group[]>();
  const perHost = new Map<string, number>();
  for (const { host } of groups) perHost.set(host, (perHost.get(host) ?? 0) + 1);
  for (const group of groups) {
    // A host that no other group has hides nothing, unless it is a wildcard.
    if (perHost.get(group.host) === 1 && !group.host.startsWith('*')) continue;
    // What is in the root namespace is for all who have nothing nearer.
    if (group.namespace === mesh.rootNamespace) continue;
    let found = under.get(group.host);
    if (!found) {
      found = [...exact.overlapping(group.host)].slice(0, mostUnderWildcard);
      under.set(group.host, found);
    }
    checkHidden(context, group, found);
  }
}

/** More hosts than this under one wildcard are not looked at: the first ones tell what happens to all. */
const mostUnderWildcard = 200;

/** The namespace of the service that a host stands for; undefined where several or none have it. */
function serviceNamespace(mesh: Mesh, host: string): string | undefined {
  if (host.endsWith(`.${clusterDomain}`)) return parseFqdn('', host).namespace;
  const namespaces = new Set(
    serviceEntriesByHost(mesh)
      .get(host)
      ?.map((entry) => entry.namespace),
  );
  return namespaces.size === 1 ? [...namespaces][0] : undefined;
}

function checkHidden({ mesh, report }: Own, own: Group, ofServices: readonly Group[]): void {
  const { namespace, host } = own;
  const rules = own.rules.filter((rule) => appliesAtHome(rule));
  const [rule] = rules;
  if (!rule) return;
  const hidden: { rules: Rule[]; lost: string[] }[] = [];
  for (const group of ofServices) {
    const [nearest] = DestinationRules.of(mesh).inNamespace(namespace, group.host);
    if (group.namespace === namespace || !nearest || hostOf(nearest) !== host) continue;
    const seen = group.rules.filter((r) => isSeenIn(scopesOfRule(r, mesh.meshConfig.defaultDestinationRuleExportTo), namespace));
    const lost = lostOf(seen, rules);
    if (lost.length > 0) hidden.push({ rules: seen, lost });
  }
  const [first] = hidden;
  if (!first) return;
  const what = `clients in namespace ${namespace} use this rule and nothing of ${names(
    first.rules.map((r) => r.fullName),
    ', ',
  )}, in the namespace of the service: ${names(first.lost, ', ')} ${are(first.lost)} lost to them${hidden.length > 1 ? ', and more of other rules' : ''}`;
  const subset = hidden.flatMap(({ lost }) => lost).find((name) => name.startsWith('subset '));
  report(
    'WFT1008',
    rule,
    ['spec', 'host'],
    { what },
    {
      help: host.startsWith('*')
        ? 'add rules for these hosts to this namespace, too, with what is needed of the hidden ones'
        : 'repeat here what is needed, or remove this rule',
      effect: subset === undefined ? 'their requests go out without it' : `routes of these clients to ${subset} get 503: their proxies have no such cluster`,
      related: hidden
        .slice(0, 10)
        .flatMap(({ rules: list, lost }) =>
          list.map((r): Related => ({ resource: r, path: ['spec', 'host'], text: `lost in ${namespace}: ${names(lost, ', ')}` })),
        ),
    },
  );
}

/** DR-R1: whatever the mesh's default is, a rule applies in its own namespace. */
function appliesAtHome({ namespace, spec: { exportTo } }: Rule): boolean {
  return !exportTo?.length || ['*', '.', namespace].some((name) => exportTo.includes(name));
}

/** What the one rules say that the others do not: subsets, and parts of the policy for the whole host. */
function lostOf(rules: readonly Rule[], others: readonly Rule[]): string[] {
  const subsets = new Set(others.flatMap(({ spec }) => (spec.subsets ?? []).map((s) => s?.name)));
  const parts = new Set(others.flatMap(({ spec }) => Object.keys(spec.trafficPolicy ?? {})));
  const lost = rules.flatMap(({ spec }) => [
    ...(spec.subsets ?? []).flatMap((s) => (s && !subsets.has(s.name) ? [`subset ${s.name}`] : [])),
    ...Object.keys(spec.trafficPolicy ?? {}).filter((part) => !parts.has(part)),
  ]);
  return [...new Set(lost)];
}

function are(list: readonly string[]): string {
  return list.length === 1 ? 'is' : 'are';
}
