import { describe, expect, it } from 'vitest';
import type { AuthorizationStages, ExternalAuthorizer } from '../../../ir/authorization.ts';
import { record } from '../testing.ts';
import { explainStages } from './explain.ts';
import { CompiledStages } from './stages.ts';
import { exactly, method, path, peer, policies, rule } from './testing.ts';

const cart = 'spiffe://cluster.local/ns/shop/sa/cart';
const decide = (stages: Partial<AuthorizationStages>, subject = record('/a')) => new CompiledStages(policies(stages)).decide(subject);
const said = (stages: Partial<AuthorizationStages>, subject = record('/a')): unknown[] => {
  const { allowed, stage, rule: by, details } = decide(stages, subject);
  return [allowed, stage, by?.name, details];
};
const authorizer = { protocol: 'http', cluster: 'authz' } as ExternalAuthorizer;

describe('SEC-R21: the order of actions', () => {
  it('without policies everything is allowed', () => expect(said({})).toEqual([true, 'none', undefined, '']));

  it('DENY goes before ALLOW', () => {
    expect(said({ deny: [rule('d', [path('/a')])], allow: [rule('a')] })).toEqual([false, 'deny', 'd', 'rbac_access_denied_matched_policy[d]']);
    expect(said({ deny: [rule('d', [path('/b')])], allow: [rule('a')] })).toEqual([true, 'allow', 'a', '']);
  });

  it('what no ALLOW rule names is denied as soon as there is one', () => {
    expect(said({ allow: [rule('a', [path('/b')])] })).toEqual([false, 'allow', undefined, 'rbac_access_denied_matched_policy[none]']);
  });

  it('AUDIT only notes', () => {
    const { allowed, audit } = decide({ audit: [rule('w')] });
    expect([allowed, audit?.name]).toEqual([true, 'w']);
  });

  it('whoever is to be asked is named; the others decide as if the answer were yes', () => {
    const custom = [{ provider: 'opa', rules: [rule('c', [path('/a')])], authorizer }];
    const decision = decide({ custom, deny: [rule('d')] });
    expect(decision.asked.map(({ custom: one, rule: by }) => [one.provider, by.name])).toEqual([['opa', 'c']]);
    expect(decision.stage).toBe('deny');
    expect(decide({ custom }, record('/b')).asked).toEqual([]);
  });
});

describe('rules', () => {
  it('SEC-R22: ALLOW without rules denies everything, DENY without rules nothing', () => {
    expect(said({ allow: [] })).toEqual([false, 'allow', undefined, 'rbac_access_denied_matched_policy[none]']);
    expect(said({ deny: [] })).toEqual([true, 'none', undefined, '']);
    const never = rule('n', [{ kind: 'never' }], [{ kind: 'never' }]);
    expect(said({ allow: [never] })[0]).toBe(false);
    expect(said({ deny: [never] })[0]).toBe(true);
  });

  it('SEC-R30: of several rules that hold the first by name is told, as texts are ordered', () => {
    const names = ['ns[shop]-policy[z]-rule[0]', 'ns[shop]-policy[d]-rule[10]', 'ns[shop]-policy[d]-rule[2]', 'ns[ops]-policy[x]-rule[0]'];
    const deny = names.map((name) => rule(name));
    expect(said({ deny })[2]).toBe('ns[ops]-policy[x]-rule[0]');
    expect(said({ deny: deny.slice(0, 3) })[2]).toBe('ns[shop]-policy[d]-rule[10]');
    // The same where there are so many that they are looked up.
    const many = Array.from({ length: 40 }, (_, i) => rule(`ns[shop]-policy[p]-rule[${i}]`, [path(i % 2 ? '/a' : '/b')]));
    expect(said({ deny: many })[2]).toBe('ns[shop]-policy[p]-rule[11]');
    expect(said({ deny: many.filter((_, i) => i !== 11) })[2]).toBe('ns[shop]-policy[p]-rule[13]');
  });

  it('SEC-R31: a provider that there is not denies what the rules are for', () => {
    const custom = [{ provider: 'gone', rules: [rule('istio-ext-authz-ns[shop]-policy[c]-rule[0]-deny-due-to-bad-CUSTOM-action', [path('/a')])] }];
    const details = 'rbac_access_denied_matched_policy[istio-ext-authz-ns[shop]-policy[c]-rule[0]-deny-due-to-bad-CUSTOM-action]';
    expect(said({ custom, allow: [rule('a')] })).toEqual([false, 'custom', custom[0]?.rules[0]?.name, details]);
    expect(said({ custom }, record('/b'))[0]).toBe(true);
  });

  it('SEC-R31: policies that are tried out only tell what they would do', () => {
    const dryRun = { deny: [rule('d', [path('/a')])], allow: [rule('a', [path('/b')])] };
    const { allowed, dryRun: would } = decide({ dryRun });
    expect([allowed, would?.deny?.denied, would?.deny?.rule?.name, would?.allow?.allowed, would?.allow?.rule]).toEqual([true, true, 'd', false, undefined]);
    // Those that would allow are not asked any more after a denial, as in Envoy.
    expect(decide({ dryRun, deny: [rule('x')] }).dryRun?.allow).toBeUndefined();
  });
});

describe('the trail of a decision', () => {
  const stages = policies({
    deny: [rule('d', [path('/x')])],
    allow: [
      rule('b', [{ kind: 'all', of: [{ kind: 'some', of: [method('POST'), method('PUT')] }, path('/a')] }], [peer(cart)]),
      rule('c', [{ kind: 'all', of: [{ kind: 'not', of: path('/a') }] }]),
    ],
  });

  it('says of every rule what it lacks and what the request has instead', () => {
    const { decision, stages: explained } = explainStages(stages, record('/a', [], { peerUriSans: ['spiffe://x'] }));
    expect(decision.details).toBe('rbac_access_denied_matched_policy[none]');
    expect(explained.map(({ stage, rules }) => [stage, rules.map(({ rule: { name }, holds }) => [name, holds])])).toEqual([
      ['deny', [['d', false]]],
      [
        'allow',
        [
          ['b', false],
          ['c', false],
        ],
      ],
    ]);
    const [b, c] = explained[1]?.rules ?? [];
    expect(b?.permissions.map(({ condition, found, alternatives }) => [condition.kind, found, alternatives.length])).toEqual([['some', ['GET'], 2]]);
    expect(b?.principals).toMatchObject([{ condition: { kind: 'peer', match: exactly(cart) }, found: ['spiffe://x'], inDoubt: false }]);
    expect(c?.permissions).toMatchObject([{ condition: { kind: 'not' }, found: ['/a'] }]);
    expect(c?.principals).toEqual([]);
  });

  it('says what cannot be decided', () => {
    const bad = policies({ allow: [rule('a', [{ kind: 'path', match: { kind: 'regex', value: '(' } }])] });
    expect(explainStages(bad, record('/a')).stages[0]?.rules[0]?.permissions).toMatchObject([{ inDoubt: true, found: ['/a'] }]);
  });
});
