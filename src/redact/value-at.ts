// Where the value behind a name ends, in text of any kind: JSON, YAML, properties, logs, command lines, URLs.
import { endOfMark } from './mark.ts';

export interface Span {
  start: number;
  end: number;
}

/** A value that is longer has no end that is known. */
const longest = 50_000;

/** What stands around a value. */
export interface ValueContext {
  /** Nothing else is on the line before the name: the value goes to the end of the line. */
  ownsLine: boolean;
  separator: string;
}

/** What a value in quotes has between them; several of a list. Empty where there is none, or where there are fields with names of their own. */
export function valuesAt(text: string, at: number, context: ValueContext): Span[] {
  let start = at;
  while (text[start] === ' ' || text[start] === '\t') start++;
  if (text[start] === '[' && endOfMark(text, start) === undefined) {
    const listed = quotedInList(text, start + 1);
    if (listed.length > 0) return listed;
    // As Go prints a list.
    start++;
  }
  const quoted = quotedAt(text, start);
  if (quoted) return quoted.end > quoted.start ? [quoted] : [];
  if (text[start] === '{') return [];
  const block = context.ownsLine && context.separator === ':' ? blockAt(text, start, at) : undefined;
  if (block) return [block];
  const end = context.ownsLine ? endOfLineOrPairs(text, start, context.separator) : endOfWord(text, start);
  return end > start ? [{ start, end }] : [];
}

/** A text in quotes, which may be escaped themselves: `"…"`, `'…'`, `\"…\"`. */
function quotedAt(text: string, at: number): Span | undefined {
  let slashes = 0;
  while (text[at + slashes] === '\\') slashes++;
  const quote = text[at + slashes];
  if (quote !== '"' && quote !== "'" && quote !== '`') return undefined;
  const start = at + slashes + 1;
  const limit = Math.min(text.length, start + longest);
  for (let end = start; end < limit; end++) {
    if (text[end] !== quote) continue;
    let before = 0;
    while (end - before > start && text[end - 1 - before] === '\\') before++;
    if (slashes === 0 && quote === "'" && before === 0 && text[end + 1] === "'") {
      // Two are one, inside of such quotes.
      if (end > start || text[end + 2] === "'") {
        end++;
        continue;
      }
    }
    if (slashes === 0 ? before % 2 === 0 || quote === '`' : before <= slashes) return { start, end: slashes === 0 ? end : end - Math.min(before, slashes) };
  }
  return undefined;
}

function quotedInList(text: string, at: number): Span[] {
  const found: Span[] = [];
  for (let next = at; next < at + longest; ) {
    while (/[\s,]/.test(text[next] ?? 'x') || (text[next] === '\\' && text[next + 1] === 'n')) next += text[next] === '\\' ? 2 : 1;
    const quoted = quotedAt(text, next);
    if (!quoted) break;
    if (quoted.end > quoted.start) found.push(quoted);
    next = quoted.end;
    while (text[next] === '\\') next++;
    next++;
  }
  return found;
}

/** Lines of a block of YAML: those that are further in than the line with its name. */
function blockAt(text: string, start: number, nameEnd: number): Span | undefined {
  const head = /^[|>][-+\d]*[ \t]*\r?\n/.exec(text.slice(start, start + 40));
  if (!head) return undefined;
  const lineStart = text.lastIndexOf('\n', nameEnd) + 1;
  const indent = /^[ \t]*/.exec(text.slice(lineStart))?.[0].length ?? 0;
  const from = start + head[0].length;
  let end = from;
  while (end < text.length) {
    const next = text.indexOf('\n', end);
    const line = text.slice(end, next < 0 ? text.length : next);
    if (line.trim() !== '' && (/^[ \t]*/.exec(line)?.[0].length ?? 0) <= indent) break;
    end = next < 0 ? text.length : next + 1;
  }
  while (end > from && /\s/.test(text[end - 1] as string)) end--;
  const first = from + (/^\s*/.exec(text.slice(from, end))?.[0].length ?? 0);
  return end > first ? { start: first, end } : undefined;
}

/** To the end of the line, unless other pairs follow: `token=… level=info`, `password=…&user=…`. */
function endOfLineOrPairs(text: string, start: number, separator: string): number {
  const line = text.indexOf('\n', start);
  const rest = text.slice(start, line < 0 ? text.length : line);
  if (separator !== ':' && /[\s&][\w.-]+=/.test(rest)) return endOfWord(text, start);
  return start + rest.trimEnd().length;
}

const closing = ')]}';
/** Behind these another pair begins. */
const nextPair = /[;&](?:amp;)?(?:[\w.%[\]-]+=|\s|$)|,(?:\s|$|[\w.-]+=)|%26[\w.-]+(?:=|%3[Dd])/y;

/** The end of a value without quotes, of which nobody knows what follows. */
export function endOfWord(text: string, start: number): number {
  let end = start;
  const limit = Math.min(text.length, start + longest);
  while (end < limit) {
    const markEnd = endOfMark(text, end);
    if (markEnd !== undefined) {
      end = markEnd;
      continue;
    }
    const character = text[end] as string;
    if (/\s/.test(character) || character === '"' || character === "'" || character === '`' || character === '<' || character === '>') break;
    if (character === '\\') {
      if (/[nrt"'\\]/.test(text[end + 1] ?? '"') && text[end + 1] !== '\\') break;
      end += 2;
      continue;
    }
    if (character === ';' || character === '&' || character === ',' || character === '%') {
      nextPair.lastIndex = end;
      if (nextPair.test(text)) break;
    }
    end++;
  }
  end = Math.min(end, text.length);
  // Brackets around the pair, not of the value.
  while (
    end > start &&
    closing.includes(text[end - 1] as string) &&
    !text.slice(start, end).includes('([{'[closing.indexOf(text[end - 1] as string)] as string)
  )
    end--;
  return end;
}
