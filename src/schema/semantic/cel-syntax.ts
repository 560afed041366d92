// Whether a text is an expression of the Common Expression Language: its grammar, and the arguments of its macros. Names are not
// looked up, and types not checked.
import { type CelToken, celTokens } from './cel-tokens.ts';

export interface CelProblem {
  text: string;
  /** One-based; columns count code points. */
  line: number;
  column: number;
}

/** What is wrong with the syntax of an expression; grammar is checked up to the first mistake. */
export function celProblems(expression: string): CelProblem[] {
  const { tokens, unknown } = celTokens(expression);
  const found = unknown.map(({ offset, text }) => ({ offset, text: `${JSON.stringify(text)} is not part of the language` }));
  const parser = new CelParser(tokens);
  try {
    parser.parse();
  } catch (error) {
    if (!(error instanceof SyntaxProblem)) throw error;
    found.push({ offset: error.offset, text: error.message });
  }
  found.push(...parser.misuses);
  return found.map(({ offset, text }) => ({ text, ...placeOf(expression, offset) }));
}

function placeOf(expression: string, offset: number): { line: number; column: number } {
  const lines = expression.slice(0, offset).split('\n');
  return { line: lines.length, column: [...(lines[lines.length - 1] as string)].length + 1 };
}

class SyntaxProblem extends Error {
  readonly offset: number;
  constructor(token: CelToken, text: string) {
    super(text);
    this.offset = token.offset;
  }
}

/** What macros have to know of an argument; `offset` is where the reference sees it: operators stand for their operands. */
interface Node {
  kind: 'ident' | 'select' | 'other';
  offset: number;
}

const reserved = new Set('as break const continue else false for function if import in let loop package null namespace return true var void while'.split(' '));

/** Macros that name a variable in their first argument, with how many arguments they have. */
const comprehensions: Readonly<Record<string, readonly number[]>> = { all: [2], exists: [2], exists_one: [2], map: [2, 3], filter: [2] };

const maxDepth = 250;

/** Operators by level, the weakest first; those of one level are taken from left to right. */
const levels: readonly ReadonlySet<string>[] = [
  new Set(['||']),
  new Set(['&&']),
  new Set(['<', '<=', '>=', '>', '==', '!=', 'in']),
  new Set(['+', '-']),
  new Set(['*', '/', '%']),
];

class CelParser {
  /** Mistakes that leave the grammar intact. */
  readonly misuses: { offset: number; text: string }[] = [];
  private readonly tokens: readonly CelToken[];
  private at = 0;
  private depth = 0;

  constructor(tokens: readonly CelToken[]) {
    this.tokens = tokens;
  }

  parse(): void {
    this.expression();
    if (this.next.kind !== 'end') throw this.unexpected();
  }

  private unexpected(): SyntaxProblem {
    return new SyntaxProblem(this.next, this.next.kind === 'end' ? 'something is missing' : `${this.next.text} is not expected`);
  }

  private get next(): CelToken {
    return this.tokens[Math.min(this.at, this.tokens.length - 1)] as CelToken;
  }

  private take(kind: string): CelToken | undefined {
    const token = this.next;
    if (token.kind !== kind) return undefined;
    this.at++;
    return token;
  }

  private expect(...kinds: readonly string[]): CelToken {
    for (const kind of kinds) {
      const token = this.take(kind);
      if (token) return token;
    }
    throw this.unexpected();
  }

  private expression(): Node {
    if (++this.depth > maxDepth) throw new SyntaxProblem(this.next, `the expression is nested more than ${maxDepth} levels deep`);
    const condition = this.binary(0);
    const question = this.take('?');
    if (question) {
      this.binary(0);
      this.expect(':');
      this.expression();
    }
    this.depth--;
    return question ? { kind: 'other', offset: question.offset } : condition;
  }

  private binary(level: number): Node {
    const operators = levels[level];
    if (!operators) return this.unary();
    let node = this.binary(level + 1);
    while (operators.has(this.next.kind)) {
      node = { kind: 'other', offset: this.next.offset };
      this.at++;
      this.binary(level + 1);
    }
    return node;
  }

  private unary(): Node {
    const { offset } = this.next;
    if (this.take('!')) {
      while (this.take('!'));
    } else if (this.next.kind === '-' && !this.isSignOfNumber()) {
      while (this.next.kind === '-' && !this.isSignOfNumber()) this.at++;
    } else return this.member();
    this.member();
    return { kind: 'other', offset };
  }

