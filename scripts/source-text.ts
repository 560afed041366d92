/** A TypeScript text with everything of the same length and on the same line, but for blanks where the rest was. */
export interface Stripped {
  /** Without comments. */
  code: string;
  /** Without comments, and of strings, templates and regular expressions only where they begin. */
  bare: string;
}

/** A `/` after one of these begins a regular expression, elsewhere it divides. */
const beforeRegex = /(?:^|[(,=:[!&|?{};+*%~^<>-]|\breturn|\btypeof|\bcase|\bawait|=>)\s*$/;

const token = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\[\s\S]|[^'\\\n])*'|"(?:\\[\s\S]|[^"\\\n])*"|\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*|[`{}]/y;

/** Good enough for a formatted code base; it knows no JSX. */
export function strip(text: string): Stripped {
  let code = '';
  let bare = '';
  /** Open braces; `true` for one that ends the `${…}` of a template. */
  const braces: boolean[] = [];
  let at = 0;
  const take = (length: number, comment: boolean, literal: boolean): void => {
    const piece = text.slice(at, at + length);
    const blank = piece.replace(/[^\n]/g, ' ');
    code += comment ? blank : piece;
    bare += literal ? piece.charAt(0) + blank.slice(1) : comment ? blank : piece;
    at += length;
  };
  const template = (): void => {
    const end = /(?:\\[\s\S]|\$(?!\{)|[^\\`$])*(?:`|\$\{|$)/y;
    end.lastIndex = at;
    const piece = end.exec(text)?.[0] ?? '';
    take(piece.length, false, true);
    if (piece.endsWith('${')) braces.push(true);
  };
  while (at < text.length) {
    token.lastIndex = at;
    const found = token.exec(text)?.[0];
    const regex = found !== undefined && /^\/[^/*]/.test(found);
    if (found === undefined || (regex && !beforeRegex.test(bare.slice(-40)))) take(1, false, false);
    else if (/^\/[/*]/.test(found)) take(found.length, true, false);
    else if (found.length > 1) take(found.length, false, true);
    else if (found === '`') {
      take(1, false, true);
      template();
    } else if (found === '}' && braces.pop()) {
      take(1, false, true);
      template();
    } else {
      if (found === '{') braces.push(false);
      take(1, false, false);
    }
  }
  return { code, bare };
}
