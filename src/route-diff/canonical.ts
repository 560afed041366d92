// One text for everything that means the same: without names, places and the order of what has none.
import type { ForwardAction, HeaderPolicy, Route, RouteAction, VirtualHost } from '../ir/route.ts';
import type { RouteMatch } from '../ir/route-match.ts';
import { sharesOf } from './words.ts';

/** JSON with the fields of each object by name. Fields that are undefined are not there. */
export function stableJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stableJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value).filter(([, item]) => item !== undefined);
  fields.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, item]) => `${JSON.stringify(name)}:${stableJson(item)}`).join(',')}}`;
}

function sortedTexts(list: readonly unknown[]): string[] {
  return [...new Set(list.map(stableJson))].sort();
}

const matchKeys = new WeakMap<RouteMatch, string>();

/** Equal for matches that have the same conditions. */
export function matchKey(match: RouteMatch): string {
  let key = matchKeys.get(match);
  if (key === undefined) {
    const { path, headers, query, claims = [] } = match;
    // Every path has this prefix.
    const any = path?.kind === 'prefix' && path.value === '/';
    key = JSON.stringify([any || !path ? '' : withoutFalse(path), sortedTexts(headers.map(plainHeader)), sortedTexts(query), sortedTexts(claims)]);
    matchKeys.set(match, key);
  }
  return key;
}

/** `ignoreCase: false` is as good as nothing. */
function withoutFalse(matcher: object): string {
  return stableJson(Object.fromEntries(Object.entries(matcher).filter(([, value]) => value !== false)));
}

function plainHeader({ name, matcher, inverted }: RouteMatch['headers'][number]): unknown {
  return [name, withoutFalse(matcher), inverted];
}

const behaviours = new WeakMap<Route, string>();

/** Equal for routes that do the same with every request that they both match. Names of routes and of spans are for people only. */
export function behaviourKey(route: Route): string {
  let key = behaviours.get(route);
  if (key === undefined) {
    key = stableJson([actionOf(route.action, route.match), headersOf(route.headers), route.fault]);
    behaviours.set(route, key);
  }
  return key;
}

function actionOf(action: RouteAction, match: RouteMatch): unknown {
  if (action.kind === 'redirect') return [action, action.prefix === undefined ? '' : replacedPrefix(match)];
  if (action.kind === 'direct') return action;
  return [forwardOf(action), action.rewrite?.kind === 'prefix' ? replacedPrefix(match) : ''];
}

/** What a rewrite of the prefix takes away depends on the match. */
function replacedPrefix({ path }: RouteMatch): string {
  return path && path.kind !== 'regex' && path.kind !== 'present' ? path.value : '';
}

function forwardOf({ clusters, mirrors, ...action }: ForwardAction): unknown {
  const plain = clusters.every(({ headers, authority }) => !headers && authority === undefined);
  return {
    ...action,
    clusters: plain
      ? sharesOf(clusters)
      : sortedTexts(clusters.map((one) => ({ ...one, weight: one.weight / clusters.reduce((sum, { weight }) => sum + weight, 0) }))),
    mirrors: sortedTexts(mirrors.map(({ cluster, share }) => ({ cluster, share }))),
  };
}

function headersOf(headers: HeaderPolicy | undefined): HeaderPolicy | undefined {
  if (!headers) return undefined;
  const isEmpty = [headers.request, headers.response].every(({ remove, add }) => remove.length + add.length === 0);
  return isEmpty ? undefined : headers;
}

const hosts = new WeakMap<VirtualHost, string>();

/** Equal for virtual hosts that certainly do the same; others may do the same all the same. */
export function virtualHostKey(host: VirtualHost): string {
  let key = hosts.get(host);
  if (key === undefined) {
    const routes = host.routes.map((route) => [matchKey(route.match), behaviourKey(route)]);
    key = JSON.stringify([[...host.domains].sort(), host.includeAttemptCount, host.requireTls, routes]);
    hosts.set(host, key);
  }
  return key;
}
