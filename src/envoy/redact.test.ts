import { expect, it } from 'vitest';
import { redacted } from './redact.ts';

const symmetric = '{"keys":[{"kty":"oct","kid":"a","k":"c2VjcmV0"}]}';

it.each<[string, unknown, unknown]>([
  ['a private key', { private_key: { inline_string: 'k' } }, { private_key: { inline_string: '[redacted]' } }],
  ['as JSON spells it', { privateKey: { inlineBytes: 'k' } }, { privateKey: { inlineBytes: '[redacted]' } }],
  ['its certificate is public', { certificate_chain: { inline_string: 'c' } }, { certificate_chain: { inline_string: 'c' } }],
  ['the name of its file is no secret', { private_key: { filename: '/k.pem' } }, { private_key: { filename: '/k.pem' } }],
  ['lists below it', { session_ticket_keys: { keys: [{ inline_string: 'k' }] } }, { session_ticket_keys: { keys: [{ inline_string: '[redacted]' }] } }],
  ['a secret that is a text', { client_secret: 's' }, { client_secret: '[redacted]' }],
  ['bodies of direct responses stay', { body: { inline_string: 'hello' }, n: 1, no: null }, { body: { inline_string: 'hello' }, n: 1, no: null }],
  ['a symmetric key of tokens', { local_jwks: { inline_string: symmetric } }, { local_jwks: { inline_string: symmetric.replace('c2VjcmV0', '[redacted]') } }],
  ['as JSON spells it', { localJwks: { inlineString: symmetric } }, { localJwks: { inlineString: symmetric.replace('c2VjcmV0', '[redacted]') } }],
  ['one in a routing table', { kind: 'inline', jwks: symmetric }, { kind: 'inline', jwks: symmetric.replace('c2VjcmV0', '[redacted]') }],
  ['the private part of another', { jwks: '{"keys":[{"n":"a","e":"AQAB","d":"b"}]}' }, { jwks: '{"keys":[{"n":"a","e":"AQAB","d":"[redacted]"}]}' }],
  ['public keys stay as they are written', { jwks: '{ "keys": [ {"n":"a"} ] }' }, { jwks: '{ "keys": [ {"n":"a"} ] }' }],
  ['keys that are no JSON', { jwks: '{"keys":[{"k":"c2VjcmV0"},]}' }, { jwks: '[redacted]' }],
  ['keys as bytes', { local_jwks: { inline_bytes: 'eyJr' } }, { local_jwks: { inline_bytes: '[redacted]' } }],
  ['where keys are is no secret', { local_jwks: { filename: '/k' }, remote_jwks: { uri: 'u' } }, { local_jwks: { filename: '/k' }, remote_jwks: { uri: 'u' } }],
])('%s', (_, value, expected) => expect(redacted(value)).toEqual(expected));
