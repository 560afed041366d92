import type { StringMatcher } from '../../ir/string-matcher.ts';
import type { JsonObject } from '../json.ts';

/** Takes every text, with line breaks in it, too. */
const anyText: JsonObject = { safe_regex: { regex: '(?s).*' } };

/** An Envoy `StringMatcher`; it refuses empty prefixes and empty expressions, which mean any text and the empty text. */
export function stringMatch(matcher: StringMatcher): JsonObject {
  switch (matcher.kind) {
    case 'present':
      return anyText;
    case 'regex':
      return matcher.value === '' ? { exact: '' } : { safe_regex: { regex: matcher.value } };
    case 'exact':
      return { exact: matcher.value, ...(matcher.ignoreCase ? { ignore_case: true } : {}) };
    case 'prefix':
      return matcher.value === '' ? anyText : { prefix: matcher.value, ...(matcher.ignoreCase ? { ignore_case: true } : {}) };
  }
}
