import { expect, it } from 'vitest';
import { keySet, secretJwk } from '../../../test/jwt/keys.ts';
import { KeySet } from '../core/jwt/key-set.ts';
import { type ParsedToken, parseToken } from '../core/jwt/parse-token.ts';
import { digestOf, VerifiedTokens } from './verified-tokens.ts';

const keys = KeySet.parse(keySet(secretJwk)) as KeySet;
const others = KeySet.parse(keySet(secretJwk)) as KeySet;
const token = (): ParsedToken => parseToken('eyJhbGciOiJIUzI1NiJ9.e30.AAAA') as ParsedToken;

it('a token is known by its digest, and verified by the keys that have verified it', () => {
  const verified = new VerifiedTokens();
  const one = token();
  verified.add(digestOf('one'), one, keys);
  expect(verified.get(digestOf('one'))).toBe(one);
  expect(verified.get(digestOf('two'))).toBeUndefined();
  expect([verified.isVerified(one, keys), verified.isVerified(one, others), verified.isVerified(token(), keys)]).toEqual([true, false, false]);
  verified.add(digestOf('one'), token(), others);
  expect(verified.get(digestOf('one'))).toBe(one);
  expect(verified.isVerified(one, others)).toBe(true);
});

it('there are not more than so many: those that were used last', () => {
  const verified = new VerifiedTokens(3);
  for (const name of ['a', 'b', 'c']) verified.add(digestOf(name), token(), keys);
  verified.get(digestOf('a'));
  verified.add(digestOf('d'), token(), keys);
  expect(['a', 'b', 'c', 'd'].filter((name) => verified.get(digestOf(name)))).toEqual(['a', 'c', 'd']);
  expect(verified.size).toBe(3);
});

it('what is kept is not the token', () => {
  const text = 'eyJhbGciOiJIUzI1NiJ9.e30.c2VjcmV0LXNpZ25hdHVyZQ';
  expect(digestOf(text)).not.toContain(text.slice(-10));
  expect(digestOf('x'.repeat(20_000))).toBeUndefined();
});
