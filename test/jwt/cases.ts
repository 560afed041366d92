// What Envoy does with tokens, and the embedded proxy in the same way.
import type { ConfigurationName } from './configurations.ts';
import { secondIssuer } from './configurations.ts';
import { keys, secret, signature } from './keys.ts';
import type { TokenRequest } from './outcome.ts';
import { base64url, good, issuer, never, token } from './token.ts';

export type TokenCase = readonly [name: string, configuration: ConfigurationName, request: TokenRequest];

type Pair = readonly [name: string, value: string];

const bearer = (text: string): Pair => ['authorization', `Bearer ${text}`];
export const with_ = (...headers: readonly Pair[]): TokenRequest => ({ headers });
export const asBearer = (text: string): TokenRequest => with_(bearer(text));
const at = (path: string, ...headers: readonly Pair[]): TokenRequest => ({ path, headers });

const rs256 = { alg: 'RS256', kid: 'rsa' };
export const payload = { iss: issuer, sub: 'alice', exp: never };

const alice = good();
const bob = good({ sub: 'bob' });
const [header = '', body = '', sign = ''] = alice.split('.');
const forged = `${alice.slice(0, -8)}AAAAAAAA`;
const expired = good({ exp: 1 });
const ofSecond = (more: object = {}, head?: object): string => token({ iss: secondIssuer, sub: 'zoe', exp: never, ...more }, head);
const evil = token({ iss: 'evil', exp: never });
const now = Math.floor(Date.now() / 1000);

/** The payload is this text. */
const json = (text: string): TokenRequest => asBearer(token(text));
const claims = (more: object): TokenRequest => asBearer(good(more));
const nested = (open: string, close: string, levels: number): TokenRequest =>
  json(`{"iss":"${issuer}","x":${open.repeat(levels)}${open === '[' ? '' : '1'}${close.repeat(levels)}}`);

/** Header and payload signed as `as` says, whatever the header says. */
export function signedAs(alg: string, as: string, key: Parameters<typeof signature>[2], more: object = {}): string {
  const text = `${base64url(JSON.stringify({ alg, ...more }))}.${base64url(JSON.stringify(payload))}`;
  return `${text}.${base64url(signature(as, text, key))}`;
}

const form: TokenCase[] = (
  [
    ['JWT-R7 no dots', 'abc'],
    ['JWT-R7 one dot', 'a.b'],
    ['JWT-R7 three dots', 'a.b.c.d'],
    ['JWT-R7 only dots', '..'],
    ['JWT-R7 no header', `.${body}.${sign}`],
    ['JWT-R7 no payload', `${header}..${sign}`],
    ['JWT-R7 no signature', `${header}.${body}.`],
    ['JWT-R7 alg none without a signature', `${base64url('{"alg":"none"}')}.${body}.`],
    ['JWT-R7 nothing that a token may have', '***'],
    ['JWT-R8 header of one character', 'a.b.c'],
    ['JWT-R8 header in the other alphabet', `${Buffer.from('{"alg":"RS256","kid":"???>>>"}').toString('base64')}.${body}.${sign}`],
    ['SEC-R41 something in front of the token', `,,;${alice}`],
    ['header that is no JSON', `${base64url('xx')}.${body}.${sign}`],
    ['header that is a list', `${base64url('[]')}.${body}.${sign}`],
    ['header without alg', token(payload, { kid: 'rsa' })],
    ['alg that is a number', token(payload, { alg: 1 })],
    ['alg that is null', token(payload, { alg: null })],
    ['alg none', `${base64url('{"alg":"none"}')}.${body}.${sign}`],
    ['alg in lower case', token(payload, { alg: 'rs256', kid: 'rsa' })],
    ['alg of another curve', signedAs('ES256K', 'ES256', keys.p256.privateKey)],
    ['alg by its newer name', signedAs('Ed25519', 'EdDSA', keys.ed25519.privateKey)],
    ['kid that is a number', token(payload, { alg: 'RS256', kid: 7 })],
    ['kid that is null', token(payload, { alg: 'RS256', kid: null })],
    ['kid that is empty', token(payload, { alg: 'RS256', kid: '' })],
    ['no kid', token(payload, { alg: 'RS256' })],
    ['JWT-R9 kid of no key', token(payload, { alg: 'RS256', kid: 'x' })],
    ['JWT-R9 alg of another key', token(payload, { alg: 'ES256', kid: 'rsa' })],
    ['typ of something else', token(payload, { ...rs256, typ: 'x' })],
    ['JWT-R6 a key of its own in the header', token(payload, { alg: 'RS256', jwk: keys.otherRsa.jwk }, keys.otherRsa.privateKey)],
    ['JWT-R6 signature of another key', token(payload, rs256, keys.otherRsa.privateKey)],
    ['JWT-R6 signature that was changed', forged],
    ['JWT-R6 payload that was changed', `${header}.${base64url('{"iss":"https://issuer.example.com","sub":"root"}')}.${sign}`],
    ['JWT-R6 short signature', `${header}.${body}.abcd`],
    ['payload of one character', `${header}.a.${sign}`],
    ['payload with another character', `${header}.ab*d.${sign}`],
    ['signature of one character', `${header}.${body}.a`],
    ['signature with another character', `${header}.${body}.ab*d`],
    ['signature with right padding', `${alice}==`],
    ['signature with wrong padding', `${alice}=`],
    ['signature with something behind a comma', `${alice},x`],
  ] as const
).map(([name, text]) => [name, 'default', asBearer(text)] as const);

