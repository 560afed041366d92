import { describe, expect, it } from 'vitest';
import type { AuthorizationCondition } from '../../ir/authorization.ts';
import { explainRule } from '../../proxy/core/authorization/explain.ts';
import { ExchangeRecord } from '../../proxy/core/exchange-record.ts';
import { ruleText, unmetTexts } from './access-words.ts';

const exact = (value: string) => ({ kind: 'exact' as const, value });

function texts(permission: AuthorizationCondition, principal: AuthorizationCondition = { kind: 'any' }): string[] {
  const record = new ExchangeRecord();
  Object.assign(record, {
    method: 'GET',
    path: '/api/1?x',
    pathEnd: 6,
    authority: 'cart:80',
    localPort: 8080,
    peerAddress: '10.1.1.1',
    headers: ['x-user', 'a'],
    claims: { sub: 'a' },
  });
  const rule = {
    name: 'n',
    permissions: [permission],
    principals: [principal],
    origin: { kind: 'AuthorizationPolicy', namespace: 'shop', name: 'p', path: [] },
  };
  const { holds, permissions, principals } = explainRule(rule, record, false);
  expect(holds).toBe(false);
  return unmetTexts({ permissions, principals });
}

describe('why a rule does not take a request', () => {
  it.each<[AuthorizationCondition, string]>([
    [{ kind: 'method', match: exact('POST') }, 'the method is "GET", not "POST"'],
    [{ kind: 'path', match: { kind: 'prefix', value: '/admin' } }, 'the path is "/api/1", not "/admin…"'],
    [{ kind: 'path', match: { kind: 'suffix', value: '.png' } }, 'the path is "/api/1", not "….png"'],
    [{ kind: 'path-template', template: '/v1/*' }, 'the path is "/api/1", not /v1/*'],
    [{ kind: 'host', match: { ...exact('web'), ignoreCase: true } }, 'the host is "cart:80", not "web" in any case'],
    [{ kind: 'destination-port', port: 9000 }, 'the port is "8080", not 9000'],
    [{ kind: 'source-ip', cidr: '192.168.0.1/32' }, 'the address of the connection is "10.1.1.1", not 192.168.0.1'],
    [{ kind: 'header', name: 'x-user', match: exact('b') }, 'header x-user is "a", not "b"'],
    [{ kind: 'header', name: 'x-team', match: { kind: 'present' } }, 'there is no header x-team: it wants any value'],
    [{ kind: 'claim', path: ['sub'], match: exact('b') }, 'claim sub is "a", not "b"'],
    [{ kind: 'claim', path: ['org', 'team'], match: exact('b') }, 'there is no verified token with it: it wants "b"'],
    [{ kind: 'peer', match: exact('spiffe://a/ns/b/sa/c') }, 'the caller has no certificate of the mesh: it wants "spiffe://a/ns/b/sa/c"'],
    [{ kind: 'not', of: { kind: 'method', match: exact('GET') } }, 'the method is "GET", and must not be "GET"'],
    [
      {
        kind: 'some',
        of: [
          { kind: 'method', match: exact('PUT') },
          { kind: 'method', match: exact('POST') },
        ],
      },
      'the method is "GET", not "PUT" or "POST"',
    ],
    [
      {
        kind: 'some',
        of: [
          { kind: 'method', match: exact('PUT') },
          { kind: 'destination-port', port: 1 },
        ],
      },
      'the method is "GET", not "PUT" and the port is "8080", not 1',
    ],
    [
      {
        kind: 'not',
        of: {
          kind: 'all',
          of: [
            { kind: 'method', match: exact('GET') },
            { kind: 'claim', path: ['sub'], match: { kind: 'regex', value: '.+' } },
          ],
        },
      },
      'it must not be that the method is "GET" and claim sub is any value',
    ],
    [{ kind: 'metadata', filter: 'envoy.filters.a', path: ['b'], match: exact('c'), list: false }, 'envoy.filters.a b is known to Envoy alone'],
    [{ kind: 'never' }, 'it matches nothing'],
  ])('%j', (condition, text) => expect(texts(condition)).toEqual([text]));

  it('on both sides', () => {
    expect(texts({ kind: 'method', match: exact('POST') }, { kind: 'source-ip', cidr: '1.0.0.0/8' })).toEqual([
      'the method is "GET", not "POST"',
      'the address of the connection is "10.1.1.1", not 1.0.0.0/8',
    ]);
  });
});

it.each([
  ['ns[shop]-policy[deny-post]-rule[0]', 'rule 1 of shop/deny-post'],
  ['istio-ext-authz-ns[shop]-policy[opa]-rule[11]', 'rule 12 of shop/opa'],
  ['something', 'something'],
])('%s', (name, text) => expect(ruleText(name)).toBe(text));
