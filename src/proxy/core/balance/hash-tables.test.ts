import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { HashTable } from './hash-table.ts';
import { type Hash64, hash64 } from './hash64.ts';
import type { Host } from './host.ts';
import { Maglev } from './maglev.ts';
import { localityNormalizedWeights, normalizedWeights, type WeightedHost } from './normalized-weights.ts';
import { RingHash } from './ring-hash.ts';
import { hostsOf } from './testing.ts';

const big = ({ hi, lo }: Hash64): bigint => (BigInt(hi) << 32n) | BigInt(lo);
const mask = (1n << 64n) - 1n;
const halves = (value: bigint): [number, number] => [Number(value >> 32n), Number(value & 0xffffffffn)];

/** The words of DR-R36. */
function naiveRing(weighted: readonly WeightedHost[], minimum: number): { point: bigint; host: Host }[] {
  const least = Math.min(...weighted.map(({ weight }) => weight));
  const scale = Math.min(Math.ceil(least * minimum) / least, 8388608);
  const ring: { point: bigint; host: Host }[] = [];
  let target = 0;
  for (const { host, weight } of weighted) {
    target += scale * weight;
    for (let k = 0; ring.length < target; k++) ring.push({ point: big(hash64(`${host.key}_${k}`)), host });
  }
  return ring.sort((a, b) => (a.point < b.point ? -1 : a.point > b.point ? 1 : 0));
}

function naiveRingChoice(ring: readonly { point: bigint; host: Host }[], hash: bigint, attempt: number): Host | undefined {
  const found = ring.findIndex(({ point }) => point >= hash);
  return ring[((found < 0 ? 0 : found) + attempt) % ring.length]?.host;
}

/** The words of DR-R37. */
function naiveMaglev(weighted: readonly WeightedHost[], size: number): Host[] {
  const sorted = [...weighted].sort((a, b) => (a.host.key < b.host.key ? -1 : 1));
  const most = Math.max(...sorted.map(({ weight }) => weight));
  const m = BigInt(size);
  const entries = sorted.map(({ host, weight }) => ({
    host,
    weight,
    offset: big(hash64(host.key)) % m,
    skip: (big(hash64(host.key, 0, 1)) % (m - 1n)) + 1n,
    next: 0n,
    target: 0,
  }));
  const table: Host[] = new Array(size);
  let filled = 0;
  for (let iteration = 1; filled < size; iteration++) {
    for (const entry of entries) {
      if (filled === size || iteration * entry.weight < entry.target) continue;
      entry.target += most;
      const slot = (): number => Number((entry.offset + entry.skip * entry.next) % m);
      while (table[slot()] !== undefined) entry.next++;
      table[slot()] = entry.host;
      entry.next++;
      filled++;
    }
  }
  return table;
}

const weights = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 7 });
const hashes = fc.bigInt({ min: 0n, max: mask });

describe('DR-R36: ring hash', () => {
  test('is the rule, for all hashes, weights, sizes and attempts', () => {
    fc.assert(
      fc.property(weights, fc.integer({ min: 1, max: 1500 }), fc.array(hashes, { maxLength: 20 }), fc.nat(6), (w, minimum, asked, attempt) => {
        const weighted = normalizedWeights(hostsOf(w));
        const ring = naiveRing(weighted, minimum);
        const made = new RingHash(weighted, minimum);
        expect(made.size).toBe(ring.length);
        const points = ring.slice(0, 5).flatMap(({ point }) => [point, (point + 1n) & mask]);
        for (const hash of [...asked, ...points, 0n, mask]) {
          expect(made.choose(...halves(hash), attempt)).toBe(naiveRingChoice(ring, hash, attempt));
        }
      }),
      { numRuns: 60 },
    );
  });

  test('a point has the address and a number: three hosts with 1024 have 342 each', () => {
    expect(new RingHash(normalizedWeights(hostsOf([1, 1, 1])), 1024).size).toBe(1026);
  });

  test('a further attempt takes the next point', () => {
    const hosts = hostsOf([1, 1, 1]);
    const ring = naiveRing(normalizedWeights(hosts), 1024);
    const made = new RingHash(normalizedWeights(hosts), 1024);
    const last = ring.at(-1)?.point as bigint;
    expect(made.choose(...halves(last), 0)).toBe(ring.at(-1)?.host);
    expect(made.choose(...halves(last), 1)).toBe(ring[0]?.host);
    expect(made.choose(...halves(last), 2)).toBe(ring[1]?.host);
  });

  test('without hosts there is none, and sizes beyond the maximum are cut', () => {
    expect(new RingHash([], 1024).choose(1, 2, 0)).toBeUndefined();
    expect(new RingHash(normalizedWeights(hostsOf([1])), 0).size).toBe(1);
    expect(new RingHash(normalizedWeights(hostsOf([1])), Number.NaN).size).toBe(1);
  });
});