const payloads: TokenCase[] = (
  [
    ['no JSON', json('xx')],
    ['a list', json('[]')],
    ['a text', json('"x"')],
    ['a number', json('1')],
    ['only a space', json(' ')],
    ['JWT-R4 an empty object', json('{}')],
    ['a byte order mark', json(`\ufeff${JSON.stringify(payload)}`)],
    ['something behind', json(`${JSON.stringify(payload)} x`)],
    ['white space around', json(` \n${JSON.stringify(payload)} \t`)],
    ['a comment', json(`/*x*/${JSON.stringify(payload)}`)],
    ['a claim twice, the last good', json(`{"iss":"evil","iss":"${issuer}"}`)],
    ['a claim twice, the first good', json(`{"iss":"${issuer}","iss":"evil"}`)],
    ['a claim twice, once with escapes', json(`{"iss":"${issuer}","\\u0069ss":"${issuer}"}`)],
    ['a claim twice in an object', json(`{"iss":"${issuer}","a":{"b":1,"b":2}}`)],
    ['half a surrogate pair', json(`{"iss":"${issuer}","x":"\\ud800"}`)],
    ['NaN', json(`{"iss":"${issuer}","x":NaN}`)],
    ['a number that is too great', json(`{"iss":"${issuer}","x":1e400}`)],
    ['a number with a zero in front', json(`{"iss":"${issuer}","x":01}`)],
    ['a great integer', json(`{"iss":"${issuer}","x":12345678901234567890}`)],
    ['lists in lists, 99', nested('[', ']', 99)],
    ['lists in lists, 100', nested('[', ']', 100)],
    ['objects in objects, 99', nested('{"a":', '}', 99)],
    ['objects in objects, 100', nested('{"a":', '}', 100)],
    ['lists in lists, 10000', nested('[', ']', 10_000)],
    ['30 kB', claims({ x: 'a'.repeat(22_000) })],
    ['JWT-R4 no iss', json('{"sub":"a"}')],
    ['iss that is a number', json('{"iss":1}')],
    ['iss that is null', json('{"iss":null}')],
    ['sub that is a number', claims({ sub: 1 })],
    ['no sub', claims({ sub: undefined })],
    ['jti that is a number', claims({ jti: 1 })],
    ['iat that is a text', claims({ iat: 'x' })],
    ['iat below zero', claims({ iat: -1 })],
    ['iat with a fraction', claims({ iat: 1.5 })],
    ['nbf that is a text', claims({ nbf: '1' })],
    ['nbf below zero', claims({ nbf: -5 })],
    ['nbf out of range', claims({ nbf: 1e30 })],
    ['exp that is a text', claims({ exp: String(never) })],
    ['exp that is null', claims({ exp: null })],
    ['exp that is true', claims({ exp: true })],
    ['exp with a fraction', claims({ exp: never + 0.5 })],
    ['exp below zero', claims({ exp: -1 })],
    ['exp of 2 to the 64th', json(`{"iss":"${issuer}","exp":18446744073709551616}`)],
    ['exp of 2 to the 63rd', json(`{"iss":"${issuer}","exp":9223372036854775808}`)],
    ['no exp', claims({ exp: undefined })],
    ['aud that is a number', claims({ aud: 1 })],
    ['aud that is null', claims({ aud: null })],
    ['aud with a number', claims({ aud: ['a', 1] })],
    ['aud that is an object', claims({ aud: {} })],
    ['aud that is an empty list', claims({ aud: [] })],
    ['SEC-R43 expired a moment ago', claims({ exp: now - 30 })],
    ['JWT-R2, SEC-R43 expired more than a minute ago', claims({ exp: now - 65 })],
    ['SEC-R43 valid in a moment', claims({ nbf: now + 40 })],
    ['JWT-R3, SEC-R43 valid in two minutes', claims({ nbf: now + 120 })],
    ['JWT-R4 expired, and of another issuer', asBearer(token({ iss: 'evil', exp: 1 }))],
    ['JWT-R2 expired, and forged', asBearer(token({ iss: issuer, exp: 1 }, rs256, keys.otherRsa.privateKey))],
    ['SEC-R42 scope and permission', claims({ scope: 'read write', permission: 'a  b ', other: 'x y' })],
    ['SEC-R42 scope that is empty, and of spaces', claims({ scope: '', permission: ' ' })],
    ['SEC-R42 scope that is a list', claims({ scope: ['a b', 'c'], permission: 5 })],
    ['SEC-R42 scope in an object, and with tabs', claims({ x: { scope: 'a b' }, scope: 'a\tb c' })],
  ] as const
).map(([name, request]) => [`payload: ${name}`, 'default', request] as const);

