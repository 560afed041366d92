import { describe, expect, it } from 'vitest';
import type { AuthorizationStages, ExternalAuthorizer } from '../../ir/authorization.ts';
import { CompiledStages } from '../core/authorization/stages.ts';
import { method, path, policies, rule } from '../core/authorization/testing.ts';
import { removeHeader } from '../core/headers.ts';
import { type LocalReply, noRoute } from '../core/local-reply.ts';
import { record } from '../core/testing.ts';
import { RequestBody } from '../request-body.ts';
import { AuthorizationCounters } from '../telemetry/authorization-counters.ts';
import type { ExternalVerdict } from './external-check.ts';
import type { GuardedRequest, Judged } from './guarded-request.ts';
import { RequestGuard } from './request-guard.ts';

const authorizer = { protocol: 'http', cluster: 'authz', failOpen: false, clearRouteCache: true } as ExternalAuthorizer;
const reply = noRoute;

interface World {
  guard: RequestGuard;
  request: GuardedRequest;
  /** What was done, in order. */
  did: string[];
  counters: AuthorizationCounters;
  /** Tells what the service says, where it waits. */
  answer(verdict: ExternalVerdict): void;
  verified(denial?: LocalReply): void;
  denial: LocalReply | undefined | 'none yet';
  check(): ReturnType<RequestGuard['check']>;
}

interface Options {
  stages?: Partial<AuthorizationStages>;
  target?: string;
  isRouted?: boolean;
  /** Answers come within the call. */
  atOnce?: ExternalVerdict;
  tokens?: 'at once' | 'later';
  routesByClaims?: boolean;
}

function world({ stages = {}, target = '/a', isRouted = true, atOnce, tokens, routesByClaims = false }: Options): World {
  const did: string[] = [];
  const counters = new AuthorizationCounters();
  let answered: ((verdict: ExternalVerdict) => void) | undefined;
  let verified: Judged | undefined;
  const request: GuardedRequest = {
    record: record(target),
    body: new RequestBody(),
    isRouted,
    awaitBody: (_, ready) => ready(),
    reroute: () => void did.push('route'),
  };
  const guard = new RequestGuard({
    stages: new CompiledStages(policies(stages)),
    tokens: tokens && {
      sanitize: ({ headers }) => removeHeader(headers, 'x-claim'),
      check(_, done) {
        did.push('tokens');
        if (tokens === 'at once') {
          done(undefined);
          return undefined;
        }
        verified = done;
        return { cancel: () => void did.push('tokens cancelled') };
      },
    },
    routesByClaims,
    counters,
    external: () => ({
      check(_, done) {
        did.push('asked');
        if (atOnce) {
          done(atOnce);
          return undefined;
        }
        answered = done;
        return { cancel: () => void did.push('question cancelled') };
      },
      checkConnection: () => undefined,
    }),
  });
  const self: World = {
    ...{ guard, request, did, counters, denial: 'none yet' as const },
    answer: (verdict) => answered?.(verdict),
    verified: (denial) => verified?.(denial),
    check: () =>
      guard.check(request, (denial) => {
        did.push(denial ? `denied ${denial.details}` : 'passed');
        self.denial = denial;
      }),
  };
  return self;
}

const custom = (name = 'c', more: Partial<AuthorizationStages['custom'][number]> = { authorizer }): AuthorizationStages['custom'][number] => ({
  provider: 'p',
  rules: [rule(name, [path('/a')])],
  ...more,
});
const allowed: ExternalVerdict = { kind: 'allowed', changed: false };

