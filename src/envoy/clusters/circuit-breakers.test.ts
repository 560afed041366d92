import { describe, expect, it } from 'vitest';
import type { CircuitBreakers } from '../../ir/cluster.ts';
import { circuitBreakers } from './circuit-breakers.ts';

const max = 4294967295;
const none = { max_connections: max, max_pending_requests: max, max_requests: max, max_retries: max, track_remaining: true };

describe('circuitBreakers', () => {
  it.each<[string, CircuitBreakers, object]>([
    ['DR-R50: no limits', {}, {}],
    [
      'MAP-R48: limits',
      { maxConnections: 1, maxPendingRequests: 2, maxRequests: 3, maxRetries: 4 },
      { max_connections: 1, max_pending_requests: 2, max_requests: 3, max_retries: 4 },
    ],
    ['what no field holds', { maxConnections: 2 ** 40 }, {}],
    [
      'DR-R54: a budget of retries',
      { retryBudget: { percent: 0.2, minRetryConcurrency: 3 } },
      { retry_budget: { budget_percent: { value: 0.2 }, min_retry_concurrency: 3 } },
    ],
    [
      'more than all',
      { retryBudget: { percent: 120, minRetryConcurrency: 0 } },
      { retry_budget: { budget_percent: { value: 100 }, min_retry_concurrency: 0 } },
    ],
    ['less than none', { retryBudget: { percent: -1, minRetryConcurrency: -1 } }, { retry_budget: { budget_percent: { value: 0 }, min_retry_concurrency: 0 } }],
  ])('%s', (_, breakers, expected) => expect(circuitBreakers(breakers)).toEqual({ thresholds: [{ ...none, ...expected }] }));
});
