import type { ReportItem } from '../../analysis/report/report.ts';
import { positionAt } from '../../manifest/position.ts';
import type { SourceText } from '../../manifest/resource.ts';

/** A comment `# weft-disable-next-line CODE, CODE -- reason`. */
interface Directive {
  source: SourceText;
  offset: number;
  end: number;
  /** First line after it that is neither blank nor a comment. */
  line: number;
  codes: string[];
  used: Set<string>;
}

export interface InlineResult {
  items: ReportItem[];
  suppressed: number;
}

/**
 * Drops what comments in the input suppress, and reports comments that suppress nothing (WFT0009).
 *
 * @param aliases code -> other codes for the same message
 * @param judges whether a code was looked for everywhere, so that a comment without effect can be called unused
 */
export function applyInline(
  items: readonly ReportItem[],
  sources: readonly SourceText[],
  aliases: ReadonlyMap<string, readonly string[]>,
  judges: (code: string) => boolean,
): InlineResult {
  const directives = sources.filter((s) => s.text.includes('weft-disable-next-line')).flatMap(directivesOf);
  if (directives.length === 0) return { items: [...items], suppressed: 0 };
  const byPlace = Map.groupBy(directives, (d) => `${d.source.name}:${d.line}`);
  const kept = items.filter((item) => {
    if (item.unparsable || !item.place) return true;
    const names = [item.code, ...(aliases.get(item.code) ?? [])];
    let hit = false;
    for (const directive of byPlace.get(`${item.file}:${firstLine(item)}`) ?? []) {
      const code = directive.codes.find((c) => names.includes(c));
      if (code === undefined) continue;
      directive.used.add(code);
      hit = true;
    }
    return !hit;
  });
  const suppressed = items.length - kept.length;
  for (const directive of directives) {
    if (directive.codes.length === 0) kept.push(unused(directive, 'this comment names no code, so it suppresses nothing'));
    for (const code of directive.codes) {
      if (!directive.used.has(code) && judges(code)) kept.push(unused(directive, `this comment suppresses ${code}, and nothing on the next line reports it`));
    }
  }
  return { items: kept, suppressed };
}

/** A finding about a whole document is on the document's first line that is no comment. */
function firstLine(item: ReportItem): number {
  const { place, path, resource } = item;
  if (!place) return 0;
  if (path !== undefined || !resource?.document || resource.within.length > 0) return place.line;
  return positionAt(place.source, nextContent(place.source.text, resource.document.start)).line;
}

function directivesOf(source: SourceText): Directive[] {
  return [...source.text.matchAll(/^[ \t]*#[ \t]*weft-disable-next-line(?![\w-])([^\r\n]*)/gm)].map((match) => {
    const offset = match.index + match[0].indexOf('#');
    const end = match.index + match[0].length;
    const list = (match[1] as string).split(/(?:^|\s)--(?:\s|$)/)[0] as string;
    const codes = list.split(/[\s,]+/).filter((c) => c !== '');
    return { source, offset, end, line: positionAt(source, nextContent(source.text, end)).line, codes, used: new Set<string>() };
  });
}

/** Offset of the next line with something other than a comment. */
function nextContent(text: string, from: number): number {
  const pattern = /^(?!---(?:\s|$))[ \t]*[^\s#]/gm;
  pattern.lastIndex = from;
  return pattern.exec(text)?.index ?? text.length;
}

function unused({ source, offset, end }: Directive, text: string): ReportItem {
  const from = positionAt(source, offset);
  const to = positionAt(source, end);
  return {
    code: 'WFT0009',
    level: 'Warning',
    text,
    summary: 'a suppression that suppresses nothing',
    help: 'remove the comment, or the code from it',
    effect: undefined,
    analyzer: 'input',
    origin: '',
    resource: undefined,
    field: undefined,
    path: undefined,
    file: source.name,
    place: { file: source.name, line: from.line, column: from.column, endLine: to.line, endColumn: to.column, source },
    related: [],
    fix: undefined,
    unparsable: false,
    documentation: undefined,
  };
}
