import { EVENT_ALIAS, EVENT_DOCUMENT, EVENT_MAPPING, EVENT_POP, EVENT_SCALAR, EVENT_SEQUENCE, getScalarValue, parseEvents } from 'js-yaml';
import { adapt, isIndentationError, mayEndInColon } from './leniency.ts';
import type { Path } from './problem.ts';
import type { Resource, SourceDocument, SourceText } from './resource.ts';
import { plainKeyName } from './yaml.ts';

/** Offsets into the source text, the end excluded. */
export interface Span {
  start: number;
  end: number;
}

/** One-based. */
export interface Position {
  line: number;
  column: number;
}

/** Where a key and its value are written; an item of a sequence has no key. */
export interface NodePlace {
  key: Span | undefined;
  value: Span;
  /** The value as the text has it, for scalars. */
  scalar: string | undefined;
  children: Map<string | number, NodePlace> | undefined;
  flow: boolean;
  /** Where the value begins together with its anchor, its tag, or the sign of a block text. */
  node: number;
  /** Read through an alias or a merge key: it is written elsewhere. */
  borrowed?: boolean;
}

type Event = ReturnType<typeof parseEvents>[number];
type ScalarEvent = Extract<Event, { type: typeof EVENT_SCALAR }>;

/** Builds the tree of places of one document; undefined when it cannot be parsed. */
function buildPlaces(text: string, offset: number): NodePlace | undefined {
  try {
    if (!mayEndInColon(text)) return placesOf(text, offset);
  } catch (error) {
    if (!isIndentationError(error)) return undefined;
  }
  try {
    const adapted = adapt(text);
    const root = placesOf(adapted.text, 0);
    if (root) moveSpans(root, (at) => offset + adapted.back(at), new Set());
    return root;
  } catch {
    return undefined;
  }
}

/** Leads the places of an adapted text back to the original. */
function moveSpans(place: NodePlace, move: (offset: number) => number, done: Set<object>): void {
  for (const span of [place.key, place.value]) {
    if (!span || done.has(span)) continue;
    done.add(span);
    span.start = move(span.start);
    span.end = move(span.end);
  }
  if (done.has(place)) return;
  done.add(place);
  place.node = move(place.node);
  for (const child of place.children?.values() ?? []) moveSpans(child, move, done);
}

/** @throws YAMLException */
function placesOf(text: string, offset: number): NodePlace | undefined {
  const events: Event[] = parseEvents(text, { maxDepth: 500 });
  let at = 0;
  const anchors = new Map<string, NodePlace>();
  const read = (key: Span | undefined, from: number): NodePlace => {
    const event = events[at++] as Event;
    if (event.type === EVENT_SCALAR) {
      const quoted = event.style === 2 || event.style === 3 ? 1 : 0;
      const written = event.valueStart >= 0;
      const place: NodePlace = {
        key,
        value: written ? { start: offset + event.valueStart - quoted, end: offset + event.valueEnd + quoted } : emptyValue(text, offset, key, from),
        scalar: getScalarValue(text, event),
        children: undefined,
        flow: false,
        node: offset,
      };
      place.node = written ? offset + nodeStart(text, event) : place.value.start;
      if (event.anchorStart < event.anchorEnd) anchors.set(text.slice(event.anchorStart, event.anchorEnd), place);
      return place;
    }
    if (event.type === EVENT_ALIAS) {
      const target = anchors.get(text.slice(event.anchorStart, event.anchorEnd));
      const value = { start: offset + event.anchorStart - 1, end: offset + event.anchorEnd };
      return { key, value, scalar: target?.scalar, children: target?.children, flow: false, node: value.start, borrowed: true };
    }
    const place: NodePlace = { key, value: { start: offset, end: offset }, scalar: undefined, children: new Map(), flow: false, node: offset };
    if (event.type === EVENT_SEQUENCE || event.type === EVENT_MAPPING) {
      place.value.start = offset + event.start;
      place.node = place.value.start;
      place.flow = event.style === 2;
      if (event.anchorStart < event.anchorEnd) anchors.set(text.slice(event.anchorStart, event.anchorEnd), place);
      let end = offset + event.start;
      for (let i = 0; events[at] !== undefined && events[at]?.type !== EVENT_POP; i++) {
        let child: NodePlace;
        if (event.type === EVENT_SEQUENCE) {
          child = read(undefined, end);
          place.children?.set(i, child);
        } else {
          const name = read(undefined, end);
          child = read(name.value, name.value.end);
          if (name.scalar === '<<' && child.children) {
            for (const { children } of mergedBy(child))
              for (const [k, v] of children ?? []) if (!place.children?.has(k)) place.children?.set(k, { ...v, borrowed: true });
          } else place.children?.set(name.scalar ?? '', child);
        }
        end = Math.max(end, child.value.end, child.key?.end ?? 0);
      }
      at++;
      place.value.end = /[[{]/.test(text[event.start] ?? '') && place.flow ? offset + endOfFlow(text, Math.max(event.start + 1, end - offset)) : end;
    }
    return place;
  };
  while (events[at]?.type === EVENT_DOCUMENT) at++;
  return events[at] === undefined || events[at]?.type === EVENT_POP ? undefined : read(undefined, offset);
}

function nodeStart(text: string, event: ScalarEvent): number {
  const { style, valueStart, anchorStart, tagStart } = event;
  const quoted = style === 2 || style === 3 ? 1 : 0;
  const own = style === 4 || style === 5 ? text.lastIndexOf(style === 4 ? '|' : '>', valueStart) : valueStart - quoted;
  return Math.min(own, anchorStart < 0 ? own : anchorStart - 1, tagStart < 0 ? own : tagStart);
}

/** Where a field begins: with its key, or with its text where that is on a later line. */
export function startOf(source: SourceText, { key, value, scalar, node }: NodePlace): number {
  if (!key) return scalar === undefined ? value.start : node;
  const apart = scalar !== undefined && node > key.end && source.text.slice(key.end, node).includes('\n');
  return apart ? node : key.start;
}

/** The maps that a merge key names, one or a list of them. */
function mergedBy(place: NodePlace): Iterable<NodePlace> {
  const { children } = place;
  return children && [...children.keys()].every((key) => typeof key === 'number') ? children.values() : [place];
}

/** Where a flow collection ends, whose last part ends at `from`. */
function endOfFlow(text: string, from: number): number {
  const close = /[\]}]|(?<=\s)#[^\n]*/g;
  close.lastIndex = from;
  for (let match = close.exec(text); match; match = close.exec(text)) if (match[0][0] !== '#') return close.lastIndex;
  return from;
}

