// JSON of tokens, read so that nobody behind the proxy can read something else in it.

/** As deep as Envoy goes. */
const mostLevels = 100;

const quote = 34;
const backslash = 92;
const colon = 58;
const openBracket = 91;
const closeBracket = 93;
const openBrace = 123;
const closeBrace = 125;

/**
 * An object; undefined: the text is none, has a name twice in one object, is deeper than 100 levels, or has half a surrogate pair or a
 * number that is none of 64 bits. Names and texts are as JSON.parse makes them.
 */
export function parseStrictObject(text: string): Record<string, unknown> | undefined {
  // First, as it ends at the first level too deep: thousands of them cost JSON.parse more than they are worth.
  if (!isUnambiguous(text)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
}

/** Of what is no JSON it may say anything. */
function isUnambiguous(text: string): boolean {
  // Names of the objects that are open; undefined: a list.
  const open: (Set<string> | undefined)[] = [];
  for (let i = 0; i < text.length; ) {
    const code = text.charCodeAt(i);
    if (code === quote) {
      const end = endOfString(text, i);
      const string = stringIn(text, i, end);
      if (string === undefined) return false;
      i = end;
      const names = open[open.length - 1];
      if (names === undefined || !isName(text, end)) continue;
      if (names.has(string)) return false;
      names.add(string);
    } else if (code === openBrace || code === openBracket) {
      if (open.length === mostLevels) return false;
      open.push(code === openBrace ? new Set() : undefined);
      i++;
    } else if (code === closeBrace || code === closeBracket) {
      open.pop();
      i++;
    } else if (isDigit(code)) {
      const end = endOfNumber(text, i);
      if (end - i > longestFinite && !Number.isFinite(Number(text.slice(i, end)))) return false;
      i = end;
    } else i++;
  }
  return true;
}

/** A shorter number is finite: `9e99`. */
const longestFinite = 4;

/** Index behind the closing quote. */
function endOfString(text: string, start: number): number {
  let i = start + 1;
  for (; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === quote) return i + 1;
    if (code === backslash) i++;
  }
  return i;
}

/** Undefined: it is none, or has half a surrogate pair. */
function stringIn(text: string, start: number, end: number): string | undefined {
  const inside = text.slice(start + 1, end - 1);
  // What was decoded from UTF-8 has only whole pairs, but for escapes.
  if (!inside.includes('\\')) return inside;
  try {
    const string = JSON.parse(text.slice(start, end)) as string;
    return string.isWellFormed() ? string : undefined;
  } catch {
    return undefined;
  }
}

function isName(text: string, end: number): boolean {
  let i = end;
  while (text.charCodeAt(i) <= 32) i++;
  return text.charCodeAt(i) === colon;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** A sign in front of it does not matter here. */
function endOfNumber(text: string, start: number): number {
  let i = start + 1;
  for (; i < text.length; i++) {
    const code = text.charCodeAt(i);
    // . e E + -
    if (!isDigit(code) && code !== 46 && code !== 101 && code !== 69 && code !== 43 && code !== 45) break;
  }
  return i;
}