  private isSignOfNumber(): boolean {
    const number = this.tokens[this.at + 1]?.kind;
    return this.next.kind === '-' && (number === 'integer' || number === 'float');
  }

  private member(): Node {
    let node = this.primary();
    for (;;) {
      const token = this.next;
      if (this.take('.')) {
        this.refuseOptional();
        const name = this.expect('ident', 'quoted-ident');
        const open = name.kind === 'ident' ? this.take('(') : undefined;
        node = open ? this.call(name.text, open, true) : { kind: 'select', offset: token.offset };
      } else if (this.take('[')) {
        this.refuseOptional();
        this.expression();
        this.expect(']');
        node = { kind: 'other', offset: token.offset };
      } else return node;
    }
  }

  private primary(): Node {
    const { offset } = this.next;
    const negative = this.isSignOfNumber();
    if (negative) this.at++;
    const integer = this.take('integer');
    if (integer) this.checkInteger(integer, negative);
    if (integer || this.take('float') || this.take('literal')) return { kind: 'other', offset };
    if (this.take('(')) {
      const inner = this.expression();
      this.expect(')');
      return inner;
    }
    if (this.take('[')) {
      this.list(']', () => {
        this.refuseOptional();
        this.expression();
      });
      return { kind: 'other', offset };
    }
    if (this.take('{')) return this.entries(offset, () => this.expression());
    this.take('.');
    return this.named(this.expect('ident'));
  }

  /** A variable, a call, or a message: `name`, `name(…)`, `package.Name{…}`. */
  private named(name: CelToken): Node {
    const open = this.take('(');
    if (open) {
      this.checkReserved(name);
      return this.call(name.text, open, false);
    }
    let ahead = this.at;
    while (this.tokens[ahead]?.kind === '.' && this.tokens[ahead + 1]?.kind === 'ident') ahead += 2;
    if (this.tokens[ahead]?.kind === '{') {
      this.at = ahead + 1;
      return this.entries(name.offset, () => this.expect('ident', 'quoted-ident'));
    }
    this.checkReserved(name);
    return { kind: 'ident', offset: name.offset };
  }

  private entries(offset: number, key: () => void): Node {
    this.list('}', () => {
      this.refuseOptional();
      key();
      this.expect(':');
      this.expression();
    });
    return { kind: 'other', offset };
  }

  /** Items up to the closing token. A comma may come after the last one, or alone. */
  private list(close: string, item: () => void): void {
    if (!this.take(',')) {
      while (this.next.kind !== close) {
        item();
        if (!this.take(',')) break;
      }
    }
    this.expect(close);
  }

  private call(name: string, open: CelToken, onTarget: boolean): Node {
    const args: Node[] = [];
    if (!this.take(')')) {
      do args.push(this.expression());
      while (this.take(','));
      this.expect(')');
    }
    const [first] = args;
    if (first && !onTarget && name === 'has' && args.length === 1 && first.kind !== 'select') {
      this.misuses.push({ offset: first.offset, text: 'has() takes a field of something, such as has(request.headers)' });
    } else if (first && onTarget && Object.hasOwn(comprehensions, name) && comprehensions[name]?.includes(args.length) && first.kind !== 'ident') {
      this.misuses.push({ offset: first.offset, text: `the first argument of ${name}() has to be a simple name` });
    }
    return { kind: 'other', offset: open.offset };
  }

  private refuseOptional(): void {
    const token = this.take('?');
    if (token) this.misuses.push({ offset: token.offset, text: 'optional values (?) are not supported' });
  }

  private checkReserved(name: CelToken): void {
    if (reserved.has(name.text)) this.misuses.push({ offset: name.offset, text: `${name.text} is a reserved word` });
  }

  private checkInteger(token: CelToken, negative: boolean): void {
    const unsigned = /[uU]$/.test(token.text);
    const value = BigInt(unsigned ? token.text.slice(0, -1) : token.text);
    const most = unsigned ? 2n ** 64n - 1n : 2n ** 63n - (negative ? 0n : 1n);
    if (value > most) this.misuses.push({ offset: token.offset, text: `${token.text} is too large` });
  }
}
