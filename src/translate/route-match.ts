import type { HeaderMatcher, QueryMatcher, RouteMatch, ScopedMatch } from '../ir/route-match.ts';
import { anyProxy } from '../ir/route-match.ts';
import type { StringMatcher } from '../ir/string-matcher.ts';
import type { HTTPMatchRequest, HTTPRoute, StringMatch, VirtualService } from '../manifest/istio/networking.gen.ts';
import { byName } from './by-name.ts';

/** One match of one rule of a virtual service, in the order in which they are tried. */
export interface TranslatedMatch {
  /** Index in `spec.http`. */
  rule: number;
  /** Index in `match`; undefined for a rule without matches. */
  match: number | undefined;
  name: string;
  route: ScopedMatch;
}

/** An empty condition means presence (MAT-R17). */
function stringMatcher(match: StringMatch | undefined, ignoreCase = false): StringMatcher {
  if (match?.exact !== undefined) return ignoreCase ? { kind: 'exact', value: match.exact, ignoreCase } : { kind: 'exact', value: match.exact };
  if (match?.prefix !== undefined) return ignoreCase ? { kind: 'prefix', value: match.prefix, ignoreCase } : { kind: 'prefix', value: match.prefix };
  // ignoreUriCase has no effect on regexes (MAT-R9).
  if (match?.regex !== undefined) return match.regex === '*' ? { kind: 'present' } : { kind: 'regex', value: match.regex };
  return { kind: 'present' };
}

function hasValue(match: StringMatch | undefined): match is StringMatch {
  return match !== undefined && match !== null && (match.exact !== undefined || match.prefix !== undefined || match.regex !== undefined);
}

/** `host` is another name of `:authority` (MAT-R20); names of claims keep their case (MAT-R22). */
function headerName(name: string): string {
  if (name.startsWith('@')) return name;
  const lower = name.toLowerCase();
  return lower === 'host' ? ':authority' : lower;
}

/** One `match` of an HTTP rule; headers are sorted by name (MAT-R24). */
export function translateMatch(match: HTTPMatchRequest): ScopedMatch {
  const headers: HeaderMatcher[] = [];
  for (const [name, value] of Object.entries(match.headers ?? {})) headers.push({ name: headerName(name), matcher: stringMatcher(value), inverted: false });
  for (const [name, value] of Object.entries(match.withoutHeaders ?? {}))
    headers.push({ name: headerName(name), matcher: stringMatcher(value), inverted: true });
  headers.sort(byName);
  for (const [name, value] of [
    [':method', match.method],
    [':authority', match.authority],
    [':scheme', match.scheme],
  ] as const) {
    if (hasValue(value)) headers.push({ name, matcher: stringMatcher(value), inverted: false });
  }
  const query: QueryMatcher[] = Object.entries(match.queryParams ?? {}).map(([name, value]) => ({ name, matcher: stringMatcher(value) }));
  return {
    path: hasValue(match.uri) ? stringMatcher(match.uri, match.ignoreUriCase === true) : undefined,
    headers,
    query,
    proxy: {
      gateways: match.gateways ?? [],
      sourceLabels: match.sourceLabels ?? {},
      sourceNamespace: match.sourceNamespace ?? '',
      port: match.port ?? 0,
    },
  };
}

/** Whether a route takes every request, so that none after it is reached (MAT-R2). */
export function isCatchAll({ path, headers, query, claims = [] }: RouteMatch): boolean {
  if (headers.length > 0 || query.length > 0 || claims.length > 0) return false;
  return !path || (path.kind === 'prefix' && path.value === '/') || (path.kind === 'regex' && path.value === '.*');
}

/** The order in which a gateway tries the routes of several virtual services: what takes every request comes last (SEL-R80). */
export function catchAllLast<T>(routes: readonly T[], matchOf: (route: T) => RouteMatch): T[] {
  const takesAll = (route: T): boolean => isCatchAll(matchOf(route));
  return [...routes.filter((route) => !takesAll(route)), ...routes.filter(takesAll)];
}

/** The matches of one HTTP rule; a rule without any has one that matches everything (MAT-R2). */
export function translateRule(route: HTTPRoute, rule: number): TranslatedMatch[] {
  const matches = (route.match ?? []).filter((m) => m !== null && m !== undefined);
  if (matches.length === 0) {
    return [{ rule, match: undefined, name: route.name ?? '', route: { path: undefined, headers: [], query: [], proxy: anyProxy } }];
  }
  return (route.match ?? []).flatMap((m, index) => (m ? [{ rule, match: index, name: m.name ?? '', route: translateMatch(m) }] : []));
}

/** All matches of a virtual service in the order in which a proxy tries them (MAT-R1). */
export function translateMatches(service: VirtualService): TranslatedMatch[] {
  return (service.http ?? []).flatMap((route, rule) => (route ? translateRule(route, rule) : []));
}
