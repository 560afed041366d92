import type { ClaimMatcher } from '../../ir/route-match.ts';
import type { JsonObject } from '../json.ts';
import { claimMatcher } from '../token-metadata.ts';

export function claimMatch({ path, matcher, inverted }: ClaimMatcher): JsonObject {
  return { ...claimMatcher(path, matcher), ...(inverted ? { invert: true } : {}) };
}
