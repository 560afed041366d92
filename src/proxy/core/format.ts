// The substitution formats of header values and access logs (RT-R35, TEL-R10): text with `%OPERATOR(argument):length%` in it.
import type { ExchangeRecord } from './exchange-record.ts';
import { operatorOf } from './format-operators.ts';
import type { HiddenTokens } from './jwt/hidden-tokens.ts';

/** What an operator reads; undefined: it is missing. */
export type Operator = (record: ExchangeRecord) => string | number | undefined;

export interface FormatOptions {
  /** `%HOSTNAME%` */
  hostname?: string;
  /** `%ENVIRONMENT(X)%` */
  environment?: Readonly<Record<string, string | undefined>>;
  /** Of what is told to others than endpoints: without tokens in queries. */
  hiddenTokens?: HiddenTokens | undefined;
}

export interface FormatError {
  error: string;
}

/** A compiled format. */
export class Format {
  /** The text itself where it has no operators. */
  readonly constant: string | undefined;
  readonly #parts: readonly (string | Operator)[];

  constructor(parts: readonly (string | Operator)[]) {
    this.#parts = parts;
    this.constant = parts.every((part) => typeof part === 'string') ? parts.join('') : undefined;
  }

  /** @param missing text for a value that is missing: empty in headers, `-` in logs */
  render(record: ExchangeRecord, missing: string): string {
    if (this.constant !== undefined) return this.constant;
    let out = '';
    for (const part of this.#parts) out += typeof part === 'string' ? part : (part(record) ?? missing);
    return out;
  }

  /**
   * The value of a JSON log: of a format that is one operator what it reads, number or undefined included; else the text, with
   * `-` for what is missing (TEL-R13).
   */
  value(record: ExchangeRecord): string | number | undefined {
    const only = this.#parts[0];
    return this.#parts.length === 1 && typeof only === 'function' ? only(record) : this.render(record, '-');
  }
}

const operatorForm = /^%([A-Z0-9_]+)(?:\(((?:[^()]|\([^()]*\))*)\))?(?::([0-9]+))?%/;

/** An unknown operator, or a `%` that begins none, is an error: Envoy rejects the configuration (RT-R35). */
export function compileFormat(text: string, options: FormatOptions = {}): Format | FormatError {
  const parts: (string | Operator)[] = [];
  let literal = '';
  for (let i = 0; i < text.length; ) {
    const percent = text.indexOf('%', i);
    literal += percent < 0 ? text.slice(i) : text.slice(i, percent);
    if (percent < 0) break;
    if (text[percent + 1] === '%') {
      literal += '%';
      i = percent + 2;
      continue;
    }
    const form = operatorForm.exec(text.slice(percent));
    if (!form) return { error: `incorrect format at "${text.slice(percent, percent + 40)}"` };
    const [whole, name, argument, length] = form as unknown as [string, string, string | undefined, string | undefined];
    const operator = operatorOf(name, argument, options);
    if (typeof operator !== 'function') return operator;
    if (literal !== '') parts.push(literal);
    literal = '';
    parts.push(length === undefined ? operator : truncated(operator, Number(length)));
    i = percent + whole.length;
  }
  if (literal !== '') parts.push(literal);
  return new Format(parts);
}

function truncated(operator: Operator, length: number): Operator {
  return (record) => {
    const value = operator(record);
    return value === undefined ? undefined : String(value).slice(0, length);
  };
}
