import { describe, expect, it } from 'vitest';
import { retryPolicy } from './retry-policy.ts';
import { forwardWith, hostNamed, svc, tableOf, to } from './testing.ts';

const defaults = ['connect-failure', 'refused-stream', 'unavailable', 'cancelled', 'retriable-status-codes'];

describe('retries', () => {
  it('RT-R70, RT-R75: by default two, of what did not reach the application', () => {
    expect(retryPolicy(undefined, false)).toEqual({
      on: defaults,
      statusCodes: [],
      attempts: 2,
      backoffBaseMs: 25,
      backoffMaxMs: 250,
      previousHosts: true,
      hostSelectionAttempts: 5,
      previousPriorities: false,
    });
  });

  it.each([
    [{ attempts: 0 }, undefined],
    [{ attempts: -1 }, undefined],
    [{}, undefined],
    [{ attempts: 3 }, 3],
  ])('RT-R71: %j', (written, attempts) => {
    expect(retryPolicy(written, false)?.attempts).toBe(attempts);
  });

  it.each([
    ['', defaults, []],
    ['5xx,gateway-error', ['5xx', 'gateway-error'], []],
    ['5xx, 503 ,418,gateway-error', ['5xx', 'gateway-error', 'retriable-status-codes'], [503, 418]],
    ['503', ['retriable-status-codes'], [503]],
    ['retriable-status-codes,503', ['retriable-status-codes'], [503]],
    ['499,599,99,1000', ['499', '599', '99', '1000'], []],
    [',,reset,', ['reset'], []],
  ])('RT-R72: retryOn "%s"', (retryOn, on, statusCodes) => {
    expect(retryPolicy({ attempts: 1, retryOn }, false)).toMatchObject({ on, statusCodes });
  });

  it.each([
    [undefined, false, true],
    [undefined, true, false],
    [false, false, false],
    [true, true, true],
  ])('RT-R73: retryIgnorePreviousHosts %s, hashed %s: hosts that were tried are avoided: %s', (retryIgnorePreviousHosts, hashed, expected) => {
    expect(retryPolicy({ attempts: 1, ...(retryIgnorePreviousHosts === undefined ? {} : { retryIgnorePreviousHosts }) }, hashed)?.previousHosts).toBe(expected);
  });

  it('RT-R74, RT-R75, MAP-R29: priorities, back-off and the limit of a try', () => {
    expect(retryPolicy({ attempts: 1, retryRemoteLocalities: true, backoff: '50ms', perTryTimeout: '1.5s' }, false)).toMatchObject({
      previousPriorities: true,
      backoffBaseMs: 50,
      backoffMaxMs: 500,
      perTryTimeoutMs: 1500,
    });
  });

  it('RT-R70: the mesh can have a default of its own', () => {
    const meshConfig = { defaultHttpRetryPolicy: { attempts: 7, retryOn: '5xx' } };
    expect(forwardWith(to('a'), { meshConfig }).retry).toMatchObject({ attempts: 7, on: ['5xx'] });
    expect(forwardWith(`retries: {attempts: 1}, ${to('a')}`, { meshConfig }).retry).toMatchObject({ attempts: 1, on: defaults });
    const table = tableOf([svc('shop/cart http:80')], { meshConfig: { defaultHttpRetryPolicy: { attempts: 0 } } });
    expect(hostNamed(table, '80', 'cart.shop.svc.cluster.local:80').routes[0]?.action).not.toHaveProperty('retry');
  });
});
