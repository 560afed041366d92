import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { Edf } from './edf.ts';
import type { Host } from './host.ts';
import { LeastRequestPicker } from './least-request.ts';
import { RandomPicker } from './random.ts';
import { RoundRobinPicker } from './round-robin.ts';
import { counts, hostsOf, seeded, VirtualClock } from './testing.ts';
import { warmAt, warmupFactor } from './warmup.ts';

const sequence = (picker: { pick(): Host | undefined }, times: number): string =>
  Array.from({ length: times }, () => picker.pick()?.address.replace('10.0.0.', '') ?? '-').join('');

/** Gives these numbers, over and over. */
const fixed = (...numbers: number[]): (() => number) => {
  let next = 0;
  return () => numbers[next++ % numbers.length] as number;
};

function roundRobin(weights: readonly number[], random = seeded(1)): RoundRobinPicker {
  const picker = new RoundRobinPicker(new VirtualClock(), random, undefined);
  picker.refresh(hostsOf(weights), 0);
  return picker;
}

describe('DR-R22: round robin', () => {
  it.each([
    [0, '123123'],
    [1.5 / 2 ** 32, '231231'],
    [2.5 / 2 ** 32, '312312'],
  ])('is a strict cycle that starts anywhere (%f)', (start, expected) => {
    expect(sequence(roundRobin([1, 1, 1], fixed(start)), 6)).toBe(expected);
  });

  test('equal weights above 1 are still a strict cycle', () => {
    expect(sequence(roundRobin([5, 5], fixed(0)), 4)).toBe('1212');
  });

  it.each([0, 0.3, 0.99999])('weights 3:1 repeat one b and three a (start %f)', (start) => {
    const seen = sequence(roundRobin([3, 1], fixed(start)), 20);
    expect(`${seen}|2111211121112111`).toMatch(/^1{0,3}(2111){4}21{0,3}\|/);
  });

  test('the cycle goes on when the list changes', () => {
    const picker = roundRobin([1, 1, 1], fixed(0));
    const hosts = hostsOf([1, 1, 1]);
    expect(sequence(picker, 2)).toBe('12');
    picker.refresh(hosts.slice(0, 2), 0);
    expect(sequence(picker, 2)).toBe('12');
  });

  test('no host: none', () => {
    expect(roundRobin([]).pick()).toBeUndefined();
  });
});

describe('earliest deadline first', () => {
  const weights = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 });

  test('DR-R22: in a whole cycle, each has as many turns as its weight says', () => {
    fc.assert(
      fc.property(weights, fc.double({ min: 0, max: 0.999, noNaN: true }), (w, start) => {
        const edf = new Edf(w.length, (i) => w[i] as number, start);
        const turns = w.map(() => 0);
        const cycles = 3 * w.reduce((a, b) => a + b);
        for (let i = 0; i < cycles; i++) {
          const entry = edf.pick();
          turns[entry] = (turns[entry] as number) + 1;
        }
        w.forEach((weight, i) => {
          expect(Math.abs((turns[i] as number) - 3 * weight)).toBeLessThanOrEqual(1);
        });
      }),
    );
  });

  test('equal deadlines: who was put in first comes first', () => {
    const edf = new Edf(3, () => 1, 0);
    expect(Array.from({ length: 7 }, () => edf.pick())).toEqual([0, 1, 2, 0, 1, 2, 0]);
  });

  test('a weight is asked for again after each turn', () => {
    const w = [1, 1];
    const edf = new Edf(2, (i) => w[i] as number, 0);
    w[1] = 4;
    const turns = Array.from({ length: 50 }, () => edf.pick());
    expect(turns.filter((entry) => entry === 1).length).toBeGreaterThanOrEqual(39);
  });

  test('DR-R22: goes on evenly, without drift', () => {
    const edf = new Edf(2, (i) => [3, 1][i] as number, 0);
    for (let i = 0; i < 400_000; i++) edf.pick();
    expect(Array.from({ length: 8 }, () => edf.pick()).join('')).toBe('00100010');
  });
});

