import type { TextMatcher } from '../../ir/authorization.ts';
import type { JsonObject } from '../json.ts';

/** Takes every text, with line breaks in it, too. */
const anyText: JsonObject = { safe_regex: { regex: '(?s).*' } };

/** An Envoy `StringMatcher`; it refuses empty ends and empty expressions, which mean any text and the empty text. */
export function stringMatch(matcher: TextMatcher): JsonObject {
  switch (matcher.kind) {
    case 'present':
      return anyText;
    case 'regex':
      return matcher.value === '' ? { exact: '' } : { safe_regex: { regex: matcher.value } };
    case 'exact':
    case 'prefix':
    case 'suffix':
      if (matcher.value === '' && matcher.kind !== 'exact') return anyText;
      return { [matcher.kind]: matcher.value, ...(matcher.ignoreCase ? { ignore_case: true } : {}) };
  }
}
