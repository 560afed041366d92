// Rules of HTTPRoutes and GRPCRoutes as rules of a virtual service (SEL-R81 to SEL-R83).
import type { Origin } from '../../ir/table.ts';
import type { CorsPolicy, HTTPMatchRequest, HTTPRetry, HTTPRoute, HTTPRouteDestination, StringMatch } from '../../manifest/istio/networking.gen.ts';
import type { Path } from '../../manifest/problem.ts';
import type { Route } from '../../model/gateway-api.ts';
import { isMap, numberIn, text } from '../../model/untyped.ts';
import { originOf } from '../statuses.ts';
import { type Backends, destinationOf, type Fields, maps, type Report } from './backends.ts';
import { headersOf, mirrorPercent, redirectOf, rewriteOf, unknownFilters } from './filters.ts';
import { type Precedence, precedenceOf } from './precedence.ts';

/** One match of one rule. */
export interface ApiRule {
  route: HTTPRoute;
  origin: Origin;
  precedence: Precedence;
}

const everything: HTTPMatchRequest = { uri: { prefix: '/' } };

export function rulesOfRoute(backends: Backends, route: Route, report: Report): ApiRule[] {
  return maps(route.spec.rules).flatMap((rule, index) => {
    const path: Path = ['spec', 'rules', index];
    const made = ruleOf(backends, route, rule, index, report);
    const matches = Array.isArray(rule.matches) ? maps(rule.matches) : [];
    const written = matches.length > 0 ? matches.map((match) => (route.kind === 'GRPCRoute' ? grpcMatch(match) : httpMatch(match))) : [everything];
    return written.map((match, i) => ({
      route: { ...made, match: [match] },
      origin: originOf(route, ...path, ...(matches.length > 0 ? ['matches', i] : [])),
      precedence: precedenceOf(match),
    }));
  });
}

function ruleOf(backends: Backends, route: Route, rule: Fields, index: number, report: Report): HTTPRoute {
  const path: Path = ['spec', 'rules', index];
  const filters = maps(rule.filters);
  for (const type of unknownFilters(filters)) report([...path, 'filters'], 'unsupported', `filter ${type || 'without a type'} is not understood, and left out`);
  const redirect = redirectOf(filters);
  const rewrite = rewriteOf(filters);
  const headers = headersOf(filters);
  const mirrors = filters.flatMap(({ type, requestMirror }, f) => {
    if (type !== 'RequestMirror' || !isMap(requestMirror)) return [];
    const destination = destinationOf(backends, route, requestMirror.backendRef, [...path, 'filters', f, 'requestMirror', 'backendRef'], report);
    return [{ destination, percentage: { value: mirrorPercent(requestMirror) } }];
  });
  const cors = corsOf(filters);
  const refs = maps(rule.backendRefs);
  const total = refs.reduce((sum, { weight }) => sum + (numberIn(weight) ?? 1), 0);
  const base: HTTPRoute = {
    name: text(rule.name) || `${route.namespace}.${route.name}.${index}`,
    ...(headers ? { headers } : {}),
    ...(rewrite ? { rewrite } : {}),
    ...(mirrors.length > 0 ? { mirrors } : {}),
    ...(cors ? { corsPolicy: cors } : {}),
    ...timeoutsOf(rule),
  };
  if (redirect) return { ...base, redirect };
  if (total === 0) return { ...base, directResponse: { status: 500 } };
  return {
    ...base,
    route: refs.map((backend, i): HTTPRouteDestination => {
      const own = headersOf(maps(backend.filters));
      const destination = destinationOf(backends, route, backend, [...path, 'backendRefs', i], report);
      return { destination, weight: numberIn(backend.weight) ?? 1, ...(own ? { headers: own } : {}) };
    }),
  };
}

/** `backendRequest` is the limit of one try; where nothing is retried that of the request. */
function timeoutsOf({ timeouts, retry }: Fields): Pick<HTTPRoute, 'timeout' | 'retries'> {
  const { request, backendRequest } = isMap(timeouts) ? timeouts : {};
  const perTry = text(backendRequest);
  if (!isMap(retry)) {
    const timeout = perTry || text(request);
    return timeout === '' ? {} : { timeout };
  }
  return { ...(text(request) === '' ? {} : { timeout: text(request) }), retries: retriesOf(retry, perTry) };
}

