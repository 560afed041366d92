// Conditions of a route (MAP-R18 to MAP-R23).
import type { HeaderMatcher, PathMatcher, QueryMatcher, RouteMatch } from '../../ir/route-match.ts';
import { defined, type JsonObject } from '../json.ts';
import { claimMatch } from './claims.ts';
import { isSegments, quoted } from './segments.ts';
import { stringMatch } from './string-match.ts';

/** An Envoy `RouteMatch`. */
export function routeMatch({ path, headers, query, claims = [] }: RouteMatch): JsonObject {
  return defined({
    ...pathMatch(path),
    headers: headers.length > 0 ? headers.map(headerMatch) : undefined,
    query_parameters: query.length > 0 ? query.map(queryMatch) : undefined,
    dynamic_metadata: claims.length > 0 ? claims.map(claimMatch) : undefined,
  });
}

function pathMatch(path: PathMatcher | undefined): JsonObject {
  switch (path?.kind) {
    case undefined:
    case 'present':
      return { prefix: '/' };
    case 'exact':
      return { path: path.value, ...caseOf(path) };
    case 'prefix':
      return { prefix: path.value, ...caseOf(path) };
    case 'regex':
      // Envoy refuses the empty expression: no path is empty.
      return path.value === '' ? { path: '' } : { safe_regex: { regex: path.value } };
    case 'segments':
      return isSegments(path.value) ? { path_separated_prefix: path.value } : { safe_regex: { regex: `${quoted(path.value)}(?:/.*)?` } };
  }
}

/** Case counts unless this is said. */
function caseOf({ ignoreCase }: { ignoreCase?: boolean }): JsonObject {
  return ignoreCase ? { case_sensitive: false } : {};
}

/** A header that is missing meets an inverted condition as the empty text does (MAT-R21). */
function headerMatch({ name, matcher, inverted }: HeaderMatcher): JsonObject {
  const present = matcher.kind === 'present';
  return {
    name,
    ...(present ? { present_match: true } : { string_match: stringMatch(matcher) }),
    ...(inverted ? { invert_match: true } : {}),
    ...(inverted && !present ? { treat_missing_header_as_empty: true } : {}),
  };
}

function queryMatch({ name, matcher }: QueryMatcher): JsonObject {
  return { name, ...(matcher.kind === 'present' ? { present_match: true } : { string_match: stringMatch(matcher) }) };
}
