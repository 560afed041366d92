import { lowerToken, valueBytes } from './characters.ts';
import { errors, type ProtocolError } from './protocol-error.ts';

/** @returns where the colon is */
export function splitHeader(text: string): number | ProtocolError {
  let at = 0;
  while (at < text.length && lowerToken[text.charCodeAt(at)] !== 0) at++;
  if (at === 0 || at === text.length || text.charCodeAt(at) !== 58) return errors.headerName;
  for (let i = at + 1; i < text.length; i++) if (valueBytes[text.charCodeAt(i)] !== 1) return errors.headerValue;
  return at;
}

export function trim(text: string, from: number): string {
  let start = from;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

export function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

/** -1: not a decimal number, or too large to count. */
export function decimal(text: string): number {
  if (text.length === 0 || text.length > 20) return -1;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value > Number.MAX_SAFE_INTEGER ? -1 : value;
}

/**
 * A text of headers with one more. Appended piece by piece: a template would make a text of each line first, and have every part
 * of it looked at whether it is one.
 */
export function withHeader(head: string, name: string, value: string): string {
  let text = head;
  text += name;
  text += ': ';
  text += value;
  text += '\r\n';
  return text;
}
