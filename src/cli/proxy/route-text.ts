// Routes and clusters as a person reads them in one line.
import type { Cluster } from '../../ir/cluster.ts';
import type { Route } from '../../ir/route.ts';
import type { PathMatcher, RouteMatch } from '../../ir/route-match.ts';
import type { StringMatcher } from '../../ir/string-matcher.ts';

/** `GET /pay* x-canary=yes`; `every request` where there is no condition. */
export function matchText({ path, headers, query, claims = [] }: RouteMatch): string {
  const method = headers.find(({ name, matcher, inverted }) => name === ':method' && matcher.kind === 'exact' && !inverted);
  const others = headers.filter((header) => header !== method);
  const parts = [
    ...(method ? [stringText(method.matcher)] : []),
    ...(path ? [pathText(path)] : []),
    ...others.map(({ name, matcher, inverted }) => `${name}${inverted ? '!' : ''}${valueText(matcher)}`),
    ...query.map(({ name, matcher }) => `?${name}${valueText(matcher)}`),
    ...(claims.length > 0 ? [`${claims.length === 1 ? 'a claim' : `${claims.length} claims`} of the token`] : []),
  ];
  return parts.length === 0 || (parts.length === 1 && parts[0] === '/*') ? 'every request' : parts.join(' ');
}

function pathText(path: PathMatcher): string {
  return path.kind === 'segments' ? `${path.value}[/*]` : stringText(path);
}

function stringText(matcher: StringMatcher): string {
  if (matcher.kind === 'present') return '*';
  if (matcher.kind === 'regex') return `~${matcher.value}`;
  return matcher.kind === 'prefix' ? `${matcher.value}*` : matcher.value;
}

/** As in `x-canary=yes`, `x-canary~^y`, `x-canary=*`. */
function valueText(matcher: StringMatcher): string {
  return matcher.kind === 'regex' ? stringText(matcher) : `=${stringText(matcher)}`;
}

/** `v1 90%, v2 10%, a copy of each to v3`; what the redirect or the direct response says. */
export function actionText({ action, fault }: Route, nameOf: (cluster: string) => string): string {
  const parts: string[] = [];
  if (action.kind === 'redirect') {
    const { status, scheme, host, port, path, prefix } = action;
    const to = [scheme && `${scheme}://`, host, port && `:${port}`, path ?? prefix].filter(Boolean).join('');
    parts.push(`redirect ${status}${to === '' ? '' : ` to ${to}`}`);
  } else if (action.kind === 'direct') parts.push(`answer ${action.status}`);
  else {
    const sum = action.clusters.reduce((total, { weight }) => total + weight, 0);
    const shares = action.clusters.map(({ cluster, weight }) => `${nameOf(cluster)}${action.clusters.length > 1 ? ` ${percent(weight / sum)}` : ''}`);
    parts.push(shares.join(', '));
    for (const { cluster, share } of action.mirrors) parts.push(`a copy of ${share >= 1_000_000 ? 'each' : percent(share / 1e6)} to ${nameOf(cluster)}`);
  }
  if (fault?.delay) parts.push(`${percent(fault.delay.share / 1e6)} delayed by ${fault.delay.durationMs} ms`);
  if (fault?.abort) parts.push(`${percent(fault.abort.share / 1e6)} aborted`);
  return parts.join(', ');
}

function percent(share: number): string {
  return Number.isFinite(share) ? `${Number((share * 100).toFixed(1))}%` : '?%';
}

/** `v1` or `payment-service` for a client of the virtual host `own`, and `cart.shop/v2:8080` for a cluster of another service. */
export function clusterText({ name, host, port, subset }: Cluster, own: { host: string; port: number }, namespace: string): string {
  if (host === '') return name;
  const short = shortHost(host, namespace);
  if (host !== own.host) return `${short}${subset === '' ? '' : `/${subset}`}${port === own.port ? '' : `:${port}`}`;
  return `${subset === '' ? short : subset}${port === own.port ? '' : `:${port}`}`;
}

/** `cart.shop/v2:8080` for the name of a cluster that is not there. */
export function missingText(name: string, namespace: string): string {
  const match = /^outbound\|(\d+)\|([^|]*)\|(.+)$/.exec(name);
  if (!match) return name;
  const [, port, subset = '', host = ''] = match;
  return `${shortHost(host, namespace)}${subset === '' ? '' : `/${subset}`}:${port}`;
}

/** As clients of the namespace say it. */
export function shortHost(host: string, namespace: string): string {
  const match = /^([^.]+)\.([^.]+)\.svc\.cluster\.local$/.exec(host);
  if (!match) return host;
  return match[2] === namespace ? (match[1] as string) : `${match[1]}.${match[2]}`;
}

/** `127.0.0.1:9001, 127.0.0.1:9002, and 3 more`; empty where there is none. */
export function endpointsText({ localities }: Cluster, most: number): string {
  const all = localities
    .flatMap(({ endpoints }) => endpoints)
    .map(({ address, port }) => (port === 0 ? address : `${address.includes(':') ? `[${address}]` : address}:${port}`));
  return `${all.slice(0, most).join(', ')}${all.length > most ? `, and ${all.length - most} more` : ''}`;
}
