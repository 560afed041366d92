// Values of a routing table as people say them.
import type { Mirror, RouteCluster } from '../ir/route.ts';
import type { PathMatcher, RouteMatch } from '../ir/route-match.ts';
import type { StringMatcher } from '../ir/string-matcher.ts';

/** `1500` → `1.5s`, `250` → `250ms`, `90000` → `1m30s`; 0 → `none`. */
export function durationText(ms: number): string {
  if (ms === 0) return 'none';
  if (ms < 1000) return `${ms}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor((ms % 3_600_000) / 60_000);
  const seconds = (ms % 60_000) / 1000;
  return `${hours > 0 ? `${hours}h` : ''}${minutes > 0 ? `${minutes}m` : ''}${seconds > 0 ? `${seconds}s` : ''}`;
}

/** A share from 0 to 1: `0.1` → `10%`, `0.333` → `33.3%`. */
export function shareText(share: number): string {
  const percent = share * 100;
  return `${Number(percent.toFixed(percent > 0 && percent < 1 ? 4 : 1))}%`;
}

/** `cart.shop.svc.cluster.local` → `cart.shop` */
export function hostText(host: string): string {
  return host.replace(/\.svc\.cluster\.local$/, '');
}

export interface NamedCluster {
  host: string;
  port: number;
  subset: string;
}

/** The parts of `outbound|80|v1|cart.shop.svc.cluster.local`; undefined for names of another form. */
export function clusterParts(name: string): NamedCluster | undefined {
  const match = /^outbound\|(\d+)\|([^|]*)\|(.+)$/.exec(name);
  return match ? { port: Number(match[1]), subset: match[2] as string, host: match[3] as string } : undefined;
}

const fixed: Readonly<Record<string, string>> = {
  PassthroughCluster: 'to where the application wants to go',
  BlackHoleCluster: 'refused',
};

/** `v1` for a subset of the host that is talked about, else `cart.shop/v1:80`. */
export function clusterText(name: string, own: { host: string; port: number }): string {
  const parts = clusterParts(name);
  if (!parts) return fixed[name] ?? name;
  const { host, port, subset } = parts;
  if (host === own.host && subset !== '') return `${subset}${port === own.port ? '' : `:${port}`}`;
  return `${hostText(host)}${subset === '' ? '' : `/${subset}`}${port === own.port ? '' : `:${port}`}`;
}

/** Weights as shares, each cluster once, the largest first. */
export function sharesOf(clusters: readonly Pick<RouteCluster, 'cluster' | 'weight'>[]): { cluster: string; share: number }[] {
  const total = clusters.reduce((sum, { weight }) => sum + weight, 0);
  const weights = new Map<string, number>();
  for (const { cluster, weight } of clusters) weights.set(cluster, (weights.get(cluster) ?? 0) + weight);
  return [...weights]
    .map(([cluster, weight]) => ({ cluster, share: total > 0 ? weight / total : 1 / weights.size }))
    .sort((a, b) => b.share - a.share || (a.cluster < b.cluster ? -1 : 1));
}

/** `v1 90%, v2 10%`; one alone with its share where the other side has several. */
export function sharesText(clusters: readonly Pick<RouteCluster, 'cluster' | 'weight'>[], own: { host: string; port: number }): string {
  const shares = sharesOf(clusters);
  const nameOnly = shares.length === 1 && clusterParts(shares[0]?.cluster ?? '') === undefined;
  return shares.map(({ cluster, share }) => (nameOnly ? clusterText(cluster, own) : `${clusterText(cluster, own)} ${shareText(share)}`)).join(', ');
}

export function mirrorsText(mirrors: readonly Mirror[], own: { host: string; port: number }): string {
  return mirrors.map(({ cluster, share }) => `${clusterText(cluster, own)} ${shareText(share / 1e6)}`).join(', ');
}

/** `GET /pay* x-canary=yes`; `every request` where there is no condition. */
export function matchText({ path, headers, query, claims = [] }: RouteMatch): string {
  const method = headers.find(({ name, matcher, inverted }) => name === ':method' && matcher.kind === 'exact' && !inverted);
  const parts = [
    ...(method ? [stringText(method.matcher)] : []),
    ...(path ? [pathText(path)] : []),
    ...headers
      .filter((header) => header !== method)
      .map(({ name, matcher, inverted }) => `${name.replace(/^:/, '')}${inverted ? '!' : ''}${valueText(matcher)}`),
    ...query.map(({ name, matcher }) => `?${name}${valueText(matcher)}`),
    ...claims.map(({ path: claim, matcher, inverted }) => `@${claim.join('.')}${inverted ? '!' : ''}${valueText(matcher)}`),
  ];
  return parts.length === 0 || (parts.length === 1 && parts[0] === '/*') ? 'every request' : parts.join(' ');
}

function pathText(path: PathMatcher): string {
  return path.kind === 'segments' ? `${path.value}[/*]` : stringText(path);
}

export function stringText(matcher: StringMatcher): string {
  if (matcher.kind === 'present') return '*';
  if (matcher.kind === 'regex') return `~${matcher.value}`;
  return `${matcher.kind === 'prefix' ? `${matcher.value}*` : matcher.value}${matcher.ignoreCase ? ' (any case)' : ''}`;
}

/** As in `x-canary=yes`, `x-canary~^y`, `x-canary=*`. */
function valueText(matcher: StringMatcher): string {
  return matcher.kind === 'regex' ? stringText(matcher) : `=${stringText(matcher)}`;
}
