// Claims of tokens, where the filter that verifies them leaves them for others.
import type { TextMatcher } from '../ir/authorization.ts';
import type { JsonObject } from './json.ts';
import { stringMatch } from './routes/string-match.ts';

export const tokenFilter = 'envoy.filters.http.jwt_authn';
/** Under which it leaves the payload. */
export const payloadKey = 'payload';

/** A claim is a text, or a list with such a text (MAT-R22). @param textOnly a list does not match */
export function claimMatcher(path: readonly string[], match: TextMatcher, textOnly = false): JsonObject {
  const text = { string_match: stringMatch(match) };
  return {
    filter: tokenFilter,
    path: [payloadKey, ...path].map((key) => ({ key })),
    value: textOnly ? text : { or_match: { value_matchers: [{ list_match: { one_of: text } }, text] } },
  };
}
