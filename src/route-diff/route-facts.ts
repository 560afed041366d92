// What a route does with a request, property by property.
import type { Provenance, RouteField, Source } from '../ir/provenance.ts';
import type { CorsPolicy, FaultPolicy, ForwardAction, HashPolicy, HeaderOps, RedirectAction, RetryPolicy, Route, VirtualHost } from '../ir/route.ts';
import type { Origin } from '../ir/table.ts';
import type { Fact } from './facts.ts';
import { clusterText, durationText, mirrorsText, sharesOf, sharesText, shareText, stringText } from './words.ts';

/** A route with what is known around it. */
export interface PlacedRoute {
  route: Route;
  host: VirtualHost;
  provenance: Provenance;
}

/** The host and port that a virtual host is for, from its name. */
export function ownOf({ name }: Pick<VirtualHost, 'name'>): { host: string; port: number } {
  const colon = name.lastIndexOf(':');
  const port = Number(name.slice(colon + 1));
  return colon < 0 || !Number.isInteger(port) ? { host: name, port: 0 } : { host: name.slice(0, colon), port };
}

export function originOfSource(source: Source): Origin | undefined {
  return source.kind === 'written' ? source.origin : undefined;
}

/** The first: where it goes. A field that is not there does nothing. */
export function routeFacts(placed: PlacedRoute): Fact[] {
  const { route } = placed;
  const { action, headers, fault } = route;
  const facts: Fact[] = [];
  if (action.kind === 'forward') facts.push(...forwardFacts(action, placed));
  else if (action.kind === 'redirect') facts.push(fact('answer', redirectText(action), action, placed, 'redirect'));
  else facts.push(fact('answer', `answer ${action.status}${action.body === '' ? '' : ` ${bodyText(action.body)}`}`, action, placed, 'directResponse'));
  if (fault) facts.push(...faultFacts(fault, placed));
  facts.push(...headerFacts('request', headers?.request, placed), ...headerFacts('response', headers?.response, placed));
  return facts;
}

/** The fate in one line: `v1 90%, v2 10%`, `redirect 301 to …`, `answer 404`. */
export function actionText({ action }: Route, host: VirtualHost): string {
  if (action.kind === 'redirect') return redirectText(action);
  return action.kind === 'direct' ? `answer ${action.status}` : sharesText(action.clusters, ownOf(host));
}

function fact(field: string, text: string, value: unknown, { route, host, provenance }: PlacedRoute, asked: RouteField): Fact {
  return { field, text, value, origin: () => originOfSource(provenance.route(route, host, asked)) ?? route.origin };
}

function forwardFacts(action: ForwardAction, placed: PlacedRoute): Fact[] {
  const { route, host, provenance } = placed;
  const own = ownOf(host);
  const facts: Fact[] = [
    {
      field: 'destinations',
      text: sharesText(action.clusters, own),
      value: sharesOf(action.clusters),
      origin: () => originOfSource(provenance.destination(route, host, 0)) ?? route.origin,
    },
  ];
  if (action.mirrors.length > 0) {
    const value = action.mirrors.map(({ cluster, share }) => ({ cluster, share: share / 1e6 }));
    facts.push({
      field: 'mirrors',
      text: mirrorsText(action.mirrors, own),
      value,
      origin: () => originOfSource(provenance.mirror(route, host, 0)) ?? route.origin,
    });
  }
  facts.push(fact('timeout', durationText(action.timeoutMs), action.timeoutMs, placed, 'timeout'));
  if (action.maxGrpcTimeoutMs !== undefined && action.maxGrpcTimeoutMs !== action.timeoutMs)
    facts.push(fact('grpc-timeout at most', durationText(action.maxGrpcTimeoutMs), action.maxGrpcTimeoutMs, placed, 'timeout'));
  facts.push(fact('retries', action.retry ? retryText(action.retry) : 'none', action.retry ?? null, placed, 'retries'));
  const { rewrite } = action;
  if (rewrite) {
    const text =
      rewrite.kind === 'regex'
        ? `${rewrite.pattern} by ${rewrite.substitution}`
        : `${rewrite.kind === 'whole' ? 'the path' : `the prefix ${prefixOf(route)}`} by ${rewrite.value}`;
    facts.push(fact('rewrite', text, { ...rewrite, replaces: prefixOf(route) }, placed, 'rewrite'));
  }
  if (action.authority !== undefined) facts.push(fact('host', action.authority, action.authority, placed, 'rewrite'));
  if (action.appendForwardedHost) facts.push(fact('x-forwarded-host', 'gets the host that is replaced', true, placed, 'rewrite'));
  if (action.hash.length > 0) facts.push(fact('consistent hash', action.hash.map(hashText).join(', then '), action.hash, placed, 'hash'));
  if (action.cors) facts.push(fact('CORS', corsText(action.cors), action.cors, placed, 'cors'));
  if (action.maxStreamDurationFromGrpcTimeout) facts.push(fact('grpc-timeout', 'limits the whole stream', true, placed, 'timeout'));
  facts.push({ field: 'status without a destination', text: String(action.missingClusterStatus), value: action.missingClusterStatus });
  for (const { cluster, headers, authority } of action.clusters) {
    const name = clusterText(cluster, own);
    facts.push(...headerFacts('request', headers?.request, placed, name), ...headerFacts('response', headers?.response, placed, name));
    if (authority !== undefined) facts.push(fact(`host for ${name}`, authority, authority, placed, 'rewrite'));
  }
  return facts;
}

