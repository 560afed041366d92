// Routes of one virtual service for a proxy and a port.
import { outboundClusterName } from '../ir/cluster.ts';
import type { ForwardAction, HashPolicy, HeaderPolicy, PathRewrite, RetryPolicy, Route, RouteAction, RouteCluster } from '../ir/route.ts';
import type { ClaimMatcher, HeaderMatcher, PathMatcher, RouteMatch, ScopedMatch } from '../ir/route-match.ts';
import type { Destination, HTTPMatchRequest, HTTPRewrite, HTTPRoute } from '../manifest/istio/networking.gen.ts';
import type { MeshService } from '../model/services.ts';
import { milliseconds, notNegative } from './durations.ts';
import { isEmptyPolicy, joinPolicies, limited, translateHeaders } from './header-ops.ts';
import type { ProxySettings } from './proxy-settings.ts';
import { translateDirectResponse, translateRedirect } from './redirects.ts';
import { retryPolicy } from './retry-policy.ts';
import { mirrorsOf, translateCors, translateFault } from './route-filters.ts';
import { isCatchAll, translateMatch } from './route-match.ts';
import { routeProblem } from './route-problems.ts';
import type { StatusReason } from './statuses.ts';
import type { Translation } from './translation.ts';
import type { HttpRoutingRule, RoutingService } from './virtual-services.ts';

/** Who gets the routes, and what is known there. */
export interface RouteContext {
  /** Of the listener. */
  port: number;
  /** `mesh`, or `namespace/name` of the Gateways of the server. */
  gateways: ReadonlySet<string>;
  /** The listener ends TLS. */
  tls: boolean;
  /** A service of a listener, with the ports that it has there; for destinations without a port (RT-R4). */
  serviceAt: (host: string) => MeshService | undefined;
  translation: Translation;
}

/** None where every match is for other proxies or ports: then the virtual service does not count (SEL-R18). */
export function routesOf(service: RoutingService, context: RouteContext): Route[] {
  const out: Route[] = [];
  for (const rule of service.http) {
    const matches = (rule.route.match ?? []).map((match, i) => ({ match, i })).filter(({ match }) => match);
    for (const { match, i } of matches.length > 0 ? matches : [{ match: undefined, i: undefined }]) {
      const route = routeOf(service, rule, match, i, context);
      if (!route) continue;
      out.push(route);
      // What follows is never reached (MAT-R2).
      if (isCatchAll(route.match)) return out;
    }
    if (matches.length === 0) return out;
  }
  return out;
}

/** Whether a proxy gets a match at all (MAT-R4). */
function isForProxy({ proxy }: ScopedMatch, { port, gateways, translation }: RouteContext): boolean {
  if (proxy.port !== 0 && proxy.port !== port) return false;
  if (proxy.gateways.length > 0) return proxy.gateways.some((gateway) => gateways.has(gateway));
  return translation.hasLabels(proxy.sourceLabels) && translation.isIn(proxy.sourceNamespace);
}

function routeOf(
  service: RoutingService,
  rule: HttpRoutingRule,
  written: HTTPMatchRequest | undefined,
  index: number | undefined,
  context: RouteContext,
): Route | undefined {
  const scoped = written ? translateMatch(written) : undefined;
  if (scoped && !isForProxy(scoped, context)) return undefined;
  const origin = rule.matchesAreWritten && index !== undefined ? { ...rule.origin, path: [...rule.origin.path, 'match', index] } : rule.origin;
  const match = scoped ? routeMatch(scoped, service.gatewayApi) : everything;
  const { route } = rule;
  const problem = routeProblem(match, route.rewrite);
  if (problem) {
    context.translation.statuses.add(origin, problem.reason, problem.message);
    return undefined;
  }
  const report = reporter(rule, context, 'invalid-header');
  const headers = translateHeaders(route.headers, report);
  const made = actionOf(service, rule, match, headers.authority, context);
  const policy = limited(made.headers ? joinPolicies(headers.policy, made.headers) : headers.policy, report);
  const fault = translateFault(route.fault, reporter(rule, context, 'invalid-fault'));
  return {
    name: routeName(route, written),
    match,
    action: made.action,
    ...(isEmptyPolicy(policy) ? {} : { headers: policy }),
    ...(fault ? { fault } : {}),
    decorator: operationName(made.action, match.path, service.name, context.port),
    ...(written?.statPrefix ? { statPrefix: written.statPrefix } : {}),
    origin,
  };
}

