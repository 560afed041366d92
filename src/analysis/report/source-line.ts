import { lineStart, lineText } from '../../manifest/position.ts';
import type { SourceText } from '../../manifest/resource.ts';

const hidden = '…';
/** Fields of a Secret, and of a list of some, whose values everybody may see. */
const open: ReadonlySet<string> = new Set(['apiVersion', 'immutable', 'kind', 'name', 'namespace', 'type']);

const isSecret = /\bkind["']?\s*:\s*["']?Secret\b/;
const field = /^(\s*(?:- +)*["']?([\w./-]+)["']?\s*:)(?=\s|$)(.*)/;
/** A member of a web key that only its owner has, in JSON that may be within a text of JSON. */
const privateMember = /(\\?"(?:k|d|p|q|dp|dq|qi)\\?"\s*:\s*\\?")[^"\\]*/g;
const privateKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;
const keyText = /^\s*[A-Za-z0-9+/=]{16,}\s*$/;

/**
 * A line as a person may see it, whose terminal may be the log of a CI system: without the values of a Secret, and without keys. Of text that cannot be
 * parsed, too.
 *
 * @returns undefined where there is no such line
 */
export function shownLine(source: SourceText, line: number): string | undefined {
  const text = lineText(source, line);
  if (text === undefined || text.trim() === '') return text;
  const around = factsAround(source, line);
  if (around.isSecret) return withoutValue(text);
  if (around.hasKey && keyText.test(text)) return `${indentOf(text)}${hidden}`;
  return text.replace(privateMember, `$1${hidden}`).replace(/(-----BEGIN [A-Z ]*PRIVATE KEY-----).*/, `$1${hidden}`);
}

function withoutValue(text: string): string {
  const [, name, key = '', value = ''] = field.exec(text) ?? [];
  if (/^\s*(?:#|---)/.test(text)) return text.trimStart().startsWith('#') ? `${indentOf(text)}#${hidden}` : text;
  if (name === undefined) return /^\s*[{}[\],]*\s*$/.test(text) ? text : `${indentOf(text)}${hidden}`;
  const isOpen = value.trim() === '' || (open.has(key) && !/[{[]/.test(value)) || /^\s*[|>][-+\d]*\s*$/.test(value);
  return isOpen ? text : `${name} ${hidden}`;
}

const indentOf = (text: string): string => /^\s*/.exec(text)?.[0] ?? '';

/** The part of a text from one separator to the next. */
interface Part {
  start: number;
  /** Looked into when the first of its lines is to be seen. */
  facts?: { isSecret: boolean; hasKey: boolean };
}

/** A report may have thousands of lines of one text. */
const partsOf = new WeakMap<SourceText, Part[]>();

function factsAround(source: SourceText, line: number): { isSecret: boolean; hasKey: boolean } {
  const { text } = source;
  const parts = partsOf.get(source) ?? [{ start: 0 }, ...Array.from(text.matchAll(/^---/gm), ({ index }): Part => ({ start: index }))];
  partsOf.set(source, parts);
  const at = lineStart(source, line) ?? 0;
  let low = 0;
  let high = parts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((parts[middle] as Part).start <= at) low = middle;
    else high = middle - 1;
  }
  const part = parts[low] as Part;
  if (!part.facts) {
    const content = text.slice(part.start, parts[low + 1]?.start);
    part.facts = { isSecret: isSecret.test(content), hasKey: privateKey.test(content) };
  }
  return part.facts;
}
