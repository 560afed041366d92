import type { TextMatcher } from '../../../ir/authorization.ts';
import { compileRegex } from '../regex.ts';
import { TextCondition } from '../route-condition.ts';

/** A condition on one text. */
export interface TextTest {
  holds(text: string): boolean;
}

class Suffix implements TextTest {
  readonly #value: string;
  readonly #ignoreCase: boolean;

  constructor(value: string, ignoreCase: boolean) {
    this.#value = ignoreCase ? value.toLowerCase() : value;
    this.#ignoreCase = ignoreCase;
  }

  holds(text: string): boolean {
    return this.#ignoreCase ? text.toLowerCase().endsWith(this.#value) : text.endsWith(this.#value);
  }
}

/** One of many texts. */
export class OneOf implements TextTest {
  readonly #values: ReadonlySet<string>;
  readonly #ignoreCase: boolean;

  /** @param values in lower case where it is ignored */
  constructor(values: ReadonlySet<string>, ignoreCase: boolean) {
    this.#values = values;
    this.#ignoreCase = ignoreCase;
  }

  holds(text: string): boolean {
    return this.#values.has(this.#ignoreCase ? text.toLowerCase() : text);
  }
}

/** A literal with dot-stars around it, without a regular expression: what namespaces become (SEC-R24). */
class Wildcards implements TextTest {
  readonly #literal: string;
  readonly #open: boolean;
  readonly #closed: boolean;
  readonly #exact: TextTest;

  constructor(literal: string, open: boolean, closed: boolean, exact: TextTest) {
    this.#literal = literal;
    this.#open = open;
    this.#closed = closed;
    this.#exact = exact;
  }

  holds(text: string): boolean {
    // The dot of RE2 takes no line break.
    if (text.includes('\n')) return this.#exact.holds(text);
    if (!this.#open) return text.startsWith(this.#literal);
    return this.#closed ? text.endsWith(this.#literal) : text.includes(this.#literal);
  }
}

/** Undefined for an expression that is none: what is asked is not known. */
export function compileText(matcher: TextMatcher): TextTest | undefined {
  if (matcher.kind === 'suffix') return new Suffix(matcher.value, matcher.ignoreCase === true);
  if (matcher.kind !== 'regex') return new TextCondition(matcher);
  const regex = compileRegex(matcher.value);
  if (!regex) return undefined;
  const exact: TextTest = { holds: (text) => regex.matches(text) };
  const form = /^(\.\*)?([-\w/:@ ]*)(\.\*)?$/.exec(matcher.value);
  if (!form?.[1] && !form?.[3]) return exact;
  return new Wildcards(form[2] as string, form[1] !== undefined, form[3] === undefined, exact);
}
