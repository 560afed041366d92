import { expect, it } from 'vitest';
import { redacted } from './redact.ts';

it.each<[string, unknown, unknown]>([
  ['a private key', { private_key: { inline_string: 'k' } }, { private_key: { inline_string: '[redacted]' } }],
  ['as JSON spells it', { privateKey: { inlineBytes: 'k' } }, { privateKey: { inlineBytes: '[redacted]' } }],
  ['its certificate is public', { certificate_chain: { inline_string: 'c' } }, { certificate_chain: { inline_string: 'c' } }],
  ['the name of its file is no secret', { private_key: { filename: '/k.pem' } }, { private_key: { filename: '/k.pem' } }],
  ['lists below it', { session_ticket_keys: { keys: [{ inline_string: 'k' }] } }, { session_ticket_keys: { keys: [{ inline_string: '[redacted]' }] } }],
  ['a secret that is a text', { client_secret: 's' }, { client_secret: '[redacted]' }],
  ['bodies of direct responses stay', { body: { inline_string: 'hello' }, n: 1, no: null }, { body: { inline_string: 'hello' }, n: 1, no: null }],
])('%s', (_, value, expected) => expect(redacted(value)).toEqual(expected));
