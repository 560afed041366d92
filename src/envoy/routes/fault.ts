import type { FaultPolicy } from '../../ir/route.ts';
import { defined, duration, type JsonObject, type TypedJson } from '../json.ts';
import { fraction } from './fractions.ts';

/** Envoy refuses no time at all. */
const leastMs = 0.001;

/** MAP-R37 */
export function faultConfig({ delay, abort }: FaultPolicy): TypedJson {
  return defined({
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault',
    delay: delay && delay.durationMs > 0 ? { fixed_delay: duration(Math.max(delay.durationMs, leastMs)), percentage: fraction(delay.share) } : undefined,
    abort: abort && { ...abortStatus(abort), percentage: fraction(abort.share) },
  });
}

function abortStatus({ httpStatus, grpcStatus }: NonNullable<FaultPolicy['abort']>): JsonObject {
  return grpcStatus === undefined ? { http_status: httpStatus } : { grpc_status: grpcStatus };
}
