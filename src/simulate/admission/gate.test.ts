import { describe, expect, it } from 'vitest';
import type { AuthorizationCondition, AuthorizationRule, AuthorizationStages } from '../../ir/authorization.ts';
import type { Security } from '../../ir/table.ts';
import { ExchangeRecord } from '../../proxy/core/exchange-record.ts';
import type { UnknownPart } from './admission.ts';
import { Gate } from './gate.ts';
import { nothingVerified } from './tokens.ts';

const any: AuthorizationCondition = { kind: 'any' };
const origin = { kind: 'AuthorizationPolicy', namespace: 'shop', name: 'p', path: ['spec', 'rules', 0] };

function rule(name: string, permission: AuthorizationCondition = any, principal: AuthorizationCondition = any): AuthorizationRule {
  return { name: `ns[shop]-policy[${name}]-rule[0]`, permissions: [permission], principals: [principal], origin };
}

const get: AuthorizationCondition = { kind: 'method', match: { kind: 'exact', value: 'GET' } };
const web: AuthorizationCondition = { kind: 'peer', match: { kind: 'exact', value: 'spiffe://cluster.local/ns/shop/sa/web' } };
const near: AuthorizationCondition = { kind: 'source-ip', cidr: '10.0.0.0/8' };
const staff: AuthorizationCondition = { kind: 'claim', path: ['group'], match: { kind: 'exact', value: 'staff' } };
const authorizer = {
  protocol: 'grpc',
  cluster: 'c',
  authority: 'a',
  timeoutMs: 1,
  failOpen: false,
  statusOnError: 403,
  pathPrefix: '',
  requestHeaders: [],
  additionalHeaders: [],
  upstreamHeaders: [],
  denialHeaders: [],
  responseHeaders: [],
  clearRouteCache: false,
} as const;
const jwt = {
  routesByClaims: false,
  providers: [
    {
      name: 'origins-0',
      issuer: 'me',
      audiences: [],
      keys: { kind: 'remote', uri: 'https://me/keys', timeoutMs: 1 },
      headers: [],
      params: [],
      cookies: [],
      forward: false,
      claimHeaders: [],
      spaceDelimitedClaims: [],
      origin,
    },
  ],
} as const;

interface Given {
  unknown?: UnknownPart[];
  claims?: unknown;
  headers?: string[];
  peer?: string[];
}

function judged(stages: Partial<AuthorizationStages>, { unknown = [], claims, headers = [], peer = [] }: Given = {}, more: Partial<Security> = {}) {
  const all: AuthorizationStages = { custom: [], audit: [], deny: [], ...stages };
  const record = new ExchangeRecord();
  record.method = 'GET';
  record.path = '/';
  record.pathEnd = 1;
  record.peerAddress = '10.1.1.1';
  record.peerUriSans = peer;
  record.headers = headers;
  return new Gate({ authorization: { http: all, tcp: all }, ...more }).request(record, {
    unknown: new Set(unknown),
    tokens: nothingVerified,
    claims,
    isRouted: true,
  }).admission;
}

describe('who may', () => {
  it.each<[string, Partial<AuthorizationStages>, object]>([
    ['SEC-R21: no ALLOW policy', {}, { verdict: 'allowed' }],
    ['SEC-R22: ALLOW without a rule', { allow: [] }, { verdict: 'denied', by: 'allow', details: 'rbac_access_denied_matched_policy[none]' }],
    [
      'SEC-R21: DENY before ALLOW',
      { deny: [rule('d', get)], allow: [rule('a')] },
      { verdict: 'denied', by: 'deny', rule: { name: 'ns[shop]-policy[d]-rule[0]' } },
    ],
    ['SEC-R30: the first by name', { deny: [rule('z'), rule('b')] }, { rule: { name: 'ns[shop]-policy[b]-rule[0]' } }],
    ['SEC-R31: CUSTOM without a provider', { custom: [{ provider: 'x', rules: [rule('c')] }], deny: [rule('d')] }, { verdict: 'denied', by: 'custom' }],
    ['SEC-R21: CUSTOM is asked', { custom: [{ provider: 'x', rules: [rule('c')], authorizer }] }, { verdict: 'asked', asked: [{ provider: 'x' }] }],
    [
      'SEC-R21: CUSTOM allows nothing that DENY denies',
      { custom: [{ provider: 'x', rules: [rule('c')], authorizer }], deny: [rule('d')] },
      { verdict: 'denied', by: 'deny' },
    ],
    ['SEC-R31: tried out', { dryRun: { deny: [rule('d')] } }, { verdict: 'allowed' }],
    ['SEC-R21: AUDIT', { audit: [rule('a')] }, { verdict: 'allowed' }],
  ])('%s', (_, stages, expected) => expect(judged(stages)).toMatchObject(expected));

  it('tells every stage, and which of them is not reached', () => {
    const { stages = [] } = judged({ audit: [rule('u')], deny: [rule('d')], allow: [rule('a', get, web)] });
    expect(stages.map(({ action, reached, rules }) => [action, reached, rules[0]?.holds])).toEqual([
      ['AUDIT', true, 'yes'],
      ['DENY', true, 'yes'],
      ['ALLOW', false, 'no'],
    ]);
    expect(stages[2]?.rules[0]?.principals).toMatchObject([{ condition: web, found: [] }]);
  });
});

