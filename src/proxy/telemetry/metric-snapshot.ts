/** All metrics at one moment: plain data, so that worker threads can send theirs to the one that answers scrapes. */
export interface MetricFamily {
  /** As in Prometheus: `istio_requests_total`. */
  name: string;
  type: 'counter' | 'gauge' | 'histogram';
  help: string;
  series: MetricSeries[];
}

export interface MetricSeries {
  /** Name, value, name, value … in the order in which they are shown. */
  labels: readonly string[];
  /** Name in Envoy's own form, `cluster.<name>;.upstream_rq_total`; absent: family and labels name it (TEL-R7). */
  stat?: string;
  /** Of a histogram: the sum of what was recorded. */
  value: number;
  /** Histograms: how many values each bucket has (not cumulative), the one without a bound last. */
  buckets?: readonly number[];
}

/** Snapshots of all threads as one: values add up. Families and series in the order of their first appearance. */
export function mergeSnapshots(snapshots: readonly (readonly MetricFamily[])[]): MetricFamily[] {
  if (snapshots.length === 1) return [...(snapshots[0] as readonly MetricFamily[])];
  const families = new Map<string, { family: MetricFamily; byLabels: Map<string, MetricSeries> }>();
  for (const snapshot of snapshots) {
    for (const family of snapshot) {
      let merged = families.get(family.name);
      if (!merged) {
        merged = { family: { ...family, series: [] }, byLabels: new Map() };
        families.set(family.name, merged);
      }
      for (const series of family.series) {
        const key = series.labels.join('\u0000');
        const known = merged.byLabels.get(key);
        if (known) add(known, series);
        else {
          const copy = { ...series };
          merged.byLabels.set(key, copy);
          merged.family.series.push(copy);
        }
      }
    }
  }
  return [...families.values()].map(({ family }) => family);
}

function add(into: MetricSeries, from: MetricSeries): void {
  into.value += from.value;
  const more = from.buckets;
  if (more) into.buckets = into.buckets?.map((count, i) => count + (more[i] ?? 0)) ?? more;
}

/** How many values a histogram's series has. */
export function countOf(series: MetricSeries): number {
  let count = 0;
  for (const bucket of series.buckets ?? []) count += bucket;
  return count;
}

/** The name that `/stats` shows and filters: `cluster.X;.upstream_rq_total`, or `istio_requests_total{reporter="source",…}`. */
export function statName(family: MetricFamily, series: MetricSeries): string {
  return series.stat ?? `${family.name}${labelText(series.labels)}`;
}

/** `{name="value",…}` as in the exposition format; empty without labels. */
export function labelText(labels: readonly string[], more = ''): string {
  let text = '';
  for (let i = 0; i < labels.length; i += 2) text += `${text === '' ? '' : ','}${labels[i]}="${escapeLabel(labels[i + 1] as string)}"`;
  if (more !== '') text += text === '' ? more : `,${more}`;
  return text === '' ? '' : `{${text}}`;
}

function escapeLabel(value: string): string {
  return /[\\"\n]/.test(value) ? value.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`)) : value;
}
