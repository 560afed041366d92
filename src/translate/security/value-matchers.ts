// What the values of policies match: `*` stands at one end, or alone.
import type { TextMatcher } from '../../ir/authorization.ts';

/** Any text that is not empty. */
export const notEmpty: TextMatcher = { kind: 'regex', value: '.+' };

/** `get`, `g*`, `*t`; `*` alone is any text that is not empty. */
export function valueMatcher(value: string): TextMatcher {
  return value === '*' ? notEmpty : ends(value);
}

/** As `valueMatcher`, but for a header: `*` alone is one that is there. */
export function headerMatcher(value: string): TextMatcher {
  return value === '*' ? { kind: 'present' } : ends(value);
}

export function ignoringCase(matcher: TextMatcher): TextMatcher {
  return matcher.kind === 'regex' || matcher.kind === 'present' ? matcher : { ...matcher, ignoreCase: true };
}

function ends(value: string): TextMatcher {
  if (value.startsWith('*')) return { kind: 'suffix', value: value.slice(1) };
  if (value.endsWith('*')) return { kind: 'prefix', value: value.slice(0, -1) };
  return { kind: 'exact', value };
}

/** One of the items of a header's list, as `valueMatcher` without spaces around it: `request.experimental.inline.headers`. */
export function listedHeaderMatcher(value: string): TextMatcher {
  if (value === '*') return { kind: 'present' };
  const item = value.startsWith('*') ? `.*${literal(value.slice(1))}` : value.endsWith('*') ? `${literal(value.slice(0, -1))}.*` : literal(value);
  return { kind: 'regex', value: `^${item}$|^${item},.*|.*,${item},.*|.*,${item}$` };
}

/** RE2 that matches a text as it is. */
export function literal(text: string): string {
  return text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&');
}
