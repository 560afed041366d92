// Private keys in PEM: as they are, in logs with a time before each line, in strings with escaped line ends, in URLs.
import type { Found } from './found.ts';
import type { Span } from './value-at.ts';

/** A blank in the first line of a block, and how it looks in a URL. */
const blank = '(?: |%20|\\+)';
const begin = new RegExp(`-----BEGIN${blank}((?:[A-Z0-9]+${blank})*?PRIVATE${blank}KEY(?:${blank}BLOCK)?)-----`, 'g');
const end = new RegExp(`-----END${blank}(?:[A-Z0-9]+${blank})*?PRIVATE${blank}KEY(?:${blank}BLOCK)?-----`, 'g');

/** A key of 16,384 bits has 13,000 characters; with escapes and times in logs it may be twice that. */
const longest = 40_000;

/** One line of base64 in a block, whatever stands before it. */
const lineOfKey = /(?:^|[\s"'\\>|:])(?:\\{1,8}[nr]|%0[AaDd]){0,4}([A-Za-z0-9+/]{40,76}={0,2})(?=$|[\s"'\\<]|%0)/g;

/** Whole blocks; where the end is missing, or the beginning, the lines of the key. */
export function privateKeys(text: string): Found[] {
  if (!text.includes('PRIVATE')) return [];
  const found: Found[] = [];
  const add = (from: number, to: number): void => void found.push({ start: from, end: to, rule: 'private-key', what: 'private key' });
  const ends = [...text.matchAll(end)].map(({ index, 0: { length } }) => ({ start: index, end: index + length }));
  let nextEnd = 0;
  let after = 0;
  for (const match of text.matchAll(begin)) {
    if (match.index < after) continue;
    const bodyAt = match.index + match[0].length;
    while (nextEnd < ends.length && (ends[nextEnd] as Span).start < bodyAt) nextEnd++;
    const closing = ends[nextEnd];
    // What begins before this one ends is another block: this one was cut off.
    const next = text.indexOf('-----BEGIN', bodyAt);
    if (closing && closing.start - bodyAt <= longest && (next < 0 || next > closing.start)) after = closing.end;
    else {
      const limit = Math.min(text.length, bodyAt + longest, next < 0 ? text.length : next);
      after = lastLineOfKey(text, bodyAt, limit);
    }
    add(match.index, after);
  }
  // Blocks without a beginning: a log that was cut off.
  let before = 0;
  let block = 0;
  const blocks = [...found];
  for (const { start: at, end: to } of ends) {
    while (block < blocks.length && (blocks[block] as Span).end <= at) block++;
    const isClosed = block < blocks.length && (blocks[block] as Span).start <= at;
    if (!isClosed) {
      const from = Math.max(before, at - longest);
      const lines = [...text.slice(from, at).matchAll(lineOfKey)].map(({ index, 0: { length } }) => ({ start: from + index, end: from + index + length }));
      add(firstInRow(lines, at) ?? at, to);
    }
    before = to;
  }
  return found;
}

/** Between two lines of a key is at most this: a line end, and a time with its prefix. */
const mostBetween = 120;

function lastLineOfKey(text: string, from: number, to: number): number {
  let last = from;
  for (const match of text.slice(from, to).matchAll(/[A-Za-z0-9+/]{16,}={0,2}/g)) {
    const start = from + match.index;
    if (start - last > mostBetween) break;
    last = start + match[0].length;
  }
  return last;
}

/** The start of the first of the lines that lead up to a place without a gap. */
function firstInRow(lines: readonly Span[], upTo: number): number | undefined {
  let first: number | undefined;
  let next = upTo;
  for (const { start, end: stop } of [...lines].reverse()) {
    if (next - stop > mostBetween) break;
    first = start;
    next = start;
  }
  return first;
}

/** Whether bytes are a private key in DER (PKCS #1, #8, #12, SEC 1), or a key store of Java. */
export function isPrivateKey(bytes: Uint8Array): boolean {
  if (bytes.length < 40) return false;
  if (bytes[0] === 0xfe && bytes[1] === 0xed && bytes[2] === 0xfe && bytes[3] === 0xed) return true;
  if (bytes[0] !== 0x30) return false;
  // A sequence that begins with a version: certificates and public keys begin with another sequence.
  const length = bytes[1] as number;
  const at = length < 0x80 ? 2 : 2 + (length & 0x7f);
  return length <= 0x84 && bytes[at] === 0x02 && bytes[at + 1] === 0x01 && (bytes[at + 2] as number) <= 3;
}
