import { describe, expect, it } from 'vitest';
import { regexSamples } from './regex-samples.ts';

describe('regexSamples', () => {
  it.each([
    ['/v[0-9]+', '/v0'],
    ['/v\\d{2,3}/.*', '/v00/'],
    ['^/(api|web)/x?$', '/api/'],
    ['/a/[^/]+/b', '/a/a/b'],
    ['(?i)/A', '/A'],
    ['/(?P<id>[a-f]{4})', '/aaaa'],
    ['/[[:digit:]]+', '/0'],
    ['a\\.b\\-c', 'a.b-c'],
    ['/\\pL', undefined],
    ['(', undefined],
  ])('%s', (expression, shortest) => {
    const [first] = regexSamples(expression);
    if (shortest === undefined) expect(first).toBeUndefined();
    else expect(first).toBe(shortest);
  });

  it('looks at other alternatives, too', () => expect(regexSamples('/(a|b|c)')).toEqual(['/a', '/b', '/c']));
});
