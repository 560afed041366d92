import { dump } from 'js-yaml';
import { type Place, type Report, type ReportItem, referenceOf } from './report.ts';

/** A message in JSON and YAML: the reference's keys, then ours. */
function toObject(item: ReportItem, cluster: string | undefined): Record<string, unknown> {
  const object: Record<string, unknown> = {
    code: item.code,
    documentationUrl: item.documentation,
    level: item.level,
    message: item.text,
    origin: item.origin === '' ? undefined : item.origin,
    reference: referenceOf(item),
    ...sourceOf(item, cluster),
    field: item.field,
    ...columns(item.place),
    analyzer: item.analyzer,
    help: item.help,
    effect: item.effect,
    related: item.related.length === 0 ? undefined : item.related.map((r) => ({ message: r.text, origin: r.origin, file: r.place?.file, ...columns(r.place) })),
    fix: item.fix?.title,
  };
  for (const key of Object.keys(object)) if (object[key] === undefined) delete object[key];
  return object;
}

/** Only where there are two sources: `file`, or `cluster` with the context that names it. */
function sourceOf({ file }: ReportItem, cluster: string | undefined): Record<string, string> {
  if (cluster === undefined) return {};
  return file === undefined ? { source: 'cluster', context: cluster } : { source: 'file' };
}

function columns(place: Place | undefined): Record<string, number> {
  return place ? { line: place.line, column: place.column, endLine: place.endLine, endColumn: place.endColumn } : {};
}

function objectsOf({ items, cluster }: Report): Record<string, unknown>[] {
  return items.map((item) => toObject(item, cluster));
}

/** An array, indented with tabs; `[]` when there is nothing to say. */
export function formatJson(report: Report): string {
  return `${JSON.stringify(objectsOf(report), null, '\t')}\n`;
}

/** The same objects as a YAML list. */
export function formatYaml(report: Report): string {
  return dump(objectsOf(report), { lineWidth: -1 });
}
