import { bucketBounds } from './histogram.ts';
import { countOf, type MetricFamily, statName } from './metric-snapshot.ts';

interface Stat {
  name: string;
  value: number;
  buckets: readonly number[] | undefined;
}

const quantiles = [0, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 100];

/** `name: value`, sorted by name, histograms after the others; `No recorded values` for one without values. */
export function statsText(families: readonly MetricFamily[]): string {
  const stats = sorted(families);
  const lines = stats.filter((s) => s.buckets === undefined).map((s) => `${s.name}: ${s.value}\n`);
  for (const { name, buckets } of stats) {
    if (buckets === undefined) continue;
    const found = quantiles.map((q) => [q, quantile(buckets, q)] as const);
    const values = found.every(([, value]) => value === undefined) ? 'No recorded values' : found.map(([q, value]) => `P${q}(${value})`).join(' ');
    lines.push(`${name}: ${values}\n`);
  }
  return lines.join('');
}

/** `{"stats":[{"name":…,"value":…}, …, {"histograms":{"supported_quantiles":[…],"computed_quantiles":[{"name":…,"values":[…]}]}}]}` */
export function statsJson(families: readonly MetricFamily[]): unknown {
  const stats = sorted(families);
  const plain: unknown[] = stats.filter((s) => s.buckets === undefined).map(({ name, value }) => ({ name, value }));
  const computed = stats.flatMap(({ name, buckets }) => (buckets ? [{ name, values: quantiles.map((q) => quantile(buckets, q) ?? null) }] : []));
  if (computed.length > 0) plain.push({ histograms: { supported_quantiles: quantiles, computed_quantiles: computed } });
  return { stats: plain };
}

function sorted(families: readonly MetricFamily[]): Stat[] {
  const stats = families.flatMap((family) => family.series.map((series) => ({ name: statName(family, series), value: series.value, buckets: series.buckets })));
  return stats.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** Estimated within the bucket that the quantile falls into, as if its values were spread evenly; undefined without values. */
export function quantile(buckets: readonly number[], percent: number): number | undefined {
  const count = countOf({ labels: [], value: 0, buckets });
  if (count === 0) return undefined;
  const rank = (percent / 100) * count;
  let below = 0;
  for (let i = 0; i < buckets.length; i++) {
    const inside = buckets[i] as number;
    if (inside > 0 && below + inside >= rank) {
      const from = i === 0 ? 0 : (bucketBounds[i - 1] as number);
      const to = bucketBounds[i] ?? from;
      return Number((from + (to - from) * Math.max(0, (rank - below) / inside)).toPrecision(6));
    }
    below += inside;
  }
  return undefined;
}
