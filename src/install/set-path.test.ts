import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SetText } from './schema/set-text.ts';
import { formatSetPath, parseSetting, type Segment, type Setting } from './set-path.ts';

const read = (text: string): [Segment[], string | string[]] => {
  const { segments, value } = parseSetting(text) as Setting;
  return [segments, Array.isArray(value) ? value.map((item) => item.text) : value.text];
};

describe('parseSetting', () => {
  it.each<[string, Segment[], string | string[]]>([
    ['a=b', ['a'], 'b'],
    ['a.b.c=v', ['a', 'b', 'c'], 'v'],
    ['a.b[0].c=v', ['a', 'b', 0, 'c'], 'v'],
    ['a[0][12]=v', ['a', 0, 12], 'v'],
    ['a[name:web].c=v', ['a', { name: 'web' }, 'c'], 'v'],
    ['a.prometheus\\.io/scrape=true', ['a', 'prometheus.io/scrape'], 'true'],
    ['a\\=b.c=v', ['a=b', 'c'], 'v'],
    ['a=b=c', ['a'], 'b=c'],
    ['a=', ['a'], ''],
    ['a={}', ['a'], []],
    ['a={b}', ['a'], ['b']],
    ['a={b, c}', ['a'], ['b', 'c']],
    ['a={b\\,c,d}', ['a'], ['b,c', 'd']],
    ['a=b,c', ['a'], 'b,c'],
  ])('%s', (text, segments, value) => {
    expect(read(text)).toEqual([segments, value]);
  });

  it.each([
    ['a', 'has no =: write PATH=VALUE'],
    ['=v', 'has no path before the ='],
    ['a..b=v', 'has a path that is wrong at ".b"'],
    ['a.=v', 'has a path that is wrong at ""'],
    ['.a=v', 'has a path that is wrong at ".a"'],
    ['a[x]=v', 'has a path that is wrong at "[x]"'],
    ['a[-1]=v', 'has a path that is wrong at "[-1]"'],
    ['a[0=v', 'has a path that is wrong at "[0"'],
    ['[0]=v', 'has a path that is wrong at "[0]"'],
    ['a]b=v', 'has a path that is wrong at "]b"'],
  ])('says what is wrong with %s', (text, said) => {
    expect(parseSetting(text)).toBe(said);
  });

  it('reads every path as it is written', () => {
    const word = fc.string({ minLength: 1, maxLength: 8, unit: fc.constantFrom('a', 'Z', '0', '.', '[', ']', '=', '\\', '/', '-', 'é', ' ') });
    const segment: fc.Arbitrary<Segment> = fc.oneof(word, fc.nat(9999), fc.record({ name: word }));
    fc.assert(
      fc.property(word, fc.array(segment), fc.string(), (first, rest, value) => {
        fc.pre(!/^\{.*\}$/s.test(value));
        expect(parseSetting(`${formatSetPath([first, ...rest])}=${value}`)).toEqual({
          written: formatSetPath([first, ...rest]),
          segments: [first, ...rest],
          value: new SetText(value),
        });
      }),
    );
  });
});