/** A value of which nothing is written is where its key ends, or at the dash of its item. */
function emptyValue(text: string, offset: number, key: Span | undefined, from: number): Span {
  if (key) return { start: key.end, end: key.end };
  const dash = /(?:^|\n)[ \t]*-/g;
  dash.lastIndex = Math.max(0, from - offset - 1);
  const start = text[from - offset] === '-' ? from - offset : dash.exec(text) ? dash.lastIndex - 1 : from - offset;
  return { start: offset + start, end: offset + start + 1 };
}

const lineStarts = new WeakMap<SourceText, number[]>();
const places = new WeakMap<SourceDocument, { root: NodePlace | undefined }>();

/** Line and column of an offset; both count from 1, columns in UTF-16 units. */
export function positionAt(source: SourceText, offset: number): Position {
  let starts = lineStarts.get(source);
  if (!starts) {
    starts = [0];
    for (let i = source.text.indexOf('\n'); i >= 0; i = source.text.indexOf('\n', i + 1)) starts.push(i + 1);
    lineStarts.set(source, starts);
  }
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] as number) <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: offset - (starts[low] as number) + 1 };
}

/** Offset of the first character of a line (counted from 1). */
export function lineStart(source: SourceText, line: number): number | undefined {
  positionAt(source, 0);
  return lineStarts.get(source)?.[line - 1];
}

/** Text of one line (counted from 1) without its line end. */
export function lineText(source: SourceText, line: number): string | undefined {
  const start = lineStart(source, line);
  if (start === undefined) return undefined;
  return source.text.slice(start, lineStart(source, line + 1) ?? source.text.length).replace(/\r?\n$/, '');
}

/** The places of a document, parsed again on first use and kept while the document lives. */
export function documentPlaces(document: SourceDocument): NodePlace | undefined {
  let found = places.get(document);
  if (!found) {
    found = { root: buildPlaces(document.source.text.slice(document.start, document.end), document.start) };
    places.set(document, found);
  }
  return found.root;
}

export const snake = (name: string): string => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);

/**
 * Where a field of a resource is written. The nearest ancestor that is written stands in for a field that is not; `exact` tells
 * which it is. Fields may be spelt in their proto form (`mirror_percent`). `direct`: it is exact, spelt like the path, and comes
 * through no alias or merge key.
 */
export function locate(resource: Resource, path: Path): { place: NodePlace; exact: boolean; direct: boolean } | undefined {
  if (!resource.document) return undefined;
  let place = documentPlaces(resource.document);
  if (!place) return undefined;
  for (const part of resource.within) place = place?.children?.get(part);
  if (!place) return undefined;
  let direct = true;
  for (const part of path) {
    const literal: NodePlace | undefined = place.children?.get(part);
    const next: NodePlace | undefined = literal ?? (typeof part === 'string' ? (place.children?.get(snake(part)) ?? plainKey(place, part)) : undefined);
    if (!next) return { place, exact: false, direct: false };
    direct &&= literal !== undefined && !next.borrowed;
    place = next;
  }
  return { place, exact: true, direct };
}

/** A key that is no text was read as one: `y` as `true`, `0x10` as `16`. */
function plainKey(place: NodePlace, part: string): NodePlace | undefined {
  for (const [key, child] of place.children ?? []) if (typeof key === 'string' && plainKeyName(key) === part) return child;
  return undefined;
}
