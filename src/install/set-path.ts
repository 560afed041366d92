// The syntax of `--set PATH=VALUE`.
import { SetText } from './schema/set-text.ts';

/** A key, the index of an item, or the item whose `name` is this. */
export type Segment = string | number | { name: string };

export interface Setting {
  /** As the user wrote it, up to the `=`. */
  written: string;
  segments: Segment[];
  value: SetText | SetText[];
}

/**
 * Reads `a.b[0].c=v`: dots separate keys, `[0]` and `[name:NAME]` choose items of lists, and a backslash takes its meaning from the
 * character after it. A value `{a,b}` is a list.
 *
 * @returns what is wrong with it, as a text
 */
export function parseSetting(text: string): Setting | string {
  const equals = unescapedIndex(text, '=');
  if (equals < 0) return 'has no =: write PATH=VALUE';
  const written = text.slice(0, equals);
  const segments = parsePath(written);
  return typeof segments === 'string' ? segments : { written, segments, value: parseValue(text.slice(equals + 1)) };
}

function unescapedIndex(text: string, wanted: string, from = 0): number {
  for (let i = from; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === wanted) return i;
  }
  return -1;
}

const unescaped = (text: string): string => text.replace(/\\(.)/gs, '$1');

function parsePath(path: string): Segment[] | string {
  const segments: Segment[] = [];
  let at = 0;
  for (;;) {
    const key = /^(?:\\.|[^\\.[\]])+/s.exec(path.slice(at))?.[0];
    if (key === undefined) return at === 0 && path === '' ? 'has no path before the =' : `has a path that is wrong at ${JSON.stringify(path.slice(at))}`;
    segments.push(unescaped(key));
    at += key.length;
    for (let item = itemAt(path, at); item; item = itemAt(path, at)) {
      segments.push(item.segment);
      at = item.end;
    }
    if (at === path.length) return segments;
    if (path[at] !== '.') return `has a path that is wrong at ${JSON.stringify(path.slice(at))}`;
    at++;
  }
}

function itemAt(path: string, at: number): { segment: Segment; end: number } | undefined {
  if (path[at] !== '[') return undefined;
  const close = unescapedIndex(path, ']', at);
  const inside = close < 0 ? '' : path.slice(at + 1, close);
  if (/^\d{1,4}$/.test(inside)) return { segment: Number(inside), end: close + 1 };
  const name = /^name:(.+)$/s.exec(inside)?.[1];
  return name === undefined ? undefined : { segment: { name: unescaped(name) }, end: close + 1 };
}

/** In a list, commas separate; `\,` is a comma. */
function parseValue(text: string): SetText | SetText[] {
  if (!text.startsWith('{') || !text.endsWith('}')) return new SetText(text);
  const inside = text.slice(1, -1);
  if (inside.trim() === '') return [];
  const items: SetText[] = [];
  let start = 0;
  for (let comma = unescapedIndex(inside, ','); ; comma = unescapedIndex(inside, ',', start)) {
    items.push(new SetText(unescaped(inside.slice(start, comma < 0 ? undefined : comma).trim())));
    if (comma < 0) return items;
    start = comma + 1;
  }
}

/** The path as `parseSetting` reads it. */
export function formatSetPath(segments: readonly Segment[]): string {
  let out = '';
  for (const segment of segments) {
    if (typeof segment === 'number') out += `[${segment}]`;
    else if (typeof segment === 'object') out += `[name:${segment.name.replace(/[\\\]=]/g, '\\$&')}]`;
    else out += `${out === '' ? '' : '.'}${segment.replace(/[\\.[\]=]/g, '\\$&')}`;
  }
  return out;
}
