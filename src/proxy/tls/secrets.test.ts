import { beforeAll, expect, it } from 'vitest';
import { issueAuthority, issueServing } from '../../pki/issue.ts';
import type { KeyPair } from '../../pki/pem.ts';
import { secretCredentials } from './secrets.ts';

let authority: KeyPair;
let pair: KeyPair;
let other: KeyPair;

beforeAll(async () => {
  authority = await issueAuthority('a', Date.now());
  pair = await issueServing(authority, ['a'], Date.now());
  other = await issueServing(authority, ['b'], Date.now());
});

it('the keys of Secrets for TLS, and those of generic ones', () => {
  const expected = { credentials: { pair: { certificateChain: pair.certificate, privateKey: pair.key }, roots: authority.certificate }, problems: [] };
  expect(secretCredentials({ 'tls.crt': pair.certificate, 'tls.key': pair.key, 'ca.crt': authority.certificate })).toEqual(expected);
  expect(secretCredentials({ cert: pair.certificate, key: pair.key, cacert: authority.certificate })).toEqual(expected);
});

it('roots alone, and what has nothing for TLS', () => {
  expect(secretCredentials({ 'ca.crt': authority.certificate })).toEqual({ credentials: { roots: authority.certificate }, problems: [] });
  expect(secretCredentials({ password: 'x' })).toBeUndefined();
});

it.each<[string, () => Record<string, string>, string]>([
  ['a key of another certificate', () => ({ 'tls.crt': pair.certificate, 'tls.key': other.key }), 'the private key is not that of the certificate'],
  ['no key', () => ({ 'tls.crt': pair.certificate }), 'there is a certificate, and no private key'],
  ['no certificate', () => ({ 'tls.key': pair.key }), 'there is a private key, and no certificate'],
  ['another text', () => ({ 'tls.crt': 'hush', 'tls.key': pair.key }), 'the certificate cannot be read: it is to be PEM'],
  ['another text as key', () => ({ 'tls.crt': pair.certificate, 'tls.key': 'hush' }), 'the private key cannot be read: it is to be PEM, without a password'],
  ['another text as roots', () => ({ 'ca.crt': 'hush' }), 'there is no certificate in it: they are to be PEM'],
])('%s', (_, data, problem) => {
  const made = secretCredentials(data());
  expect(made?.problems).toEqual([problem]);
  expect(made?.credentials).toEqual({});
});
