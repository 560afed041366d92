import { expect, test } from 'vitest';
import { Breakers } from './core/balance/breakers.ts';
import { StateArena } from './core/balance/shared-state.ts';
import { ExchangeRecord } from './core/exchange-record.ts';
import { flagsText } from './core/response-flags.ts';
import { CompiledRetry } from './core/retry.ts';
import { Retries } from './retries.ts';
import { PassingClock } from './security/testing.ts';

function world({ attempts = 2, maxRetries = 10 } = {}) {
  const breakers = new Breakers(new StateArena().slot('cluster'), { maxRetries });
  const policy = {
    attempts,
    on: ['5xx'],
    statusCodes: [],
    backoffBaseMs: 100,
    backoffMaxMs: 250,
    previousHosts: false,
    hostSelectionAttempts: 1,
    previousPriorities: false,
  };
  const record = new ExchangeRecord();
  return { breakers, record, retries: new Retries(new CompiledRetry(policy), breakers) };
}

test('RT-R78: as many as the policy has, and then the log says that there were no more', () => {
  const { retries, record, breakers } = world();
  expect([retries.take(record), retries.take(record), retries.left, flagsText(record.flags)]).toEqual([true, true, 0, '-']);
  expect([retries.take(record), flagsText(record.flags), breakers.retries.count]).toEqual([false, 'URX', 0]);
});

test('RT-R79: none beyond the limit of the cluster, which other requests have in common', () => {
  const { retries, record, breakers } = world({ maxRetries: 1 });
  expect([breakers.tryRetry(), retries.take(record), flagsText(record.flags), retries.left]).toEqual([true, false, 'UO', 2]);
  breakers.retries.release();
  expect([retries.take(record), breakers.retries.count]).toEqual([true, 1]);
});

test('a place is given back once', () => {
  const { retries, record, breakers } = world();
  breakers.tryRetry();
  retries.take(record);
  retries.take(record);
  expect(breakers.retries.count).toBe(2);
  retries.release();
  retries.release();
  retries.cancel();
  expect(breakers.retries.count).toBe(1);
});

test('RT-R75: the second waits for longer than the first; one that is cancelled is not told', async () => {
  const clock = new PassingClock();
  const { retries, record, breakers } = world({ attempts: 3 });
  const at: number[] = [];
  const again = (): void => {
    retries.take(record);
    retries.schedule({ clock, random: () => 0.999 }, () => at.push(clock.now()));
  };
  again();
  await clock.pass(1000);
  again();
  await clock.pass(1000);
  expect(at).toEqual([99, 1199]);
  again();
  retries.cancel();
  await clock.pass(1000);
  expect([at.length, breakers.retries.count]).toEqual([2, 0]);
});
