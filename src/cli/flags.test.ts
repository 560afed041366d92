import { expect, it } from 'vitest';
import { CliError } from './exit.ts';
import { normalizeBooleans, parseLevel } from './flags.ts';

const flags = [{ name: 'color', negatable: true }, { name: 'fix' }, { name: 'A' }, { name: 'k', no: '--no-use-kube' }];

it.each([
  ['--color=true', ['--color']],
  ['--color=0', ['--no-color']],
  ['--fix=T', ['--fix']],
  ['--fix=false', []],
  ['-A=true', ['-A']],
  ['-A=f', []],
  ['-k=true', ['-k']],
  ['-k=false', ['--no-use-kube']],
  ['--color', ['--color']],
  ['--output=json', ['--output=json']],
  ['-o=json', ['-o=json']],
  ['--fixed=true', ['--fixed=true']],
  ['a=b', ['a=b']],
])('%s', (word, expected) => expect(normalizeBooleans([word, 'x'], flags)).toEqual([...expected, 'x']));

it('what comes after -- is no flag', () => expect(normalizeBooleans(['--fix=true', '--', '--fix=true'], flags)).toEqual(['--fix', '--', '--fix=true']));

it.each(['--color=maybe', '--fix=', '-A=2', '--fix=constructor', '--color=toString'])('%s is a mistake of usage', (word) => {
  expect(() => normalizeBooleans([word], flags)).toThrow(CliError);
});

it('levels are taken in any case', () => {
  expect(['Error', 'WARNING', 'info'].map(parseLevel('t'))).toEqual(['Error', 'Warning', 'Info']);
  expect(() => parseLevel('t')('fatal')).toThrow('--t takes Error, Warning or Info, not "fatal"');
});
