import type { ClaimMatcher } from '../../ir/route-match.ts';
import { matchesString } from '../../ir/string-matcher.ts';
import { matchesRegex } from './regex.ts';

/** Whether a claim of a token's payload holds a condition: a text, or a list with such a text (MAT-R22). */
export function matchesClaim({ path, matcher, inverted }: ClaimMatcher, payload: unknown): boolean {
  let claim = payload;
  for (const key of path)
    claim = typeof claim === 'object' && claim !== null && Object.hasOwn(claim, key) ? (claim as Record<string, unknown>)[key] : undefined;
  const texts = (Array.isArray(claim) ? claim : [claim]).filter((text) => typeof text === 'string');
  return texts.some((text) => matchesString(matcher, text, matchesRegex)) !== inverted;
}
