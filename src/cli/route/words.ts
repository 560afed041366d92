// Values as a person reads them.
import type { TextMatcher } from '../../ir/authorization.ts';
import type { LoadBalancer, UpstreamTls } from '../../ir/cluster.ts';
import type { HashPolicy, PathRewrite } from '../../ir/route.ts';
import type { HeaderMatcher, PathMatcher, QueryMatcher } from '../../ir/route-match.ts';
import type { StringMatcher } from '../../ir/string-matcher.ts';
import type { Locality } from '../../ir/table.ts';
import { formatDuration } from '../../manifest/duration.ts';
import type { FailedCondition } from '../../proxy/core/explain.ts';
import type { DestinationFailure } from '../../simulate/simulation.ts';
import { shortHost } from '../proxy/route-text.ts';

/** `250ms`, `1.5s`, `1m30s` */
export function ms(milliseconds: number): string {
  return formatDuration(milliseconds * 1e6);
}

/** `90%`, `0.01%`, `33.33%` */
export function percent(value: number): string {
  return `${Number(value.toFixed(value < 1 ? 4 : 2))}%`;
}

/** `path "/x"`, with what is wanted: why a condition does not hold. */
export function failedText(failed: FailedCondition): string {
  switch (failed.kind) {
    case 'path':
      return `the path is ${quoted(failed.value)}, not ${pathText(failed.matcher)}`;
    case 'header':
      return headerText(failed.condition, failed.value);
    case 'query':
      return queryText(failed.condition, failed.value);
    case 'claim':
      return `the token has no claim ${failed.condition.path.join('.')}${failed.condition.inverted ? ' that is other than' : ''} ${wantedText(failed.condition.matcher)}`;
    case 'connect':
      return 'no route is for the method CONNECT';
  }
}

const lineParts: Readonly<Record<string, string>> = {
  ':method': 'the method',
  ':authority': 'the authority',
  ':scheme': 'the scheme',
  ':path': 'the path and query',
};

function headerText({ name, matcher, inverted }: HeaderMatcher, value: string | undefined): string {
  const what = lineParts[name] ?? `header ${name}`;
  if (inverted)
    return value === undefined
      ? `${what} is missing, which counts as empty: it must not be ${wantedText(matcher)}`
      : `${what} is ${quoted(value)}, and must not be ${wantedText(matcher)}`;
  if (value === undefined) return `there is no ${what.replace(/^the /, '')}: it wants ${wantedText(matcher)}`;
  return `${what} is ${quoted(value)}, not ${wantedText(matcher)}`;
}

function queryText({ name, matcher }: QueryMatcher, value: string | undefined): string {
  return value === undefined
    ? `there is no query parameter ${name}: it wants ${wantedText(matcher)}`
    : `query parameter ${name} is ${quoted(value)}, not ${wantedText(matcher)}`;
}

function pathText(matcher: PathMatcher): string {
  return matcher.kind === 'segments' ? `${quoted(matcher.value)} or below` : wantedText(matcher);
}

/** What a value is to be: `"/x…"`, `a match of "^y"`. */
export function wantedText(matcher: StringMatcher | TextMatcher): string {
  const anyCase = 'ignoreCase' in matcher && matcher.ignoreCase ? ' in any case' : '';
  switch (matcher.kind) {
    case 'present':
      return 'any value';
    case 'exact':
      return `${quoted(matcher.value)}${anyCase}`;
    case 'prefix':
      return `${quoted(`${matcher.value}…`)}${anyCase}`;
    case 'suffix':
      return `${quoted(`…${matcher.value}`)}${anyCase}`;
    case 'regex':
      return `a match of ${quoted(matcher.value)}`;
  }
}

/** In quotes, and not longer than a person reads. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}

/** A service and its subset: `payment-service v1`, `cart.shop`. */
export function serviceText({ host, subset }: { host: string; subset: string }, namespace: string): string {
  return `${shortHost(host, namespace)}${subset === '' ? '' : ` ${subset}`}`;
}

export function failureText({ reason }: DestinationFailure): string {
  switch (reason) {
    case 'unknown-host':
      return 'the proxy knows no such service';
    case 'unknown-port':
      return 'the service has no such port';
    case 'unknown-subset':
      return 'no destination rule that the proxy uses has this subset';
    case 'no-endpoints':
      return 'it has no endpoints';
    case 'no-usable-endpoints':
      return 'none of its endpoints is healthy';
  }
}

export function balancerText(balancer: LoadBalancer): string {
  const warm = balancer.warmup ? `, new endpoints warm up for ${ms(balancer.warmup.durationMs)}` : '';
  switch (balancer.policy) {
    case 'least-request':
      return `least request, of two endpoints that are drawn${warm}`;
    case 'round-robin':
      return `round robin${warm}`;
    case 'random':
      return 'random';
    case 'original-destination':
      return 'the address that the application connects to';
    case 'ring-hash':
      return `consistent hash, a ring of at least ${balancer.minimumRingSize}`;
    case 'maglev':
      return `consistent hash, a Maglev table of ${balancer.tableSize}`;
  }
}

export function hashText(hash: HashPolicy): string {
  switch (hash.kind) {
    case 'header':
      return `header ${hash.name}`;
    case 'cookie':
      return `cookie ${hash.name}${hash.ttlMs === undefined ? '' : `, which the proxy makes where there is none${hash.ttlMs > 0 ? ` (for ${ms(hash.ttlMs)})` : ''}`}`;
    case 'query':
      return `query parameter ${hash.name}`;
    case 'source-ip':
      return 'address of the client';
  }
}

export function tlsText(tls: UpstreamTls): string {
  const sni = tls.sni && tls.mode !== 'auto' && tls.mode !== 'istio-mutual' ? `, server name ${tls.sni}` : '';
  switch (tls.mode) {
    case 'disable':
      return 'plain text';
    case 'auto':
      return 'mTLS of the mesh where the endpoint has a sidecar, else plain text';
    case 'istio-mutual':
      return 'mTLS of the mesh';
    case 'simple':
      return `TLS${tls.insecureSkipVerify ? ' without a check of the certificate' : ''}${sni}`;
    case 'mutual':
      return `mutual TLS${sni}`;
  }
}

export function rewriteText(rewrite: PathRewrite): string {
  switch (rewrite.kind) {
    case 'prefix':
      return `the matched prefix becomes ${rewrite.value}`;
    case 'whole':
      return `the path becomes ${rewrite.value}`;
    case 'regex':
      return `/${rewrite.pattern}/ becomes ${rewrite.substitution}`;
  }
}

/** `eu/eu-1/a`; `no locality`. */
export function localityText({ region, zone, subzone }: Locality): string {
  const text = [region, zone, subzone].join('/').replace(/\/+$/, '');
  return text === '' ? 'no locality' : text;
}
