import { expect, test } from 'vitest';
import { checkRegex, regexProblem } from './regex.ts';
import { ProblemSink } from './validator.ts';

test.each(['a+', '^/cart/[0-9]+$', '(?P<id>a)', '(?<id>a)', '(?i)a', '\\pL', '(?P<n>a)(?P<n>b)', 'a{,2}', ''])('%s is RE2', (pattern) => {
  expect(regexProblem(pattern)).toBeUndefined();
});

test.each([
  ['[0-9+', 'missing closing ]: `[0-9+`'],
  ['(?!a)b', 'invalid or unsupported Perl syntax: `(?!`'],
  ['(?<=a)b', 'invalid named capture: `(?<=a)b`'],
  ['a**', 'invalid nested repetition operator: `**`'],
  ['a{1001}', 'invalid repeat count: `{1001}`'],
  ['*a', 'missing argument to repetition operator: `*`'],
  ['(a', 'missing closing ): `(a`'],
  ['a)', 'unexpected ): `a)`'],
  ['\\1', 'invalid escape sequence: `\\1`'],
  ['a\\', 'trailing backslash at end of expression: ``'],
  ['[b-a]', 'invalid character class range: `b-a`'],
])('%s is not RE2', (pattern, problem) => {
  expect(regexProblem(pattern)).toBe(problem);
});

test.each([
  ['1024 bytes fit', 'a'.repeat(1024), 0],
  ['1025 bytes do not', 'a'.repeat(1025), 1],
  ['bytes count, not characters', 'é'.repeat(513), 1],
])('%s', (_, pattern, problems) => {
  const sink = new ProblemSink();
  checkRegex(sink, ['uri', 'regex'], pattern, 'uri');
  expect(sink.problems).toHaveLength(problems);
});

test('a report names the field, the fragment and the syntax', () => {
  const sink = new ProblemSink();
  checkRegex(sink, ['uri', 'regex'], 'a[', 'uri');
  expect(sink.problems[0]?.text).toMatch(/"uri".*missing closing \]: `\[`.*https:\/\/github\.com\/google\/re2\/wiki\/Syntax/);
});
