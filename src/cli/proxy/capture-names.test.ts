import { expect, it } from 'vitest';
import { withLongNames } from './capture-names.ts';

it.each([
  [
    'the arguments of the init container',
    ['proxy', 'capture', '-p', '1', '-i', '*', '-x', ''],
    ['proxy', 'capture', '--outbound-port', '1', '--include-outbound-ranges', '*', '--exclude-outbound-ranges', ''],
  ],
  ['values at the letter', ['proxy', 'capture', '-p15', '-u=7'], ['proxy', 'capture', '--outbound-port', '15', '--uid', '7']],
  ['long names', ['proxy', 'capture', '--uid', '1', '--dry-run'], ['proxy', 'capture', '--uid', '1', '--dry-run']],
  ['a letter that stands for nothing', ['proxy', 'capture', '-y'], ['proxy', 'capture', '-y']],
  ['another command', ['proxy', 'run', '-p', '1', '-i', 'x'], ['proxy', 'run', '-p', '1', '-i', 'x']],
])('%s', (_, argv, expected) => {
  expect(withLongNames(argv)).toEqual(expected);
});
