import { describe, expect, it } from 'vitest';
import type { AuthorizationStages, ExternalAuthorizer } from '../../ir/authorization.ts';
import { CompiledStages } from '../core/authorization/stages.ts';
import { policies, rule } from '../core/authorization/testing.ts';
import { ExchangeRecord } from '../core/exchange-record.ts';
import { AuthorizationCounters } from '../telemetry/authorization-counters.ts';
import { type ConnectionDenial, ConnectionGuard } from './connection-guard.ts';
import type { ExternalVerdict } from './external-check.ts';

const authorizer = { protocol: 'grpc', cluster: 'authz', failOpen: false } as ExternalAuthorizer;
const onPort = (name: string, port: number) => rule(name, [{ kind: 'destination-port', port }]);

function judged(stages: Partial<AuthorizationStages>, verdict: ExternalVerdict['kind'] | 'later' = 'allowed') {
  const counters = new AuthorizationCounters();
  const record = Object.assign(new ExchangeRecord(), { localPort: 9000, peerAddress: '10.0.0.1' });
  const told: (ConnectionDenial | undefined)[] = [];
  let answer: ((verdict: ExternalVerdict['kind']) => void) | undefined;
  let cancelled = false;
  const guard = new ConnectionGuard({
    stages: new CompiledStages(policies(stages)),
    counters,
    external: () => ({
      checkConnection(_, done) {
        answer = done;
        if (verdict !== 'later') {
          done(verdict);
          return undefined;
        }
        return { cancel: () => (cancelled = true) };
      },
    }),
  });
  const pending = guard.check(record, (denial) => told.push(denial));
  return { told, counters, record, pending, answer: (one: ExternalVerdict['kind']) => answer?.(one), cancelled: () => cancelled };
}

const byPolicy = (name: string) => ({ termination: `rbac_access_denied_matched_policy[${name}]`, details: '', flags: '-' });

describe('connections', () => {
  it.each<[string, Partial<AuthorizationStages>, ConnectionDenial | undefined]>([
    ['without policies', {}, undefined],
    ['DENY', { deny: [onPort('d', 9000)] }, byPolicy('d')],
    ['DENY of another port', { deny: [onPort('d', 80)] }, undefined],
    ['ALLOW', { allow: [onPort('a', 9000)] }, undefined],
    ['no ALLOW rule', { allow: [onPort('a', 80)] }, byPolicy('none')],
    ['DENY before ALLOW', { deny: [onPort('d', 9000)], allow: [onPort('a', 9000)] }, byPolicy('d')],
    ['a provider that there is not', { custom: [{ provider: 'p', rules: [onPort('c', 9000)] }] }, byPolicy('c')],
  ])('SEC-R21, SEC-R30: %s', (_, stages, expected) => {
    const { told, pending } = judged(stages);
    expect([told, pending]).toEqual([[expected], undefined]);
  });

  const custom = (failOpen = false) => [{ provider: 'p', rules: [onPort('c', 9000)], authorizer: { ...authorizer, failOpen } }];
  const closed = (details: string) => ({ termination: '', details, flags: 'UAEX' });
  it.each<[string, Partial<AuthorizationStages>, ExternalVerdict['kind'], ConnectionDenial | undefined]>([
    ['allowed', { custom: custom() }, 'allowed', undefined],
    ['allowed, and denied by a rule', { custom: custom(), deny: [onPort('d', 9000)] }, 'allowed', byPolicy('d')],
    ['denied', { custom: custom() }, 'denied', closed('ext_authz_denied')],
    ['no answer', { custom: custom() }, 'error', closed('ext_authz_error')],
    ['no answer, failing open', { custom: custom(true) }, 'error', undefined],
  ])('SEC-R21: asked about: %s, within the call and later', (_, stages, verdict, expected) => {
    expect(judged(stages, verdict).told).toEqual([expected]);
    const later = judged(stages, 'later');
    expect([later.told, later.pending === undefined]).toEqual([[], false]);
    later.answer(verdict);
    expect(later.told).toEqual([expected]);
  });

  it('a question is taken back with the connection', () => {
    const { pending, cancelled } = judged({ custom: custom() }, 'later');
    pending?.cancel();
    expect(cancelled()).toBe(true);
  });

  it('SEC-R31: what would be done is noted and counted', () => {
    const { told, record, counters } = judged({ dryRun: { deny: [onPort('d', 9000)], allow: [onPort('a', 80)] }, audit: [onPort('w', 9000)] });
    expect(told).toEqual([undefined]);
    expect(record.authorization).toMatchObject({ audit: 'w', dryRun: { deny: { denied: true }, allow: { allowed: false } } });
    expect(counters).toMatchObject({ dryRunDenyDenied: 1, dryRunAllowDenied: 1, logged: 1, denied: 0 });
  });
});
