// What becomes of claims: texts of headers, lists, audiences.
import { describe, expect, it } from 'vitest';
import { AudienceCheck } from './audience.ts';
import { claimText, headerValue } from './claim-header.ts';
import { splitClaims } from './split-claims.ts';

describe('SEC-R42: a claim as text', () => {
  it.each<[unknown, string | undefined]>([
    ['alice', 'alice'],
    ['', undefined],
    [null, undefined],
    [undefined, undefined],
    [true, 'true'],
    [false, 'false'],
    [0, '0'],
    [-0, '0'],
    [7, '7'],
    [-3, '-3.000000'],
    [1.5, '1.500000'],
    [-0.0078125, '-0.007812'],
    [0.0234375, '0.023438'],
    [-1e-8, '-0.000000'],
    [2 ** 53, '9007199254740992'],
    [1e19, '10000000000000000000'],
    [2 ** 64, '18446744073709551616.000000'],
    [['a', 'b'], Buffer.from('["a","b"]').toString('base64')],
    [{ x: 1 }, Buffer.from('{"x":1}').toString('base64')],
  ])('%j: %s', (value, expected) => expect(claimText({ x: value }, 'x')).toBe(expected));

  it.each([
    ['org.team', 'blue'],
    ['org.none', undefined],
    ['org.team.x', undefined],
    ['org.list.0', undefined],
    ['a.b', undefined],
    ['org..team', undefined],
    ['constructor', undefined],
    ['org.constructor.name', undefined],
  ])('by its path %s', (path, expected) => expect(claimText({ org: { team: 'blue', list: ['x'] }, 'a.b': 'x' }, path)).toBe(expected));

  it.each([
    ['plain', 'plain'],
    ['  a b\t', 'a b'],
    ['a\tb', 'a\tb'],
    ['ä€', Buffer.from('ä€').toString('latin1')],
    ['a\r\nx-admin: yes', undefined],
    ['a\nb', undefined],
    ['a\0', undefined],
    ['\u007f', undefined],
  ])('as the value of a header: %j', (text, expected) => expect(headerValue(text)).toBe(expected));
});

describe('SEC-R42: claims that are lists', () => {
  const names = ['permission', 'scope'];
  it.each<[object, object]>([
    [{ scope: 'read write' }, { scope: ['read', 'write'] }],
    [{ scope: 'read' }, { scope: ['read'] }],
    [
      { permission: ' a  b ', sub: 'x y' },
      { permission: ['a', 'b'], sub: 'x y' },
    ],
    [
      { scope: '', permission: ' ' },
      { scope: '', permission: ' ' },
    ],
    [{ scope: ['a b'] }, { scope: ['a b'] }],
    [{ x: { scope: 'a b' } }, { x: { scope: 'a b' } }],
  ])('%j', (claims, expected) => {
    const before = JSON.stringify(claims);
    expect(splitClaims(claims as Record<string, unknown>, names)).toEqual(expected);
    expect(JSON.stringify(claims)).toBe(before);
  });
});

describe('JWT-R5: audiences', () => {
  it.each<[string[], string[], boolean]>([
    [[], [], true],
    [[], ['x'], true],
    [['a'], [], false],
    [['a'], ['x', 'a'], true],
    [['a'], ['A'], false],
    [['https://a/'], ['a'], true],
    [['a'], ['http://a/'], true],
    [['a'], ['a//'], false],
    [['a'], ['ftp://a'], false],
  ])('of %j allows %j: %s', (allowed, audiences, expected) => expect(new AudienceCheck(allowed).allows(audiences)).toBe(expected));
});
