import { expect, it } from 'vitest';
import { KubeError } from './error.ts';
import { type Repeatable, retryDelayMs } from './retry.ts';

const lost = (code: string): KubeError => new KubeError('', { reason: 'Unreachable', cause: Object.assign(new Error(''), { code }) });
const answer = (status: number, retryAfterMs?: number): KubeError => new KubeError('', { reason: '', status, retryAfterMs });

it.each<[string, KubeError, Record<Repeatable, boolean>]>([
  ['nothing was sent', lost('ECONNREFUSED'), { read: true, idempotent: true, write: true, never: false }],
  ['it may have arrived', lost('ECONNRESET'), { read: true, idempotent: true, write: false, never: false }],
  ['no such host', lost('ENOTFOUND'), { read: false, idempotent: false, write: false, never: false }],
  ['nobody to be trusted', lost('CERT_HAS_EXPIRED'), { read: false, idempotent: false, write: false, never: false }],
  ['busy', answer(429), { read: true, idempotent: true, write: true, never: false }],
  ['starting, and says when to come again', answer(503, 1_000), { read: true, idempotent: true, write: true, never: false }],
  ['broken', answer(500), { read: true, idempotent: false, write: false, never: false }],
  ['a gateway without a server', answer(502), { read: true, idempotent: false, write: false, never: false }],
  ['refused', answer(403), { read: false, idempotent: false, write: false, never: false }],
  ['comes again too late', answer(429, 60_000), { read: false, idempotent: false, write: false, never: false }],
])('%s', (_, error, expected) => {
  for (const [repeatable, again] of Object.entries(expected)) expect(retryDelayMs(error, repeatable as Repeatable, 1, 0) !== undefined, repeatable).toBe(again);
});

it('ends: a server that is away after a second, one that is busy after some more', () => {
  const waits = (error: KubeError): number[] => {
    const all: number[] = [];
    for (let tries = 1; ; tries++) {
      const delay = retryDelayMs(error, 'read', tries, 0.5);
      if (delay === undefined) return all;
      all.push(delay);
    }
  };
  expect(waits(lost('ECONNREFUSED'))).toEqual([100, 300, 600]);
  expect(waits(answer(429)).length).toBe(7);
  expect(waits(answer(429, 2_000)).every((delay) => delay >= 2_000)).toBe(true);
});
