import type { CircuitBreakers } from '../../ir/cluster.ts';
import { defined, type JsonObject } from '../json.ts';
import { maxUint32, percent, uint32 } from './numbers.ts';

/** Without a limit Envoy has small ones of its own, so that none is the greatest number there is (MAP-R48, DR-R50). */
export function circuitBreakers({ maxConnections, maxPendingRequests, maxRequests, maxRetries, retryBudget }: CircuitBreakers): JsonObject {
  return {
    thresholds: [
      defined({
        max_connections: limit(maxConnections),
        max_pending_requests: limit(maxPendingRequests),
        max_requests: limit(maxRequests),
        max_retries: limit(maxRetries),
        track_remaining: true,
        retry_budget: retryBudget && { budget_percent: percent(retryBudget.percent), min_retry_concurrency: uint32(retryBudget.minRetryConcurrency) },
      }),
    ],
  };
}

function limit(value: number | undefined): number {
  return value === undefined ? maxUint32 : uint32(value);
}
