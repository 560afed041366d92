import { locate } from '../manifest/position.ts';
import type { Fix } from '../manifest/problem.ts';
import type { Resource, SourceText } from '../manifest/resource.ts';

/** A change of a text; offsets are into the text before any change. */
export interface Edit {
  start: number;
  end: number;
  text: string;
}

export interface Repair {
  resource: Resource;
  fix: Fix;
}

/** Words that YAML would not read as text. */
const notText = /^(?:~|null|true|false|y|n|yes|no|on|off)$/i;

/** A scalar as YAML: plain where that is certain to be the text, else in double quotes. */
export function toScalar(text: string): string {
  return /^[A-Za-z_/][\w./-]*$/.test(text) && !notText.test(text) ? text : JSON.stringify(text);
}

/** The edit that makes a repair; undefined where it cannot be made without touching what is around it. */
export function editOf({ resource, fix }: Repair): Edit | undefined {
  const found = locate(resource, fix.path);
  if (!found?.exact || !resource.document) return undefined;
  const { key, value, scalar } = found.place;
  const { text } = resource.document.source;
  switch (fix.target) {
    case 'key':
      return key && fix.text !== undefined ? { ...key, text: requote(text.slice(key.start, key.end), fix.text) } : undefined;
    case 'value':
      return scalar !== undefined && fix.text !== undefined && isOneLine(text, value.start, value.end) ? { ...value, text: requote(text.slice(value.start, value.end), fix.text) } : undefined;
    case 'entry':
      return key ? removalOf(text, key.start, value.end) : undefined;
  }
}

/** Quotes stay as they were written. */
function requote(before: string, text: string): string {
  if (before.startsWith("'") && !/['\n]/.test(text)) return `'${text}'`;
  if (before.startsWith('"')) return JSON.stringify(text);
  return toScalar(text);
}

function isOneLine(text: string, start: number, end: number): boolean {
  return !text.slice(start, end).includes('\n');
}

/** Whole lines, where nothing else is on them. */
function removalOf(text: string, start: number, end: number): Edit | undefined {
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  const newline = text.indexOf('\n', end);
  const lineEnd = newline < 0 ? text.length : newline + 1;
  if (!/^[ \t]*$/.test(text.slice(lineStart, start)) || !/^[ \t]*(?:#.*)?\r?\n?$/.test(text.slice(end, lineEnd))) return undefined;
  return { start: lineStart, end: lineEnd, text: '' };
}

export interface Repaired {
  source: SourceText;
  text: string;
  /** Repairs that were made, and those that could not be. */
  made: Repair[];
  left: Repair[];
}

/** Makes all repairs that do not get in each other's way, in one pass over each source. Comments and layout stay. */
export function applyRepairs(repairs: readonly Repair[]): Repaired[] {
  const bySource = new Map<SourceText, Repair[]>();
  for (const repair of repairs) {
    const source = repair.resource.document?.source;
    if (source) bySource.set(source, [...(bySource.get(source) ?? []), repair]);
  }
  return [...bySource].map(([source, list]) => {
    const out: Repaired = { source, text: source.text, made: [], left: [] };
    const edits: (Edit & { repair: Repair })[] = [];
    for (const repair of list) {
      const edit = editOf(repair);
      const clash = edit && edits.find((e) => edit.start < e.end && e.start < edit.end);
      if (!edit) out.left.push(repair);
      else if (!clash) {
        edits.push({ ...edit, repair });
        out.made.push(repair);
      } else if (clash.start === edit.start && clash.end === edit.end && clash.text === edit.text) out.made.push(repair);
      else out.left.push(repair);
    }
    edits.sort((a, b) => b.start - a.start);
    for (const { start, end, text } of edits) out.text = out.text.slice(0, start) + text + out.text.slice(end);
    return out;
  });
}
