import { describe, expect, it } from 'vitest';
import { plainStyle } from '../../analysis/report/style.ts';
import type { Timeline } from '../../simulate/timeline.ts';
import { timelineLines, totalText } from './timeline-text.ts';

const cut: Timeline = {
  steps: [
    { kind: 'delay', number: 1, startMs: 0, endMs: 200, minMs: 0, ends: 'delay' },
    { kind: 'attempt', number: 1, startMs: 200, endMs: 600, minMs: 0, ends: 'per-try-timeout' },
    { kind: 'backoff', number: 1, startMs: 600, endMs: 625, minMs: 0, ends: 'backoff' },
    { kind: 'attempt', number: 2, startMs: 625, endMs: 1000, minMs: 0, ends: 'timeout' },
  ],
  totalMs: 1000,
  ends: 'timeout',
  status: 504,
  triesAllowed: 5,
  triesBegun: 2,
};
const open: Timeline = {
  steps: [
    { kind: 'attempt', number: 1, startMs: 0, endMs: 1000, minMs: 0, ends: 'connect-timeout' },
    { kind: 'attempt', number: 2, startMs: 1000, minMs: 0, ends: 'never' },
  ],
  ends: 'never',
  triesAllowed: 2,
  triesBegun: 2,
};

describe('a timeline is drawn', () => {
  it('on one scale', () => {
    expect(timelineLines(cut, 72, plainStyle)).toEqual([
      'delay  █████                    0ms to 200ms    delay of the fault',
      'try 1       █████████           200ms to 600ms  per-try timeout',
      'pause                ▏          0ms to 25ms     pause, drawn',
      'try 2                █████████  625ms to 1s     timeout of the request',
    ]);
  });

  it('with an arrow where there is no end', () => {
    expect(timelineLines(open, 60, plainStyle)).toEqual([
      'try 1  ████████████             0ms to 1s  connect timeout',
      'try 2              ██████████▶  from 1s    no limit',
    ]);
  });

  it.each([40, 60, 80, 120, 200])('in %d columns', (width) => {
    for (const line of [...timelineLines(cut, width, plainStyle), ...timelineLines(open, width, plainStyle)]) {
      // Without room for bars the figures are left.
      if (width >= 60) expect(line.length, line).toBeLessThanOrEqual(width);
      expect(line).toMatch(/\d+m?s/);
    }
  });

  it('without bars where there is no room', () => {
    expect(timelineLines(cut, 50, plainStyle)[0]).toBe('delay  0ms to 200ms    delay of the fault');
  });
});

it.each<[Timeline, string]>([
  [cut, 'at most 1s, then 504 (timeout of the request); only 2 of 5 tries can begin in this time'],
  [{ ...cut, triesAllowed: 2 }, 'at most 1s, then 504 (timeout of the request)'],
  [open, 'without an end: nothing limits try 2'],
  [{ ...open, triesAllowed: 1, triesBegun: 1 }, 'without an end: nothing limits how long the answer may take'],
  [{ ...cut, ends: 'abort', status: 418, totalMs: 200 }, '200ms, then 418'],
])('the total %#', (timeline, text) => expect(totalText(timeline)).toBe(text));