function prefixOf({ match: { path } }: Route): string {
  return path && (path.kind === 'prefix' || path.kind === 'segments' || path.kind === 'exact') ? path.value : '/';
}

/** Where nobody says otherwise (RT-R70). */
const usualReasons = 'connect-failure,refused-stream,unavailable,cancelled';

export function retryText({ attempts, on, statusCodes, perTryTimeoutMs, backoffBaseMs }: RetryPolicy): string {
  const reasons = [...on.filter((reason) => reason !== 'retriable-status-codes'), ...statusCodes].join(',');
  const parts = [
    `${attempts}`,
    reasons === usualReasons ? 'on the default conditions' : reasons === '' ? '' : `on ${reasons}`,
    perTryTimeoutMs === undefined ? '' : `${durationText(perTryTimeoutMs)} per try`,
  ];
  return [...parts, backoffBaseMs === 25 ? '' : `back-off from ${durationText(backoffBaseMs)}`].filter((part) => part !== '').join(' ');
}

export function redirectText({ status, scheme, host, port, path, prefix, regex }: RedirectAction): string {
  const to = [scheme && `${scheme}://`, host, port && `:${port}`, path ?? prefix ?? (regex && `${regex.pattern} by ${regex.substitution}`)]
    .filter(Boolean)
    .join('');
  return `redirect ${status}${to === '' ? '' : ` to ${to}`}`;
}

function bodyText(body: string): string {
  return JSON.stringify(body.length > 40 ? `${body.slice(0, 39)}…` : body);
}

function faultFacts({ delay, abort }: FaultPolicy, placed: PlacedRoute): Fact[] {
  const facts: Fact[] = [];
  if (delay) facts.push(fact('fault delay', `${shareText(delay.share / 1e6)} by ${durationText(delay.durationMs)}`, delay, placed, 'fault.delay'));
  const status = abort && (abort.httpStatus ?? `gRPC ${abort.grpcStatus}`);
  if (abort) facts.push(fact('fault abort', `${shareText(abort.share / 1e6)} with ${status}`, abort, placed, 'fault.abort'));
  return facts;
}

function hashText(policy: HashPolicy): string {
  switch (policy.kind) {
    case 'header':
    case 'query':
      return `${policy.kind} ${policy.name}`;
    case 'cookie':
      return `cookie ${policy.name}${policy.ttlMs === undefined ? '' : ` for ${policy.ttlMs === 0 ? 'the session' : durationText(policy.ttlMs)}`}`;
    default:
      return 'source address';
  }
}

function corsText({ allowOrigins, allowMethods, allowHeaders, allowCredentials, maxAgeSeconds }: CorsPolicy): string {
  const parts = [
    `origins ${allowOrigins.map(stringText).join(', ') || 'none'}`,
    allowMethods && `methods ${allowMethods}`,
    allowHeaders && `headers ${allowHeaders}`,
    allowCredentials && 'with credentials',
    maxAgeSeconds !== undefined && `for ${durationText(maxAgeSeconds * 1000)}`,
  ];
  return parts.filter(Boolean).join('; ');
}

function headerFacts(message: 'request' | 'response', ops: HeaderOps | undefined, { route, host, provenance }: PlacedRoute, destination?: string): Fact[] {
  if (!ops) return [];
  const suffix = destination === undefined ? '' : ` for ${destination}`;
  const one = (op: 'remove' | 'set' | 'add', name: string, text: string, value: string): Fact => ({
    field: `${message} header ${name}${op === 'add' ? ' (added)' : ''}${suffix}`,
    text,
    value: [op, value],
    origin: () => originOfSource(provenance.header(route, host, { message, op, name })) ?? route.origin,
  });
  const added = new Map<string, string[]>();
  const facts = ops.remove.map((name) => one('remove', name, 'removed', ''));
  for (const { name, value, set } of ops.add) {
    if (set) facts.push(one('set', name, `set to ${value}`, value));
    else added.set(name, [...(added.get(name) ?? []), value]);
  }
  return [...facts, ...[...added].map(([name, values]) => one('add', name, values.join(' and '), JSON.stringify(values)))];
}
