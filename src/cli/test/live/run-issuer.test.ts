import { describe, expect, it } from 'vitest';
import { meshOf } from '../../../analysis/testing.ts';
import type { RoutingTable } from '../../../ir/table.ts';
import { KeySet } from '../../../proxy/core/jwt/key-set.ts';
import { parseToken } from '../../../proxy/core/jwt/parse-token.ts';
import { isFailure } from '../../../proxy/core/jwt/requirement.ts';
import { verifySignature } from '../../../proxy/security/verify-signature.ts';
import type { SimulatedHttpRequest } from '../../../simulate/request.ts';
import { routingTable } from '../../../translate/table.ts';
import { namedProxy } from '../../../translate/workload-identity.ts';
import { RunIssuer } from './run-issuer.ts';

const written = {
  kty: 'EC',
  crv: 'P-256',
  x: 'v08b7a-nS3xk_V3mI4eexpkVNTcjlYiCI_kLIBeWoFM',
  y: 'jUq7Y75QRTowhsd088MsiC7d66A8h3ea5vdmOZRU0Lg',
  kid: 'own',
  alg: 'ES256',
};

function tableOf(rules: string): RoutingTable {
  const yaml = `
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: jwt, namespace: shop }
spec: { jwtRules: [${rules}] }
`;
  return routingTable(meshOf(yaml), namedProxy('sidecar', 'shop', ''));
}

const inline = `{ issuer: a, jwks: '${JSON.stringify({ keys: [written] })}' }`;
const remote = '{ issuer: b, jwksUri: https://b.example/keys }';
const request: SimulatedHttpRequest = { method: 'GET', scheme: 'http', authority: 'cart', path: '/x?y=1', headers: [['Authorization', 'Basic x']] };

function keysOf({ security }: RoutingTable): (string[] | string)[] {
  return (security?.authentication?.providers ?? []).map(({ keys }) => {
    const set = keys.kind === 'inline' ? KeySet.parse(keys.jwks) : undefined;
    return set instanceof KeySet ? set.keys.map(({ kid }) => kid) : keys.kind;
  });
}

describe('keys', () => {
  it('none are to be fetched', () => expect(keysOf(new RunIssuer().trustedBy(tableOf(`${inline}, ${remote}`), false))).toEqual([['own'], ['weft-test']]));
  it('that of the run verifies for every issuer where its tokens come', () =>
    expect(keysOf(new RunIssuer().trustedBy(tableOf(`${inline}, ${remote}`), true))).toEqual([['own', 'weft-test'], ['weft-test']]));
  it('a table without rules for tokens stays as it is', () => {
    const table = tableOf('');
    expect(new RunIssuer().trustedBy(table, true)).toBe(table);
  });
});

it('a token of the claims, which the key of the run verifies', async () => {
  const issuer = new RunIssuer();
  const table = issuer.trustedBy(tableOf(remote), true);
  const sent = issuer.withToken({ ...request, claims: { iss: 'b', sub: 'alice', groups: ['x'] } }, table);
  expect(sent.claims).toBeUndefined();
  const [[name, value] = ['', ''], ...more] = sent.headers ?? [];
  expect([name, more]).toEqual(['authorization', []]);
  const token = parseToken(value.replace('Bearer ', ''));
  if (isFailure(token)) throw new Error(token.text);
  expect(token.claims).toEqual({ iss: 'b', sub: 'alice', groups: ['x'] });
  const keys = table.security?.authentication?.providers[0]?.keys;
  const set = KeySet.parse(keys?.kind === 'inline' ? keys.jwks : '') as KeySet;
  expect(await verifySignature(set, token)).toBe('valid');
  expect(await verifySignature(KeySet.parse(JSON.stringify({ keys: [{ ...written, kid: 'weft-test' }] })) as KeySet, token)).not.toBe('valid');
});

it.each([
  ['{ issuer: b, jwksUri: https://b.example/k, fromHeaders: [{ name: X-Token, prefix: "T " }] }', /^\/x\?y=1 authorization: Basic x; x-token: T \S+$/i],
  ['{ issuer: b, jwksUri: https://b.example/k, fromParams: [t] }', /^\/x\?y=1&t=\S+ authorization: Basic x$/i],
  ['{ issuer: b, jwksUri: https://b.example/k, fromCookies: [c] }', /^\/x\?y=1 authorization: Basic x; cookie: c=\S+$/i],
  [`${inline}, { issuer: b, jwksUri: https://b.example/k, fromParams: [t] }`, /^\/x\?y=1&t=\S+ /],
])('is where the rule for its issuer looks: %s', (rules, expected) => {
  const { path, headers = [] } = new RunIssuer().withToken({ ...request, claims: { iss: 'b' } }, tableOf(rules));
  expect(`${path} ${headers.map((pair) => pair.join(': ')).join('; ')}`).toMatch(expected);
});

it('a request without claims has no token', () => {
  expect(new RunIssuer().withToken(request, tableOf(remote))).toEqual(request);
});
