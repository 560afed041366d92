// Routing as the rules say it, one after the other and without an index: what the compiled router is compared with.
import type { RouteConfig, VirtualHost } from '../../ir/route.ts';
import { matchesRequest, type RouteRequest } from '../../ir/route-match.ts';
import { matchesClaim } from './claims.ts';
import type { RequestView } from './exchange-record.ts';
import { matchesRegex } from './regex.ts';
import { withoutPort } from './router.ts';

/** How specific a domain is for a host, as texts to compare: rank, then length; undefined: it does not match (SEL-R59). */
export function domainRank(domain: string, host: string): { rank: number; length: number } | undefined {
  if (domain === '*') return { rank: 0, length: 0 };
  if (domain.startsWith('*')) {
    const suffix = domain.slice(1);
    return host.length > suffix.length && host.endsWith(suffix) ? { rank: 2, length: suffix.length } : undefined;
  }
  if (domain.endsWith('*')) {
    const prefix = domain.slice(0, -1);
    return host.length > prefix.length && host.startsWith(prefix) ? { rank: 1, length: prefix.length } : undefined;
  }
  return domain === host ? { rank: 3, length: host.length } : undefined;
}

/** The host that domains are compared with. */
export function lookupHost(config: RouteConfig, authority: string): string {
  return (config.ignorePortInHost ? withoutPort(authority) : authority).toLowerCase();
}

export interface FoundDomain {
  virtualHost: VirtualHost;
  domain: string;
}

/** The virtual host of an authority and the domain by which it was found. */
export function findVirtualHost(config: RouteConfig, authority: string): FoundDomain | undefined {
  const host = lookupHost(config, authority);
  let found: FoundDomain | undefined;
  let best = { rank: -1, length: -1 };
  for (const virtualHost of config.virtualHosts) {
    for (const domain of virtualHost.domains) {
      const rank = domainRank(domain.toLowerCase(), host);
      if (!rank || rank.rank < best.rank || (rank.rank === best.rank && rank.length <= best.length)) continue;
      best = rank;
      found = { virtualHost, domain };
    }
  }
  return found;
}

/** The request with its headers and query parameters as maps. */
export function routeRequest(request: RequestView): RouteRequest {
  const headers = new Map<string, string | string[]>();
  for (let i = 0; i < request.headers.length; i += 2) {
    const name = request.headers[i] as string;
    const before = headers.get(name);
    const value = request.headers[i + 1] as string;
    if (before === undefined) headers.set(name, value);
    else if (typeof before === 'string') headers.set(name, [before, value]);
    else before.push(value);
  }
  headers.set(':method', request.method).set(':path', request.path).set(':scheme', request.scheme);
  headers.set(':authority', request.authority).set('host', request.authority);
  const query = new Map<string, string>();
  const pairs = request.path.slice(request.pathEnd + 1).split('&');
  // Nothing follows the last separator.
  if (pairs.at(-1) === '') pairs.pop();
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    const name = equals < 0 ? pair : pair.slice(0, equals);
    if (!query.has(name)) query.set(name, equals < 0 ? '' : pair.slice(equals + 1));
  }
  return { path: request.path.slice(0, request.pathEnd), headers, query };
}

/** Position of the first route of a virtual host that matches; -1 for none. */
export function findRoute(virtualHost: VirtualHost, request: RequestView): number {
  if (request.method === 'CONNECT') return -1;
  const seen = routeRequest(request);
  return virtualHost.routes.findIndex(
    ({ match }) => matchesRequest(match, seen, matchesRegex) && (match.claims ?? []).every((claim) => matchesClaim(claim, request.claims)),
  );
}
