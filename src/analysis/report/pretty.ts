import type { Fix } from '../../manifest/problem.ts';
import type { Level } from '../message.ts';
import { focusOf } from './focus.ts';
import type { Place, RelatedItem, Report, ReportItem } from './report.ts';
import { shownLine } from './source-line.ts';
import type { Style } from './style.ts';
import { columnsOf, oneLine, visible } from './terminal-text.ts';

const colourOf: Readonly<Record<Level, keyof Style>> = { Error: 'error', Warning: 'warning', Info: 'info' };
const widest = 160;
/** More other places than this help nobody. */
const mostRelated = 5;

/**
 * For people: each message with the lines it is about, other places that have to do with it, what to do and who is hurt.
 *
 *     error IST0101 subset "v3" of reviews does not exist
 *       --> reviews.yaml:31:9  VirtualService prod/reviews  spec.http[0].route[0].destination.subset
 *        |
 *     31 |         subset: v3
 *        |                 ^^
 *        = help: …
 */
export function formatPretty({ items, cluster }: Pick<Report, 'items' | 'cluster'>, style: Style): string {
  return items.map((item) => formatItem(item, cluster, style)).join('\n');
}

function formatItem(item: ReportItem, cluster: string | undefined, style: Style): string {
  const paint = style[colourOf[item.level]];
  const place = focusOf(item);
  const others = item.related.slice(0, mostRelated);
  const mark = item.isNew ? ` ${style.good('(new)')}` : '';
  const out: string[] = [`${paint(`${item.level.toLowerCase()} ${item.code}`)}${mark} ${style.strong(oneLine(item.text))}`];
  const gutter = String(Math.max(place?.line ?? 0, ...others.map((r) => r.place?.line ?? 0))).length;
  const pad = ' '.repeat(gutter);
  const bar = style.dim('|');
  const source = placeText(place) ?? item.file ?? (cluster === undefined ? '' : `cluster ${cluster}`);
  const where = [visible(source), visible(item.origin), style.dim(visible(item.field ?? ''))].filter((s) => s !== '').join('  ');
  if (where !== '') out.push(`${pad}${style.dim('-->')} ${where}`);
  if (place) {
    const frame = frameOf(place, pad, style, paint);
    if (frame.length > 0) out.push(`${pad} ${bar}`, ...frame);
  }
  for (const related of others) {
    out.push(`${pad}${style.dim(':::')} ${relatedText(item, related)}`);
    if (related.place) {
      const text = shownLine(related.place.source, related.place.line);
      if (text !== undefined && text.trim() !== '') out.push(`${style.dim(String(related.place.line).padStart(gutter))} ${bar} ${clip(text)}`);
    }
  }
  if (item.related.length > others.length) out.push(`${pad}${style.dim(':::')} and ${item.related.length - others.length} more`);
  if (item.effect) out.push(`${pad} ${style.dim('=')} ${style.strong('effect')}: ${oneLine(item.effect)}`);
  const canDo = style.dim('(--fix does it)');
  const same = item.help !== undefined && tells(item.help, item.fix);
  if (item.help) out.push(`${pad} ${style.dim('=')} ${style.good('help')}: ${oneLine(item.help)}${same ? ` ${canDo}` : ''}`);
  if (item.fix && !same) out.push(`${pad} ${style.dim('=')} ${style.good('fix')}: ${oneLine(item.fix.title)} ${canDo}`);
  return `${out.join('\n')}\n`;
}

/** The resource is named where neither the message nor the text has named it. */
function relatedText(item: ReportItem, { place, origin, text }: RelatedItem): string {
  const named = origin === item.origin || text.includes(origin.slice(origin.indexOf(' ') + 1));
  return [visible([placeText(place), named ? '' : origin].filter(Boolean).join('  ')), oneLine(text)].join(named ? '  ' : ': ');
}

/** Whether a help says already what the fix does. */
function tells(help: string, fix: Fix | undefined): boolean {
  const what = fix?.text ?? fix?.nest?.key;
  return what !== undefined && help.includes(what);
}

function placeText(place: Place | undefined): string | undefined {
  return place ? `${place.file}:${place.line}:${place.column}` : undefined;
}

/** The line with the place underlined, and one line before it for context. */
function frameOf(place: Place, pad: string, style: Style, paint: (text: string) => string): string[] {
  const text = shownLine(place.source, place.line);
  if (text === undefined) return [];
  const bar = style.dim('|');
  const number = (line: number): string => style.dim(String(line).padStart(pad.length));
  const out: string[] = [];
  const before = place.line > 1 ? shownLine(place.source, place.line - 1) : undefined;
  if (before !== undefined && before.trim() !== '' && !before.startsWith('---')) out.push(`${number(place.line - 1)} ${bar} ${style.dim(clip(before))}`);
  // A minified line is cut to what surrounds the place.
  const from = place.column > widest ? place.column - 41 : 0;
  const to = from + widest;
  const cut = from > 0 ? '…' : '';
  out.push(`${number(place.line)} ${bar} ${cut}${visible(text.slice(from, to))}${text.length > to ? '…' : ''}`);
  const end = Math.min(place.endLine === place.line ? place.endColumn - 1 : text.length, to);
  const indent = `${cut}${text.slice(from, place.column - 1)}`.replace(/[^\t]+/g, (run) => ' '.repeat(columnsOf(run)));
  out.push(`${pad} ${bar} ${indent}${paint('^'.repeat(Math.max(1, columnsOf(text.slice(place.column - 1, end)))))}`);
  return out;
}

function clip(text: string): string {
  return visible(text.length > widest ? `${text.slice(0, widest)}…` : text);
}
