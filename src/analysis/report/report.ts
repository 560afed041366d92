import type { InputProblem } from '../../manifest/load.ts';
import { locate, positionAt, startOf } from '../../manifest/position.ts';
import { type Fix, formatPath, type Path } from '../../manifest/problem.ts';
import type { Resource, SourceText } from '../../manifest/resource.ts';
import { inputMessages } from '../catalogue/input.ts';
import type { Skipped } from '../engine.ts';
import type { Finding, Related } from '../finding.ts';
import type { Level } from '../message.ts';

/** Lines and columns count from 1; the end is where the last character is, plus one column. */
export interface Place {
  file: string;
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
  source: SourceText;
}

export interface RelatedItem {
  text: string;
  place: Place | undefined;
  /** `DestinationRule shop/reviews` */
  origin: string;
}

/** One message of a report, ready for every format. */
export interface ReportItem {
  code: string;
  level: Level;
  text: string;
  /** What the code is about, in one line. */
  summary: string;
  help: string | undefined;
  effect: string | undefined;
  /** Name of the analyzer; `input` for what is wrong with the input itself. */
  analyzer: string;
  /** `VirtualService shop/cart`; empty when no resource is known. */
  origin: string;
  resource: Resource | undefined;
  /** `spec.http[0].route` */
  field: string | undefined;
  path: Path | undefined;
  /** File without a place in it, or with one. */
  file: string | undefined;
  place: Place | undefined;
  related: RelatedItem[];
  fix: Fix | undefined;
  /** The document could not be used at all. */
  unparsable: boolean;
  /** It was not there the last time: only of inputs that are watched. */
  isNew?: boolean;
  /** Page about the code; of the reference for its codes. */
  documentation: string | undefined;
}

export interface Summary {
  files: number;
  resources: number;
  /** Objects of kinds that are not analyzed, by kind. */
  unknownKinds: ReadonlyMap<string, number>;
  skipped: readonly Skipped[];
  /** Findings that were suppressed. */
  suppressed: number;
  /** Analyzers that ran. */
  ran: readonly string[];
}

export interface Report {
  items: ReportItem[];
  summary: Summary;
  /** Name of the cluster that was read, too: what is in no file is from there. */
  cluster?: string | undefined;
  /** Version of this tool. */
  version: string;
}

/** Page about a code of the reference; its own codes are explained by `weft explain`. */
export function documentationOf(code: string): string | undefined {
  if (!/^IST\d{4}$/.test(code)) return undefined;
  return `https://istio.io/v1.28/docs/reference/config/analysis/${code.toLowerCase()}/?ref=istioctl-analyze`;
}

/** Where a field of a resource is written; the start of the document for the resource as a whole. */
export function placeOf(resource: Resource, path: Path | undefined): Place | undefined {
  const { document } = resource;
  if (!document) return undefined;
  const { source } = document;
  let start = document.start;
  let end = endOfFirstLine(source, start);
  const found = path !== undefined || resource.within.length > 0 ? locate(resource, path ?? []) : undefined;
  if (found) {
    const { key, value, scalar } = found.place;
    start = startOf(source, found.place);
    // A scalar is shown with its key; of a map or list only the key, or the first line where there is none.
    end = scalar !== undefined ? value.end : (key?.end ?? Math.min(value.end, endOfFirstLine(source, value.start)));
  }
  return toPlace(source, start, end);
}

function endOfFirstLine(source: SourceText, start: number): number {
  const at = source.text.indexOf('\n', start);
  const end = at < 0 ? source.text.length : at;
  return source.text[end - 1] === '\r' ? end - 1 : end;
}

function toPlace(source: SourceText, start: number, end: number): Place {
  const from = positionAt(source, start);
  const to = positionAt(source, Math.max(end, start));
  return { file: source.name, line: from.line, column: from.column, endLine: to.line, endColumn: to.column, source };
}

export function itemOfFinding(finding: Finding): ReportItem {
  const { resource, path } = finding;
  const place = placeOf(resource, path);
  return {
    code: finding.code,
    level: finding.level,
    text: finding.text,
    summary: finding.summary,
    help: finding.help,
    effect: finding.effect,
    analyzer: finding.analyzer,
    origin: resource.friendlyName,
    resource,
    field: path && path.length > 0 ? formatPath(path) : undefined,
    path,
    file: resource.document?.source.name,
    place,
    related: finding.related.map(itemOfRelated),
    // Repairs are made in files.
    fix: resource.document && finding.fix,
    unparsable: false,
    documentation: documentationOf(finding.code),
  };
}

/** Of a whole resource the name is shown: the start of its document may be a comment. */
function itemOfRelated({ resource, path = ['metadata', 'name'], text }: Related): RelatedItem {
  return { text, place: placeOf(resource, path), origin: resource.friendlyName };
}

export function itemOfProblem(problem: InputProblem): ReportItem {
  const { source, offset, resource, path } = problem;
  let place: Place | undefined;
  if (resource && path) place = placeOf(resource, path);
  else if (source && offset !== undefined) {
    const start = Math.min(offset, source.text.length);
    place = toPlace(source, start, problem.end ?? endOfFirstLine(source, start));
  }
  return {
    code: problem.code,
    level: problem.level,
    text: path && path.length > 0 && problem.unparsable ? `${formatPath(path)} ${problem.text}` : problem.text,
    summary: inputMessages[problem.code]?.summary ?? problem.text,
    help: problem.help,
    effect: problem.unparsable ? `nothing in this ${source ? 'document' : 'object'} is analyzed` : undefined,
    analyzer: 'input',
    origin: resource?.friendlyName ?? '',
    resource,
    field: path && path.length > 0 ? formatPath(path) : undefined,
    path,
    file: source?.name,
    place,
    related: (problem.related ?? []).map(itemOfRelated),
    fix: source && problem.fix,
    unparsable: problem.unparsable,
    documentation: documentationOf(problem.code),
  };
}

/** The path of a file as programs of CI compare it with those of a repository: no `./` in front, slashes; `stdin` for standard input. */
export function pathOf(file: string): string {
  return file === '-'
    ? 'stdin'
    : file
        .toWellFormed()
        .replace(/\\/g, '/')
        .replace(/^(?:\.\/)+/, '');
}

/** `mesh.yaml:12`, as the reference prints places: JSON files have no lines there, resources of no file have no place. */
export function referenceOf(item: ReportItem): string | undefined {
  if (item.file === undefined) return undefined;
  return item.place && !item.place.source.json ? `${item.file}:${item.place.line}` : item.file;
}
