// What Envoy accepts, and the embedded proxy refuses or does in another way, as docs/jwt.md lists it.
import { asBearer, payload, signedAs, type TokenCase, with_ } from './cases.ts';
import { keys } from './keys.ts';
import { base64url, good, issuer, token } from './token.ts';

const rs256 = { alg: 'RS256', kid: 'rsa' };
const json = (text: string) => asBearer(token(text));

/** Envoy: 200. Here: 401 with the text. */
export const refusedHere: readonly (readonly [...TokenCase, text: string])[] = [
  ['an extension that has to be understood', 'default', asBearer(token(payload, { ...rs256, crit: ['x'], x: 1 })), 'Jwt verification fails'],
  ['crit that is no list', 'default', asBearer(token(payload, { ...rs256, crit: 'x' })), 'Jwt verification fails'],
  ['b64 false', 'default', asBearer(token(payload, { ...rs256, crit: ['b64'], b64: false })), 'Jwt verification fails'],
  ['b64 false without crit', 'default', asBearer(token(payload, { ...rs256, b64: false })), 'Jwt verification fails'],
  ['exp 0', 'default', asBearer(good({ exp: 0 })), 'Jwt is expired'],
  ['a comma too much', 'default', json(`{"iss":"${issuer}",}`), 'Jwt payload is an invalid JSON'],
  ['names without quotes', 'default', json(`{iss:"${issuer}"}`), 'Jwt payload is an invalid JSON'],
  ['single quotes', 'default', json(`{'iss':'${issuer}'}`), 'Jwt payload is an invalid JSON'],
  ['a control character in a text', 'default', json(`{"iss":"${issuer}","x":"\u0001"}`), 'Jwt payload is an invalid JSON'],
  ['a payload that is null', 'any issuer', json('null'), 'Jwt payload is an invalid JSON'],
  ['RS256 over a signature of an EC key', 'keys without names', asBearer(signedAs('RS256', 'ES256', keys.p256.privateKey)), 'Jwt verification fails'],
  ['HS256 over a signature of an EC key', 'keys without names', asBearer(signedAs('HS256', 'ES256', keys.p256.privateKey)), 'Jwt verification fails'],
  ['ES256 with a key of another curve', 'keys without names', asBearer(signedAs('ES256', 'ES256', keys.p384.privateKey)), 'Jwt verification fails'],
  ['17 tokens', 'places', with_(...Array.from({ length: 17 }, () => ['x-raw', good()] as const)), 'Jwt verification fails'],
];

/** Envoy: 401, for it stops at a key of Ed25519 where the signature has another length. Here: 200, as another key has signed it. */
export const acceptedHere: readonly TokenCase[] = [
  ['a good token, and an Edwards key in front of its own', 'secret and Edwards key', asBearer(token(payload, { alg: 'HS256' }))],
];

/** Refused by both, with other texts. */
export const otherText: readonly (readonly [...TokenCase, text: string])[] = [
  ['white space in a part', 'default', asBearer(good().replace('.', ' .')), 'Jwt header is an invalid Base64url encoded'],
  ['a scheme where none belongs', 'places', with_(['x-raw', `Bearer ${good()}`]), 'Jwt header is an invalid Base64url encoded'],
  ['white space behind', 'default', asBearer(`${good()} x`), 'Jwt signature is an invalid Base64url encoded'],
  ['a header that is null', 'default', asBearer(`${base64url('null')}.e30.AAAA`), 'Jwt header is an invalid JSON'],
];

/** Targets: what Envoy makes of the query when it takes the token out, and what is left here. */
export const queries: readonly (readonly [rest: (token: string) => string, envoy: string, here: string])[] = [
  [(text) => `/a?z=1&access_token=${text}&b=2`, '/a?b=2&z=1', '/a?z=1&b=2'],
  [(text) => `/a%20b?x=%2526&access_token=${text}&y=a%26b`, '/a%20b?x=%26&y=a&b', '/a%20b?x=%2526&y=a%26b'],
  [(text) => `/?c=a%20b&access_token=${text}`, '/?c=a b', '/?c=a%20b'],
  [(text) => `/?&access_token=${text}&`, '/?=', '/'],
];
