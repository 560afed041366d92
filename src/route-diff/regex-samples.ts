// Texts that a regular expression matches, for requests that show something. Of the expressions that people write: what is not
// understood gives none.
import { matchesRegex } from '../proxy/core/regex.ts';

const samples = new Map<string, readonly string[]>();

/** A few texts, the shortest first; each does match. */
export function regexSamples(expression: string): readonly string[] {
  let found = samples.get(expression);
  if (!found) {
    const tries = [0, 1, 2].flatMap((more) => {
      const text = new Sampler(expression, more).sample();
      return text === undefined ? [] : [text];
    });
    found = [...new Set(tries)].filter((text) => matchesRegex(expression, text));
    samples.set(expression, found);
  }
  return found;
}

/** What stands for any text. */
const anyText = /(?:\.|\[\^\/\]|\\S|\\w)[*+]\??/;

/** Texts that an expression matches with another one inside: `/api/x` for `/.*\/x` and `/api`. */
export function samplesWith(expression: string, text: string): readonly string[] {
  if (!anyText.test(expression)) return [];
  const pieces = [text, text.replace(/^\//, ''), text.replace(/^\//, '').replace(/\/$/, '')];
  return [...new Set(pieces)].flatMap((piece) => regexSamples(expression.replace(anyText, () => piece.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))));
}

const classes: Readonly<Record<string, string>> = {
  d: '0',
  D: 'a',
  w: 'a',
  W: '-',
  s: ' ',
  S: 'a',
  t: '\t',
  n: '\n',
  Q: '',
  E: '',
  A: '',
  z: '',
  b: '',
  B: '',
};

/** Recursive descent over the expression, which writes the first alternative and `more` repetitions. */
class Sampler {
  private readonly text: string;
  private readonly more: number;
  private at = 0;

  constructor(expression: string, more: number) {
    this.text = expression;
    this.more = more;
  }

  /** Undefined for an expression that is not understood. */
  sample(): string | undefined {
    const out = this.alternatives();
    return this.at < this.text.length ? undefined : out;
  }

  private alternatives(): string | undefined {
    let chosen = this.sequence();
    for (let index = 1; this.text[this.at] === '|'; index++) {
      this.at++;
      const other = this.sequence();
      if (other === undefined) return undefined;
      // Other repetitions look at other alternatives, too.
      if (index <= this.more) chosen = other;
    }
    return chosen;
  }

  private sequence(): string | undefined {
    let out = '';
    while (this.at < this.text.length && this.text[this.at] !== '|' && this.text[this.at] !== ')') {
      const start = this.at;
      const one = this.atom();
      if (one === undefined || this.at === start) return undefined;
      const count = this.repetitions();
      if (count === undefined) return undefined;
      out += one.repeat(count);
    }
    return out;
  }

  private atom(): string | undefined {
    const c = this.text[this.at++] as string;
    if (c === '^' || c === '$') return '';
    if (c === '.') return 'a';
    if (c === '[') return this.set();
    if (c === '\\') {
      const next = this.text[this.at++];
      if (next === undefined) return undefined;
      return /[A-Za-z]/.test(next) ? classes[next] : next;
    }
    if (c !== '(') return c;
    const flags = /^\?(?:[imsU]*:|P?<\w+>|[imsU]+(?=\)))/.exec(this.text.slice(this.at));
    if (!flags && this.text[this.at] === '?') return undefined;
    this.at += flags?.[0].length ?? 0;
    const inner = this.alternatives();
    if (inner === undefined || this.text[this.at++] !== ')') return undefined;
    return inner;
  }

  /** A member: with more repetitions another one, where there is. */
  private set(): string | undefined {
    const end = closeOfSet(this.text, this.at);
    if (end < 0) return undefined;
    const body = this.text.slice(this.at, end);
    this.at = end + 1;
    const whole = `[${body}]`;
    const members = [...new Set([...'a0A-_/.~ z9Z', ...body])].filter((c) => matchesRegex(whole, c));
    return members[Math.min(this.more, members.length - 1)];
  }

  private repetitions(): number | undefined {
    const match = /^(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/.exec(this.text.slice(this.at));
    if (!match) return 1;
    this.at += match[0].length;
    const [, sign, least, comma, most] = match;
    if (sign === '?') return Math.min(this.more, 1);
    if (sign === '*') return this.more;
    if (sign === '+') return this.more + 1;
    const from = Number(least);
    const to = comma === '' ? from : most === '' ? from + this.more : Number(most);
    return Math.min(from + this.more, to) > 50 ? undefined : Math.min(from + this.more, to);
  }
}

function closeOfSet(text: string, from: number): number {
  for (let i = text[from] === '^' ? from + 1 : from, first = i; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '[' && text[i + 1] === ':') i = text.indexOf(':]', i) + 1 || text.length;
    else if (text[i] === ']' && i > first) return i;
  }
  return -1;
}
