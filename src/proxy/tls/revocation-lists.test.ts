import { expect, it } from 'vitest';
import { revocationLists } from './revocation-lists.ts';

const list = (text: string): string => `-----BEGIN X509 CRL-----\n${text}\n-----END X509 CRL-----`;

it('one, several, and what is around them', () => {
  expect(revocationLists(list('AAA='))).toEqual([list('AAA=')]);
  expect(revocationLists(`# of the root\n${list('AAA=')}\r\n# of the intermediate\n${list('BBB=')}\n`)).toEqual([list('AAA='), list('BBB=')]);
});

it('what is none stays, for others to say so', () => expect(revocationLists('hush')).toEqual(['hush']));