describe('what is not known decides nothing', () => {
  it.each<[string, Partial<AuthorizationStages>, UnknownPart[], string]>([
    ['an ALLOW rule about it', { allow: [rule('a', any, web)] }, ['peer'], 'unknown'],
    ['a DENY rule about it', { deny: [rule('d', any, near)] }, ['source-ip'], 'unknown'],
    ['its negation', { allow: [rule('a', any, { kind: 'not', of: web })] }, ['peer'], 'unknown'],
    ['a DENY rule for something else', { deny: [rule('d', { kind: 'not', of: get }, near)] }, ['source-ip'], 'allowed'],
    ['another rule allows', { allow: [rule('a', any, web), rule('b', get)] }, ['peer'], 'allowed'],
    ['another rule denies', { deny: [rule('a', any, web), rule('b', get)] }, ['peer'], 'denied'],
    ['a CUSTOM rule about it', { custom: [{ provider: 'x', rules: [rule('c', any, web)], authorizer }] }, ['peer'], 'unknown'],
    ['nobody asks for it', { allow: [rule('a', get)] }, ['peer', 'source-ip'], 'allowed'],
  ])('%s', (_, stages, unknown, verdict) => {
    const { verdict: got, stages: told } = judged(stages, { unknown });
    expect(got).toBe(verdict);
    if (verdict === 'unknown') expect(told?.flatMap(({ rules }) => rules.flatMap((one) => one.unknown))).toEqual(unknown);
  });
});

describe('tokens', () => {
  const payload = (claims: object): string => Buffer.from(JSON.stringify(claims)).toString('base64url');
  const token = (claims: object): string[] => ['authorization', `Bearer ${payload({ alg: 'RS256' })}.${payload(claims)}.AAAA`];
  const authentication = { authentication: jwt };

  it.each<[string, Given, Partial<AuthorizationStages>, object]>([
    ['SEC-R40: none passes', {}, {}, { token: { kind: 'none' }, verdict: 'allowed' }],
    [
      'JWT-R4: of another issuer',
      { headers: token({ iss: 'you' }) },
      {},
      { verdict: 'denied', by: 'token', token: { kind: 'refused', status: 401, text: 'Jwt issuer is not configured' } },
    ],
    [
      'one that nobody has verified',
      { headers: token({ iss: 'me', group: 'staff' }) },
      {},
      { verdict: 'unknown', token: { kind: 'unverified', issuer: 'me' } },
    ],
    ['one that is denied, verified or not', { headers: token({ iss: 'me' }) }, { deny: [rule('d')] }, { verdict: 'denied', by: 'deny' }],
    [
      'claims that are given',
      { claims: { iss: 'me', sub: 'a', group: 'staff' } },
      { allow: [rule('a', any, staff)] },
      { verdict: 'allowed', token: { kind: 'accepted', assumed: true, subject: 'a' } },
    ],
    ['claims of another issuer', { claims: { iss: 'you' } }, {}, { verdict: 'denied', by: 'token' }],
    ['claims that are none', { claims: { iss: 5 } }, {}, { verdict: 'denied', token: { text: 'Jwt payload [iss] field is not a string' } }],
  ])('%s', (_, given, stages, expected) => expect(judged(stages, given, authentication)).toMatchObject(expected));
});