const preflight: Pair[] = [
  ['origin', 'http://x'],
  ['access-control-request-method', 'GET'],
];

const places: TokenCase[] = (
  [
    ['SEC-R40 no token', 'default', {}],
    ['another scheme', 'default', with_(['authorization', 'Basic YWJj'])],
    ['the scheme in lower case', 'default', with_(['authorization', `bearer ${alice}`])],
    ['only the scheme', 'default', with_(['authorization', 'Bearer'])],
    ['a tab behind the scheme', 'default', with_(['authorization', `Bearer\t${alice}`])],
    ['nothing behind the scheme', 'default', with_(['authorization', `Bearer${alice}`])],
    ['spaces behind the scheme', 'default', with_(['authorization', `Bearer    ${alice}`])],
    ['something in front of the scheme', 'default', with_(['authorization', `x Bearer ${alice}`])],
    ['an empty header', 'default', with_(['authorization', ''])],
    ['two tokens in two headers', 'default', with_(bearer(alice), bearer(bob))],
    ['a token behind another scheme', 'default', with_(['authorization', 'Basic x'], bearer(bob))],
    ['SEC-R42 in the query, first', 'default', at(`/a?access_token=${alice}&x=1`)],
    ['SEC-R42 in the query, last', 'default', at(`/a?x=1&access_token=${alice}`)],
    ['SEC-R42 in the query, alone', 'default', at(`/a?access_token=${alice}`)],
    ['in the query, empty', 'default', at('/a?access_token=')],
    ['in the query, without a value', 'default', at('/a?access_token')],
    ['in the query twice, the first good', 'default', at(`/a?access_token=${alice}&access_token=bad`)],
    ['in the query twice, the last good', 'default', at(`/a?access_token=bad&access_token=${alice}`)],
    ['in the query with escapes', 'default', at(`/a?access%5Ftoken=${alice.replaceAll('.', '%2E')}&b=1`)],
    ['in the query with a plus', 'default', at(`/?access_token=+${alice}`)],
    ['in the query with half an escape', 'default', at(`/?access_token=${alice}%`)],
    ['in the query, other case', 'default', at(`/a?Access_Token=${alice}`)],
    ['behind a semicolon', 'default', at(`/?a=1;access_token=${alice}`)],
    ['behind a second question mark', 'default', at(`/?a=1?access_token=${alice}`)],
    ['in the path', 'default', at(`/access_token=${alice}`)],
    ['query and header', 'default', at(`/a?access_token=${bob}`, bearer(alice))],
    ['query bad, header good', 'default', at('/a?access_token=bad', bearer(alice))],
    ['query good, header bad', 'default', at(`/a?access_token=${alice}`, bearer('bad'))],
    ['query expired, header bad', 'default', at(`/a?access_token=${expired}`, bearer('bad'))],
    ['realm of a long path', 'default', at(`/${'a'.repeat(300)}`, bearer('x'))],
    ['realm with a quote', 'default', at('/a"b?c="', bearer('x'))],
    ['realm with https', 'default', with_(['x-forwarded-proto', 'https'], bearer('x'))],
    ['realm of the original path', 'default', with_(['x-envoy-original-path', '/orig'], bearer('x'))],
    ['HEAD', 'default', { method: 'HEAD', headers: [bearer('x')] }],
    ['a preflight goes past', 'default', { method: 'OPTIONS', headers: [...preflight, bearer('bad')] }],
    ['OPTIONS without a method asked for', 'default', { method: 'OPTIONS', headers: [['origin', 'http://x'], bearer('bad')] }],
    ['OPTIONS with an empty origin', 'default', { method: 'OPTIONS', headers: [['origin', ''], ['access-control-request-method', 'GET'], bearer('bad')] }],
    ['the usual place is none', 'places', with_(bearer('bad'))],
    ['header with prefix', 'places', with_(['x-token', `Token ${alice}`])],
    ['header with the other prefix', 'places', with_(['x-token', `Alt ${alice}`])],
    ['header without its prefix', 'places', with_(['x-token', alice])],
    ['header with both prefixes', 'places', with_(['x-token', `Alt Token ${alice}`])],
    ['header with prefix, twice', 'places', with_(['x-token', `Token ${alice}`], ['x-token', `Token ${bob}`], ['x-token', 'Other y'])],
    ['plain header', 'places', with_(['x-raw', ` ${alice} `])],
    ['plain header, empty', 'places', with_(['x-raw', ''])],
    ['plain header twice', 'places', with_(['x-raw', alice], ['x-raw', bob])],
    ['plain header twice, once bad', 'places', with_(['x-raw', alice], ['x-raw', 'bad'])],
    ['cookie', 'places', with_(['cookie', `a=b; tok=${alice}; c=d`])],
    ['cookie without space', 'places', with_(['cookie', `a=b;tok=${alice}`])],
    ['cookie with spaces', 'places', with_(['cookie', `  tok=${alice}  ; x`])],
    ['cookie with a tab in front', 'places', with_(['cookie', `x=1;\ttok=${alice}`])],
    ['cookie behind a comma', 'places', with_(['cookie', `x=1,tok=${alice}`])],
    ['cookie in quotes', 'places', with_(['cookie', `tok="${alice}"`])],
    ['cookie with one quote', 'places', with_(['cookie', `tok="${alice}`])],
    ['cookie twice, the first good', 'places', with_(['cookie', `tok=${alice}; tok=bad`])],
    ['cookie twice, the last good', 'places', with_(['cookie', `tok=bad; tok=${alice}`])],
    ['cookie in the second header', 'places', with_(['cookie', 'a=b'], ['cookie', `tok=${alice}`])],
    ['cookie empty', 'places', with_(['cookie', 'tok='])],
    ['cookie without a value', 'places', with_(['cookie', 'tok'])],
    ['cookie in other case', 'places', with_(['cookie', `Tok=${alice}`])],
    ['cookie with a space in front of =', 'places', with_(['cookie', `tok =${alice}`])],
    ['two cookies', 'places', with_(['cookie', `tok=${alice}; alt=${bob}`])],
    ['two cookies, one bad', 'places', with_(['cookie', `tok=${alice}; alt=bad`])],
    ['header and cookie', 'places', with_(['x-raw', alice], ['cookie', `tok=${bob}`])],
    ['two parameters', 'places', at(`/?t=${alice}&access=${bob}`)],
    ['header, parameter and cookie, all bad', 'places', at(`/?t=${expired}`, ['x-raw', 'bad'], ['cookie', `tok=${base64url('x')}.a.b`])],
    ['header expired, parameter bad', 'places', at('/?t=bad', ['x-raw', expired])],
    ['SEC-R42 forwarded in a header', 'forwarded', with_(['x-raw', alice])],
    ['SEC-R42 forwarded in the query', 'forwarded', at(`/?t=${alice}&a=%41`)],
  ] as const
).map(([name, configuration, request]) => [`places: ${name}`, configuration, request] as const);

