import { COLLECTION_STYLE_FLOW, EVENT_MAPPING, EVENT_POP, EVENT_SCALAR, parseEvents, SCALAR_STYLE_PLAIN, YAMLException } from 'js-yaml';

// What the parser here has otherwise than that of Kubernetes, all in flow collections: how far the lines are indented, tabs
// between the parts, and a colon at the end of a plain text. Such a document is rewritten before it is parsed, and offsets are led back.

const maxDepth = 500;
/** More than any document is indented. */
const indentation = ' '.repeat(512);
const mostRounds = 64;

/** A text that means to YAML 1.2 what the original means to Kubernetes. */
export interface Adapted {
  text: string;
  /** Offset in the original of an offset in the text. */
  back: (offset: number) => number;
}

interface Insertion {
  /** Offset in the original. */
  at: number;
  text: string;
}

function apply(original: string, insertions: readonly Insertion[]): Adapted {
  const sorted = [...insertions].sort((a, b) => a.at - b.at);
  let text = '';
  let last = 0;
  for (const { at, text: inserted } of sorted) {
    text += original.slice(last, at) + inserted;
    last = at;
  }
  text += original.slice(last);
  return {
    text,
    back: (offset) => {
      let shift = 0;
      for (const { at, text: inserted } of sorted) {
        if (at + shift + inserted.length <= offset) shift += inserted.length;
        else if (at + shift < offset) return at;
        else break;
      }
      return offset - shift;
    },
  };
}

/** Whether a document may have a plain text in a flow collection that ends in a colon. */
export function mayEndInColon(text: string): boolean {
  // Two plain searches tell nearly always.
  return (text.includes(':]') || text.includes(':,')) && /[^\s,[{]:[\],]/.test(text);
}

export function isIndentationError(error: unknown): boolean {
  return error instanceof YAMLException && /deficient indentation/.test(error.reason ?? '');
}

/** @throws YAMLException where indentation cannot mend it; its mark is in the adapted text */
export function adapt(text: string): Adapted {
  // With blanks for some tabs, one for one.
  let original = text;
  const insertions: Insertion[] = [];
  let adapted = apply(original, insertions);
  for (let round = 0; round < mostRounds; round++) {
    try {
      const events = parseEvents(adapted.text, { maxDepth });
      const quotes = trailingColons(adapted.text, events).flatMap(([start, end]) => [
        { at: adapted.back(start), text: '"' },
        { at: adapted.back(end), text: '"' },
      ]);
      return quotes.length === 0 ? adapted : apply(original, [...insertions, ...quotes]);
    } catch (error) {
      // Whoever parses the text meets any other error again, and knows how to tell of it.
      if (!isIndentationError(error)) return adapted;
      const at = adapted.back((error as YAMLException).mark?.position ?? 0);
      const untabbed = withoutTabs(original, at);
      if (untabbed !== original) {
        original = untabbed;
        adapted = apply(original, insertions);
        continue;
      }
      const inside = flowLines(original, at);
      // A line that separates documents ends one wherever it is.
      if (inside.some((line) => /^(?:---|\.\.\.)\s/.test(`${original.slice(line, line + 4)} `))) throw error;
      const lines = inside.filter((line) => !insertions.some((i) => i.at === line));
      if (lines.length === 0) throw error;
      insertions.push(...lines.map((line) => ({ at: line, text: indentation })));
      adapted = apply(original, insertions);
    }
  }
  return adapted;
}

/** Quoted texts, comments, and what is between two parts of a flow collection. */
const separation = /(?<=^|[\s,[{:])(?:"(?:\\.|[^"\\])*"|'(?:''|[^'])*'|#.*)|[:,[{][ \t]*\t[ \t]*|[ \t]*\t[ \t]*(?=[\]}])/g;

/** The text with blanks for the tabs between the parts of flow collections on the line of a place. */
function withoutTabs(text: string, at: number): string {
  const start = text.lastIndexOf('\n', at - 1) + 1;
  const next = text.indexOf('\n', at);
  const line = text.slice(start, next < 0 ? text.length : next);
  const untabbed = line.replace(separation, (part) => (/^["'#]/.test(part) ? part : part.replaceAll('\t', ' ')));
  return untabbed === line ? text : text.slice(0, start) + untabbed + text.slice(start + line.length);
}

/** Starts of the lines from a place inside of a flow collection to where it closes. */
function flowLines(text: string, from: number): number[] {
  const lines = [text.lastIndexOf('\n', from - 1) + 1];
  let depth = 1;
  let quote = '';
  for (let i = lines[0] as number; i < text.length && depth > 0; i++) {
    const c = text[i] as string;
    if (c === '\n') lines.push(i + 1);
    else if (quote !== '') {
      if (c === '\\' && quote === '"') i++;
      else if (c === quote) quote = '';
    } else if (c === '"' || c === "'") quote = c;
    else if (c === '#' && /\s/.test(text[i - 1] ?? ' ')) i = Math.max(i, (text.indexOf('\n', i) + text.length) % text.length) - 1;
    else if (c === '[' || c === '{') depth++;
    else if (c === ']' || c === '}') depth--;
  }
  return lines;
}

/** In `[10.0.0.1, fd00::]` the last colon is part of the text to Kubernetes, since no blank follows it. */
function trailingColons(text: string, events: ReturnType<typeof parseEvents>): [number, number][] {
  const out: [number, number][] = [];
  for (let i = 0; i + 3 < events.length; i++) {
    const map = events[i];
    if (map?.type !== EVENT_MAPPING || text[map.start] === '{' || map.style !== COLLECTION_STYLE_FLOW) continue;
    const [key, empty, end] = events.slice(i + 1, i + 4);
    if (key?.type !== EVENT_SCALAR || key.style !== SCALAR_STYLE_PLAIN || empty?.type !== EVENT_SCALAR || end?.type !== EVENT_POP) continue;
    if (empty.valueStart !== empty.valueEnd || text[key.valueEnd] !== ':' || !/[\],]/.test(text[key.valueEnd + 1] ?? '')) continue;
    out.push([key.valueStart, key.valueEnd + 1]);
  }
  return out;
}
