import { locate, type NodePlace } from '../manifest/position.ts';
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

/**
 * The edit that makes a repair; undefined where it cannot be made without touching what is around it. What it does to the value
 * of the document is for repair.ts to check.
 */
export function editOf({ resource, fix }: Repair): Edit | undefined {
  const found = locate(resource, fix.path);
  if (!found?.exact || !resource.document) return undefined;
  const { key, value, scalar } = found.place;
  const { source } = resource.document;
  switch (fix.target) {
    case 'key':
      return key && fix.text !== undefined ? { ...key, text: requote(source.text.slice(key.start, key.end), fix.text) } : undefined;
    case 'value': {
      const before = source.text.slice(value.start, value.end);
      if (scalar === undefined || before.includes('\n')) return undefined;
      if (fix.number !== undefined) return { ...value, text: String(fix.number) };
      return fix.text === undefined ? undefined : { ...value, text: requote(before, fix.text) };
    }
    case 'entry': {
      const map = locate(resource, fix.path.slice(0, -1))?.place;
      if (!key || !map) return undefined;
      if (fix.nest) return nestingOf(source, found.place, map, fix.nest);
      return map.flow ? flowRemovalOf(source.text, key.start, value.end) : removalOf(source.text, key.start, value.end);
    }
  }
}

/** Quotes stay as they were written. */
function requote(before: string, text: string): string {
  if (before.startsWith("'") && !/['\n]/.test(text)) return `'${text}'`;
  if (before.startsWith('"')) return JSON.stringify(text);
  return toScalar(text);
}

/** `percent: 5` becomes `percentage:` with `value: 5` below it, or `percentage: {value: 5}` in flow style. */
function nestingOf(
  { text }: SourceText,
  { key, value, scalar }: NodePlace,
  map: NodePlace,
  { key: outer, field }: { key: string; field: string },
): Edit | undefined {
  if (!key || scalar === undefined) return undefined;
  const written = text.slice(key.start, key.end);
  const between = text.slice(key.end, value.start);
  const held = text.slice(value.start, value.end);
  // Neither an anchor nor a tag may come to stand before something else.
  if (!/^[ \t]*:[ \t]*$/.test(between) || held === '' || held.includes('\n')) return undefined;
  const [start, end, quoted] = [key.start, value.end, (name: string): string => requote(written, name)];
  if (map.flow) {
    const gap = text[map.value.start + 1] === ' ' ? ' ' : '';
    return { start, end, text: `${quoted(outer)}${between}{${gap}${quoted(field)}${between}${held}${gap}}` };
  }
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  const indent = ' '.repeat(start - lineStart + stepOf(text));
  return { start, end, text: `${quoted(outer)}:${lineEndOf(text, end)}${indent}${quoted(field)}${between}${held}` };
}

/** By how many blanks a text indents a map in a map. */
function stepOf(text: string): number {
  return /^[\w"']+:[ \t]*\r?\n( +)[\w"']/m.exec(text)?.[1]?.length ?? 2;
}

/** How the line of an offset ends. */
function lineEndOf(text: string, offset: number): string {
  const at = text.indexOf('\n', offset);
  const newline = at < 0 ? text.lastIndexOf('\n') : at;
  return text[newline - 1] === '\r' ? '\r\n' : '\n';
}

/** Whole lines, where nothing else is on them. */
function removalOf(text: string, start: number, end: number): Edit | undefined {
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  const newline = text.indexOf('\n', end);
  const lineEnd = newline < 0 ? text.length : newline + 1;
  if (!/^[ \t]*$/.test(text.slice(lineStart, start)) || !/^[ \t]*(?:#.*)?\r?\n?$/.test(text.slice(end, lineEnd))) return undefined;
  return { start: lineStart, end: lineEnd, text: '' };
}

/** An entry with the comma after it, or before the last one; where it is alone on its lines, with these. */
function flowRemovalOf(text: string, start: number, end: number): Edit | undefined {
  const after = /\s*,[ \t]*/y;
  after.lastIndex = end;
  if (after.test(text)) return removalOf(text, start, after.lastIndex) ?? { start, end: after.lastIndex, text: '' };
  const before = /,\s*$/.exec(text.slice(Math.max(0, start - 1000), start));
  return before ? { start: start - before[0].length, end, text: '' } : { start, end, text: '' };
}