const numbers = { n: 7, f: 1.5, neg: -3, big: 2 ** 63 + 2 ** 62 };
const outputs: TokenCase[] = (
  [
    ['claims of all types', 'outputs', claims({ ...numbers, yes: true, no: false, list: ['a', 'b'], object: { x: 1 }, nil: null, empty: '' })],
    ['numbers', 'outputs', claims({ n: 1e21, f: 0.1, neg: -0.5, big: 2 ** 64 })],
    ['more numbers', 'outputs', claims({ n: 2 ** 53 + 2, f: 1e15 + 0.5, neg: -1, big: 1e19 })],
    ['small and great numbers', 'outputs', claims({ n: -0, f: 123456789.12345679, neg: -1e300, big: 1e300 })],
    ['halves', 'outputs', claims({ f: 0.0078125, neg: -0.0078125, n: -1e-8, big: 3.0234375 })],
    ['claims in objects', 'outputs', claims({ org: { team: 'blue', list: ['x'] }, 'dot.ted': 'x', x: { '': { y: 1 } } })],
    ['text that is not ASCII', 'outputs', claims({ text: 'ä€😀' })],
    ['text with spaces around', 'outputs', claims({ text: '  a b  ' })],
    ['text with a tab', 'outputs', claims({ text: 'a\tb' })],
    ['text with a line end', 'outputs', claims({ text: 'a\r\nx-admin: yes' })],
    ['text with a zero', 'outputs', claims({ text: 'a\u0000b' })],
    ['text with another control character', 'outputs', claims({ text: 'a\u007fb' })],
    [
      'what only the proxy may say, with a token',
      'outputs',
      with_(bearer(alice), ['x-c-sub', 'root'], ['X-Payload', 'x'], ['x-c-n', '1'], ['x-c-other', 'stays']),
    ],
    ['what only the proxy may say, without', 'outputs', with_(['x-c-sub', 'root'], ['x-payload', 'x'])],
    ['what only the proxy may say, in a preflight', 'outputs', { method: 'OPTIONS', headers: [...preflight, ['x-c-sub', 'root']] }],
    ['two claims in one header', 'two claims in one header', asBearer(alice)],
    ['two tokens', 'two headers, payload', with_(['x-a', alice], ['x-b', bob])],
    ['two tokens in one header', 'two headers, payload', with_(['x-a', alice], ['x-a', bob])],
    ['two tokens, one bad', 'two headers, payload', with_(['x-a', alice], ['x-b', 'x'])],
    ['the header of the token itself', 'output over the token', asBearer(alice)],
    ['payload and forwarding', 'forwarded', with_(['x-raw', alice], ['x-payload', 'x'])],
    ['further claims that are lists', 'own lists', claims({ groups: 'a b', scope: 'c d', other: 'e f' })],
  ] as const
).map(([name, configuration, request]) => [`SEC-R42: ${name}`, configuration, request] as const);

