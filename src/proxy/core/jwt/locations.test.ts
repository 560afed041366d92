import { describe, expect, it } from 'vitest';
import { pathEndOf } from '../path.ts';
import { type TokenCarrier, TokenLocations } from './locations.ts';

type Places = ConstructorParameters<typeof TokenLocations>[0];

const usual: Places = { headers: [], params: [], cookies: [] };
const carrier = (path: string, headers: string[] = []): TokenCarrier => ({ path, pathEnd: pathEndOf(path), headers: [...headers] });
const tokens = (places: Partial<Places>, at: TokenCarrier): string[] => new TokenLocations({ ...usual, ...places }).find(at).map(({ token }) => token);

describe('SEC-R41: tokens are found', () => {
  it.each<[string, Partial<Places>, string, string[], string[]]>([
    ['nowhere', {}, '/', [], []],
    ['behind the scheme', {}, '/', ['authorization', 'Bearer a.b.c'], ['a.b.c']],
    ['not behind another scheme', {}, '/', ['authorization', 'Basic a.b.c'], []],
    ['not behind the scheme in another case', {}, '/', ['authorization', 'bearer a.b.c'], []],
    ['behind what no token has', {}, '/', ['authorization', 'Bearer  ,a.b.c'], ['a.b.c']],
    ['with all that follows', {}, '/', ['authorization', 'Bearer a.b.c,Bearer d.e.f'], ['a.b.c,Bearer d.e.f']],
    ['in a value that has nothing but the scheme', {}, '/', ['authorization', 'Bearer ***'], ['Bearer ***']],
    ['in the query', {}, '/?a=1&access_token=a.b.c', [], ['a.b.c']],
    ['in the query, decoded', {}, '/?access%5ftoken=a%2Eb.c', [], ['a.b.c']],
    ['in the query, the first', {}, '/?access_token=a&access_token=b', [], ['a']],
    ['in the query without a value', {}, '/?access_token', [], ['']],
    ['in the header, then in the query', {}, '/?access_token=q', ['authorization', 'Bearer h'], ['h', 'q']],
    ['only where a rule says', { params: ['t'] }, '/?access_token=q', ['authorization', 'Bearer h'], []],
    ['in each occurrence of a header', { headers: [{ name: 'x', prefix: '' }] }, '/', ['x', 'a', 'y', 'b', 'x', 'c'], ['a', 'c']],
    [
      'by name and prefix of the header',
      {
        headers: [
          { name: 'y', prefix: '' },
          { name: 'x', prefix: 'P ' },
          { name: 'x', prefix: '' },
        ],
      },
      '/',
      ['y', '1', 'x', 'P 2'],
      ['P 2', '2', '1'],
    ],
    ['once where a place is named twice', { params: ['t', 't'], cookies: ['c', 'c'] }, '/?t=a', ['cookie', 'c=b'], ['a', 'b']],
    ['in cookies', { cookies: ['b', 'a'] }, '/', ['cookie', 'x=1; b=2', 'cookie', 'a=3;b=4'], ['3', '2']],
    ['in cookies, without quotes', { cookies: ['a'] }, '/', ['cookie', 'a="1"'], ['1']],
    ['in cookies whose name is the same', { cookies: ['a'] }, '/', ['cookie', 'aa=1; A=2; a'], []],
  ])('%s', (_, places, path, headers, expected) => expect(tokens(places, carrier(path, headers))).toEqual(expected));
});

describe('SEC-R42: a token is taken out', () => {
  it.each<[string, Partial<Places>, string, string[], string, string[]]>([
    ['of all occurrences of its header', {}, '/', ['a', '1', 'authorization', 'Bearer a', 'authorization', 'Basic b'], '/', ['a', '1']],
    ['of the query, and the rest stays', {}, '/p?z=%41&access_token=t&b=+&z', [], '/p?z=%41&b=+&z', []],
    ['of the query, everywhere in it', {}, '/p?access_token=t&a&access%5Ftoken=u&access_token', [], '/p?a', []],
    ['of a query without anything else', {}, '/p?access_token=t', [], '/p', []],
    ['not of cookies', { cookies: ['c'] }, '/', ['cookie', 'c=t'], '/', ['cookie', 'c=t']],
  ])('%s', (_, places, path, headers, leftPath, leftHeaders) => {
    const at = carrier(path, headers);
    for (const found of new TokenLocations({ ...usual, ...places }).find(at)) found.remove(at);
    expect(at).toEqual({ path: leftPath, pathEnd: pathEndOf(leftPath), headers: leftHeaders });
  });
});
