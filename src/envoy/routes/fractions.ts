import type { Millionths } from '../../ir/route.ts';
import type { JsonObject } from '../json.ts';

/** A share as an Envoy `FractionalPercent`. */
export function fraction(share: Millionths): JsonObject {
  return { numerator: share, denominator: 'MILLION' };
}
