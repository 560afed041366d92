import type { MetricFamily } from '../telemetry/metric-snapshot.ts';
import { exposition, expositionFor, expositionTypes } from '../telemetry/prometheus.ts';
import { filterFamilies, type StatsFilter, statsFilter } from '../telemetry/stats-matcher.ts';
import { statsJson, statsText } from '../telemetry/stats-text.ts';
import { type AdminReply, type AdminRequest, json, text } from './http-server.ts';

export const statsParameters: Readonly<Record<string, string>> = {
  filter: 'RE2 expression that is found in the name',
  usedonly: 'only what has counted something',
};

const types: Readonly<Record<string, MetricFamily['type'] | undefined>> = { All: undefined, Counters: 'counter', Gauges: 'gauge', Histograms: 'histogram' };

/** `/stats` as text, JSON or Prometheus' exposition. */
export async function statsPage(request: AdminRequest, metrics: () => Promise<readonly MetricFamily[]>): Promise<AdminReply> {
  const { query } = request;
  const format = query.get('format') ?? 'text';
  if (format === 'prometheus') return prometheusPage(request, metrics);
  if (format !== 'text' && format !== 'json') return text('usage: /stats?format=(json|prometheus|text)\n\n', 400);
  const type = query.get('type') ?? 'All';
  if (!Object.hasOwn(types, type)) return text(`usage: /stats?type=(${Object.keys(types).join('|')})\n\n`, 400);
  const families = await filtered(request, metrics);
  if ('status' in families) return families;
  const wanted = types[type] === undefined ? families : families.filter((family) => family.type === types[type]);
  return format === 'json' ? json(statsJson(wanted)) : text(statsText(wanted));
}

/**
 * `/stats/prometheus`, as OpenMetrics where the scraper asks for it.
 *
 * @param included what is exposed at all (TEL-R6); absent: everything
 */
export async function prometheusPage(request: AdminRequest, metrics: () => Promise<readonly MetricFamily[]>, included?: StatsFilter): Promise<AdminReply> {
  const families = await filtered(request, metrics);
  if ('status' in families) return families;
  const format = expositionFor(request.accept);
  return { status: 200, type: expositionTypes[format], body: exposition(filterFamilies(families, included, false), format) };
}

async function filtered({ query }: AdminRequest, metrics: () => Promise<readonly MetricFamily[]>): Promise<MetricFamily[] | AdminReply> {
  const expression = query.get('filter');
  const keep = expression === null ? undefined : statsFilter(expression);
  if (expression !== null && !keep) return text(`Invalid re2 regex: ${expression}\n`, 400);
  return filterFamilies(await metrics(), keep, query.has('usedonly'));
}
