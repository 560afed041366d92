import { expect, it } from 'vitest';
import type { LoadBalancerSettings } from '../../manifest/istio/networking.gen.ts';
import { loadBalancer } from './load-balancer.ts';

it.each<[string, LoadBalancerSettings | undefined, object]>([
  ['DR-R20: nothing', undefined, { policy: 'least-request' }],
  ['DR-R20: unspecified', { simple: 'UNSPECIFIED' }, { policy: 'least-request' }],
  ['DR-R20: LEAST_CONN', { simple: 'LEAST_CONN' }, { policy: 'least-request' }],
  ['DR-R20: LEAST_REQUEST', { simple: 'LEAST_REQUEST' }, { policy: 'least-request' }],
  ['DR-R20: ROUND_ROBIN', { simple: 'ROUND_ROBIN' }, { policy: 'round-robin' }],
  ['DR-R20: RANDOM', { simple: 'RANDOM' }, { policy: 'random' }],
  ['DR-R20: PASSTHROUGH', { simple: 'PASSTHROUGH' }, { policy: 'original-destination' }],
  ['DR-R25: warm-up', { warmup: { duration: '30s' } }, { policy: 'least-request', warmup: { durationMs: 30_000, minimumPercent: 10, aggression: 1 } }],
  [
    'DR-R25: warm-up as it says',
    { simple: 'ROUND_ROBIN', warmup: { duration: '1m', minimumPercent: 0, aggression: 2 } },
    { policy: 'round-robin', warmup: { durationMs: 60_000, minimumPercent: 0, aggression: 2 } },
  ],
  ['DR-R25: the older field', { warmupDurationSecs: '5s' }, { policy: 'least-request', warmup: { durationMs: 5000, minimumPercent: 10, aggression: 1 } }],
  ['DR-R25: not where it is drawn', { simple: 'RANDOM', warmup: { duration: '30s' } }, { policy: 'random' }],
  ['no time is no warm-up', { warmup: { duration: '0s' } }, { policy: 'least-request' }],
  ['DR-R36: a ring of 1024', { consistentHash: { httpHeaderName: 'x' } }, { policy: 'ring-hash', minimumRingSize: 1024 }],
  ['DR-R36: the older size', { consistentHash: { httpHeaderName: 'x', minimumRingSize: 7 } }, { policy: 'ring-hash', minimumRingSize: 7 }],
  [
    'DR-R36: a block without a size',
    { consistentHash: { httpHeaderName: 'x', minimumRingSize: 7, ringHash: {} } },
    { policy: 'ring-hash', minimumRingSize: 1024 },
  ],
  ['DR-R36: its size', { consistentHash: { httpHeaderName: 'x', ringHash: { minimumRingSize: 9 } } }, { policy: 'ring-hash', minimumRingSize: 9 }],
  ['DR-R37: maglev', { consistentHash: { httpHeaderName: 'x', maglev: {} } }, { policy: 'maglev', tableSize: 65537 }],
  ['DR-R37: its size', { consistentHash: { httpHeaderName: 'x', maglev: { tableSize: 5003 } } }, { policy: 'maglev', tableSize: 5003 }],
  [
    'DR-R37: a size that is not prime makes no table',
    { consistentHash: { httpHeaderName: 'x', maglev: { tableSize: 5004 } } },
    { policy: 'maglev', tableSize: 65537 },
  ],
  ['nor does a huge one', { consistentHash: { httpHeaderName: 'x', maglev: { tableSize: 1e18 } } }, { policy: 'maglev', tableSize: 65537 }],
])('%s', (_, settings, expected) => expect(loadBalancer(settings)).toEqual(expected));
