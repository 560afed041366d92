// Why a request goes where it goes: the steps of the choice as data, for people to read later.
import type { RouteConfig } from '../../ir/route.ts';
import {
  type ClaimMatcher,
  type HeaderMatcher,
  matchesHeader,
  matchesPath,
  type PathMatcher,
  type QueryMatcher,
  type RouteMatch,
} from '../../ir/route-match.ts';
import { matchesString } from '../../ir/string-matcher.ts';
import { matchesClaim } from './claims.ts';
import type { RequestView } from './exchange-record.ts';
import { domainRank, findVirtualHost, lookupHost, routeRequest } from './naive-router.ts';
import { matchesRegex } from './regex.ts';

/** The condition that kept a route from matching: the first that does not hold, with what the request has. */
export type FailedCondition =
  | { kind: 'path'; matcher: PathMatcher; value: string }
  | { kind: 'header'; condition: HeaderMatcher; value: string | undefined }
  | { kind: 'query'; condition: QueryMatcher; value: string | undefined }
  | { kind: 'claim'; condition: ClaimMatcher }
  /** No route is for CONNECT (RT-R48). */
  | { kind: 'connect' };

export interface ExplainedRoute {
  /** Position among the routes of the virtual host. */
  index: number;
  name: string;
  /** Undefined: it matches. */
  failed: FailedCondition | undefined;
}

export interface MatchExplanation {
  /** What domains are compared with: lower case, without a port that does not matter. */
  host: string;
  /** Undefined: no domain is for the host. */
  virtualHost:
    | {
        name: string;
        /** The domain as it is written, and of which form it is (SEL-R59). */
        domain: string;
        form: 'exact' | 'suffix' | 'prefix' | 'any';
      }
    | undefined;
  /** In order, up to the one that matches. */
  routes: ExplainedRoute[];
  /** Position of the route that takes the request; -1: none does. */
  chosen: number;
}

const forms = ['any', 'prefix', 'suffix', 'exact'] as const;

/** The trail of the choice for a request; what it ends with is what the router chooses. */
export function explainMatch(config: RouteConfig, request: RequestView): MatchExplanation {
  const host = lookupHost(config, request.authority);
  const found = findVirtualHost(config, request.authority);
  const explanation: MatchExplanation = { host, virtualHost: undefined, routes: [], chosen: -1 };
  if (!found) return explanation;
  const { virtualHost, domain } = found;
  explanation.virtualHost = { name: virtualHost.name, domain, form: forms[domainRank(domain.toLowerCase(), host)?.rank ?? 0] ?? 'any' };
  for (const [index, route] of virtualHost.routes.entries()) {
    const failed = failedCondition(route.match, request);
    explanation.routes.push({ index, name: route.name, failed });
    if (failed) continue;
    explanation.chosen = index;
    break;
  }
  return explanation;
}

function failedCondition(match: RouteMatch, request: RequestView): FailedCondition | undefined {
  if (request.method === 'CONNECT') return { kind: 'connect' };
  const seen = routeRequest(request);
  if (match.path && !matchesPath(match.path, seen.path, matchesRegex)) return { kind: 'path', matcher: match.path, value: seen.path };
  for (const condition of match.headers) {
    const found = seen.headers.get(condition.name);
    const value = typeof found === 'object' ? found.join(', ') : found;
    if (!matchesHeader(condition, found, matchesRegex)) return { kind: 'header', condition, value };
  }
  for (const condition of match.query) {
    const value = seen.query.get(condition.name);
    if (value === undefined || !matchesString(condition.matcher, value, matchesRegex)) return { kind: 'query', condition, value };
  }
  for (const condition of match.claims ?? []) if (!matchesClaim(condition, request.claims)) return { kind: 'claim', condition };
  return undefined;
}