describe('SEC-R7: the order', () => {
  it('CUSTOM, tokens, then the others', () => {
    const { check, did, answer, verified } = world({ stages: { custom: [custom()], deny: [rule('d', [method('GET')])] }, tokens: 'later' });
    expect(check()).toBeDefined();
    expect(did).toEqual(['asked']);
    answer(allowed);
    expect(did).toEqual(['asked', 'tokens']);
    verified();
    expect(did).toEqual(['asked', 'tokens', 'denied rbac_access_denied_matched_policy[d]']);
  });

  it('headers of tokens are dropped before anybody is asked', () => {
    const { check, request, did } = world({
      stages: { custom: [custom('c', { authorizer, rules: [rule('c', [{ kind: 'header', name: 'x-claim', match: { kind: 'present' } }])] })] },
      tokens: 'later',
    });
    request.record.headers.push('x-claim', 'spoofed', 'x-other', '1');
    check();
    // The rule would have asked for what was spoofed.
    expect([did, request.record.headers]).toEqual([['tokens'], ['x-other', '1']]);
  });

  it('all within the call where nothing has to be waited for', () => {
    const { check, did, guard } = world({ stages: { custom: [custom()], allow: [rule('a')] }, tokens: 'at once', atOnce: allowed });
    expect(check()).toBeUndefined();
    expect(did).toEqual(['asked', 'tokens', 'passed']);
    expect(guard.asksOthers).toBe(true);
    expect(world({ stages: { allow: [] } }).guard.asksOthers).toBe(false);
  });

  it('a denial ends it', () => {
    const denied = world({ stages: { custom: [custom()] }, tokens: 'at once', atOnce: { kind: 'denied', reply } });
    denied.check();
    expect([denied.did, denied.denial === reply]).toEqual([['asked', 'denied route_not_found'], true]);
    const invalid = world({ stages: { deny: [rule('d')] }, tokens: 'later' });
    invalid.check();
    invalid.verified(reply);
    expect(invalid.did).toEqual(['tokens', 'denied route_not_found']);
  });

  it('a rule that does not match asks nobody, and nobody is asked about a request without a route', () => {
    const other = world({ stages: { custom: [custom()] }, target: '/b' });
    other.check();
    expect(other.did).toEqual(['passed']);
    const nowhere = world({ stages: { custom: [custom()] }, isRouted: false });
    nowhere.check();
    expect(nowhere.did).toEqual(['passed']);
  });

  it('SEC-R31: without an authorizer the rules deny', () => {
    const { check, did, counters } = world({ stages: { custom: [custom('bad', {})] } });
    check();
    expect([did, counters.denied]).toEqual([['denied rbac_access_denied_matched_policy[bad]'], 1]);
  });
});

describe('answers', () => {
  it.each<[string, ExternalVerdict, boolean, string, Partial<AuthorizationCounters>]>([
    ['allowed', allowed, false, 'passed', { askedAllowed: 1 }],
    ['denied', { kind: 'denied', reply }, true, 'denied route_not_found', { askedDenied: 1 }],
    ['none', { kind: 'error', reply }, false, 'denied route_not_found', { askedError: 1, askedFailOpen: 0 }],
    ['none, failing open', { kind: 'error', reply }, true, 'passed', { askedError: 1, askedFailOpen: 1 }],
    ['no question', { kind: 'refused', reply }, true, 'denied route_not_found', { askedError: 0, askedDenied: 0 }],
  ])('%s', (_, verdict, failOpen, outcome, counted) => {
    const { check, did, counters } = world({ stages: { custom: [custom('c', { authorizer: { ...authorizer, failOpen } })] }, atOnce: verdict });
    check();
    expect(did).toEqual(['asked', outcome]);
    expect(counters).toMatchObject(counted);
  });

  it('the route is chosen once more where headers have changed, or tokens may say so', () => {
    const changed = world({ stages: { custom: [custom()] }, atOnce: { kind: 'allowed', changed: true } });
    changed.check();
    expect(changed.did).toEqual(['asked', 'route', 'passed']);
    const kept = world({
      stages: { custom: [custom('c', { authorizer: { ...authorizer, clearRouteCache: false } })] },
      atOnce: { kind: 'allowed', changed: true },
    });
    kept.check();
    expect(kept.did).toEqual(['asked', 'passed']);
    const claims = world({ tokens: 'at once', routesByClaims: true });
    claims.check();
    expect(claims.did).toEqual(['tokens', 'route', 'passed']);
  });
});

describe('what waits', () => {
  it.each(['question', 'tokens'] as const)('is taken back with the request: %s', (which) => {
    const { check, did, answer } = world({ stages: { custom: [custom()] }, tokens: 'later' });
    const pending = check();
    if (which === 'tokens') answer(allowed);
    pending?.cancel();
    answer(allowed);
    expect(did.at(-1)).toBe(`${which} cancelled`);
  });
});
