import { describe, expect, it } from 'vitest';
import type { OutlierDetection } from '../../ir/cluster.ts';
import { outlierDetection } from './outlier-detection.ts';

const defaults = { splitLocalOrigin: false, intervalMs: 10_000, baseEjectionTimeMs: 30_000, maxEjectionTimeMs: 300_000, maxEjectionPercent: 10 };
const off = {
  consecutive_5xx: 0,
  enforcing_consecutive_5xx: 0,
  enforcing_success_rate: 0,
  interval: '10s',
  base_ejection_time: '30s',
  max_ejection_percent: 10,
};

describe('outlierDetection', () => {
  it.each<[string, Partial<OutlierDetection>, object]>([
    ['DR-R60: nothing is counted', {}, {}],
    ['DR-R60: errors', { consecutive5xx: 7 }, { consecutive_5xx: 7, enforcing_consecutive_5xx: 100 }],
    ['DR-R60: errors of gateways', { consecutiveGatewayErrors: 3 }, { consecutive_gateway_failure: 3, enforcing_consecutive_gateway_failure: 100 }],
    [
      'DR-R65: failures of connections apart',
      { splitLocalOrigin: true, consecutiveLocalOrigin: 4 },
      {
        split_external_local_origin_errors: true,
        consecutive_local_origin_failure: 4,
        enforcing_consecutive_local_origin_failure: 100,
        enforcing_local_origin_success_rate: 0,
      },
    ],
    ['DR-R60: the end is the first ejection where that is longer', { baseEjectionTimeMs: 400_000, maxEjectionTimeMs: 400_000 }, { base_ejection_time: '400s' }],
    ['another end', { maxEjectionTimeMs: 60_000 }, { max_ejection_time: '60s' }],
    [
      'an end before the first ejection, which Envoy refuses',
      { baseEjectionTimeMs: 90_000, maxEjectionTimeMs: 60_000 },
      { base_ejection_time: '90s', max_ejection_time: '90s' },
    ],
    ['times of nothing, which Envoy refuses', { intervalMs: 0, baseEjectionTimeMs: 0 }, { interval: '0.001s', base_ejection_time: '0.001s' }],
    ['times that are too long', { intervalMs: 1e20 }, { interval: '9223372035s' }],
    ['DR-R61: all', { maxEjectionPercent: 100 }, { max_ejection_percent: 100 }],
    ['more than all', { maxEjectionPercent: 101 }, { max_ejection_percent: 100 }],
    ['none', { maxEjectionPercent: 0 }, { max_ejection_percent: 0 }],
  ])('%s', (_, more, expected) => expect(outlierDetection({ ...defaults, ...more })).toEqual({ ...off, ...expected }));
});