describe('DR-R21: least request', () => {
  const made = (weights: readonly number[], random: () => number): { picker: LeastRequestPicker; hosts: Host[] } => {
    const picker = new LeastRequestPicker(new VirtualClock(), random, undefined);
    const hosts = hostsOf(weights);
    picker.refresh(hosts, 0);
    return { picker, hosts };
  };

  it.each([
    ['the one with fewer', [2, 1, 0], [0.1, 0.9], '3'],
    ['also if it was drawn first', [0, 1, 5], [0.1, 0.9], '1'],
    ['the first of two with the same', [1, 1, 1], [0.9, 0.1], '3'],
    ['the same drawn twice', [9, 0, 0], [0.1, 0.2], '1'],
    ['one that was not drawn does not matter', [3, 0, 2], [0.1, 0.9], '3'],
  ])('of two random hosts: %s', (_, active, draws, expected) => {
    const { picker, hosts } = made([1, 1, 1], fixed(...draws));
    hosts.forEach((host, i) => {
      for (let n = 0; n < (active[i] as number); n++) host.beginRequest();
    });
    expect(sequence(picker, 1)).toBe(expected);
  });

  test('idle hosts get about the same', () => {
    const { picker } = made([2, 2, 2], seeded(3));
    for (const count of Object.values(counts(3000, () => picker.pick()))) expect(Math.abs(count - 1000)).toBeLessThan(120);
  });

  test('different weights: in their proportion while idle', () => {
    const { picker } = made([3, 1], seeded(3));
    expect(counts(400, () => picker.pick())).toEqual({ '10.0.0.1': 300, '10.0.0.2': 100 });
  });

  test('different weights: divided by active requests + 1', () => {
    const { picker, hosts } = made([4, 1], seeded(3));
    // 4 / (3 + 1) against 1 / (0 + 1)
    for (let n = 0; n < 3; n++) hosts[0]?.beginRequest();
    picker.refresh(hosts, 0);
    const found = counts(1000, () => picker.pick());
    expect(Math.abs((found['10.0.0.1'] ?? 0) - 500)).toBeLessThanOrEqual(1);
  });

  test('no host: none', () => {
    expect(made([], seeded(1)).picker.pick()).toBeUndefined();
  });
});

describe('DR-R20: random', () => {
  test('each with the same probability, whatever its weight', () => {
    const picker = new RandomPicker(seeded(5));
    picker.refresh(hostsOf([9, 1, 1]));
    for (const count of Object.values(counts(3000, () => picker.pick()))) expect(Math.abs(count - 1000)).toBeLessThan(120);
  });

  test('no host: none', () => {
    expect(new RandomPicker(seeded(1)).pick()).toBeUndefined();
  });
});

describe('DR-R25: warm-up', () => {
  const warmup = { durationMs: 20_000, minimumPercent: 10, aggression: 1 };

  it.each([
    ['nothing is less than the minimum', {}, 0, 0.1],
    ['the age counts from one second on', { minimumPercent: 1 }, 200, 0.05],
    ['in proportion to the age', {}, 5_000, 0.25],
    ['just before the end', {}, 19_000, 0.95],
    ['after the window', {}, 20_000, 1],
    ['aggression 2: the square root', { aggression: 2 }, 5_000, 0.5],
    ['aggression below 1: slower', { aggression: 0.5 }, 10_000, 0.25],
    ['aggression 0 is none', { aggression: 0 }, 10_000, 0.5],
    ['a window below one second', { durationMs: 500 }, 100, 1],
  ])('%s', (_, overrides, age, expected) => {
    expect(warmupFactor({ ...warmup, ...overrides }, age)).toBeCloseTo(expected, 10);
  });

  test('lasts until the youngest is warm', () => {
    const hosts = [...hostsOf([1], 1_000), ...hostsOf([1], 9_000)];
    expect(warmAt(warmup, hosts, 10_000)).toBe(29_000);
    expect(warmAt(warmup, hosts, 29_000)).toBe(0);
    expect(warmAt(undefined, hosts, 10_000)).toBe(0);
  });

  it.each([
    ['round robin', RoundRobinPicker],
    ['least request', LeastRequestPicker],
  ])('%s gives a new host its share bit by bit', (_, Picker) => {
    const clock = new VirtualClock(100_000);
    const picker = new Picker(clock, seeded(2), warmup);
    const old = hostsOf([1], 1_000)[0] as Host;
    const [, young] = hostsOf([1, 1], 100_000) as [Host, Host];
    const share = (): number => {
      picker.refresh([old, young], clock.now());
      return (counts(1000, () => picker.pick())['10.0.0.2'] ?? 0) / 1000;
    };
    expect(share()).toBeCloseTo(0.1 / 1.1, 2);
    clock.advance(10_000);
    expect(share()).toBeCloseTo(0.5 / 1.5, 2);
    clock.advance(10_000);
    expect(Math.abs(share() - 0.5)).toBeLessThan(0.06);
  });
});
