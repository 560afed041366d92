// The conditions of a match on what is not the path, ready to run: cheap ones first, nothing looked up that is not asked for.
import type { HeaderMatcher, QueryMatcher, RouteMatch } from '../../ir/route-match.ts';
import type { StringMatcher } from '../../ir/string-matcher.ts';
import { matchesClaim } from './claims.ts';
import type { RequestView } from './exchange-record.ts';
import { getHeader, type Headers } from './headers.ts';
import { queryValue } from './query.ts';
import { compileRegex, type Regex } from './regex.ts';

const exact = 0;
const exactIgnoringCase = 1;
const prefix = 2;
const prefixIgnoringCase = 3;
const regex = 4;
const present = 5;

type TextKind = typeof exact | typeof exactIgnoringCase | typeof prefix | typeof prefixIgnoringCase | typeof regex | typeof present;

/** A string matcher with its kind as a number and its expression compiled. */
export class TextCondition {
  readonly kind: TextKind;
  readonly value: string;
  readonly #regex: Regex | undefined;

  constructor(matcher: StringMatcher) {
    const ignoreCase = 'ignoreCase' in matcher && matcher.ignoreCase === true;
    this.kind =
      matcher.kind === 'exact'
        ? ignoreCase
          ? exactIgnoringCase
          : exact
        : matcher.kind === 'prefix'
          ? ignoreCase
            ? prefixIgnoringCase
            : prefix
          : matcher.kind === 'regex'
            ? regex
            : present;
    this.value = matcher.kind === 'present' ? '' : ignoreCase ? matcher.value.toLowerCase() : matcher.value;
    this.#regex = matcher.kind === 'regex' ? compileRegex(matcher.value) : undefined;
  }

  /** Case-sensitive equality: can be looked up in a hash. */
  get isExact(): boolean {
    return this.kind === exact;
  }

  holds(text: string): boolean {
    switch (this.kind) {
      case exact:
        return text === this.value;
      case exactIgnoringCase:
        return text.toLowerCase() === this.value;
      case prefix:
        return text.startsWith(this.value);
      case prefixIgnoringCase:
        return text.toLowerCase().startsWith(this.value);
      case regex:
        return this.#regex?.matches(text) ?? false;
      default:
        return true;
    }
  }
}

/** First value of a header as conditions see it: parts of the request line by their pseudo names (MAT-R20). */
export function headerValue(request: RequestView, name: string): string | undefined {
  if (name.charCodeAt(0) !== 58) return name === 'host' ? request.authority : getHeader(request.headers, name);
  switch (name) {
    case ':method':
      return request.method;
    case ':authority':
      return request.authority;
    case ':scheme':
      return request.scheme;
    case ':path':
      return request.path;
    default:
      return undefined;
  }
}

export class HeaderCondition {
  readonly name: string;
  readonly text: TextCondition;
  readonly inverted: boolean;
  readonly #present: boolean;

  constructor({ name, matcher, inverted }: HeaderMatcher) {
    this.name = name.toLowerCase();
    this.text = new TextCondition(matcher);
    this.inverted = inverted;
    this.#present = matcher.kind === 'present';
  }

  /** MAT-R17, MAT-R18, MAT-R21 */
  holds(request: RequestView): boolean {
    const value = headerValue(request, this.name);
    if (this.#present) return (value !== undefined) !== this.inverted;
    if (value === undefined) return this.inverted && !this.text.holds('');
    return (this.text.holds(value) || this.#holdsForAnother(request.headers)) !== this.inverted;
  }

  /** Each value of a header that was sent several times counts by itself (MAT-R19). */
  #holdsForAnother(headers: Headers): boolean {
    let seen = false;
    for (let i = 0; i < headers.length; i += 2) {
      if (headers[i] !== this.name) continue;
      if (seen && this.text.holds(headers[i + 1] as string)) return true;
      seen = true;
    }
    return false;
  }
}

export class QueryCondition {
  readonly name: string;
  readonly text: TextCondition;
  readonly #possible: boolean;

  constructor({ name, matcher }: QueryMatcher) {
    this.name = name;
    this.text = new TextCondition(matcher);
    this.#possible = !name.includes('=') && !name.includes('&');
  }

  /** MAT-R23 */
  holds(request: RequestView): boolean {
    if (!this.#possible || request.pathEnd === request.path.length) return false;
    const value = queryValue(request.path, request.pathEnd, this.name);
    return value !== undefined && this.text.holds(value);
  }
}

/** All conditions of a match beside its path. */
export class RouteCondition {
  readonly headers: readonly HeaderCondition[];
  readonly query: readonly QueryCondition[];
  readonly #match: RouteMatch;
  /** There is none. */
  readonly always: boolean;

  constructor(match: RouteMatch) {
    // A regular expression costs more than all the others.
    this.headers = match.headers.map((header) => new HeaderCondition(header)).sort((a, b) => Number(a.text.kind === regex) - Number(b.text.kind === regex));
    this.query = match.query.map((query) => new QueryCondition(query));
    this.#match = match;
    this.always = this.headers.length + this.query.length + (match.claims?.length ?? 0) === 0;
  }

  holds(request: RequestView): boolean {
    if (this.always) return true;
    for (const header of this.headers) if (!header.holds(request)) return false;
    for (const query of this.query) if (!query.holds(request)) return false;
    for (const claim of this.#match.claims ?? []) if (!matchesClaim(claim, request.claims)) return false;
    return true;
  }
}
