import { expect, it } from 'vitest';
import { parseLabelsFile, readLabelsFile } from './labels-file.ts';

it.each<[string, Record<string, string>]>([
  ['', {}],
  ['app="web"\napp.kubernetes.io/name="web.1"', { app: 'web', 'app.kubernetes.io/name': 'web.1' }],
  ['empty=""\n', { empty: '' }],
  ['a="x=y"\n', { a: 'x=y' }],
  [String.raw`a="\"quoted\" \\ back\n\tline \x7f \u00e9 \U0001f600 é"`, { a: '"quoted" \\ back\n\tline \x7f é 😀 é' }],
])('%j', (text, labels) => {
  expect(parseLabelsFile(text)).toEqual(labels);
});

it.each([
  ['app=web', 'line 1 is no KEY="VALUE"'],
  ['app="web"\n="x"', 'line 2 is no KEY="VALUE"'],
  ['app="we"b"', 'line 1 is no KEY="VALUE"'],
  [String.raw`app="\q"`, 'line 1 is no KEY="VALUE"'],
  ['app: web', 'line 1 is no KEY="VALUE"'],
])('%j is refused', (text, problem) => {
  expect(parseLabelsFile(text)).toBe(problem);
});

it('a file that is not there', () => {
  expect(() => readLabelsFile('/nowhere/labels')).toThrow('--labels-file: cannot read /nowhere/labels: ENOENT');
});
