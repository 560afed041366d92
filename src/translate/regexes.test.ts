import { expect, it } from 'vitest';
import { isRe2 } from './regexes.ts';

it.each([
  ['a', true],
  ['/users/[0-9]+', true],
  ['(?i)a|b', true],
  ['[é-ü]漢', true],
  ['\\x{ff}\\377', true],
  ['\\\\x{100}', true],
  ['', true],
  ['(', false],
  ['*', false],
  ['(?=a)', false],
  ['\\1', false],
  ['a{1001}', false],
  ['(?:a{40}){26}', false],
])('MAT-R30: %s: %s', (expression, valid) => expect(isRe2(expression)).toBe(valid));

it.each(['\\x{100}', '[\\x{10000}-\\x{10ffff}]', '\\400', '(?P<é>x)'])('Envoy reads bytes: %s is none', (expression) => expect(isRe2(expression)).toBe(false));

it.each([
  ['a long text', 'ab'.repeat(16_000), true],
  ['a longer text', 'ab'.repeat(16_380), false],
  ['a longer text than an expression may be', 'a'.repeat(32_769), false],
  // Envoy 1.40: 2,004 and 5,604 instructions.
  ['any character, often', '.{1000}', true],
  ['letters, often', '\\pL{800}', true],
  ['a repeated long text', `(?:${'abcdefghij'.repeat(4)}){700}`, true],
  ['a text repeated too often', `(?:${'abcdefghij'.repeat(4)}){1000}`, false],
  ['a class of many ranges, repeated', '[acegikmoqsuwyACEGIKMOQSUWY13579!#%]{800}', true],
  ['a class of many ranges, repeated too often', '(?:[acegikmoqsuwyACEGIKMOQSUWY13579!#%][^a]){1000}', false],
  ['many alternatives', Array.from({ length: 1500 }, (_, i) => `word${i}`).join('|'), true],
])('MAT-R30: the size of %s', (_, expression, valid) => expect(isRe2(expression)).toBe(valid));
