import { expect, it } from 'vitest';
import { columnsOf, oneLine, visible } from './terminal-text.ts';

it.each([
  ['a\tb\nc', 'a\tb\nc'],
  ['\u001b[31m\u0007', '␛[31m␇'],
  ['a\rb\u0000\u007f\u009b', 'a␍b␀␡\ufffd'],
  ['\u202eabc\u2066', '\ufffdabc\ufffd'],
  ['日本 😀 é', '日本 😀 é'],
])('%j is shown as %j', (text, shown) => expect(visible(text)).toBe(shown));

it.each([
  ['a', 'a'],
  [' a  b ', ' a  b '],
  ['a\n  b\r\n\n c', 'a b c'],
  ['\n', ''],
])('%j on one line is %j', (text, line) => expect(oneLine(text)).toBe(line));

it.each([
  ['', 0],
  ['abc', 3],
  ['é', 1],
  ['e\u0301', 1],
  ['日本', 4],
  ['한글', 4],
  ['😀', 2],
  ['a\u200bb', 2],
])('%j takes %i columns', (text, columns) => expect(columnsOf(text)).toBe(columns));
