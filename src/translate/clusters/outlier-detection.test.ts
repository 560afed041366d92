import { describe, expect, it } from 'vitest';
import { outlierDetection, panicPercent } from './outlier-detection.ts';

const defaults = {
  consecutive5xx: 5,
  splitLocalOrigin: false,
  intervalMs: 10_000,
  baseEjectionTimeMs: 30_000,
  maxEjectionTimeMs: 300_000,
  maxEjectionPercent: 10,
};

describe('outlierDetection', () => {
  it.each([
    ['DR-R60: absent', undefined, undefined],
    ['DR-R60, DR-R12: an empty block has all defaults', {}, defaults],
    ['DR-R60: 5xx', { consecutive5xxErrors: 3 }, { ...defaults, consecutive5xx: 3 }],
    [
      'DR-R60: gateway errors, 5xx off',
      { consecutive5xxErrors: 0, consecutiveGatewayErrors: 2 },
      { ...defaults, consecutive5xx: undefined, consecutiveGatewayErrors: 2 },
    ],
    ['DR-R60: gateway errors off', { consecutiveGatewayErrors: 0 }, defaults],
    [
      'DR-R60: times and share',
      { interval: '1s', baseEjectionTime: '2s', maxEjectionPercent: 50 },
      { ...defaults, intervalMs: 1000, baseEjectionTimeMs: 2000, maxEjectionPercent: 50 },
    ],
    ['DR-R60: a share that is not positive is 10', { maxEjectionPercent: 0 }, defaults],
    ['a share beyond all is all', { maxEjectionPercent: 400 }, { ...defaults, maxEjectionPercent: 100 }],
    ['DR-R60: a base beyond the longest time', { baseEjectionTime: '10m' }, { ...defaults, baseEjectionTimeMs: 600_000, maxEjectionTimeMs: 600_000 }],
    ['DR-R65: split', { splitExternalLocalOriginErrors: true }, { ...defaults, splitLocalOrigin: true, consecutiveLocalOrigin: 5 }],
    [
      'DR-R65: split with a number',
      { splitExternalLocalOriginErrors: true, consecutiveLocalOriginFailures: 2 },
      { ...defaults, splitLocalOrigin: true, consecutiveLocalOrigin: 2 },
    ],
    ['DR-R65: the number alone does nothing', { consecutiveLocalOriginFailures: 2 }, defaults],
    ['no durations', { interval: 'soon', baseEjectionTime: '' }, defaults],
  ])('%s', (_, settings, expected) => expect(outlierDetection(settings)).toEqual(expected));
});

describe('DR-R24: panicPercent', () => {
  it.each([
    [undefined, 50],
    [{}, 0],
    [{ minHealthPercent: 20 }, 20],
    [{ minHealthPercent: -1 }, 50],
    [{ minHealthPercent: 200 }, 100],
  ])('%j: %d', (settings, expected) => expect(panicPercent(settings)).toBe(expected));
});
