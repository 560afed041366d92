// Tokens in queries, where a request is told of: in the access log stands that there was one, and not which.
import type { RequestAuthentication } from '../../../ir/authentication.ts';
import { tokenParameters } from './locations.ts';
import { percentDecoded } from './query-token.ts';

/** In the place of a value. */
const hidden = '[redacted]';

/** Between parameters, for whoever may have meant one. */
const separators = /[?&;#]/g;
/** A value ends here at the latest; a quote is around the target in `www-authenticate`. */
const valueEnds = /[&"]/g;

export class HiddenTokens {
  private readonly names: ReadonlySet<string>;

  private constructor(names: ReadonlySet<string>) {
    this.names = names;
  }

  /** @returns undefined: no rule looks for tokens in queries */
  static of(authentication: RequestAuthentication | undefined): HiddenTokens | undefined {
    const names = new Set(authentication?.providers.flatMap(tokenParameters));
    return names.size > 0 ? new HiddenTokens(names) : undefined;
  }

  /** @param name of a parameter, as it was sent */
  has(name: string): boolean {
    return this.names.has(percentDecoded(name));
  }

  /** @param text a target, or a text with one in it, such as a URL */
  hide(text: string): string {
    let out = '';
    let copied = 0;
    for (let at = text.indexOf('?'); at >= 0; ) {
      const from = at + 1;
      let to = next(separators, text, from);
      const equals = text.indexOf('=', from);
      if (equals >= 0 && equals < to && this.has(text.slice(from, equals))) {
        to = next(valueEnds, text, equals);
        if (to > equals + 1) {
          out += `${text.slice(copied, equals + 1)}${hidden}`;
          copied = to;
        }
      }
      at = to < text.length ? to : -1;
    }
    return copied === 0 ? text : out + text.slice(copied);
  }

  /** The same for the value of one parameter. */
  hideValue(value: string | undefined): string | undefined {
    return value ? hidden : value;
  }
}

/** Place of the next one of these characters, or the end. */
function next(characters: RegExp, text: string, from: number): number {
  characters.lastIndex = from;
  return characters.exec(text)?.index ?? text.length;
}
