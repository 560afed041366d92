import { formsOf, textOf } from './encodings.ts';
import type { Found } from './found.ts';
import { GramIndex } from './gram-index.ts';
import { mark, marksIn } from './mark.ts';
import type { Span } from './value-at.ts';

/** Shorter values are words of every text. */
const leastLength = 4;
/** From here on, a value is found inside of words, too. */
const insideWords = 8;
/** Texts of fewer different characters are no secrets. */
const leastLetters = 8;
/** Bytes, a multiple of three; longer values are searched for in pieces, so that a part of one is found, too. */
const pieceLength = 510;
/** Characters; parts of long texts are found from twice this length on. */
const partLength = 60;

/**
 * Values that must not be seen anywhere: those of Secrets that were read, and what is secret in them. They are found in plain text, and
 * in base64, JSON, URLs and hexadecimal.
 */
export class KnownValues {
  private readonly index = new GramIndex<Pattern>();
  private readonly seen = new Set<string>();
  /** Those that stand in for them: a Secret, or a key of it, may be called as its value is. */
  private readonly marks = new Set<string>();
  private readonly isPublic: (text: string) => boolean;
  /** Values that are not searched for, because they are too short, or names that everybody can see. */
  passedOver = 0;

  /** @param isPublic whether a text is the name of something, and so no secret */
  constructor(isPublic: (text: string) => boolean = () => false) {
    this.isPublic = isPublic;
  }

  /** Values that are searched for. */
  get size(): number {
    return this.seen.size;
  }

  /** @param what it is, in words, for the mark in its place */
  add(value: Buffer | string, what: string): void {
    const bytes = trimmed(typeof value === 'string' ? Buffer.from(value) : value);
    for (let start = 0, end = 0; end < bytes.length || start === 0; start = end) {
      // The last piece is not too short to be found.
      end = start + pieceLength * 1.5 >= bytes.length ? bytes.length : start + pieceLength;
      // No character of UTF-8 is cut.
      while (end < bytes.length && ((bytes[end] as number) & 0xc0) === 0x80) end++;
      this.addPiece(bytes.subarray(start, end), what);
      if (end === bytes.length) break;
    }
    if (bytes.length > pieceLength) this.addParts(textOf(bytes) ?? '', what);
  }

  private addParts(text: string, what: string): void {
    for (let offset = 0; offset + partLength <= text.length; offset += partLength) {
      const part = text.slice(offset, offset + partLength);
      // Blanks and lines of hyphens are in everything.
      if (new Set(part).size >= leastLetters) this.index.add(part, { what, whole: false, source: { text, offset } });
    }
  }

  private addPiece(bytes: Buffer, what: string): void {
    const key = bytes.toString('latin1');
    if (this.seen.has(key)) return;
    const text = textOf(bytes);
    if (bytes.length < leastLength || (text !== undefined && (isWord(text) || ofMarks.test(text) || this.isPublic(text)))) {
      if (bytes.length > 0) this.passedOver++;
      return;
    }
    this.seen.add(key);
    this.marks.add(mark(what));
    for (const form of formsOf(bytes)) if (form.length >= leastLength) this.index.add(form, { what, whole: form.length < insideWords });
  }

  /** Where they are in a text. */
  find(text: string): Found[] {
    const found: Found[] = [];
    let own: readonly Span[] | undefined;
    this.index.search(text, (at, form, { what, whole, source }) => {
      let start = at;
      let end = at + form.length;
      if (source) {
        // As much of it as is there.
        let first = source.offset;
        let last = source.offset + form.length;
        while (start > 0 && first > 0 && text[start - 1] === source.text[first - 1]) [start, first] = [start - 1, first - 1];
        while (end < text.length && last < source.text.length && text[end] === source.text[last]) [end, last] = [end + 1, last + 1];
      }
      if (whole && (isWordCharacter(text, start - 1) || isWordCharacter(text, end))) return;
      own ??= marksIn(text).filter((span) => this.marks.has(text.slice(span.start, span.end)));
      if (own.some((span) => span.start <= start && end <= span.end)) return;
      found.push({ start, end, rule: 'secret-value', what });
    });
    return found;
  }
}

interface Pattern {
  what: string;
  /** It counts only where it is no part of a word. */
  whole: boolean;
  /** The long text that it is a part of. */
  source?: { text: string; offset: number };
}

function trimmed(bytes: Buffer): Buffer {
  let start = 0;
  let end = bytes.length;
  const isSpace = (at: number): boolean => {
    const byte = bytes[at] as number;
    return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
  };
  while (start < end && isSpace(start)) start++;
  while (end > start && isSpace(end - 1)) end--;
  return bytes.subarray(start, end);
}

/** Words of marks themselves, which people also write where a secret is to come. */
const ofMarks = /^(?:redacted|credentials|password|certificate|private key|redacted value)$/i;

/** Short words, numbers and booleans are in Secrets, too, and in everything else. */
function isWord(text: string): boolean {
  return text.length < insideWords && /^(?:[a-z]+|[A-Z]+|\d+)$/.test(text);
}

function isWordCharacter(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
}
