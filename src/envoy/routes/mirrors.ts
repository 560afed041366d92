import type { Mirror } from '../../ir/route.ts';
import type { JsonObject } from '../json.ts';
import { fraction } from './fractions.ts';

/** A copy has the host of the request as it is, and is no part of its trace (MAP-R33, RT-R112). */
export function mirrorPolicy({ cluster, share }: Mirror): JsonObject {
  return { cluster, runtime_fraction: { default_value: fraction(share) }, trace_sampled: false, disable_shadow_host_suffix_append: true };
}
