import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Regex } from '../regex.ts';
import { compileTemplate } from './path-template.ts';

describe('templates', () => {
  it.each(['', 'a', '/a/**/*', '/**/**', '/a*', '/***', '/*b/c', '/**b/c', '//', '/a//b', '/a b', '/{*}', '/[a]'])('SEC-R27: %j is none', (template) =>
    expect(compileTemplate(template)).toBeUndefined(),
  );

  // As Envoy makes regular expressions of them.
  const one = "[-a-zA-Z0-9._~%!$&'()+,;:@=*]+";
  const rest = "[-a-zA-Z0-9._~%!$&'()+,;:@=*/]*";
  const piece = fc.constantFrom('/', 'a', 'b', 'ab', '.json', '*', '|', '%2F', '$');
  const begin = fc.constantFrom('/', '/a', '/a/', '/$/', '/a/a/b/');
  const path = fc.tuple(begin, fc.array(piece, { maxLength: 6 })).map(([first, all]) => first + all.join(''));
  it.each<[string, string]>([
    ['/', '/'],
    ['/a', '/a'],
    ['/a/', '/a/'],
    ['/*', `/${one}`],
    ['/*/', `/${one}/`],
    ['/*/*', `/${one}/${one}`],
    ['/a/*/b', `/a/${one}/b`],
    ['/a/*b', `/a/${one}b`],
    ['/*.json', `/${one}\\.json`],
    ['/**', `/${rest}`],
    ['/a/**', `/a/${rest}`],
    ['/*/**', `/${one}/${rest}`],
    ['/**/b', `/${rest}/b`],
    ['/a/**/b/ab', `/a/${rest}/b/ab`],
    ['/**.json', `/${rest}\\.json`],
    ['/*/**/', `/${one}/${rest}/`],
    ['/$/*', `/\\$/${one}`],
  ])('SEC-R27: %s takes what %s takes', (template, expression) => {
    const compiled = compileTemplate(template);
    const exact = new Regex(expression);
    let taken = 0;
    fc.assert(
      fc.property(path, (text) => {
        const expected = exact.matches(text);
        if (expected) taken++;
        return compiled?.matches(text) === expected;
      }),
      // Chance alone seldom hits the longer ones.
      { numRuns: 3000, examples: [[template.replaceAll('**', 'x/y').replaceAll('*', 'x')]] },
    );
    expect(taken).toBeGreaterThan(0);
  });
});
