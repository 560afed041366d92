import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { message } from '../src/analysis/message.ts';
import { matchName, matchPath, ruleName } from '../src/analysis/route-names.ts';
import type { ScopedMatch } from '../src/ir/route-match.ts';
import { coverageOf } from '../src/ir/witness.ts';
import type { Path } from '../src/manifest/problem.ts';
import { matchesRegex } from '../src/manifest/re2.ts';
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
 * source namespaces and ports; of regular expressions only what is certain. The law is the order of routes: MAT-R1, MAT-R2. A rule
 * with a delegate takes only what the delegate's rules take (SEL-R23), so it is not blamed.
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
      const takers: TranslatedMatch[] = [];
      const earlier: ScopedMatch[] = [];
      const covers = matches.map((match) => {
        const coverage = coverageOf(match.route, earlier, { gateways, regex: matchesRegex });
        const by = coverage.covered ? coverage.by.map((b) => takers[b] as TranslatedMatch) : undefined;
        if (!service.spec.http?.[match.rule]?.delegate) {
          takers.push(match);
          earlier.push(match.route);
        }
        return by;
      });
      for (const [i, by] of covers.entries()) {
        const match = matches[i] as TranslatedMatch;
        if (!by) continue;
        const whole = matches.every((m, k) => m.rule !== match.rule || covers[k]?.every((b) => b.rule !== match.rule));
        // A rule of which no match is reached is one finding, not one for each match.
        if (whole && shadowed.has(match.rule)) continue;
        const path = whole ? matchPath({ rule: match.rule, match: undefined }) : matchPath(match);
        shadowed.set(match.rule, path);
        const names = [...new Set(by.map((b) => matchName(service, b, match.rule)))];
        report(
          'WFT1007',
          service,
          path,
          { what: whole ? ruleName(service, match.rule) : matchName(service, match, match.rule), by: names.join(' with '), whole },
          { related: by.map((b) => ({ resource: service, path: matchPath(b), text: 'takes its requests' })) },
        );
      }
    }
  },
});