/** Tells of what is left out of a rule. */
function reporter({ origin }: HttpRoutingRule, { translation }: RouteContext, reason: StatusReason): (message: string) => void {
  return (message) => translation.statuses.add(origin, reason, message);
}

const everything: RouteMatch = { path: undefined, headers: [], query: [] };

/** MAT-R3 */
function routeName({ name = '' }: HTTPRoute, match: HTTPMatchRequest | undefined): string {
  return match?.name ? `${name}.${match.name}` : name;
}

/** Without what was decided already; claims are apart, and prefixes of the Gateway API end where a segment ends (SEL-R82, MAT-R22). */
function routeMatch({ path, headers, query }: ScopedMatch, gatewayApi: boolean): RouteMatch {
  const claims: ClaimMatcher[] = [];
  const others: HeaderMatcher[] = [];
  for (const header of headers) {
    const claim = claimPath(header.name);
    if (claim) claims.push({ path: claim, matcher: header.matcher, inverted: header.inverted });
    else others.push(header);
  }
  const segments = gatewayApi && path?.kind === 'prefix' && path.value !== '/';
  return {
    path: segments ? { kind: 'segments', value: path.value.replace(/\/$/, '') } : path,
    headers: others,
    query,
    ...(claims.length > 0 ? { claims } : {}),
  };
}

const claimsHeader = '@request.auth.claims';

/** `@request.auth.claims.a.b` and `@request.auth.claims[a][b]`. */
function claimPath(name: string): string[] | undefined {
  if (!name.toLowerCase().startsWith(claimsHeader)) return undefined;
  const rest = name.slice(claimsHeader.length);
  if (rest.length < 2) return undefined;
  if (rest.startsWith('[') && rest.endsWith(']')) return rest.slice(1, -1).split('][');
  return rest.startsWith('.') ? rest.slice(1).split('.') : undefined;
}

interface MadeAction {
  action: RouteAction;
  /** Of a single destination, to be joined with those of the rule. */
  headers?: HeaderPolicy;
}

/** A redirect, else a direct response, else destinations (RT-R1). */
function actionOf(service: RoutingService, rule: HttpRoutingRule, match: RouteMatch, authority: string, context: RouteContext): MadeAction {
  const { redirect, directResponse } = rule.route;
  if (redirect) {
    const action = translateRedirect(redirect, context.port, context.tls, service.gatewayApi);
    return { action: action ?? withoutAction(rule, context) };
  }
  if (directResponse) return { action: translateDirectResponse(directResponse) ?? withoutAction(rule, context) };
  return forward(service, rule, match, authority, context) ?? { action: withoutAction(rule, context) };
}

/** The API server would have refused the rule: nothing is found there. */
function withoutAction({ origin }: HttpRoutingRule, { translation }: RouteContext): RouteAction {
  translation.statuses.add(origin, 'no-action', 'neither a redirect, a direct response nor a destination with a weight: requests get 404');
  return { kind: 'direct', status: 404, body: '' };
}

