import { expect, it } from 'vitest';
import type { JsonObject } from '../../envoy/json.ts';
import type { Credentials, NamedCredentials } from '../../proxy/tls/credentials.ts';
import { ownSecretNames } from './own-secrets.ts';
import { secretOf } from './secrets.ts';

const pair = { certificateChain: 'cert', privateKey: 'key' };

const held: Readonly<Record<string, NamedCredentials>> = {
  'shop/web': { pair },
  'shop/both': { pair, roots: 'own' },
  'shop/split': { pair, roots: 'not these' },
  'shop/split-cacert': { roots: 'beside', crl: 'revoked' },
  'shop/roots': { roots: 'roots' },
  'shop/broken': {},
  'keys/web': { pair: { certificateChain: 'other', privateKey: 'other key' } },
  'file-cert:/c~/k': { pair },
};

const credentials: Credentials = { workload: () => undefined, named: (name) => held[name], onChange: () => () => {} };
const names = ownSecretNames(credentials, 'shop');

const certificate = (chain: string, key: string): JsonObject => ({
  tls_certificate: { certificate_chain: { inline_string: chain }, private_key: { inline_string: key } },
});
const judges = (roots: string, crl?: string): JsonObject => ({
  validation_context: { trusted_ca: { inline_string: roots }, ...(crl ? { crl: { inline_string: crl } } : {}) },
});

it.each<[string, string | undefined, JsonObject | undefined]>([
  ['a certificate', names.pair('web'), certificate('cert', 'key')],
  ['as the reference writes it', names.pair('kubernetes://web'), certificate('cert', 'key')],
  ['of another namespace', names.pair('kubernetes-gateway://keys/web'), certificate('other', 'other key')],
  ['of a Secret with roots, too', names.pair('both'), certificate('cert', 'key')],
  ['none in a Secret with roots only', names.pair('roots'), undefined],
  ['none in a Secret that is broken', names.pair('broken'), undefined],
  ['none without a Secret', names.pair('nobody'), undefined],
  ['roots with the certificate', names.rootsBeside('both'), judges('own')],
  ['roots beside the certificate, which come first', names.rootsBeside('split'), judges('beside', 'revoked')],
  ['no roots anywhere', names.rootsBeside('web'), undefined],
  ['roots of a Secret of their own', names.roots('roots'), judges('roots')],
  ['roots of a Secret that has a certificate, too', names.roots('both'), judges('own')],
  ['none of a Secret of their own that has none, whatever is beside it', names.roots('web'), undefined],
])('%s', (_, name, expected) => {
  expect(name !== undefined).toBe(expected !== undefined);
  if (name !== undefined) expect(secretOf(name, credentials)).toEqual({ name, ...expected });
});

it('what was there, and is gone, is no secret', () => {
  const none: Credentials = { ...credentials, named: () => undefined };
  expect(secretOf(names.pair('web') as string, none)).toBeUndefined();
  expect(secretOf(names.roots('both') as string, none)).toBeUndefined();
  // Half of it is, as of a Secret with another key.
  expect(secretOf(names.pair('both') as string, { ...credentials, named: () => ({ roots: 'own' }) })).toBeUndefined();
  expect(secretOf(names.roots('both') as string, { ...credentials, named: () => ({ pair }) })).toBeUndefined();
});

it('a Secret has no other name: that of an agent is for files', () => {
  expect(secretOf('file-cert:/c~/k', credentials)).toEqual({ name: 'file-cert:/c~/k', ...certificate('cert', 'key') });
  expect(secretOf('shop/web', credentials)).toBeUndefined();
  expect(secretOf('kubernetes://web', credentials)).toBeUndefined();
});
