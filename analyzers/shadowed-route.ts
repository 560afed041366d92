import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { message } from '../src/analysis/message.ts';
import type { VirtualService } from '../src/manifest/istio/networking.gen.ts';
import type { Path } from '../src/manifest/problem.ts';
import { matchesRegex } from '../src/manifest/re2.ts';
import type { Resource } from '../src/manifest/resource.ts';
import { coverageOf } from '../src/ir/witness.ts';
import { type TranslatedMatch, translateMatches } from '../src/translate/route-match.ts';

const WFT1007 = message<{ what: string; by: string; whole: boolean }>({
  name: 'ShadowedRoute',
  level: 'Warning',
  summary: 'a match of a route rule is never reached, because earlier rules take all its requests',
  text: ({ what, by }) => `${what} is never reached: ${by} takes every request that it matches`,
  help: 'put the more specific rule first, or remove this one',
  effect: ({ whole }) => (whole ? 'no request gets what this rule says' : 'requests of this match get what the earlier rule says'),
  aliases: ['IST0130', 'IST0131'],
});

/**
 * Exact for exact and prefix conditions (path, headers, query, method, authority, scheme) and for gateways, source labels,
 * source namespaces and ports; of regular expressions only what is certain. The law is the order of routes: MAT-R1, MAT-R2.
 */
export default defineAnalyzer({
  name: 'weft.ShadowedRouteAnalyzer',
  summary: 'every match of a virtual service can be reached',
  reads: ['VirtualService'],
  preset: 'recommended',
  messages: { WFT1007 },
  check({ mesh, report }) {
    for (const service of mesh.list('VirtualService')) {
      const matches = translateMatches(service.spec);
      if (matches.length < 2) continue;
      const gateways = service.spec.gateways?.length ? service.spec.gateways : ['mesh'];
      const shadowed = new Map<number, Path>();
      const covers = matches.map((m, i) => (i === 0 ? undefined : coverageOf(m.route, matches.slice(0, i).map((e) => e.route), { gateways, regex: matchesRegex })));
      for (const [i, coverage] of covers.entries()) {
        const match = matches[i] as TranslatedMatch;
        if (!coverage?.covered) continue;
        const ofRule = matches.flatMap((m, k) => (m.rule === match.rule ? [k] : []));
        const whole = ofRule.every((k) => covers[k]?.covered && covers[k].by.every((b) => matches[b]?.rule !== match.rule));
        // A rule of which no match is reached is one finding, not one for each match.
        if (whole && shadowed.has(match.rule)) continue;
        const path: Path = whole || match.match === undefined ? ['spec', 'http', match.rule] : ['spec', 'http', match.rule, 'match', match.match];
        shadowed.set(match.rule, path);
        const by = [...new Set(coverage.by.map((b) => nameOf(service, matches[b] as TranslatedMatch, match.rule)))];
        report(
          'WFT1007',
          service,
          path,
          { what: whole ? ruleName(service, match.rule) : nameOf(service, match, match.rule), by: by.join(' with '), whole },
          { related: coverage.by.map((b) => ({ resource: service, path: pathOf(matches[b] as TranslatedMatch), text: 'takes its requests' })) },
        );
      }
    }
  },
});

function pathOf(match: TranslatedMatch): Path {
  return match.match === undefined ? ['spec', 'http', match.rule] : ['spec', 'http', match.rule, 'match', match.match];
}

function ruleName(service: Resource<VirtualService>, rule: number): string {
  const name = service.spec.http?.[rule]?.name;
  return name ? `rule "${name}"` : `rule ${rule + 1}`;
}

function nameOf(service: Resource<VirtualService>, match: TranslatedMatch, from: number): string {
  const rule = match.rule === from ? '' : ` of ${ruleName(service, match.rule)}`;
  if (match.match === undefined) return ruleName(service, match.rule);
  return match.name ? `match "${match.name}"${rule}` : `match ${match.match + 1}${rule}`;
}
