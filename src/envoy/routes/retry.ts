import type { RetryPolicy } from '../../ir/route.ts';
import { duration, type JsonObject } from '../json.ts';

/** What Envoy does where nothing else is written (RT-R75). */
const defaultBackoffMs = 25;
const defaultSelections = 1;
/** Envoy refuses no time at all. */
const leastMs = 0.001;
/** Priorities are loaded anew after so many tries (RT-R74). */
const updateFrequency = 2;

/** MAP-R29 */
export function retryPolicy(retry: RetryPolicy): JsonObject {
  const { on, statusCodes, attempts, perTryTimeoutMs = 0, hostSelectionAttempts, previousHosts, previousPriorities } = retry;
  return {
    retry_on: on.join(','),
    num_retries: attempts,
    ...(perTryTimeoutMs > 0 ? { per_try_timeout: duration(perTryTimeoutMs) } : {}),
    ...(statusCodes.length > 0 ? { retriable_status_codes: [...statusCodes] } : {}),
    ...(hostSelectionAttempts === defaultSelections ? {} : { host_selection_retry_max_attempts: String(hostSelectionAttempts) }),
    ...(previousHosts ? { retry_host_predicate: [previousHostsPredicate] } : {}),
    ...(previousPriorities ? { retry_priority: previousPrioritiesPlugin } : {}),
    ...backoff(retry),
  };
}

const previousHostsPredicate = {
  name: 'envoy.retry_host_predicates.previous_hosts',
  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate' },
};

const previousPrioritiesPlugin = {
  name: 'envoy.retry_priorities.previous_priorities',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig',
    update_frequency: updateFrequency,
  },
};

/** Without a longest interval it is ten times the base. */
function backoff({ backoffBaseMs, backoffMaxMs }: RetryPolicy): JsonObject {
  const usual = backoffMaxMs === backoffBaseMs * 10;
  if (usual && backoffBaseMs === defaultBackoffMs) return {};
  const base = Math.max(backoffBaseMs, leastMs);
  return { retry_back_off: { base_interval: duration(base), ...(usual ? {} : { max_interval: duration(Math.max(base, backoffMaxMs)) }) } };
}