const audiences: TokenCase[] = (
  [
    ['no aud', {}],
    ['one of them', { aud: 'b' }],
    ['one of them in a list', { aud: ['x', 'b'] }],
    ['none of them', { aud: 'x' }],
    ['without the last slash', { aud: 'https://a.example.com' }],
    ['as it is', { aud: 'https://a.example.com/' }],
    ['without scheme', { aud: 'a.example.com' }],
    ['with another scheme', { aud: 'http://a.example.com/' }],
    ['with a slash', { aud: 'b/' }],
    ['with two slashes', { aud: 'b//' }],
    ['with a scheme', { aud: 'https://b' }],
    ['with two schemes', { aud: 'http://https://b' }],
    ['an empty one', { aud: '' }],
    ['an empty list', { aud: [] }],
    ['in another case', { aud: 'B' }],
  ] as const
).map(([name, more]) => [`JWT-R5 aud: ${name}`, 'audiences', claims(more)] as const);

const many: TokenCase[] = (['two, one place', 'two, two places', 'second of any issuer'] as const).flatMap((configuration) =>
  (
    [
      ['no token', {}],
      ['of the first', asBearer(alice)],
      ['of the second', asBearer(ofSecond())],
      ['of the first, forged', asBearer(forged)],
      ['of the first, expired', asBearer(expired)],
      ['of the second, expired', asBearer(ofSecond({ exp: 1 }))],
      ['of another', asBearer(evil)],
      ['malformed', asBearer('x')],
      ['of the first, unknown key', asBearer(good({}, { alg: 'RS256', kid: 'q' }))],
      ['of the second, unknown key', asBearer(ofSecond({}, { alg: 'RS256', kid: 'q' }))],
      ['two, both good', at(`/?access_token=${ofSecond()}`, bearer(alice))],
      ['two, both good, the other way round', at(`/?access_token=${alice}`, bearer(ofSecond()))],
      ['two of one issuer, one forged', at(`/?access_token=${forged}`, bearer(alice))],
      ['what the second says, with a token of the first', with_(bearer(alice), ['x-p1', 'x'], ['x-p2', 'x'])],
      ['what the first says, with a token of the second', with_(bearer(ofSecond()), ['x-p1', 'x'], ['x-s', 'x'])],
    ] as const
  ).map(([name, request]) => [`SEC-R40 ${configuration}: ${name}`, configuration, request] as const),
);

