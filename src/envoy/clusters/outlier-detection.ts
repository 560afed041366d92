import type { OutlierDetection } from '../../ir/cluster.ts';
import { defined, duration, type JsonObject } from '../json.ts';
import { uint32 } from './numbers.ts';

/** Envoy's own end of an ejection, unless the first is longer (DR-R60). */
const defaultMaxEjectionMs = 300_000;

/** MAP-R53. Only what is counted in a row ejects: rates of success never do. */
export function outlierDetection(outlier: OutlierDetection): JsonObject {
  const { splitLocalOrigin, intervalMs, baseEjectionTimeMs, maxEjectionTimeMs, maxEjectionPercent } = outlier;
  return defined({
    ...counter('consecutive_5xx', outlier.consecutive5xx ?? 0),
    // Absent it is counted without an effect, which is as good as off.
    ...(outlier.consecutiveGatewayErrors === undefined ? {} : counter('consecutive_gateway_failure', outlier.consecutiveGatewayErrors)),
    enforcing_success_rate: 0,
    interval: positive(intervalMs),
    base_ejection_time: positive(baseEjectionTimeMs),
    max_ejection_time:
      maxEjectionTimeMs === Math.max(defaultMaxEjectionMs, baseEjectionTimeMs) ? undefined : positive(Math.max(maxEjectionTimeMs, baseEjectionTimeMs)),
    max_ejection_percent: Math.min(uint32(maxEjectionPercent), 100),
    ...(splitLocalOrigin
      ? {
          split_external_local_origin_errors: true,
          ...counter('consecutive_local_origin_failure', outlier.consecutiveLocalOrigin ?? 0),
          enforcing_local_origin_success_rate: 0,
        }
      : {}),
  });
}

/** A counter that ejects every host that reaches it; 0: off. */
function counter(name: string, value: number): JsonObject {
  return { [name]: uint32(value), [`enforcing_${name}`]: value > 0 ? 100 : 0 };
}

/** Envoy refuses a time of nothing. */
function positive(milliseconds: number): string {
  return duration(Math.max(milliseconds, 1));
}
