import { isUtf8 } from 'node:buffer';
import type { ExchangeRecord } from '../core/exchange-record.ts';
import { compileFormat, type Format, type FormatError, type FormatOptions } from '../core/format.ts';

export type LineWriter = (record: ExchangeRecord) => string;

type Part = string | Format;

/**
 * A line of JSON for each request, as Envoy writes it (TEL-R13): keys sorted at every level; a text that is one operator becomes
 * what it reads, a number where it is one and null where it is missing; other texts stay texts; everything that is no text stays.
 */
export function compileJsonFormat(format: unknown, options: FormatOptions): LineWriter | FormatError {
  const parts: Part[] = [];
  const error = compileValue(format, options, parts);
  if (error) return error;
  parts.push('\n');
  const joined = joinConstants(parts);
  return (record) => {
    let line = '';
    for (const part of joined) line += typeof part === 'string' ? part : jsonValue(part.value(record));
    return line;
  };
}

function compileValue(value: unknown, options: FormatOptions, parts: Part[]): FormatError | undefined {
  if (typeof value === 'string') {
    const format = compileFormat(utf8Bytes(value), options);
    if ('error' in format) return format;
    parts.push(format.constant === undefined ? format : jsonText(format.constant));
    return undefined;
  }
  if (typeof value !== 'object' || value === null) {
    parts.push(JSON.stringify(value) ?? 'null');
    return undefined;
  }
  const entries = Array.isArray(value) ? value.map((item) => [undefined, item] as const) : Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  let before = open as string;
  for (const [key, item] of entries) {
    parts.push(key === undefined ? before : `${before}${jsonText(utf8Bytes(key))}:`);
    before = ',';
    const error = compileValue(item, options, parts);
    if (error) return error;
  }
  parts.push(entries.length === 0 ? `${open}${close}` : (close as string));
  return undefined;
}

function joinConstants(parts: readonly Part[]): Part[] {
  const joined: Part[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (typeof part === 'string' && typeof last === 'string') joined[joined.length - 1] = last + part;
    else joined.push(part);
  }
  return joined;
}

function jsonValue(value: string | number | undefined): string {
  if (value === undefined) return 'null';
  return typeof value === 'number' ? String(value) : jsonText(value);
}

/**
 * Texts are bytes, one character each. What is UTF-8 stays as it is; of what is not, every byte beyond ASCII becomes an escape, so
 * that the line is JSON whatever a client sends.
 */
export function jsonText(value: string): string {
  const kind = kindOf(value);
  if (kind === 'plain') return `"${value}"`;
  const text = JSON.stringify(kind === 'wide' ? utf8Bytes(value) : value);
  if (isUtf8(Buffer.from(text, 'latin1'))) return text;
  return text.replace(/[\u0080-\u00ff]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`);
}

/** `wide`: it has characters beyond a byte, so it is a text of the configuration. */
function kindOf(text: string): 'plain' | 'bytes' | 'wide' {
  let plain = true;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c > 0xff) return 'wide';
    if (c < 0x20 || c > 0x7e || c === 0x22 || c === 0x5c) plain = false;
  }
  return plain ? 'plain' : 'bytes';
}

/** One character for each byte of the text as UTF-8. */
export function utf8Bytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
