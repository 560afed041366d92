import { expect, it } from 'vitest';
import { plainStyle } from '../../src/analysis/report/style.ts';
import { type Bar, drawAnswers, drawBars } from './bars.ts';

const bar = (label: string, count: number, look: Bar['look'] = 'good'): Bar => ({ label, count, look });

it.each<[string, Bar[], { width: number; whole?: number }, string[]]>([
  ['shares', [bar('v1', 180), bar('v2', 20)], { width: 10 }, ['  v1  █████████   180    90%', '  v2  █            20    10%']],
  ['a share too small to draw', [bar('v1', 199), bar('canary', 1)], { width: 10 }, ['  v1      ██████████  199  99.5%', '  canary  █             1   0.5%']],
  ['none', [bar('v1', 0)], { width: 4, whole: 9 }, ['  v1        0     0%']],
  ['nothing at all', [bar('v1', 0)], { width: 4 }, ['  v1        0']],
  ['copies', [bar('v2', 8, 'light')], { width: 4, whole: 8 }, ['  v2  ░░░░  8   100%']],
  ['more than all', [bar('v1', 12)], { width: 4, whole: 8 }, ['  v1  ████  12   150%']],
])('%s', (_, bars, options, expected) => {
  expect(drawBars(bars, plainStyle, options)).toEqual(expected);
});

it('answers', () => {
  expect(drawAnswers([200, 503, 404, 500], plainStyle)).toBe('·✗·✗');
});
