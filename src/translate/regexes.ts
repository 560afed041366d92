import { compileRe2 } from '../manifest/re2.ts';

/** Programs above this size are refused by the proxy (MAT-R30). */
const largestProgram = 32_768;
/** What Envoy's program has beyond what is counted here: at its ends, and for each loop of what may be empty. */
const atEnds = 16;
const perBranch = 4;

const known = new Map<string, boolean>();

/** Whether a proxy takes the expression. */
export function isRe2(expression: string): boolean {
  let valid = known.get(expression);
  if (valid === undefined) {
    valid = expression.length <= largestProgram && isOfBytes(expression) && compiles(expression);
    known.set(expression, valid);
  }
  return valid;
}

/** An escape for a character is one for a byte in Envoy, which reads an expression byte by byte: `\x{100}` and `\400` are too great. */
function isOfBytes(expression: string): boolean {
  for (const [, hexadecimal, octal] of expression.matchAll(/\\(?:x\{([0-9A-Fa-f]+)\}|([4-7][0-7]{2})|.)/gs)) {
    if (octal !== undefined || (hexadecimal !== undefined && Number.parseInt(hexadecimal, 16) > 0xff)) return false;
  }
  return true;
}

function compiles(expression: string): boolean {
  try {
    const bytes = bytesOf(expression);
    if (bytes !== expression) compileRe2(expression);
    return greatestSize(compileRe2(bytes)) <= largestProgram;
  } catch {
    return false;
  }
}

/** A character for each byte of the text's UTF-8. */
function bytesOf(text: string): string {
  let out = '';
  for (const byte of new TextEncoder().encode(text)) out += String.fromCharCode(byte);
  return out;
}

/** Instructions of a compiled expression that take more than one in Envoy. */
const branch = 1;
const anyButLineBreak = 11;

/** At most so many instructions has the program that Envoy makes: it has one for each range of a class. */
function greatestSize(compiled: ReturnType<typeof compileRe2>): number {
  const { prog } = compiled.re2Input as unknown as { prog: { inst: readonly { op: number; runes: ArrayLike<number> | null }[] } };
  let size = atEnds;
  for (const { op, runes } of prog.inst) size += op === branch ? 1 + perBranch : op === anyButLineBreak ? 2 : Math.max(1, rangesOfBytes(runes));
  return size;
}

function rangesOfBytes(runes: ArrayLike<number> | null): number {
  let ranges = 0;
  for (let i = 0; runes && i < runes.length && (runes[i] as number) <= 0xff; i += 2) ranges++;
  return ranges;
}
