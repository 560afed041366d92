import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { combineHashes, type Hash64, hash64, hashModulo, hashText64, hashToHex } from './hash64.ts';

const big = ({ hi, lo }: Hash64): bigint => (BigInt(hi) << 32n) | BigInt(lo);
const mask = (1n << 64n) - 1n;
const rotl = (value: bigint, bits: bigint): bigint => ((value << bits) | (value >> (64n - bits))) & mask;

const [p1, p2, p3, p4, p5] = [11400714785074694791n, 14029467366897019727n, 1609587929392839161n, 9650029242287828579n, 2870177450012600261n] as const;

/** The algorithm as it is described, on one number of any size. */
function naive(bytes: Uint8Array, seed: bigint): bigint {
  const read = (at: number, size: number): bigint => {
    let value = 0n;
    for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[at + i] as number);
    return value;
  };
  const round = (lane: bigint, input: bigint): bigint => (rotl((lane + input * p2) & mask, 31n) * p1) & mask;
  let at = 0;
  let hash = (seed + p5) & mask;
  if (bytes.length >= 32) {
    const lanes = [seed + p1 + p2, seed + p2, seed, seed - p1].map((lane) => lane & mask);
    for (; at + 32 <= bytes.length; at += 32) for (let i = 0; i < 4; i++) lanes[i] = round(lanes[i] as bigint, read(at + 8 * i, 8));
    hash = [1n, 7n, 12n, 18n].reduce((sum, bits, i) => (sum + rotl(lanes[i] as bigint, bits)) & mask, 0n);
    for (const lane of lanes) hash = ((hash ^ round(0n, lane)) * p1 + p4) & mask;
  }
  hash = (hash + BigInt(bytes.length)) & mask;
  for (; at + 8 <= bytes.length; at += 8) hash = (rotl(hash ^ round(0n, read(at, 8)), 27n) * p1 + p4) & mask;
  if (at + 4 <= bytes.length) {
    hash = (rotl(hash ^ ((read(at, 4) * p1) & mask), 23n) * p2 + p3) & mask;
    at += 4;
  }
  for (; at < bytes.length; at++) hash = (rotl(hash ^ ((BigInt(bytes[at] as number) * p5) & mask), 11n) * p1) & mask;
  hash = ((hash ^ (hash >> 33n)) * p2) & mask;
  hash = ((hash ^ (hash >> 29n)) * p3) & mask;
  return hash ^ (hash >> 32n);
}

describe('DR-R30: XXH64', () => {
  it.each([
    ['', 17241709254077376921n],
    ['abc', 4952883123889572249n],
    ['127.0.0.1:29401_0', 12353483302496972738n],
  ])('of %j', (text, expected) => {
    expect(big(hash64(text))).toBe(expected);
  });

  test('is that of any bytes with any seed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 150 }), fc.bigInt({ min: 0n, max: mask }), (bytes, seed) => {
        const text = String.fromCharCode(...bytes);
        expect(big(hash64(text, Number(seed >> 32n), Number(seed & 0xffffffffn)))).toBe(naive(bytes, seed));
      }),
      { numRuns: 500 },
    );
  });

  test('of text beyond ASCII is that of its UTF-8', () => {
    expect(big(hashText64('/run/é.sock'))).toBe(naive(new TextEncoder().encode('/run/é.sock'), 0n));
    expect(hashText64('abc')).toEqual(hash64('abc'));
  });
});

test('DR-R35: several hash policies: rotl(h, 1) xor the next', () => {
  const uint64 = fc.bigInt({ min: 0n, max: mask });
  const halves = (value: bigint): Hash64 => ({ hi: Number(value >> 32n), lo: Number(value & 0xffffffffn) });
  fc.assert(
    fc.property(uint64, uint64, (before, next) => {
      expect(big(combineHashes(halves(before), halves(next)))).toBe(rotl(before, 1n) ^ next);
      expect(combineHashes(undefined, halves(next))).toEqual(halves(next));
    }),
  );
});

test('DR-R32: 16 lower-case digits', () => {
  expect(hashToHex({ hi: 0xab, lo: 0xffffffff })).toBe('000000abffffffff');
  expect(hashToHex(hash64('abc'))).toBe(4952883123889572249n.toString(16).padStart(16, '0'));
});

test('DR-R37: the remainder of a hash is exact', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: mask }), fc.integer({ min: 1, max: 2 ** 26 }), (value, divisor) => {
      expect(BigInt(hashModulo(Number(value >> 32n), Number(value & 0xffffffffn), divisor))).toBe(value % BigInt(divisor));
    }),
  );
});