const second = (text: string): Pair => ['x-second', text];
const twoPlaces: TokenCase[] = (
  [
    ['both good', with_(bearer(alice), second(ofSecond()))],
    ['first good, second bad', with_(bearer(alice), second('bad'))],
    ['first forged, second good', with_(bearer(forged), second(ofSecond()))],
    ['both bad', with_(bearer(forged), second('bad'))],
    ['first expired, second bad', with_(bearer(expired), second('bad'))],
    ['only second', with_(second(ofSecond()))],
    ['only second, bad', with_(second('bad'))],
    ['only second, expired', with_(second(ofSecond({ exp: 1 })))],
    ['the first in the place of the second', with_(second(alice))],
    ['header bad, query good, second good', at(`/?access_token=${alice}`, bearer('bad'), second(ofSecond()))],
  ] as const
).map(([name, request]) => [`SEC-R40 two places: ${name}`, 'two, two places', request] as const);

const oneIssuer: TokenCase[] = (
  [
    ['first audience', 'one issuer, two audiences', claims({ aud: 'a' })],
    ['second audience', 'one issuer, two audiences', claims({ aud: 'b' })],
    ['no audience of them', 'one issuer, two audiences', claims({ aud: 'c' })],
    ['no audience of them, expired', 'one issuer, two audiences', claims({ aud: 'c', exp: 1 })],
    ['first audience, forged', 'one issuer, two audiences', asBearer(`${good({ aud: 'a' }).slice(0, -8)}AAAAAAAA`)],
    ['second audience, forged', 'one issuer, two audiences', asBearer(`${good({ aud: 'b' }).slice(0, -8)}AAAAAAAA`)],
    ['own place', 'one issuer, two places', with_(['x-a', good({ aud: 'a' })])],
    ['own place, audience of the other', 'one issuer, two places', with_(['x-a', good({ aud: 'b' })])],
    ['place of the other', 'one issuer, two places', claims({ aud: 'a' })],
    ['both', 'one issuer, two places', with_(['x-a', good({ aud: 'a', sub: 'x' })], bearer(good({ aud: 'b' })))],
    ['both, one of them wrong', 'one issuer, two places', with_(['x-a', good({ aud: 'b' })], bearer(good({ aud: 'b' })))],
  ] as const
).map(([name, configuration, request]) => [`SEC-R40 one issuer: ${name}`, configuration, request] as const);

type Flaw = 'absent' | 'expired' | 'form' | 'issuer' | 'audience' | 'early' | 'key';
const flawed: Readonly<Record<Exclude<Flaw, 'absent'>, (iss: string) => string>> = {
  expired: (iss) => token({ iss, exp: 1 }),
  form: () => 'x',
  issuer: () => evil,
  audience: (iss) => token({ iss, aud: 'no' }),
  early: (iss) => token({ iss, nbf: never }),
  key: (iss) => token({ iss, aud: 'z' }, { alg: 'RS256', kid: 'q' }),
};

