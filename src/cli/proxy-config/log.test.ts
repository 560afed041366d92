import { expect, it } from 'vitest';
import { CliError } from '../exit.ts';
import { parseLevels } from './log.ts';

it.each([
  ['debug', ['level=debug']],
  ['all:debug', ['level=debug']],
  ['http:debug,router:trace', ['paths=http%3Adebug%2Crouter%3Atrace']],
  ['http:debug,warning', ['level=warning', 'paths=http%3Adebug']],
])('%s', (text, expected) => {
  expect(parseLevels(text)).toEqual(expected);
});

it.each(['', 'loud', 'http:', ':debug', 'http:debug:x', 'http:debug,'])('refuses %j', (text) => {
  expect(() => parseLevels(text)).toThrow(CliError);
});
