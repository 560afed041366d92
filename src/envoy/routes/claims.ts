import type { ClaimMatcher } from '../../ir/route-match.ts';
import type { JsonObject } from '../json.ts';
import { stringMatch } from './string-match.ts';

/** Where the filter that verifies tokens leaves their payloads. */
const filter = 'envoy.filters.http.jwt_authn';
const payload = 'payload';

/** A claim is a text, or a list with such a text (MAT-R22). */
export function claimMatch({ path, matcher, inverted }: ClaimMatcher): JsonObject {
  const text = { string_match: stringMatch(matcher) };
  return {
    filter,
    path: [payload, ...path].map((key) => ({ key })),
    value: { or_match: { value_matchers: [text, { list_match: { one_of: text } }] } },
    ...(inverted ? { invert: true } : {}),
  };
}
