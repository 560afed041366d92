// Rules and matches that earlier ones make useless (IST0130, IST0131), as the reference finds them: by equal matches, and by
// prefixes of paths that begin with the prefix of an earlier match.
import type { HTTPMatchRequest, HTTPRoute, L4MatchAttributes, TLSMatchAttributes, VirtualService } from '../../../manifest/istio/networking.gen.ts';
import { canonicalText } from '../../canonical.ts';
import { itemsOf } from '../primitives.ts';
import type { ProblemSink } from '../validator.ts';
import { PrefixCover } from './prefix-cover.ts';

type Match = HTTPMatchRequest | TLSMatchAttributes | L4MatchAttributes;

interface Rule {
  name?: string;
  match?: readonly (Match | null)[];
}

interface Protocol {
  field: 'http' | 'tcp' | 'tls';
  /** Message of a match. */
  message: string;
  /** What the rules take. */
  traffic: string;
}

const networking = 'istio.networking.v1alpha3';

export function checkReachable(sink: ProblemSink, { http, tcp, tls }: VirtualService): void {
  const rules: HTTPRoute[] = itemsOf(http);
  const fresh = checkRules(sink, { field: 'http', message: `${networking}.HTTPMatchRequest`, traffic: 'requests' }, rules);
  checkPrefixes(sink, rules, fresh);
  checkRules(sink, { field: 'tcp', message: `${networking}.L4MatchAttributes`, traffic: 'connections' }, itemsOf(tcp));
  checkRules(sink, { field: 'tls', message: `${networking}.TLSMatchAttributes`, traffic: 'connections' }, itemsOf(tls));
}

/** Index of a rule and of a match in it. */
type Place = readonly [rule: number, match: number];

function ruleLabel(rules: readonly Rule[], index: number): string {
  const name = rules[index]?.name;
  return name ? JSON.stringify(name) : `#${index}`;
}

function matchLabel(match: Match, index: number): string {
  const name = 'name' in match ? match.name : undefined;
  return name ? JSON.stringify(name) : `#${index}`;
}

/** @returns where the matches are that are the first of their kind, and that no rule without a match precedes */
function checkRules(sink: ProblemSink, { field, message, traffic }: Protocol, rules: readonly Rule[]): Place[] {
  const seen = new FirstOfEqual(message);
  const fresh: Place[] = [];
  let takesAll: number | undefined;
  for (const [r, rule] of rules.entries()) {
    const label = ruleLabel(rules, r);
    const matches = itemsOf(rule.match);
    if (takesAll !== undefined) {
      const also = matches.length === 0 ? ' has no match either, and' : '';
      const text = `rule ${label}${also} is never used: rule ${ruleLabel(rules, takesAll)} before it has no match, so it takes all ${traffic}`;
      const same = `${label} ${matches.length === 0 ? 'second without match' : 'after one without match'}`;
      sink.add('IST0130', 'Warning', [field, r], text, { same, help: 'put the rule without a match last; rules are tried from top to bottom' });
      continue;
    }
    if (matches.length === 0) {
      takesAll = r;
      continue;
    }
    let repeated = 0;
    for (const [m, match] of matches.entries()) {
      const first = seen.add(match, r);
      if (first === undefined) {
        fresh.push([r, m]);
        continue;
      }
      repeated++;
      const where = first === r ? `an earlier match of the same rule, ${label}` : `a match of rule ${ruleLabel(rules, first)}, which comes first`;
      sink.add('IST0131', 'Info', [field, r, 'match', m], `duplicate or overlapping match: ${matchLabel(match, m)} of rule ${label} repeats ${where}`, {
        same: `${label} ${matchLabel(match, m)} repeats ${ruleLabel(rules, first)}`,
      });
    }
    if (repeated === matches.length) {
      sink.add('IST0130', 'Warning', [field, r], `rule ${label} is never used: the rules before it have all of its matches`, { same: `${label} repeated` });
    }
  }
  return fresh;
}

/** The rule that each kind of match is in first. Texts are compared only of matches that look alike, since making one takes time. */
class FirstOfEqual {
  private readonly message: string;
  private readonly alike = new Map<string, { match: Match; rule: number; byText: Map<string, number> | undefined }>();

  constructor(message: string) {
    this.message = message;
  }

  /** @returns the rule of an equal match that was added before */
  add(match: Match, rule: number): number | undefined {
    const look = lookOf(match);
    const group = this.alike.get(look);
    if (!group) {
      this.alike.set(look, { match, rule, byText: undefined });
      return undefined;
    }
    group.byText ??= new Map([[this.textOf(group.match), group.rule]]);
    const text = this.textOf(match);
    const first = group.byText.get(text);
    if (first === undefined) group.byText.set(text, rule);
    return first;
  }

  private textOf(match: Match): string {
    return canonicalText(this.message, { ...match, name: undefined });
  }
}

/** Equal matches look alike; most others do not. */
function lookOf(match: Match): string {
  if ('uri' in match && match.uri) return `${match.uri.exact ?? ''} ${match.uri.prefix ?? ''} ${match.uri.regex ?? ''}`;
  return 'sniHosts' in match ? (match.sniHosts?.[0] ?? '') : '';
}

function checkPrefixes(sink: ProblemSink, rules: readonly HTTPRoute[], places: readonly Place[]): void {
  const cover = new PrefixCover<{ label: string; rule: string; prefix: string }>();
  for (const [r, m] of places) {
    const match = rules[r]?.match?.[m];
    const prefix = match?.uri?.prefix;
    if (!match || !prefix) continue;
    const late = { label: matchLabel(match, m), rule: ruleLabel(rules, r), prefix };
    for (const early of cover.covering(match, prefix)) {
      const which = `${late.label} of rule ${late.rule} (prefix ${prefix})`;
      const by = `${early.label} of rule ${early.rule} (prefix ${early.prefix})`;
      sink.add('IST0131', 'Info', ['http', r, 'match', m], `duplicate or overlapping match: ${which} overlaps with ${by}, which comes first`, {
        help: 'put the match with the longer prefix first',
      });
    }
    cover.add(match, prefix, late);
  }
}
