import { describe, expect, it } from 'vitest';
import { keySet, keys } from '../../../test/jwt/keys.ts';
import { good, issuer, token } from '../../../test/jwt/token.ts';
import type { KeySource } from '../../ir/authentication.ts';
import { KeySet } from '../core/jwt/key-set.ts';
import { Authenticator } from './authenticator.ts';
import { askTokens, PassingClock, settled, tokenProvider, tokenRequest } from './testing.ts';
import type { TokenCheck } from './token-check.ts';

const jwks = keySet({ ...keys.rsa.jwk, kid: 'rsa', alg: 'RS256' });
const inline: KeySource = { kind: 'inline', jwks };
const remote: KeySource = { kind: 'remote', uri: 'https://issuer.example.com/keys', timeoutMs: 5000 };
/** Of the clock of these tests. */
const now = 1_700_000_000;

function authenticator(fetched: () => Promise<KeySet> = () => Promise.reject(new Error('gone'))) {
  const clock = new PassingClock();
  return { clock, authenticator: new Authenticator({ clock, random: () => 0.5, fetch: fetched }) };
}

function withKeys(source: KeySource, fetched?: () => Promise<KeySet>) {
  const made = authenticator(fetched);
  const check = made.authenticator.apply({ providers: [tokenProvider(issuer, source)], routesByClaims: false }) as TokenCheck;
  return { ...made, check };
}

const bearer = (text: string) => tokenRequest('/cart?x=1', 'authorization', `Bearer ${text}`);
const parse = (...kids: string[]): KeySet => KeySet.parse(keySet(...kids.map((kid) => ({ ...keys.rsa.jwk, kid, alg: 'RS256' })))) as KeySet;

describe('a token is told to be wrong, as Envoy does:', () => {
  const forged = `${good().slice(0, -8)}AAAAAAAA`;
  it.each([
    ['JWT-R2', good({ exp: now - 100 }), 401, 'Jwt is expired'],
    ['JWT-R3', good({ nbf: now + 100 }), 401, 'Jwt not yet valid'],
    ['JWT-R4', token({ iss: 'https://other.example.com' }), 401, 'Jwt issuer is not configured'],
    ['JWT-R6', forged, 401, 'Jwt verification fails'],
    ['JWT-R7', 'abc', 401, 'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections'],
    ['JWT-R8', 'a.b.c', 401, 'Jwt header is an invalid Base64url encoded'],
    ['JWT-R9', good({}, { alg: 'RS256', kid: 'x' }), 401, "Jwks doesn't have key to match kid or alg from Jwt"],
  ])('%s', async (_, text, status, body) => {
    const record = bearer(text);
    const { denied } = await askTokens(withKeys(inline).check, record);
    expect(denied).toEqual({
      status,
      body,
      details: `jwt_authn_access_denied{${body.replaceAll(' ', '_')}}`,
      leading: ['www-authenticate', 'Bearer realm="http://shop/cart?x=1", error="invalid_token"'],
    });
    expect(record.claims).toBeUndefined();
    expect(record.headers).toHaveLength(2);
  });

  it('JWT-R1, SEC-R40 but none is told to be missing: a request without one passes', async () => {
    const record = tokenRequest('/', 'authorization', 'Basic YWJj');
    expect(await askTokens(withKeys(inline).check, record)).toEqual({ denied: undefined, atOnce: true });
    expect(record.headers).toEqual(['authorization', 'Basic YWJj']);
  });

  it('JWT-R5', async () => {
    const { authenticator: made } = authenticator();
    const check = made.apply({ providers: [tokenProvider(issuer, inline, { audiences: ['shop'] })], routesByClaims: false }) as TokenCheck;
    expect((await askTokens(check, bearer(good({ aud: 'bank' })))).denied).toMatchObject({ status: 403, body: 'Audiences in Jwt are not allowed' });
    expect((await askTokens(check, bearer(good({ aud: 'shop' })))).denied).toBeUndefined();
  });

  it('JWT-R10, where keys cannot be fetched', async () => {
    const { check } = withKeys(remote);
    expect((await askTokens(check, bearer(good()))).denied).toMatchObject({ status: 401, body: 'Jwks remote fetch is failed' });
  });

  it('keys that are written down and are none', async () => {
    const { check } = withKeys({ kind: 'inline', jwks: '{"keys":[]}' });
    expect((await askTokens(check, bearer(good()))).denied).toMatchObject({ status: 401, body: "Jwks doesn't have any valid public key" });
  });

  it('SEC-R42 a claim that no header can have', async () => {
    const { authenticator: made } = authenticator();
    const claimHeaders = [{ header: 'X-Sub', claim: 'sub' }];
    const check = made.apply({ providers: [tokenProvider(issuer, inline, { claimHeaders })], routesByClaims: false }) as TokenCheck;
    expect((await askTokens(check, bearer(good({ sub: 'a\r\nx-admin: yes' })))).denied).toMatchObject({
      status: 503,
      body: 'invalid header value for: x-sub',
      details: 'filter_removed_required_request_headers{invalid_header_value_for:_x-sub}',
    });
  });
});

