import { expect, it } from 'vitest';
import { compareVersions, versionStep } from './version-order.ts';

it.each([
  ['0.1.0', '0.1.0', 'same'],
  ['0.1.0', '0.1.1', 'newer'],
  ['0.1.0', '0.2.0', 'newer'],
  ['0.1.0', '0.3.0', 'skips'],
  ['0.2.0', '0.1.9', 'older'],
  ['1.4.2', '2.0.0', 'newer'],
  ['1.4.2', '2.1.0', 'skips'],
  ['0.9.0', '2.0.0', 'skips'],
  ['0.2.0-rc.1', '0.2.0', 'newer'],
  ['0.2.0', '0.2.0-rc.1', 'older'],
  ['0.2.0-rc.2', '0.2.0-rc.10', 'newer'],
  ['v0.1', '0.1.0', 'same'],
  ['latest', 'latest', 'same'],
  ['latest', '0.1.0', 'newer'],
] as const)('from %s to %s: %s', (from, to, step) => {
  expect(versionStep(from, to)).toBe(step);
});

it('orders versions', () => {
  const versions = ['1.0.0', '0.10.0', '0.2.0', '0.2.0-rc.1'];
  expect(versions.sort(compareVersions)).toEqual(['0.2.0-rc.1', '0.2.0', '0.10.0', '1.0.0']);
});
