import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitDocuments } from './split.ts';

const split = (text: string): string[] => splitDocuments(text).map(({ start, end }) => text.slice(start, end));

describe('splitDocuments', () => {
  it.each([
    ['nothing', '', []],
    ['blanks and comments', ' \n# a\n\t\n---\n\n# b\n', []],
    ['one document without separators', 'a: 1\n', ['a: 1\n']],
    ['no line end at the end', 'a: 1\n---\nb: 2', ['a: 1\n', 'b: 2']],
    ['a separator at the start and at the end', '---\na: 1\n---\n', ['a: 1\n']],
    ['several separators', '---\n---\na: 1\n---\n---\nb: 2\n', ['a: 1\n', 'b: 2\n']],
    ['blanks and a comment after the separator', 'a: 1\n---  \t# two\nb: 2\n', ['a: 1\n', 'b: 2\n']],
    ['CRLF', 'a: 1\r\n---\r\nb: 2\r\n', ['a: 1\r\n', 'b: 2\r\n']],
    ['a byte order mark', '\ufeffa: 1\n', ['a: 1\n']],
    ['a byte order mark before a separator', '\ufeff---\na: 1\n', ['a: 1\n']],
    ['comments before the first key belong to the document, blank lines do not', 'a: 1\n---\n\n# two\nb: 2\n', ['a: 1\n', '# two\nb: 2\n']],
    ['four hyphens', 'a: |\n  x\n----\nb: 2\n', ['a: |\n  x\n----\nb: 2\n']],
    ['content on the line of the separator', 'a: 1\n--- {b: 2}\n', ['a: 1\n--- {b: 2}\n']],
    ['an indented separator in a text', 'a: |\n  ---\n  b\n', ['a: |\n  ---\n  b\n']],
    ['hyphens inside of a line', 'a: x---\nb: ---\n', ['a: x---\nb: ---\n']],
    ['only a separator', '---', []],
    ['a separator without a line end', 'a: 1\n---', ['a: 1\n']],
  ])('%s', (_, text, documents) => expect(split(text)).toEqual(documents));

  it('gives back what was joined', () => {
    const document = fc
      .array(fc.constantFrom('a: 1', '  b: 2', '# c', '- d', 'e: "---"', '----', '--- f'), { minLength: 1, maxLength: 5 })
      .map((lines) => `k: v\n${lines.join('\n')}\n`);
    fc.assert(
      fc.property(fc.array(document, { minLength: 1, maxLength: 5 }), (documents) => {
        expect(split(documents.join('---\n'))).toEqual(documents);
      }),
    );
  });

  it('stretches are in order, apart, and begin at a line', () => {
    const piece = fc.constantFrom('---', '\n', ' ', '#', 'a', ': ', '\t', '\r\n', '\ufeff', '-');
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 40 }).map((p) => p.join('')),
        (text) => {
          let last = 0;
          for (const { start, end } of splitDocuments(text)) {
            expect(start).toBeGreaterThanOrEqual(last);
            expect(end).toBeGreaterThan(start);
            expect(end).toBeLessThanOrEqual(text.length);
            expect(start === 0 || text[start - 1] === '\n' || text[start - 1] === '\ufeff').toBe(true);
            last = end;
          }
        },
      ),
    );
  });
});
