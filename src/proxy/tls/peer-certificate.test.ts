import { expect, it } from 'vitest';
import { rfc2253, uriNames } from './peer-certificate.ts';

it.each([
  ['CN=client', 'CN=client'],
  ['C=DE\nO=Shop\nCN=client', 'CN=client,O=Shop,C=DE'],
  ['ST=Köln\nCN=x', String.raw`CN=x,ST=K\C3\B6ln`],
  [String.raw`O=Foo\, Bar \"Q\"`, String.raw`O=Foo\, Bar \"Q\"`],
  ['OU=b + CN=rich', 'CN=rich+OU=b'],
  ['', ''],
  [undefined, ''],
])('RT-R43: the subject %j is %j, as the reference writes it', (subject, expected) => expect(rfc2253(subject)).toBe(expected));

it('a text that is no certificate has no names', () => expect(uriNames('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----')).toEqual([]));
