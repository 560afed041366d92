import { describe, expect, it } from 'vitest';
import type { FaultPolicy } from '../../ir/route.ts';
import { drawAbort, drawDelayMs, drawShare } from './fault.ts';
import { drawMirror } from './mirror.ts';
import { draws } from './testing.ts';

describe('shares', () => {
  it.each([
    [0, 0, false],
    [1000, 0.000_999, true],
    [1000, 0.001, false],
    [333_333, 0.333_332_9, true],
    [333_333, 0.333_333, false],
    [1_000_000, 0.999_999_9, true],
  ])('RT-R90: %i of a million, drawn %d: %s', (share, drawn, hit) => expect(drawShare(share, () => drawn)).toBe(hit));

  it('RT-R90, RT-R110: as often as it says', () => {
    let seed = 1;
    const random = (): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    let hits = 0;
    for (let i = 0; i < 10_000; i++) hits += Number(drawMirror({ cluster: 'a', share: 500_000 }, random));
    expect(hits).toBeGreaterThan(4800);
    expect(hits).toBeLessThan(5200);
  });

  it('RT-R110, RT-R115: each mirror has a draw of its own', () => {
    const random = draws(0.4, 0.6);
    expect([drawMirror({ cluster: 'a', share: 500_000 }, random), drawMirror({ cluster: 'b', share: 500_000 }, random)]).toEqual([true, false]);
  });
});

describe('faults', () => {
  const fault: FaultPolicy = { delay: { durationMs: 100, share: 500_000 }, abort: { share: 500_000, httpStatus: 418 } };

  it.each([
    [0.4, 0.4, 100, 418],
    [0.4, 0.6, 100, undefined],
    [0.6, 0.4, -1, 418],
    [0.6, 0.6, -1, undefined],
  ])('RT-R91: delay and abort are drawn one after the other: %d, %d', (first, second, delay, status) => {
    const random = draws(first, second);
    expect(drawDelayMs(fault, random)).toBe(delay);
    expect(drawAbort(fault, random)?.status).toBe(status);
  });

  it('RT-R94: without a part nothing is drawn for it', () => {
    expect([drawDelayMs({}, () => 0), drawAbort({}, () => 0)]).toEqual([-1, undefined]);
  });
});