describe('DR-R37: maglev', () => {
  test('is the rule, for all hashes, weights, sizes and attempts', () => {
    const primes = fc.constantFrom(2, 3, 7, 251, 1009);
    fc.assert(
      fc.property(weights, primes, fc.array(hashes, { maxLength: 20 }), fc.nat(6), (w, size, asked, attempt) => {
        const weighted = normalizedWeights(hostsOf(w).reverse());
        const table = naiveMaglev(weighted, size);
        const made = new Maglev(weighted, size);
        for (const hash of [...asked, 0n, mask, 0xffffffffn, 1n << 32n]) {
          const asWanted = attempt === 0 ? hash : hash ^ ((1n << 64n) - BigInt(attempt));
          expect(made.choose(...halves(hash), attempt)).toBe(table[Number(asWanted % BigInt(size))]);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('of the default size', () => {
    const weighted = normalizedWeights(hostsOf([1, 2, 1]));
    const table = naiveMaglev(weighted, 65537);
    const made = new Maglev(weighted, 65537);
    for (let i = 0; i < 65537; i += 97) expect(made.choose(0, i, 0)).toBe(table[i]);
  });

  test('a size that is no prime, or too large, still ends', () => {
    expect(new Maglev(normalizedWeights(hostsOf([1, 1])), 1000).size).toBe(1009);
    expect(new Maglev(normalizedWeights(hostsOf([1])), Number.NaN).size).toBe(2);
    expect(new Maglev([], 65537).choose(1, 2, 0)).toBeUndefined();
  });
});

describe('DR-R38: without one of its hosts', () => {
  const keys = Array.from({ length: 2000 }, (_, i) => hash64(`user-${i}`));
  const tables: [string, (hosts: readonly Host[]) => HashTable][] = [
    ['ring hash', (hosts) => new RingHash(normalizedWeights(hosts), 1024)],
    ['maglev', (hosts) => new Maglev(normalizedWeights(hosts), 65537)],
  ];
  it.each(tables)('%s sends most others where they were', (_, make) => {
    fc.assert(
      fc.property(fc.integer({ min: 5, max: 10 }), fc.nat(4), (count, gone) => {
        const hosts = hostsOf(Array.from({ length: count }, () => 1));
        const before = make(hosts);
        const after = make(hosts.filter((_host, i) => i !== gone));
        let moved = 0;
        for (const { hi, lo } of keys) {
          const old = before.choose(hi, lo, 0);
          const now = after.choose(hi, lo, 0);
          expect(now).not.toBe(hosts[gone]);
          if (old !== hosts[gone] && old !== now) moved++;
        }
        expect(moved / keys.length).toBeLessThan(0.3);
      }),
      { numRuns: 10 },
    );
  });

  it.each(tables)('%s spreads keys', (_, make) => {
    const found = new Map<Host | undefined, number>();
    const table = make(hostsOf([1, 1, 1, 1]));
    for (const { hi, lo } of keys) {
      const host = table.choose(hi, lo, 0);
      found.set(host, (found.get(host) ?? 0) + 1);
    }
    expect(found.size).toBe(4);
    for (const count of found.values()) expect(count / keys.length).toBeGreaterThan(0.15);
  });
});

test('DR-R46: shares of a consistent hash are those of the locality times those in it', () => {
  const [a, b, c] = hostsOf([1, 3, 5]) as [Host, Host, Host];
  const shares = localityNormalizedWeights([
    { weight: 3, hosts: [a, b] },
    { weight: 1, hosts: [c] },
    { weight: 0, hosts: [c] },
  ]);
  expect(shares.map(({ weight }) => weight)).toEqual([0.1875, 0.5625, 0.25]);
});
