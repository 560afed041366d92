import { describe, expect, it } from 'vitest';
import type { HashPolicy } from '../../ir/route.ts';
import { combineHashes, hash64, hashToHex } from './balance/hash64.ts';
import type { ExchangeRecord } from './exchange-record.ts';
import { cookieValue, requestHash } from './hash-policy.ts';
import { record } from './testing.ts';

function hash(policies: HashPolicy | HashPolicy[], request: ExchangeRecord): string | undefined {
  const found = requestHash([policies].flat(), request);
  return found && hashToHex(found);
}
const of = (text: string): string => hashToHex(hash64(text));
const xUser: HashPolicy = { kind: 'header', name: 'X-User' };

describe('hash policies', () => {
  it('DR-R30, DR-R31: of a header', () => {
    expect(hash(xUser, record('/', ['x-user', 'abc']))).toBe(4952883123889572249n.toString(16).padStart(16, '0'));
    expect(hash(xUser, record('/', ['x-user', '']))).toBe(of(''));
    expect(hash(xUser, record())).toBeUndefined();
  });

  it('DR-R31: occurrences are sorted and chained', () => {
    const first = hash64('a');
    const chained = hashToHex(hash64('b', first.hi, first.lo));
    expect(hash(xUser, record('/', ['x-user', 'b', 'x', 'y', 'x-user', 'a']))).toBe(chained);
    expect(hash(xUser, record('/', ['x-user', 'a', 'x-user', 'b']))).toBe(chained);
  });

  const cookie: HashPolicy = { kind: 'cookie', name: 'sticky', path: '/app', ttlMs: 60_000 };
  it('DR-R32: of a cookie, without its quotes', () => {
    const request = record('/', ['cookie', 'other=1; sticky="abc"']);
    expect(hash(cookie, request)).toBe(of('abc'));
    expect(request.cookies).toBeUndefined();
    expect(cookieValue(['cookie', 'a=1', 'cookie', ' sticky = x=y ; sticky=z'], 'sticky')).toBe('x=y');
  });

  const made = { peerAddress: '10.0.0.1', peerPort: 4000, localAddress: '::1', localPort: 80, remoteAddress: '9.9.9.9' };
  it.each<[string, Partial<HashPolicy & { kind: 'cookie' }>, string]>([
    ['with an age', {}, '; Max-Age=60; Path=/app; HttpOnly'],
    ['of the session', { ttlMs: 0 }, '; Path=/app; HttpOnly'],
    ['without a path', { path: '' }, '; Max-Age=60; HttpOnly'],
    [
      'with attributes',
      {
        attributes: [
          { name: 'SameSite', value: 'Strict' },
          { name: 'Secure', value: '' },
        ],
      },
      '; Max-Age=60; Path=/app; HttpOnly; SameSite=Strict; Secure',
    ],
  ])('DR-R32: a cookie that is missing is made, %s, and hashed', (_title, more, rest) => {
    const request = record('/', [], made);
    const value = of('10.0.0.1:4000[::1]:80');
    expect(hash({ ...cookie, ...more }, request)).toBe(of(value));
    expect(hash({ ...cookie, ...more }, request)).toBe(of(value));
    expect(request.cookies).toEqual([`sticky="${value}"${rest}`]);
  });

  it('DR-R32: but not without a time to live', () => {
    const request = record('/', [], made);
    expect(hash({ ...cookie, ttlMs: undefined }, request)).toBeUndefined();
    expect(request.cookies).toBeUndefined();
  });

  it('DR-R33: of the address of the client', () => expect(hash({ kind: 'source-ip' }, record('/', [], made))).toBe(of('9.9.9.9')));

  it('DR-R34: of the first value of a query parameter, as it is written', () => {
    expect(hash({ kind: 'query', name: 'u' }, record('/?a=1&u=%20x&u=y'))).toBe(of('%20x'));
    expect(hash({ kind: 'query', name: 'u' }, record('/?v=1'))).toBeUndefined();
  });

  it('DR-R35: several are combined; what finds nothing does not count', () => {
    const policies: HashPolicy[] = [xUser, { kind: 'query', name: 'none' }, { kind: 'query', name: 'u' }];
    expect(hash(policies, record('/?u=y', ['x-user', 'a']))).toBe(hashToHex(combineHashes(hash64('a'), hash64('y'))));
  });

  it('DR-R40: no policy, no hash', () => expect(hash([], record())).toBeUndefined());
});
