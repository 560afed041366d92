import { expect, it } from 'vitest';
import { meshOf } from '../../analysis/testing.ts';
import { doc } from '../../translate/testing.ts';
import { mayNameSecret, splitSecretName } from './secret-rights.ts';

const grant = (namespace: string, from: string, kind = 'Gateway', to = ''): string =>
  doc(
    'ReferenceGrant',
    `${namespace}/g`,
    `from: [{group: gateway.networking.k8s.io, kind: ${kind}, namespace: ${from}}], to: [{group: "", kind: Secret${to}}]`,
  );

it.each<[string, string, string, boolean]>([
  ['of its own namespace', '', 'shop/web', true],
  ['of another one', '', 'keys/web', false],
  ['that is granted to its namespace', grant('keys', 'shop'), 'keys/web', true],
  ['by its name', grant('keys', 'shop', 'Gateway', ', name: web'), 'keys/web', true],
  ['with the roots that go with it', grant('keys', 'shop', 'Gateway', ', name: web'), 'keys/web-cacert', true],
  ['by another name', grant('keys', 'shop', 'Gateway', ', name: other'), 'keys/web', false],
  ['that is granted to another namespace', grant('keys', 'pay'), 'keys/web', false],
  ['that is granted to routes', grant('keys', 'shop', 'HTTPRoute'), 'keys/web', false],
  ['that a third namespace grants', grant('pay', 'shop'), 'keys/web', false],
])('a Secret %s', (_, documents, secret, expected) => {
  expect(mayNameSecret(meshOf(documents === '' ? doc('Gateway', 'shop/a', '') : documents), splitSecretName(secret), { namespace: 'shop' })).toBe(expected);
});