function forward(service: RoutingService, rule: HttpRoutingRule, match: RouteMatch, routeAuthority: string, context: RouteContext): MadeAction | undefined {
  const { route } = rule;
  const { settings } = context.translation;
  const report = reporter(rule, context, 'invalid-header');
  const written = (route.route ?? []).filter(Boolean);
  const [only] = written;
  const single = written.length === 1 && only;
  // A single destination gets everything, whatever its weight (RT-R2).
  const used = single ? written : written.filter(({ weight = 0 }) => weight > 0);
  if (used.length === 0) return undefined;
  const translated = used.map((to) => ({ to, headers: translateHeaders(to.headers, report) }));
  const hash: HashPolicy[] = used.flatMap(({ destination }) => (destination && context.translation.hashOf(destination)) ?? []);
  const clusters = translated.map(({ to, headers }): RouteCluster => {
    const cluster = clusterOf(to.destination ?? {}, context);
    if (single) return { cluster, weight: 1 };
    return {
      cluster,
      weight: to.weight ?? 0,
      ...(headers.authority === '' ? {} : { authority: headers.authority }),
      ...(isEmptyPolicy(headers.policy) ? {} : { headers: limited(headers.policy, report) }),
    };
  });
  const rewritten = route.rewrite?.authority ?? '';
  // RT-R14
  const authority = rewritten || routeAuthority || (single ? (translated[0]?.headers.authority ?? '') : '');
  const rewrite = translateRewrite(route.rewrite, match.path, service.gatewayApi);
  const cors = translateCors(route.corsPolicy, reporter(rule, context, 'invalid-regex'));
  const timeoutMs = notNegative(milliseconds(route.timeout)) ?? 0;
  const retry = retryPolicy(route.retries ?? settings.defaultRetries, Boolean(single) && hash.length > 0);
  const action: ForwardAction = {
    kind: 'forward',
    clusters,
    ...(rewrite ? { rewrite } : {}),
    ...(authority === '' ? {} : { authority }),
    appendForwardedHost: rewritten !== '' && settings.appendForwardedHost,
    timeoutMs,
    // RT-R63
    maxGrpcTimeoutMs: timeoutMs,
    ...(retry ? { retry } : {}),
    mirrors: mirrorsOf(route, (destination) => clusterOf(destination, context)),
    hash,
    ...(cors ? { cors } : {}),
    missingClusterStatus: service.gatewayApi ? 500 : 503,
  };
  return single && translated[0] ? { action, headers: translated[0].headers.policy } : { action };
}

function clusterOf(destination: Destination, { serviceAt, port }: RouteContext): string {
  return destinationCluster(destination, serviceAt(destination.host ?? ''), port);
}

/**
 * The port that is written, else the only one of the service, else that of the listener (RT-R4); another name of a service stands for
 * the service (SEL-R55).
 */
export function destinationCluster({ host = '', subset = '', port }: Destination, service: MeshService | undefined, listenerPort: number): string {
  const ports = service?.ports ?? [];
  const number = port?.number ?? (ports.length === 1 ? (ports[0]?.number as number) : listenerPort);
  return outboundClusterName(number, subset, service?.aliasOf ?? host);
}

/** RT-R10 to RT-R12 */
function translateRewrite(rewrite: HTTPRewrite | undefined, path: PathMatcher | undefined, gatewayApi: boolean): PathRewrite | undefined {
  const regex = rewrite?.uriRegexRewrite;
  if (regex) return { kind: 'regex', pattern: regex.match ?? '', substitution: regex.rewrite ?? '' };
  const value = rewrite?.uri;
  if (!value) return undefined;
  // The prefix goes away without leaving two slashes (SEL-R83).
  if (gatewayApi && value === '/') {
    const prefix = path?.kind === 'segments' ? path.value.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&') : '';
    return { kind: 'regex', pattern: `^${prefix}(/?)(.*)`, substitution: '/\\2' };
  }
  return { kind: path?.kind === 'exact' || path?.kind === 'regex' ? 'whole' : 'prefix', value };
}

/** What spans of the route are called (TEL-R31). */
function operationName(action: RouteAction, path: PathMatcher | undefined, service: string, port: number): string {
  const only = action.kind === 'forward' && action.clusters.length === 1 ? action.clusters[0]?.cluster.split('|') : undefined;
  const at = only ? `${only[3]}:${only[1]}` : `${service}:${port}`;
  return `${at}${pathName(path)}`;
}

function pathName(path: PathMatcher | undefined): string {
  if (path?.kind === 'prefix') return `${path.value}*`;
  return path?.kind === 'exact' || path?.kind === 'regex' ? path.value : '/*';
}

/** The route of a service that no virtual service routes (SEL-R70). */
export function defaultRoute(service: MeshService, port: number, hash: HashPolicy | undefined, settings: ProxySettings): Route {
  const retry: RetryPolicy | undefined = retryPolicy(settings.defaultRetries, false);
  return {
    name: 'default',
    match: everything,
    action: {
      kind: 'forward',
      clusters: [{ cluster: outboundClusterName(port, '', service.host), weight: 1 }],
      appendForwardedHost: false,
      timeoutMs: 0,
      maxGrpcTimeoutMs: 0,
      ...(retry ? { retry } : {}),
      mirrors: [],
      hash: hash ? [hash] : [],
      missingClusterStatus: 503,
    },
    decorator: `${service.host}:${port}/*`,
  };
}
