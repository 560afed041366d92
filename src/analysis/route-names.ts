import type { VirtualService } from '../manifest/istio/networking.gen.ts';
import type { Path } from '../manifest/problem.ts';
import type { Resource } from '../manifest/resource.ts';
import type { TranslatedMatch } from '../translate/route-match.ts';

type Place = Pick<TranslatedMatch, 'rule' | 'match'>;

/** `rule "canary"`, or `rule 2` for one without a name. */
export function ruleName(service: Resource<VirtualService>, rule: number): string {
  const name = service.spec.http?.[rule]?.name;
  return name ? `rule "${name}"` : `rule ${rule + 1}`;
}

/** `match 2 of rule "canary"`; without the rule when the reader is there already. */
export function matchName(service: Resource<VirtualService>, { rule, match }: Place, from?: number): string {
  if (match === undefined) return ruleName(service, rule);
  const name = service.spec.http?.[rule]?.match?.[match]?.name;
  return `${name ? `match "${name}"` : `match ${match + 1}`}${rule === from ? '' : ` of ${ruleName(service, rule)}`}`;
}

export function matchPath({ rule, match }: Place): Path {
  return match === undefined ? ['spec', 'http', rule] : ['spec', 'http', rule, 'match', match];
}
