import { textOf } from './encodings.ts';
import type { Found } from './found.ts';
import { isPrivateKey } from './private-keys.ts';

/** Characters from which on a run of base64 is looked into. */
const leastLength = 16;
/** Nobody puts an encoded text into an encoded text more often, but by intent. */
export const deepest = 4;

/** One line, or several of a usual width with nothing but blanks between them. */
const runs =
  /[A-Za-z0-9+/_-]{16,}(?:(?<=[A-Za-z0-9+/_-]{60})(?:[ \t]*(?:\r?\n|\\r|\\n)+[ \t]*[A-Za-z0-9+/_-]{4,}(?=={0,2}[ \t]*(?:\r?\n|\\[rn]|["']|$)))+)?={0,2}/g;

/** What gzip, zlib, zip, bzip2, xz and zstd begin with. */
const compressed: readonly (readonly number[])[] = [
  [0x1f, 0x8b],
  [0x50, 0x4b, 0x03, 0x04],
  [0x42, 0x5a, 0x68],
  [0xfd, 0x37, 0x7a, 0x58, 0x5a],
  [0x28, 0xb5, 0x2f, 0xfd],
];

/**
 * Base64 of what is secret: keys, and texts that have something secret in them. Compressed content counts as such, because nobody looks
 * into it here: releases of Helm are so.
 *
 * @param hasSecret of a text that was decoded
 */
export function encodedSecrets(text: string, hasSecret: (decoded: string) => boolean): Found[] {
  const found: Found[] = [];
  for (const { index, 0: run } of text.matchAll(runs)) {
    const what = secretIn(run, hasSecret);
    if (what !== undefined) found.push({ start: index, end: index + run.length, rule: what.key ? 'private-key' : 'encoded', what: what.text });
  }
  return found;
}

function secretIn(run: string, hasSecret: (decoded: string) => boolean): { text: string; key: boolean } | undefined {
  const plain = run.replace(/\\[nr]|\s/g, '').replace(/=+$/, '');
  if (!looksEncoded(plain)) return undefined;
  // What stands before it may be of the same characters: the groups of four begin somewhere.
  for (const start of [0, 1, 2, 3]) {
    const rest = plain.slice(start);
    if (rest.length < leastLength) break;
    const bytes = Buffer.from(rest, 'base64');
    if (isPrivateKey(bytes)) return { text: 'private key', key: true };
    if (bytes.length >= 40 && compressed.some((magic) => magic.every((byte, i) => bytes[i] === byte)))
      return { text: `compressed content, ${bytes.length} bytes`, key: false };
    const decoded = textOf(bytes) ?? printableOf(bytes);
    if (decoded !== undefined && hasSecret(decoded)) return { text: `encoded content, ${bytes.length} bytes`, key: false };
  }
  return undefined;
}

/** Words and paths have no such mix; what is short has to end as base64 of text does. */
function looksEncoded(run: string): boolean {
  return /[A-Z]/.test(run) && /[a-z]/.test(run) && (/\d/.test(run) || run.length >= 32);
}

/** A text that is cut off in the middle of a character, or has a few other bytes. */
function printableOf(bytes: Buffer): string | undefined {
  const text = bytes.toString('latin1');
  let odd = 0;
  for (let i = 0; i < text.length && i < 200; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x7f || (code < 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d)) odd++;
  }
  return odd <= Math.min(text.length, 200) * 0.1 ? text : undefined;
}
