import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { CircuitBreakers } from '../../../ir/cluster.ts';
import { Breakers, unlimited } from './breakers.ts';
import { StateArena } from './shared-state.ts';

const made = (limits: CircuitBreakers, arena = new StateArena(), name = 'cluster'): Breakers => new Breakers(arena.slot(name), limits);
const kinds = ['connections', 'pending', 'requests', 'retries'] as const;

describe('limits', () => {
  it.each(kinds)('DR-R50: %s without a limit: 4294967295', (kind) => {
    const breaker = made({})[kind];
    expect([breaker.max, breaker.remaining]).toEqual([unlimited, 4_294_967_295]);
    for (let i = 0; i < 1000; i++) expect(breaker.tryAcquire()).toBe(true);
    expect(breaker.remaining).toBe(unlimited - 1000);
  });

  it.each(kinds)('DR-R52: %s beyond the limit overflow, and are counted', (kind) => {
    const all = made({ maxConnections: 2, maxPendingRequests: 2, maxRequests: 2, maxRetries: 2 });
    const breaker = all[kind];
    expect([1, 2, 3, 4].map(() => breaker.tryAcquire())).toEqual([true, true, false, false]);
    expect([breaker.count, breaker.remaining, breaker.overflowTotal, breaker.isOpen]).toEqual([2, 0, 2, true]);
    breaker.release();
    expect([breaker.isOpen, breaker.tryAcquire()]).toEqual([false, true]);
    for (const other of kinds.filter((name) => name !== kind)) expect([all[other].count, all[other].overflowTotal]).toEqual([0, 0]);
  });

  test('DR-R53: a limit of 0 pending overflows at once, also when idle', () => {
    expect(made({ maxPendingRequests: 0 }).pending.tryAcquire()).toBe(false);
  });

  test('DR-R53: one active and one queued; the third overflows', () => {
    const limits = made({ maxConnections: 1, maxPendingRequests: 1 });
    expect([limits.pending.tryAcquire(), limits.mayConnect(true)]).toEqual([true, true]);
    // The connection takes the first request.
    limits.pending.release();
    expect(limits.requests.tryAcquire()).toBe(true);
    expect([limits.pending.tryAcquire(), limits.mayConnect(false)]).toEqual([true, false]);
    expect(limits.pending.tryAcquire()).toBe(false);
    expect([limits.connections.overflowTotal, limits.pending.overflowTotal]).toEqual([1, 1]);
  });

  test('DR-R55: a pool without any connection may open one at the limit', () => {
    const limits = made({ maxConnections: 1 });
    expect([limits.mayConnect(true), limits.mayConnect(false), limits.mayConnect(true)]).toEqual([true, false, true]);
    expect([limits.connections.count, limits.connections.overflowTotal]).toEqual([2, 2]);
    limits.connectionClosed();
    limits.connectionClosed();
    expect(limits.connections.count).toBe(0);
  });

  test('DR-R55: clusters have limits of their own, a cluster has one limit wherever it is asked', () => {
    const arena = new StateArena();
    const first = made({ maxRequests: 1 }, arena, 'outbound|80|v1|a');
    expect(first.requests.tryAcquire()).toBe(true);
    expect(made({ maxRequests: 1 }, arena, 'outbound|80|v2|a').requests.tryAcquire()).toBe(true);
    expect(made({ maxRequests: 1 }, arena, 'outbound|80|v1|a').requests.tryAcquire()).toBe(false);
  });

  test('new limits hold at once, and what is active stays', () => {
    const breakers = made({ maxRequests: 3 });
    for (let i = 0; i < 3; i++) breakers.requests.tryAcquire();
    breakers.update({ maxRequests: 1 });
    expect([breakers.requests.count, breakers.requests.remaining, breakers.requests.tryAcquire()]).toEqual([3, 0, false]);
    breakers.update({});
    expect(breakers.requests.tryAcquire()).toBe(true);
  });

  test('never more than the limit, never less than none', () => {
    fc.assert(
      fc.property(fc.nat(5), fc.array(fc.boolean(), { maxLength: 100 }), (max, steps) => {
        const { requests } = made({ maxRequests: max });
        let held = 0;
        for (const acquire of steps) {
          if (acquire) expect(requests.tryAcquire()).toBe(held < max);
          if (acquire && held < max) held++;
          if (!acquire && held > 0) {
            requests.release();
            held--;
          }
          expect(requests.count).toBe(held);
        }
      }),
    );
  });
});

describe('retries', () => {
  test('RT-R79: beyond max_retries there is none', () => {
    const breakers = made({ maxRetries: 1 });
    expect([breakers.tryRetry(), breakers.tryRetry()]).toEqual([true, false]);
    expect(breakers.retries.overflowTotal).toBe(1);
    breakers.retries.release();
    expect(breakers.tryRetry()).toBe(true);
  });

  it.each([
    ['0.2 percent is the minimum', { percent: 0.2, minRetryConcurrency: 3 }, 100, 0, 3],
    ['a share of what is active', { percent: 20, minRetryConcurrency: 3 }, 40, 0, 8],
    ['and of what waits', { percent: 20, minRetryConcurrency: 3 }, 20, 20, 8],
    ['rounded down', { percent: 25, minRetryConcurrency: 0 }, 7, 0, 1],
    ['of nothing', { percent: 100, minRetryConcurrency: 0 }, 0, 0, 0],
  ])('DR-R54: budget: %s', (_, retryBudget, active, pending, allowed) => {
    const breakers = made({ retryBudget, maxRetries: 1000 });
    for (let i = 0; i < active; i++) breakers.requests.tryAcquire();
    for (let i = 0; i < pending; i++) breakers.pending.tryAcquire();
    expect(breakers.maxRetries).toBe(allowed);
    let given = 0;
    while (breakers.tryRetry()) given++;
    expect(given).toBe(allowed);
  });
});
