import { type Context, defineAnalyzer, type ReportExtra } from '../src/analysis/analyzer.ts';
import type { Related } from '../src/analysis/finding.ts';
import { meant } from '../src/analysis/meant.ts';
import { message } from '../src/analysis/message.ts';
import { NearestIndex } from '../src/analysis/nearest.ts';
import { ruleName } from '../src/analysis/route-names.ts';
import type { VirtualService } from '../src/manifest/istio/networking.gen.ts';
import type { Path } from '../src/manifest/problem.ts';
import type { Resource } from '../src/manifest/resource.ts';
import { byCreation } from '../src/model/creation.ts';
import type { Mesh } from '../src/model/mesh.ts';
import { type Delegation, type DroppedRule, delegate } from '../src/translate/delegates.ts';
import { httpRules } from '../src/translate/destinations.ts';

type Service = Resource<VirtualService>;

const WFT1011 = message<{ what: string }>({
  name: 'DelegateProblem',
  level: 'Error',
  summary: 'a rule that delegates to another virtual service, or a rule of that one, is left out',
  text: ({ what }) => what,
});

const messages = { WFT1011 };

/** A root rule and what it becomes. */
interface Use {
  root: Service;
  rule: number;
  delegation: Delegation;
}

/** SEL-R22 to SEL-R25: a rule whose delegate is not usable vanishes, and so does a delegate's rule that contradicts its root's. */
export default defineAnalyzer({
  name: 'weft.DelegateAnalyzer',
  summary: 'delegates of virtual services exist, and their rules go with those of their roots',
  reads: ['VirtualService'],
  preset: 'recommended',
  messages,
  check(context) {
    const merged = new Map<Service, Use[]>();
    for (const root of context.mesh.list('VirtualService')) {
      if (!root.spec.hosts?.length) continue;
      const rules = httpRules(root);
      const uses = rules.flatMap(({ route, rule }) => (route.delegate ? [{ root, rule, delegation: delegate(context.mesh, root, route) }] : []));
      const lost = uses.filter(({ delegation }) => delegation.kind !== 'merged' || delegation.rules.length === 0);
      for (const use of lost) reportLost(context, use, lost.length === rules.length);
      for (const use of uses) {
        if (use.delegation.kind !== 'merged') continue;
        const others = merged.get(use.delegation.delegate);
        if (others) others.push(use);
        else merged.set(use.delegation.delegate, [use]);
      }
    }
    for (const [service, uses] of merged)
      reportDropped(
        context,
        service,
        uses.sort((a, b) => byCreation(a.root, b.root) || a.rule - b.rule),
      );
  },
});

function reportLost({ mesh, knows, report }: Context<typeof messages>, { root, rule, delegation }: Use, all: boolean): void {
  if (delegation.kind === 'missing' && !knows('VirtualService')) return;
  const path = ['spec', 'http', rule, 'delegate', 'name'];
  const { what, ...extra } = delegation.kind === 'missing' ? missing(mesh, delegation, path) : explain(root, delegation);
  const effect = all
    ? 'the virtual service has no HTTP rules left: sidecars route its hosts as if it did not exist, and gateways answer 404'
    : 'the requests of this rule go on to later rules, or get 404';
  report('WFT1011', root, path, { what: `${what}: this rule is left out` }, { ...extra, effect });
}

type Explained = { what: string } & Pick<ReportExtra, 'help' | 'fix' | 'related'>;

function explain(root: Service, delegation: Exclude<Delegation, { kind: 'missing' }>): Explained {
  const { delegate: service } = delegation;
  const place = (text: string, ...path: (string | number)[]): Related[] => [{ resource: service, path: ['spec', ...path], text }];
  switch (delegation.kind) {
    case 'has-hosts':
      return {
        what: `virtual service "${service.fullName}" has hosts, so it is no delegate`,
        help: `remove the hosts of ${service.fullName}, or route to it by them and not by a delegate`,
        related: place('its hosts', 'hosts'),
      };
    case 'not-exported':
      return {
        what: `delegate "${service.fullName}" is not exported to namespace "${root.namespace}"`,
        help: `add ${root.namespace} to the exportTo of ${service.fullName}`,
        related: place('namespaces that see it', 'exportTo'),
      };
    case 'empty':
      return {
        what: `delegate "${service.fullName}" has no HTTP rules`,
        help: `give ${service.fullName} rules under spec.http`,
        related: place('no http here'),
      };
    default:
      return {
        what: `every rule of delegate "${service.fullName}" contradicts the matches of this rule`,
        help,
        related: delegation.dropped.slice(0, 10).map((dropped) => placeOf(service, dropped)),
      };
  }
}

const help =
  "a delegate only narrows what its root rule takes: its paths begin with the root's prefix, and what the root matches by a regular expression it does not match at all";

function placeOf(service: Service, { rule, match, field }: DroppedRule): Related {
  return { resource: service, path: ['spec', 'http', rule, 'match', match], text: `${field} contradicts the root's` };
}

/** Rules of a delegate that no root takes over; where a root takes over none at all, that is said there. */
function reportDropped({ report }: Context<typeof messages>, service: Service, uses: readonly Use[]): void {
  const count = new Map<number, number>();
  for (const { delegation } of uses) {
    if (delegation.kind !== 'merged') continue;
    for (const { rule } of delegation.dropped) count.set(rule, (count.get(rule) ?? 0) + 1);
  }
  const partly = uses.find(({ delegation }) => delegation.kind === 'merged' && delegation.rules.length > 0);
  if (partly?.delegation.kind !== 'merged') return;
  for (const { rule, match, field } of partly.delegation.dropped) {
    if (count.get(rule) !== uses.length) continue;
    const roots = uses
      .slice(0, 10)
      .map(({ root, rule }): Related => ({ resource: root, path: ['spec', 'http', rule], text: `${ruleName(root, rule)} delegates to it` }));
    const what = `${field} of this match contradicts the matches of every rule that delegates to "${service.fullName}": ${ruleName(service, rule)} is left out, with all its matches`;
    report(
      'WFT1011',
      service,
      ['spec', 'http', rule, 'match', match],
      { what },
      {
        level: 'Warning',
        help,
        effect: 'no request gets what this rule says',
        related: roots,
      },
    );
  }
}

/** With the name that was meant, if one is near. */
function missing(mesh: Mesh, { namespace, name }: Extract<Delegation, { kind: 'missing' }>, path: Path): Explained {
  const what = `delegate "${namespace}/${name}" does not exist`;
  const delegates = mesh.memo('delegates by name', ['VirtualService'], () => {
    const all = mesh.list('VirtualService').filter(({ spec }) => !spec.hosts?.length);
    const near = new Map([...Map.groupBy(all, (d) => d.namespace)].map(([own, list]) => [own, new NearestIndex(list.map((d) => d.name))]));
    return { near, byName: Map.groupBy(all, (d) => d.name) };
  });
  const near = delegates.near.get(namespace)?.find(name);
  if (near !== undefined) return { what, ...meant(near, path) };
  const [elsewhere, more] = delegates.byName.get(name) ?? [];
  if (elsewhere && !more) return { what, help: `${elsewhere.fullName} is in another namespace: write its namespace into the delegate, too` };
  return { what, help: 'correct its name and namespace, or add a virtual service of this name without hosts' };
}
