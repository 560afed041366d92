import { expect, it } from 'vitest';
import { KnownValues } from './known-values.ts';
import { Redactor } from './redactor.ts';

const known = new KnownValues();
known.add('correct-horse-battery', 'Secret a b');
const redactor = new Redactor(known);

/** What could be looked at again and again: each of them has to be done with in one pass. */
it.each([
  'a',
  'password=',
  'token:"',
  "token: '",
  'tokens:["',
  'password: {',
  '-----BEGIN PRIVATE KEY-----\n',
  '-----END PRIVATE KEY-----\n',
  'a://b:',
  'a@',
  'a:b',
  'eyJ',
  'eyJhbGci.',
  '"kty":"',
  `"kty"${'\\'.repeat(50)}`,
  'name: ',
  '"name":"password","',
  'authorization: Digest ',
  'cookie: a=b; ',
  'bearer ',
  '<password>',
  '<redacted ',
  'token%3D',
  'QUJDREVG',
  '-SG.aaaaaaaaaaaaaaaaaa',
  'correct-horse-batter',
])('a long text of %j', (part) => {
  const text = part.repeat(400_000 / part.length);
  const began = performance.now();
  redactor.text(text);
  redactor.value({ a: text });
  // Far too long for it, and a fraction of what it would take if each place were looked at from each other one.
  expect(performance.now() - began).toBeLessThan(20_000);
});
