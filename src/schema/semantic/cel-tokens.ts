// The words of the Common Expression Language (cel.dev, language definition, "Syntax").

export interface CelToken {
  /** `ident`, `quoted-ident`, `integer`, `float`, `literal` (any other), `end`, or the operator or the word `in` itself. */
  kind: string;
  text: string;
  offset: number;
}

export interface CelTokens {
  /** The last one is of kind `end`. */
  tokens: CelToken[];
  /** Offsets and texts of what is no word; the words around it stand as if it were not there. */
  unknown: { offset: number; text: string }[];
}

const escaped = String.raw`\\(?:[abfnrtv"'\\?\x60]|[0-3][0-7]{2}|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})`;
const text = [
  String.raw`"""(?:${escaped}|[^\\])*?"""`,
  String.raw`'''(?:${escaped}|[^\\])*?'''`,
  String.raw`"(?:${escaped}|[^\\"\n\r])*"`,
  String.raw`'(?:${escaped}|[^\\'\n\r])*'`,
  String.raw`[rR](?:"""[^]*?"""|'''[^]*?'''|"[^"\n\r]*"|'[^'\n\r]*')`,
].join('|');

const patterns: readonly (readonly [kind: string, pattern: RegExp])[] = [
  ['', /(?:[\t \r\n\f]+|\/\/[^\n]*)/y],
  ['literal', new RegExp(`[bB]?(?:${text})`, 'y')],
  ['float', /(?:\d+\.\d+(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+|\.\d+(?:[eE][-+]?\d+)?)/y],
  ['integer', /(?:0x[0-9a-fA-F]+|\d+)[uU]?/y],
  ['ident', /[A-Za-z_]\w*/y],
  ['quoted-ident', /`[\w.\-/ ]+`/y],
  ['operator', /==|!=|<=|>=|&&|\|\||[<>[\]{}().,\-!?:+*/%]/y],
];

const keywords: Readonly<Record<string, string>> = { in: 'in', true: 'literal', false: 'literal', null: 'literal' };

export function celTokens(expression: string): CelTokens {
  const out: CelTokens = { tokens: [], unknown: [] };
  let offset = 0;
  while (offset < expression.length) {
    const start = offset;
    for (const [kind, pattern] of patterns) {
      pattern.lastIndex = offset;
      const word = pattern.exec(expression)?.[0];
      if (word === undefined) continue;
      offset += word.length;
      if (kind === 'operator') out.tokens.push({ kind: word, text: word, offset: start });
      else if (kind !== '') out.tokens.push({ kind: (kind === 'ident' && Object.hasOwn(keywords, word) && keywords[word]) || kind, text: word, offset: start });
      break;
    }
    if (offset > start) continue;
    offset = endOfUnknown(expression, start);
    out.unknown.push({ offset: start, text: expression.slice(start, offset) });
  }
  out.tokens.push({ kind: 'end', text: '', offset: expression.length });
  return out;
}

const openString = new RegExp(`(["'])(?:${escaped}|(?!\\1)[^\\\\\\n\\r])*\\\\?`, 'y');

/** An unknown word ends with the character at which it cannot become a word any more. */
function endOfUnknown(expression: string, start: number): number {
  for (const pattern of [openString, /[=&|]/y, /`[\w.\-/ ]*/y]) {
    pattern.lastIndex = start;
    const begun = pattern.exec(expression)?.[0];
    if (begun !== undefined) return Math.min(start + begun.length + 1, expression.length);
  }
  return start + ((expression.codePointAt(start) ?? 0) > 0xffff ? 2 : 1);
}