describe('a good token', () => {
  it('SEC-R42 gives its claims, and does not go on', async () => {
    const record = bearer(good({ scope: 'read write' }));
    expect((await askTokens(withKeys(inline).check, record)).denied).toBeUndefined();
    expect(record.claims).toMatchObject({ iss: issuer, sub: 'alice', scope: ['read', 'write'] });
    expect(record.headers).toEqual([]);
  });

  it('is verified once, and by other keys again', async () => {
    const { authenticator: made } = authenticator();
    const apply = (set: string) => made.apply({ providers: [tokenProvider(issuer, { kind: 'inline', jwks: set })], routesByClaims: false }) as TokenCheck;
    const text = good();
    expect(await askTokens(apply(jwks), bearer(text))).toEqual({ denied: undefined, atOnce: false });
    expect(await askTokens(apply(jwks), bearer(text))).toEqual({ denied: undefined, atOnce: true });
    const others = await askTokens(apply(keySet({ ...keys.otherRsa.jwk, kid: 'rsa' })), bearer(text));
    expect(others).toMatchObject({ denied: { body: 'Jwt verification fails' }, atOnce: false });
  });

  it('JWT-R2 that was verified ends all the same', async () => {
    const { check, clock } = withKeys(inline);
    const text = good({ exp: now + 10 });
    expect((await askTokens(check, bearer(text))).denied).toBeUndefined();
    await clock.pass(70_000);
    expect((await askTokens(check, bearer(text))).denied).toBeUndefined();
    await clock.pass(1_000);
    expect(await askTokens(check, bearer(text))).toMatchObject({ denied: { body: 'Jwt is expired' }, atOnce: true });
  });

  it('JWT-R6 says nothing about one that begins in the same way', async () => {
    const { check } = withKeys(inline);
    const text = good();
    await askTokens(check, bearer(text));
    const [header, , signature] = text.split('.');
    const other = `${header}.${Buffer.from('{"iss":"https://issuer.example.com","sub":"root"}').toString('base64url')}.${signature}`;
    expect((await askTokens(check, bearer(other))).denied).toMatchObject({ body: 'Jwt verification fails' });
  });

  it('that comes many times at once is verified once for all', async () => {
    const { check } = withKeys(inline);
    const text = good();
    const all = await Promise.all(Array.from({ length: 50 }, () => askTokens(check, bearer(text))));
    expect(all.every(({ denied }) => denied === undefined)).toBe(true);
  });
});

describe('keys of a server', () => {
  it('are waited for when they come for the first time', async () => {
    const { promise, resolve } = Promise.withResolvers<KeySet>();
    const { check } = withKeys(remote, () => promise);
    const first = askTokens(check, bearer(good()));
    const second = askTokens(check, bearer(good({ sub: 'bob' })));
    await settled();
    resolve(parse('rsa'));
    expect([(await first).denied, (await second).denied]).toEqual([undefined, undefined]);
  });

  it('JWT-R10 are not waited for without end', async () => {
    const { check, clock } = withKeys(remote, () => new Promise(() => {}));
    const answer = askTokens(check, bearer(good()));
    await clock.pass(5_000);
    expect((await answer).denied).toMatchObject({ body: 'Jwks remote fetch is failed' });
  });

  it('are not waited for by those who have no token', async () => {
    const { check } = withKeys(remote, () => new Promise(() => {}));
    expect(await askTokens(check, tokenRequest('/'))).toEqual({ denied: undefined, atOnce: true });
  });

  it('are not waited for where a token is wrong in any case', async () => {
    const { check } = withKeys(remote, () => new Promise(() => {}));
    expect(await askTokens(check, bearer(good({ exp: 1 })))).toMatchObject({ denied: { body: 'Jwt is expired' }, atOnce: true });
  });

  it('JWT-R9 are asked for again where a token names one that is new', async () => {
    let set = parse('old');
    let asked = 0;
    const { check, clock } = withKeys(remote, async () => {
      asked++;
      return set;
    });
    await settled();
    const fresh = good({}, { alg: 'RS256', kid: 'new' });
    expect((await askTokens(check, bearer(fresh))).denied).toMatchObject({ body: "Jwks doesn't have key to match kid or alg from Jwt" });
    set = parse('old', 'new');
    await clock.pass(10_000);
    expect((await askTokens(check, bearer(fresh))).denied).toBeUndefined();
    expect(asked).toBe(2);
    for (let i = 0; i < 20; i++) await askTokens(check, bearer(good({}, { alg: 'RS256', kid: `made up ${i}` })));
    expect(asked).toBe(2);
  });
});

it('a request that is gone is not answered', async () => {
  const { check } = withKeys(inline);
  const record = bearer(good());
  let answered = false;
  const pending = check.check(record, () => {
    answered = true;
  });
  pending?.cancel();
  // Another one with the same token has its answer all the same.
  await askTokens(check, bearer(good()));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(pending).toBeDefined();
  expect(answered).toBe(false);
  expect(record.headers).toHaveLength(2);
});

it('without rules there is nothing to check', () => {
  expect(authenticator().authenticator.apply(undefined)).toBeUndefined();
  expect(authenticator().authenticator.apply({ providers: [], routesByClaims: false })).toBeUndefined();
});

it('huge tokens: one of 50 kB is verified each time, and not remembered', async () => {
  const { check } = withKeys(inline);
  const text = good({ x: 'a'.repeat(36_000) });
  expect(await askTokens(check, bearer(text))).toEqual({ denied: undefined, atOnce: false });
  expect(await askTokens(check, bearer(text))).toEqual({ denied: undefined, atOnce: false });
});