function retriesOf({ attempts, backoff, codes }: Fields, perTryTimeout: string): HTTPRetry {
  const numbers = Array.isArray(codes) ? codes.filter((code) => typeof code === 'number') : [];
  return {
    attempts: numberIn(attempts) ?? 2,
    retryOn: ['connect-failure', 'refused-stream', 'unavailable', 'cancelled', ...numbers].join(','),
    ...(perTryTimeout === '' ? {} : { perTryTimeout }),
    ...(text(backoff) === '' ? {} : { backoff: text(backoff) }),
  };
}

function corsOf(filters: readonly Fields[]): CorsPolicy | undefined {
  const filter = filters.find(({ type }) => type === 'CORS');
  if (!filter || !isMap(filter.cors)) return undefined;
  const { allowOrigins, allowMethods, allowHeaders, exposeHeaders, maxAge, allowCredentials } = filter.cors;
  const texts = (list: unknown): string[] => (Array.isArray(list) ? list.filter((item): item is string => typeof item === 'string') : []);
  const seconds = numberIn(maxAge);
  return {
    allowOrigins: texts(allowOrigins).map(originMatch),
    allowMethods: texts(allowMethods),
    allowHeaders: texts(allowHeaders),
    exposeHeaders: texts(exposeHeaders),
    ...(seconds === undefined ? {} : { maxAge: `${seconds}s` }),
    ...(allowCredentials === true ? { allowCredentials } : {}),
    unmatchedPreflights: 'IGNORE',
  };
}

/** `*` stands for any part of an origin. */
function originMatch(origin: string): StringMatch {
  if (origin === '*' || !origin.includes('*')) return origin === '*' ? { regex: '.*' } : { exact: origin };
  return { regex: origin.split('*').map(quoted).join('.*') };
}

function quoted(literal: string): string {
  return literal.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');
}

/** Of several conditions on one name the first counts. */
function valuesOf(list: unknown, fold: boolean): Record<string, StringMatch> | undefined {
  const out: Record<string, StringMatch> = {};
  for (const { type, name, value } of maps(list)) {
    const key = fold ? text(name).toLowerCase() : text(name);
    if (key !== '' && !Object.hasOwn(out, key)) out[key] = type === 'RegularExpression' ? { regex: text(value) } : { exact: text(value) };
  }
  return Object.keys(out).length > 0 ? out : undefined;
}

function httpMatch({ path, headers, queryParams, method }: Fields): HTTPMatchRequest {
  const { type, value } = isMap(path) ? path : {};
  const at = text(value) || '/';
  const byHeader = valuesOf(headers, true);
  const byQuery = valuesOf(queryParams, false);
  return {
    uri: type === 'Exact' ? { exact: at } : type === 'RegularExpression' ? { regex: at } : { prefix: at },
    ...(byHeader ? { headers: byHeader } : {}),
    ...(byQuery ? { queryParams: byQuery } : {}),
    ...(text(method) === '' ? {} : { method: { exact: text(method) } }),
  };
}

/** A method is the path `/service/method`. */
function grpcMatch({ method, headers }: Fields): HTTPMatchRequest {
  const { type, service, method: name } = isMap(method) ? method : {};
  const byHeader = valuesOf(headers, true);
  return { uri: grpcPath(text(service), text(name), type === 'RegularExpression'), ...(byHeader ? { headers: byHeader } : {}) };
}

function grpcPath(service: string, method: string, regex: boolean): StringMatch {
  if (service === '' && method === '') return { prefix: '/' };
  if (regex || service === '') {
    const any = '[^/]+';
    const part = (value: string): string => (value === '' ? any : regex ? value : quoted(value));
    return { regex: `/${part(service)}/${part(method)}` };
  }
  return method === '' ? { prefix: `/${service}/` } : { exact: `/${service}/${method}` };
}
