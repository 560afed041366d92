import { describe, expect, it } from 'vitest';
import type { JwtProvider } from '../../../ir/authentication.ts';
import { pathEndOf } from '../path.ts';
import { failures, type TokenFailure } from './failure.ts';
import type { TokenCarrier } from './locations.ts';
import type { ParsedToken } from './parse-token.ts';
import { isPreflight, type TokenFacts, TokenRequirement } from './requirement.ts';

function provider(issuer: string, more: Partial<JwtProvider> = {}): JwtProvider {
  const origin = { kind: 'RequestAuthentication', namespace: 'shop', name: 'jwt', path: [] };
  const keys = { kind: 'inline', jwks: '' } as const;
  const none = { audiences: [], headers: [], params: [], cookies: [], claimHeaders: [], spaceDelimitedClaims: [] };
  return { name: issuer, issuer, keys, forward: false, origin, ...none, ...more };
}

/** Tokens are `ISSUER`, or `ISSUER:unknown`, `ISSUER:bad`. */
function facts(verified: (rule: string, token: string) => 'valid' | TokenFailure | undefined = judged): TokenFacts {
  return {
    nowSeconds: 1000,
    parse(text) {
      if (text === 'form') return failures.form;
      const claims = { iss: text.split(':')[0] ?? '', sub: text };
      return { header: '', payload: text, signature: new Uint8Array(), alg: '', kid: '', critical: false, claims, issuer: claims.iss, ...noTimes };
    },
    verify: (rule, token) => verified(rule.provider.name, String(token.claims.sub)),
  };
}

const noTimes: Pick<ParsedToken, 'audiences' | 'notBefore' | 'expiresAt'> = { audiences: [], notBefore: undefined, expiresAt: undefined };

function judged(_: string, token: string): 'valid' | TokenFailure | undefined {
  if (token.endsWith(':bad')) return failures.verification;
  return token.endsWith(':unknown') ? undefined : 'valid';
}

const at = (path: string, ...headers: string[]): TokenCarrier => ({ path, pathEnd: pathEndOf(path), headers });
const header = (name: string): JwtProvider['headers'][number] => ({ name, prefix: '' });

describe('SEC-R40: one rule', () => {
  const requirement = new TokenRequirement({ providers: [provider('a', { headers: [header('x')] })] });
  it.each([
    ['no token passes', [], { kind: 'passed', claims: undefined }],
    ['a good one passes', ['x', 'a'], { kind: 'passed', claims: { iss: 'a' } }],
    ['JWT-R4 one of another issuer does not', ['x', 'b'], { kind: 'refused', failure: failures.unknownIssuer }],
    ['JWT-R7 something else does not', ['x', 'form'], { kind: 'refused', failure: failures.form }],
    ['JWT-R6 a forged one does not', ['x', 'a:bad'], { kind: 'refused', failure: failures.verification }],
    ['one that nobody knows is to be verified', ['x', 'a:unknown'], { kind: 'unverified', token: { payload: 'a:unknown' } }],
    ['of two, the last is judged first', ['x', 'form', 'x', 'a:bad'], { kind: 'refused', failure: failures.verification }],
    ['of two, both have to be good', ['x', 'form', 'x', 'a'], { kind: 'refused', failure: failures.form }],
    ['more than 16 are none', Array.from({ length: 17 }, () => ['x', 'a']).flat(), { kind: 'refused', failure: failures.verification }],
  ])('%s', (_, headers, expected) => expect(requirement.check(at('/', ...headers), facts())).toMatchObject(expected));
});

describe('SEC-R40: several rules', () => {
  const places = new TokenRequirement({ providers: [provider('a', { headers: [header('x')] }), provider('b', { headers: [header('y')] })] });
  const place = new TokenRequirement({ providers: [provider('a'), provider('b')] });
  it.each([
    ['no token', places, [], { kind: 'passed', claims: undefined }],
    ['the token of one', places, ['y', 'b'], { kind: 'passed', claims: { iss: 'b' } }],
    ['a good one is enough', places, ['x', 'form', 'y', 'b'], { kind: 'passed', claims: { iss: 'b' } }],
    ['the first good one is taken', places, ['x', 'a', 'y', 'b'], { kind: 'passed', claims: { iss: 'a' } }],
    ['only a bad one', places, ['y', 'b:bad'], { kind: 'refused', failure: failures.verification }],
    ['two bad ones: the first rule is told', places, ['x', 'form', 'y', 'b:bad'], { kind: 'refused', failure: failures.form }],
    ['one of nobody', places, ['x', 'c'], { kind: 'refused', failure: failures.unknownIssuer }],
    ['in one place, of the second', place, ['authorization', 'Bearer b'], { kind: 'passed', claims: { iss: 'b' } }],
    ['in one place, of the second and bad', place, ['authorization', 'Bearer b:bad'], { kind: 'refused', failure: failures.verification }],
    ['in one place, of nobody', place, ['authorization', 'Bearer c'], { kind: 'refused', failure: failures.unknownIssuer }],
  ])('%s', (_, requirement, headers, expected) => expect(requirement.check(at('/', ...headers), facts())).toMatchObject(expected));

  it('both good in the places of both: each takes its own', () => {
    const carrier = at('/?access_token=b', 'authorization', 'Bearer a');
    expect(place.check(carrier, facts())).toMatchObject({ kind: 'passed', claims: { iss: 'a' } });
    expect(carrier).toEqual({ path: '/', pathEnd: 1, headers: [] });
  });
});

describe('SEC-R42: what goes on', () => {
  const claimHeaders = [{ header: 'X-Sub', claim: 'sub' }];
  it('has the payload and claims, and no token', () => {
    const requirement = new TokenRequirement({ providers: [provider('a', { payloadHeader: 'X-Payload', claimHeaders })] });
    const carrier = at('/', 'authorization', 'Bearer a', 'y', '1');
    requirement.check(carrier, facts());
    expect(carrier.headers).toEqual(['y', '1', 'x-payload', 'a', 'x-sub', 'a']);
  });

  it('keeps the token where it is forwarded', () => {
    const carrier = at('/', 'authorization', 'Bearer a');
    new TokenRequirement({ providers: [provider('a', { forward: true })] }).check(carrier, facts());
    expect(carrier.headers).toEqual(['authorization', 'Bearer a']);
  });

  it('has nothing that clients say instead of a rule', () => {
    const providers = [provider('a', { claimHeaders }), provider('b', { payloadHeader: 'x-payload' })];
    const headers = ['x-sub', 'root', 'y', '1', 'x-payload', 'root', 'x-sub', 'root'];
    new TokenRequirement({ providers }).sanitize(headers);
    expect(headers).toEqual(['y', '1']);
  });

  it('tells of a claim that no header can have', () => {
    const requirement = new TokenRequirement({ providers: [provider('a', { claimHeaders })] });
    expect(requirement.check(at('/', 'authorization', 'Bearer a:\u0001'), facts())).toMatchObject({ kind: 'passed', impossibleHeader: 'x-sub' });
  });
});

describe('SEC-R41: a preflight has', () => {
  const headers = ['origin', 'http://x', 'access-control-request-method', 'GET'];
  it.each([
    ['all of it', 'OPTIONS', headers, true],
    ['another method', 'GET', headers, false],
    ['no method asked for', 'OPTIONS', headers.slice(0, 2), false],
    ['an empty origin', 'OPTIONS', ['origin', '', ...headers.slice(2)], false],
  ])('%s', (_, method, sent, expected) => expect(isPreflight({ method, headers: sent })).toBe(expected));
});
