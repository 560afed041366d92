import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { Host } from './host.ts';
import { drawPriority, loadsAvoiding, priorityAt, priorityLoads } from './priorities.ts';
import { byPriority, effectiveLocalityWeight } from './priority-hosts.ts';
import { hostsOf, seeded } from './testing.ts';

const health = (...parts: [healthy: number, total: number][]): { healthy: number; total: number }[] => parts.map(([healthy, total]) => ({ healthy, total }));

describe('DR-R49: load of the priorities', () => {
  it.each([
    ['all healthy', health([3, 3], [3, 3]), [100, 0]],
    ['72% healthy is as good as all', health([72, 100], [3, 3]), [100, 0]],
    ['70% spills the rest', health([7, 10], [3, 3]), [98, 2]],
    ['half', health([1, 2], [2, 2]), [70, 30]],
    ['none', health([0, 2], [2, 2]), [0, 100]],
    ['over three', health([1, 4], [1, 4], [4, 4]), [35, 35, 30]],
    ['an empty priority takes nothing', health([0, 0], [2, 2]), [0, 100]],
    ['less than all together: normalized, and the first takes what rounding leaves', health([1, 10], [2, 10]), [34, 66]],
    ['nobody at all', health([0, 2], [0, 2]), [100, 0]],
  ])('%s', (_, priorities, loads) => {
    expect(priorityLoads(priorities, 0)).toMatchObject({ loads, panic: priorities.map(() => false) });
  });

  test('always adds up to 100', () => {
    const priority = fc.tuple(fc.nat(20), fc.nat(20)).map(([a, b]) => ({ healthy: Math.min(a, b), total: Math.max(a, b) }));
    fc.assert(
      fc.property(fc.array(priority, { minLength: 1, maxLength: 6 }), fc.integer({ min: 0, max: 100 }), (priorities, panicPercent) => {
        const { loads } = priorityLoads(priorities, panicPercent);
        expect(loads.reduce((a, b) => a + b)).toBe(100);
        expect(loads.every((load) => load >= 0)).toBe(true);
      }),
    );
  });

  test('a point of 1 to 100 chooses by them', () => {
    expect([1, 70, 71, 100].map((point) => priorityAt([70, 30], point))).toEqual([0, 0, 1, 1]);
    const random = seeded(1);
    const drawn = Array.from({ length: 1000 }, () => drawPriority([70, 30], random)).filter((priority) => priority === 1).length;
    expect(Math.abs(drawn - 300)).toBeLessThan(60);
  });
});

describe('DR-R24: panic', () => {
  it.each([
    ['at the threshold: no', health([5, 10]), 50, [false]],
    ['below it', health([4, 10]), 50, [true]],
    ['threshold 0: never', health([0, 10]), 0, [false]],
    ['of one priority, while others do not have enough', health([0, 10], [6, 10]), 50, [true, false]],
    ['not while the priorities have enough together', health([0, 10], [8, 10]), 50, [false, false]],
  ])('%s', (_, priorities, threshold, panic) => {
    expect(priorityLoads(priorities, threshold).panic).toEqual(panic);
  });

  test('of all priorities: by the number of their hosts', () => {
    expect(priorityLoads(health([0, 6], [0, 3]), 50)).toMatchObject({ loads: [67, 33], panic: [true, true] });
    expect(priorityLoads([], 50).loads).toEqual([100]);
  });
});

describe('RT-R74: priorities of tries before are avoided', () => {
  const tried = (...priorities: number[]): Host[] =>
    priorities.map((priority) => {
      const [host] = hostsOf([1]) as [Host];
      host.priority = priority;
      return host;
    });
  const healthy = priorityLoads(health([2, 2], [2, 2], [2, 2]), 0);

  it.each([
    ['first retry: as ever', [0], [100, 0, 0]],
    ['second: without priority 0', [0, 0], [0, 100, 0]],
    ['third: the list is two tries old', [0, 0, 1], [0, 100, 0]],
    ['fourth: without both', [0, 0, 1, 1], [0, 0, 100]],
    ['all tried: from the beginning', [0, 0, 1, 1, 2, 2], [100, 0, 0]],
    ['and on from there', [0, 0, 1, 1, 2, 2, 0, 0], [0, 100, 0]],
  ])('%s', (_, priorities, loads) => {
    expect(loadsAvoiding(tried(...priorities), healthy)).toEqual(loads);
  });

  test('what is left of the others is shared out', () => {
    const loads = priorityLoads(health([2, 2], [1, 4], [1, 4]), 0);
    expect(loadsAvoiding(tried(0, 0), loads)).toEqual([0, 50, 50]);
    expect(loadsAvoiding(tried(0, 0), priorityLoads(health([0, 2]), 0))).toEqual([100]);
  });
});

describe('DR-R46: weight of a locality', () => {
  const locality = (weight: number, all: number, healthy: number): number => {
    const hosts = hostsOf(Array.from({ length: all }, () => 1));
    return effectiveLocalityWeight({ weight, all: hosts, healthy: hosts.slice(0, healthy) });
  };

  it.each([
    [70, 3, 3, 70],
    [70, 4, 3, 70],
    [70, 2, 1, 49],
    [70, 2, 0, 0],
    [70, 0, 0, 0],
  ])('%i with %i hosts, %i healthy: %i', (weight, all, healthy, expected) => {
    expect(locality(weight, all, healthy)).toBeCloseTo(expected, 10);
  });

  test('priorities without endpoints are there, too', () => {
    expect(byPriority([{ weight: 1, priority: 2, hosts: [] }])).toHaveLength(3);
    expect(byPriority([])).toHaveLength(1);
  });
});
