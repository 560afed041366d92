import { createRequire } from 'node:module';
import type { RE2JS } from 're2js';
import { type MetricFamily, statName } from './metric-snapshot.ts';

/** What a user adds with `proxyStatsMatcher` of the proxy configuration. */
export interface StatsInclusion {
  prefixes?: readonly string[];
  suffixes?: readonly string[];
  regexps?: readonly string[];
}

/** What a sidecar exposes when nothing is said (TEL-R6), and what is of weft itself. */
const prefixes = ['cluster_manager', 'listener_manager', 'server', 'cluster.xds-grpc', 'wasm', 'component', 'istio', 'reporter=', 'weft_'];
const suffixes = ['rbac.allowed', 'rbac.denied', 'shadow_allowed', 'shadow_denied'];
const regexps = ['vhost\\..*\\.route\\..*'];

export type StatsFilter = (name: string) => boolean;

/**
 * Whether scrapes get a statistic, by its name in Envoy's form. An expression that is none is ignored.
 */
export function statsMatcher(more: StatsInclusion = {}): StatsFilter {
  const begins = [...prefixes, ...(more.prefixes ?? [])];
  const ends = [...suffixes, ...(more.suffixes ?? [])];
  let matches: RE2JS[] | undefined;
  return (name) => {
    if (begins.some((p) => name.startsWith(p)) || ends.some((s) => name.endsWith(s))) return true;
    matches ??= [...regexps, ...(more.regexps ?? [])].flatMap((text) => compiled(text) ?? []);
    return matches.some((m) => m.testExact(name));
  };
}

/** Found anywhere in the name, as `?filter=` of the admin does; undefined: no RE2 expression. */
export function statsFilter(expression: string): StatsFilter | undefined {
  const regex = compiled(expression);
  return regex && ((name) => regex.test(name));
}

/** The library is large, and most proxies are never asked with an expression. */
function compiled(expression: string): RE2JS | undefined {
  try {
    return (createRequire(import.meta.url)('re2js') as typeof import('re2js')).RE2JS.compile(expression);
  } catch {
    return undefined;
  }
}

/** Only the series that a filter takes; `usedOnly`: that have counted something. */
export function filterFamilies(families: readonly MetricFamily[], keep: StatsFilter | undefined, usedOnly: boolean): MetricFamily[] {
  if (!keep && !usedOnly) return [...families];
  const kept: MetricFamily[] = [];
  for (const family of families) {
    const series = family.series.filter((s) => (!usedOnly || isUsed(family, s)) && (!keep || keep(statName(family, s))));
    if (series.length > 0) kept.push({ ...family, series });
  }
  return kept;
}

function isUsed(family: MetricFamily, series: MetricFamily['series'][number]): boolean {
  // A gauge says something at zero, too.
  if (family.type === 'gauge') return true;
  return series.buckets ? series.buckets.some((count) => count > 0) : series.value !== 0;
}
