import { matchesString, type RegexTest, type StringMatcher } from './string-matcher.ts';

/** A condition on a header; `inverted`: the condition must not hold, and a missing header counts as the empty text (MAT-R21). */
export interface HeaderMatcher {
  /** Lower case; `:method`, `:authority`, `:scheme`, `:path` are the parts of the request line. */
  name: string;
  matcher: StringMatcher;
  inverted: boolean;
}

export interface QueryMatcher {
  name: string;
  matcher: StringMatcher;
}

/** Conditions on the proxy that holds the route, decided when its configuration is made (MAT-R4). */
export interface ProxyMatch {
  /** Names as in the virtual service, `mesh` for sidecars; empty: no condition. */
  gateways: readonly string[];
  /** Labels of the proxy; not looked at where `gateways` is not empty. */
  sourceLabels: Readonly<Record<string, string>>;
  /** Empty: no condition; not looked at where `gateways` is not empty. */
  sourceNamespace: string;
  /** Port of the listener; 0: any. */
  port: number;
}

/**
 * A condition on the path without query and fragment. `segments`: a prefix that ends where a segment ends (SEL-R82), without a
 * slash at its end.
 */
export type PathMatcher = StringMatcher | { kind: 'segments'; value: string };

/** A condition on a claim of the request's JSON Web Token, `path` from the root of its payload (MAT-R22). */
export interface ClaimMatcher {
  path: readonly string[];
  matcher: StringMatcher;
  inverted: boolean;
}

/** One match of a route: all conditions hold (MAT-R1). A route without conditions matches every request. */
export interface RouteMatch {
  /** Undefined: any. */
  path: PathMatcher | undefined;
  headers: readonly HeaderMatcher[];
  query: readonly QueryMatcher[];
  /** At gateways only. */
  claims?: readonly ClaimMatcher[];
}

/** A match as it is written, with what decides whether a proxy gets it. */
export interface ScopedMatch extends RouteMatch {
  path: StringMatcher | undefined;
  proxy: ProxyMatch;
}

/** The request as a route sees it, after normalization of the path. */
export interface RouteRequest {
  /** Without query and fragment. */
  path: string;
  /** Lower-case names, the pseudo headers included; a header that was sent several times has a list of its values (MAT-R19). */
  headers: ReadonlyMap<string, string | readonly string[]>;
  /** First occurrence of each, not decoded (MAT-R23). */
  query: ReadonlyMap<string, string>;
}

/** The proxy that routes. */
export interface RouteProxy {
  /** `mesh` or the name of a gateway as in the virtual service. */
  gateway: string;
  labels: Readonly<Record<string, string>>;
  namespace: string;
  port: number;
}

export const anyProxy: ProxyMatch = { gateways: [], sourceLabels: {}, sourceNamespace: '', port: 0 };

/** Whether the proxy gets this route at all. */
export function matchesProxy(match: ProxyMatch, proxy: RouteProxy): boolean {
  if (match.port !== 0 && match.port !== proxy.port) return false;
  if (match.gateways.length > 0) return match.gateways.includes(proxy.gateway);
  if (match.sourceNamespace !== '' && match.sourceNamespace !== proxy.namespace) return false;
  return Object.entries(match.sourceLabels).every(([key, value]) => proxy.labels[key] === value);
}

/** Of several values one that matches is enough; an inverted condition holds when none does (MAT-R19, MAT-R21). */
export function matchesHeader(header: HeaderMatcher, value: string | readonly string[] | undefined, regex: RegexTest): boolean {
  if (typeof value === 'object') {
    if (header.inverted) return value.every((one) => matchesHeader(header, one, regex));
    return value.some((one) => matchesHeader(header, one, regex));
  }
  if (header.matcher.kind === 'present') return (value !== undefined) !== header.inverted;
  if (header.inverted) return !matchesString(header.matcher, value ?? '', regex);
  return value !== undefined && matchesString(header.matcher, value, regex);
}

export function matchesPath(matcher: PathMatcher, path: string, regex: RegexTest): boolean {
  if (matcher.kind !== 'segments') return matchesString(matcher, path, regex);
  const { value } = matcher;
  return path.startsWith(value) && (path.length === value.length || path[value.length] === '/');
}

/** Whether a request meets all conditions of a match; claims are not looked at. */
export function matchesRequest(match: RouteMatch, request: RouteRequest, regex: RegexTest): boolean {
  if (match.path && !matchesPath(match.path, request.path, regex)) return false;
  for (const header of match.headers) if (!matchesHeader(header, request.headers.get(header.name), regex)) return false;
  for (const { name, matcher } of match.query) {
    const value = request.query.get(name);
    if (value === undefined || !matchesString(matcher, value, regex)) return false;
  }
  return true;
}
