import { describe, expect, it } from 'vitest';
import type { RequestAuthentication } from '../../ir/authentication.ts';
import type { RoutingTable } from '../../ir/table.ts';
import { gatewayProxy, tableOf } from '../testing.ts';
import { securityDoc } from './testing.ts';

const policy = (name: string, rules: string, more = ''): string => securityDoc('RequestAuthentication', name, `${more}jwtRules: [${rules}]`);
const table = (...documents: string[]): RoutingTable => tableOf(documents, { proxy: { namespace: 'shop', labels: { app: 'cart' } } });
const tokens = (...documents: string[]): RequestAuthentication | undefined => table(...documents).security?.authentication;

describe('SEC-R40: all rules for a workload together', () => {
  it('by issuer, those of one issuer in the order of their policies', () => {
    const found = tokens(
      policy('shop/b', '{issuer: z, jwks: b0}, {issuer: a, jwks: b1}'),
      policy('shop/a', '{issuer: a, jwks: a0}'),
      policy('istio-system/c', '{issuer: a, jwks: c0}', 'selector: {matchLabels: {app: cart}}, '),
      policy('shop/d', '{issuer: a, jwks: d0}', 'selector: {matchLabels: {app: other}}, '),
    );
    expect(found?.providers.map(({ name, issuer, keys }) => [name, issuer, keys])).toEqual([
      ['origins-0', 'a', { kind: 'inline', jwks: 'c0' }],
      ['origins-1', 'a', { kind: 'inline', jwks: 'a0' }],
      ['origins-2', 'a', { kind: 'inline', jwks: 'b1' }],
      ['origins-3', 'z', { kind: 'inline', jwks: 'b0' }],
    ]);
    expect(found?.providers[2]?.origin).toEqual({ kind: 'RequestAuthentication', namespace: 'shop', name: 'b', path: ['spec', 'jwtRules', 1] });
  });

  it('none: tokens are not looked at', () => {
    expect(tokens(policy('shop/a', ''))).toBeUndefined();
    expect(table(policy('shop/a', ''))).not.toHaveProperty('security');
  });
});

it('SEC-R41: where tokens are', () => {
  expect(tokens(policy('shop/a', '{issuer: a}'))?.providers[0]).toMatchObject({ headers: [], params: [], cookies: [] });
  const rule = '{issuer: a, fromHeaders: [{name: X-Token, prefix: "Token "}, {name: x-other}, {name: ""}], fromParams: [t], fromCookies: [c]}';
  expect(tokens(policy('shop/a', rule))?.providers[0]).toMatchObject({
    headers: [
      { name: 'x-token', prefix: 'Token ' },
      { name: 'x-other', prefix: '' },
    ],
    params: ['t'],
    cookies: ['c'],
  });
});

it('SEC-R42: what becomes of a token', () => {
  const plain = tokens(policy('shop/a', '{issuer: a}'))?.providers[0];
  expect(plain).toMatchObject({ forward: false, claimHeaders: [], spaceDelimitedClaims: ['permission', 'scope'] });
  expect(plain).not.toHaveProperty('payloadHeader');
  const rule =
    '{issuer: a, forwardOriginalToken: true, outputPayloadToHeader: x-payload, outputClaimToHeaders: [{header: x-sub, claim: sub}, {header: "a b", claim: x}, {header: x}], spaceDelimitedClaims: [groups, scope]}';
  expect(tokens(policy('shop/a', rule))?.providers[0]).toMatchObject({
    forward: true,
    payloadHeader: 'x-payload',
    claimHeaders: [{ header: 'x-sub', claim: 'sub' }],
    spaceDelimitedClaims: ['groups', 'permission', 'scope'],
  });
});

it.each(['Content-Length', 'transfer-encoding', 'Host', 'connection', 'upgrade', 'te', 'trailer', 'expect', 'keep-alive'])(
  'SEC-R42: a token does not get to say how its request is read: %s',
  (header) => {
    const rule = `{issuer: a, outputPayloadToHeader: ${header}, outputClaimToHeaders: [{header: ${header}, claim: x}, {header: x-${header}, claim: x}]}`;
    const { security, statuses } = table(policy('shop/a', rule));
    const [provider] = security?.authentication?.providers ?? [];
    expect(provider?.claimHeaders).toEqual([{ header: `x-${header}`, claim: 'x' }]);
    expect(provider).not.toHaveProperty('payloadHeader');
    expect(statuses).toMatchObject([{ reason: 'invalid-policy', origin: { path: ['spec', 'jwtRules', 0] } }]);
    expect(statuses[0]?.message).toContain(`the header ${header} says how the request is read`);
  },
);

it.each<[string, object]>([
  ['issuer: a, jwks: "{}"', { kind: 'inline', jwks: '{}' }],
  ['issuer: a, jwks: "{}", jwksUri: "https://b/"', { kind: 'inline', jwks: '{}' }],
  ['issuer: a, jwksUri: "https://b/"', { kind: 'remote', uri: 'https://b/', timeoutMs: 5000 }],
  ['issuer: a, jwksUri: "https://b/", timeout: 1.5s', { kind: 'remote', uri: 'https://b/', timeoutMs: 1500 }],
  ['jwksUri: "https://b/", timeout: 0s', { kind: 'remote', uri: 'https://b/', timeoutMs: 5000 }],
  ['issuer: "https://a/"', { kind: 'discovery', issuer: 'https://a/', timeoutMs: 5000 }],
  ['issuer: "https://a/", timeout: 2s', { kind: 'discovery', issuer: 'https://a/', timeoutMs: 2000 }],
])('keys: %s', (rule, keys) => expect(tokens(policy('shop/a', `{${rule}}`))?.providers[0]?.keys).toEqual(keys));

it('audiences; empty ones are none', () => expect(tokens(policy('shop/a', '{issuer: a, audiences: [x, ""]}'))?.providers[0]?.audiences).toEqual(['x']));

it('a rule that names neither an issuer nor keys is there, and verifies nothing', () => {
  const { security, statuses } = table(policy('shop/a', '{audiences: [x]}'));
  expect(security?.authentication?.providers[0]).toMatchObject({ issuer: '', keys: { kind: 'discovery', issuer: '' } });
  expect(statuses).toMatchObject([{ reason: 'invalid-policy', origin: { name: 'a', path: ['spec', 'jwtRules', 0] } }]);
});

it('a gateway chooses its route once more, a sidecar does not', () => {
  expect(tokens(policy('shop/a', '{issuer: a}'))?.routesByClaims).toBe(false);
  expect(tableOf([policy('edge/a', '{issuer: a}')], { proxy: gatewayProxy }).security?.authentication?.routesByClaims).toBe(true);
});
