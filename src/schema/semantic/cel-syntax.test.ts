import { describe, expect, it } from 'vitest';
import { celProblems } from './cel-syntax.ts';

const places = (expression: string): string[] => celProblems(expression).map((p) => `${p.line}:${p.column}`);

describe('celProblems', () => {
  it.each([
    'response.code >= 400 && request.headers["x-skip"] == "1"',
    'basket.total > 400',
    "request.url_path.startsWith('/healthz') || connection.mtls",
    'a ? b : c ? d : e',
    '[1, 2u, 0x1F, -1, 1.5e3, .5,]',
    '{"a": 1, b: [],}',
    'google.protobuf.Duration{seconds: 1, nanos: 2,}',
    '.a.b.c(1, x)[0].d',
    'xs.exists(x, x in [1]) && xs.map(x, x > 1, x + 1).size() == 2',
    'r"\\q" + b\'\\x00\' + """a\n"b" """ + "\\u00e9"',
    '!-1 == --x // a comment',
    '-9223372036854775808',
    'a.`odd-name`.for',
    '[,]',
    'has(a.b)',
  ])('takes %s', (expression) => {
    expect(celProblems(expression)).toEqual([]);
  });

  it.each([
    ['', '1:1'],
    ['response.code >=', '1:17'],
    ['a b', '1:3'],
    ['a && && b', '1:6'],
    ['(a', '1:3'],
    ['a)', '1:2'],
    ['a.in', '1:3'],
    ['a.', '1:3'],
    ['a ? b', '1:6'],
    ['[1,,2]', '1:4'],
    ['f(1,)', '1:5'],
    ['{1}', '1:3'],
    ['!-a', '1:2'],
    ['a\n  &&  ', '2:7'],
    ['"é" b', '1:5'],
    ['1u 3', '1:4'],
  ])('refuses %j at %s', (expression, place) => {
    expect(places(expression)).toEqual([place]);
  });

  it('goes on behind what is no word', () => {
    expect(places('a @ b')).toEqual(['1:3', '1:5']);
    expect(places('a =b')).toEqual(['1:3']);
    expect(places('a = b')).toEqual(['1:3', '1:5']);
    expect(places('x == "abc')).toEqual(['1:6', '1:10']);
    expect(places("'\\q'")[0]).toBe('1:1');
    expect(places('a 😀')).toEqual(['1:3']);
  });

  it.each([
    ['has(a)', '1:5', 'takes a field'],
    ['xs.all(1, true)', '1:8', 'simple name'],
    ['xs.map(a.b, 1)', '1:9', 'simple name'],
    ['for', '1:1', 'reserved'],
    ['while(1)', '1:1', 'reserved'],
    ['9223372036854775808', '1:1', 'too large'],
    ['a.?b', '1:3', 'not supported'],
    ['[?a]', '1:2', 'not supported'],
  ])('knows the misuse %s', (expression, place, words) => {
    expect(places(expression)).toEqual([place]);
    expect(celProblems(expression)[0]?.text).toContain(words);
  });

  it('has a limit of depth', () => {
    expect(celProblems('('.repeat(100_000))).toHaveLength(1);
    expect(celProblems(`${'('.repeat(200)}a${')'.repeat(200)}`)).toEqual([]);
  });
});
