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

/** A regular expression that is only compiled when it is needed. */
class Expression implements TextTest {
  readonly #expression: string;

  constructor(expression: string) {
    this.#expression = expression;
  }

  holds(text: string): boolean {
    return compileRegex(this.#expression)?.matches(text) ?? false;
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

const scheme = 'spiffe://';

/** What service accounts become (SEC-R24): `/ns/NAMESPACE/`, and behind that a segment `sa` in front of the account. */
class ServiceAccount implements TextTest {
  readonly #namespace: string;
  readonly #account: string;
  readonly #exact: TextTest;

  constructor(namespace: string, account: string, exact: TextTest) {
    this.#namespace = `/ns/${namespace}/`;
    this.#account = `sa/${account}`;
    this.#exact = exact;
  }

  holds(text: string): boolean {
    if (text.includes('\n')) return this.#exact.holds(text);
    // There is a trust domain in front, of one letter at least.
    const start = text.startsWith(scheme) ? text.indexOf(this.#namespace, scheme.length + 1) : -1;
    if (start < 0) return false;
    const from = start + this.#namespace.length;
    for (let at = text.indexOf(this.#account, from); at >= 0; at = text.indexOf(this.#account, at + 1)) {
      const begins = at === from || (at > from + 1 && text[at - 1] === '/');
      const end = at + this.#account.length;
      if (begins && (end === text.length || (text[end] === '/' && end + 1 < text.length))) return true;
    }
    return false;
  }
}

/** Letters of a regular expression that stand for themselves. */
const plain = String.raw`((?:[-\w/:@ ]|\\\.)*)`;
const wildcards = new RegExp(String.raw`^(\.\*)?${plain}(\.\*)?$`);
const serviceAccount = new RegExp(String.raw`^spiffe://\.\+/ns/${plain}/\(\.\+/\|\)sa/${plain}\(/\.\+\)\?$`);

/** What a service account's expression asks for; undefined for another expression. */
export function accountOf(expression: string): { namespace: string; account: string } | undefined {
  const form = serviceAccount.exec(expression);
  return form ? { namespace: unescaped(form[1] as string), account: unescaped(form[2] as string) } : undefined;
}

export const unescaped = (text: string): string => text.replaceAll('\\.', '.');

/** Undefined for an expression that is none: what is asked is not known. */
export function compileText(matcher: TextMatcher): TextTest | undefined {
  if (matcher.kind === 'suffix') return new Suffix(matcher.value, matcher.ignoreCase === true);
  if (matcher.kind !== 'regex') return new TextCondition(matcher);
  const account = accountOf(matcher.value);
  if (account) return new ServiceAccount(account.namespace, account.account, new Expression(matcher.value));
  const form = wildcards.exec(matcher.value);
  if (form?.[1] || form?.[3]) return new Wildcards(unescaped(form[2] as string), form[1] !== undefined, form[3] === undefined, new Expression(matcher.value));
  const regex = compileRegex(matcher.value);
  return regex && { holds: (text) => regex.matches(text) };
}
