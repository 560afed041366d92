import { bucketBounds } from './histogram.ts';
import { countOf, labelText, type MetricFamily, type MetricSeries } from './metric-snapshot.ts';

export type ExpositionFormat = 'prometheus' | 'openmetrics';

export const expositionTypes: Readonly<Record<ExpositionFormat, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** The format that a scraper's Accept header asks for: OpenMetrics where it is named and not less wanted than plain text. */
export function expositionFor(accept: string | undefined): ExpositionFormat {
  let openmetrics = 0;
  let text = 0;
  for (const part of (accept ?? '').split(',', 50)) {
    const [type = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase());
    const q = parameters.find((parameter) => parameter.startsWith('q='));
    const quality = q === undefined ? 1 : Number(q.slice(2)) || 0;
    if (type === 'application/openmetrics-text') openmetrics = Math.max(openmetrics, quality);
    else if (type === 'text/plain') text = Math.max(text, quality);
  }
  return openmetrics > 0 && openmetrics >= text ? 'openmetrics' : 'prometheus';
}

/** Prometheus' text format 0.0.4, or OpenMetrics 1.0, piece by piece. Families without series are left out. */
export function* exposition(families: readonly MetricFamily[], format: ExpositionFormat): Generator<string> {
  for (const family of families) {
    if (family.series.length === 0) continue;
    const { name, type } = typeIn(family, format);
    if (family.help !== '') yield `# HELP ${name} ${family.help.replace(/\\/g, '\\\\').replace(/\n/g, '\\n')}\n`;
    yield `# TYPE ${name} ${type}\n`;
    for (const series of family.series) {
      yield series.buckets ? histogramLines(family.name, series) : `${family.name}${labelText(series.labels)} ${number(series.value)}\n`;
    }
  }
  if (format === 'openmetrics') yield '# EOF\n';
}

/** OpenMetrics wants `_total` at counters; those of Envoy that end otherwise keep their name and lose their type. */
function typeIn({ name, type }: MetricFamily, format: ExpositionFormat): { name: string; type: string } {
  if (format === 'prometheus' || type !== 'counter') return { name, type };
  return name.endsWith('_total') ? { name: name.slice(0, -'_total'.length), type } : { name, type: 'unknown' };
}

function histogramLines(name: string, series: MetricSeries): string {
  let lines = '';
  let cumulative = 0;
  for (let i = 0; i < bucketBounds.length; i++) {
    cumulative += series.buckets?.[i] ?? 0;
    lines += `${name}_bucket${labelText(series.labels, `le="${bucketBounds[i]}"`)} ${cumulative}\n`;
  }
  const count = countOf(series);
  lines += `${name}_bucket${labelText(series.labels, 'le="+Inf"')} ${count}\n`;
  const labels = labelText(series.labels);
  return `${lines}${name}_sum${labels} ${number(series.value)}\n${name}_count${labels} ${count}\n`;
}

function number(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}