/** Which of several failures is told. */
const told: TokenCase[] = (['absent', 'expired', 'form', 'issuer', 'audience'] as const).flatMap((a) =>
  (['absent', 'early', 'form', 'issuer', 'key'] as const).flatMap((b) =>
    (['absent', 'key', 'issuer', 'expired'] as const).map((c): TokenCase => {
      const flaws: readonly (readonly [string, Flaw])[] = [
        ['a', a],
        ['b', b],
        ['c', c],
      ];
      const headers = flaws.flatMap(([name, flaw]) => (flaw === 'absent' ? [] : [[`x-${name}`, flawed[flaw](name)] as const]));
      return [`SEC-R40 three places: ${a}, ${b}, ${c}`, 'three places', { headers }];
    }),
  ),
);

const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'];
const byAlgorithm = (configuration: ConfigurationName, list = algorithms): TokenCase[] =>
  list.map((alg) => [`${configuration}: ${alg}`, configuration, asBearer(token(payload, { alg }))] as const);
const withPem = (): string => {
  const pem = keys.rsa.privateKey.export({ type: 'pkcs1', format: 'pem' });
  return signedAs('HS256', 'HS256', Buffer.from(pem));
};

const keyCases: TokenCase[] = [
  ...byAlgorithm('keys without names'),
  ...byAlgorithm('only RS256'),
  ...byAlgorithm('RSA for PS256', algorithms.slice(0, 6)),
  ...byAlgorithm('RSA without alg', algorithms.slice(0, 7)),
  ...byAlgorithm('edwards key', ['EdDSA']),
  ...byAlgorithm('shared secret', ['HS256', 'HS384', 'HS512']),
  ...byAlgorithm('curve not told', ['ES256']),
  ...(
    ['names of wrong types', 'one name twice', 'name of another key', 'broken keys before', 'broken keys behind', 'key with more in it', 'private key'] as const
  ).map((configuration) => [`keys: ${configuration}`, configuration, asBearer(alice)] as const),
  ...(
    [
      ['name of another key, and none in the token', 'name of another key', asBearer(good({}, { alg: 'RS256' }))],
      ['Edwards signature of another length', 'edwards key', asBearer(signedAs('EdDSA', 'EdDSA', keys.ed25519.privateKey).slice(0, -8))],
      ['HS256 with the modulus as secret', 'keys without names', asBearer(signedAs('HS256', 'HS256', Buffer.from(String(keys.rsa.jwk.n), 'base64url')))],
      ['HS256 with the public key as secret', 'keys without names', asBearer(withPem())],
      ['HS256 with the public key as secret, key with name', 'only RS256', asBearer(signedAs('HS256', 'HS256', Buffer.from(JSON.stringify(keys.rsa.jwk))))],
      ['HS256 with no secret', 'shared secret', asBearer(signedAs('HS256', 'HS256', Buffer.alloc(0)))],
      ['RS256 with a signature by the secret', 'shared secret', asBearer(signedAs('RS256', 'HS384', secret))],
      ['ES256 with a signature by RSA', 'keys without names', asBearer(signedAs('ES256', 'RS256', keys.rsa.privateKey))],
      ['a key that is for encryption', 'key for encryption', asBearer(alice)],
      ['a key that is for something else', 'key for other operations', asBearer(alice)],
      ['an RSA key that is too short', 'short key', asBearer(good({}, { alg: 'RS256', kid: 'short' }, keys.shortRsa.privateKey))],
      ['any issuer', 'any issuer', asBearer(evil)],
      ['any issuer, and none', 'any issuer', json('{}')],
      ['any issuer, forged', 'any issuer', asBearer(`${evil.slice(0, -8)}AAAAAAAA`)],
    ] as const
  ).map(([name, configuration, request]) => [`keys: ${name}`, configuration, request] as const),
];

export const tokenCases: readonly TokenCase[] = [
  ['a good token', 'default', asBearer(alice)],
  ...form,
  ...payloads,
  ...places,
  ...outputs,
  ...audiences,
  ...many,
  ...twoPlaces,
  ...oneIssuer,
  ...told,
  ...keyCases,
];
