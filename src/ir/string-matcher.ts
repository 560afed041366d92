/** A condition on one text. Regexes are RE2 and match the whole text (MAT-R8). */
export type StringMatcher =
  | { kind: 'exact'; value: string; ignoreCase?: boolean }
  | { kind: 'prefix'; value: string; ignoreCase?: boolean }
  | { kind: 'regex'; value: string }
  | { kind: 'present' };

/** Whether a whole text matches an RE2 expression; compiled once for each. */
export type RegexTest = (expression: string, text: string) => boolean;

/** @param regex used for regex matchers only */
export function matchesString(matcher: StringMatcher, text: string, regex: RegexTest): boolean {
  switch (matcher.kind) {
    case 'present':
      return true;
    case 'regex':
      return regex(matcher.value, text);
    case 'exact':
      return matcher.ignoreCase ? matcher.value.toLowerCase() === text.toLowerCase() : matcher.value === text;
    case 'prefix':
      return matcher.ignoreCase ? text.toLowerCase().startsWith(matcher.value.toLowerCase()) : text.startsWith(matcher.value);
  }
}
