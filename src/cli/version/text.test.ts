import { expect, it } from 'vitest';
import type { ControlPlaneVersion, ProxyVersion } from './remote.ts';
import { meshText } from './text.ts';

const replica = (name: string, version: string, revision?: string): ControlPlaneVersion => ({
  replica: name,
  program: 'weft controller',
  version,
  ...(revision === undefined ? {} : { revision }),
});
const proxy = (name: string, program: string, version: string): ProxyVersion => ({ name, id: name, program, version });

it.each<[name: string, controlPlane: ControlPlaneVersion[], proxies: ProxyVersion[], expected: string[]]>([
  ['a server of files', [replica('127.0.0.1:15010', '0.1.0')], [], ['control plane version: 0.1.0 (1 replica)', 'data plane version: none']],
  [
    'one revision',
    [replica('a', '0.1.0', 'default'), replica('b', '0.1.0', 'default')],
    [proxy('cart', 'weft', '0.1.0')],
    ['control plane version: 0.1.0 (revision default, 2 replicas)', 'data plane version: 0.1.0 (1 proxy)'],
  ],
  [
    'an upgrade, with both engines',
    [replica('a', '0.1.0', 'default'), replica('b', '0.2.0', 'default'), replica('c', '0.2.0', 'next')],
    [proxy('a', 'weft', '0.1.0'), proxy('b', 'envoy', '1.40.0'), proxy('c', 'weft', '0.2.0'), proxy('d', 'weft', '0.2.0')],
    [
      'control plane version: 0.1.0 (revision default, 1 replica)',
      'control plane version: 0.2.0 (revision default, 1 replica)',
      'control plane version: 0.2.0 (revision next, 1 replica)',
      'data plane version: 0.2.0 (2 proxies), 0.1.0 (1 proxy), envoy 1.40.0 (1 proxy)',
    ],
  ],
])('%s', (_, controlPlane, proxies, expected) => {
  expect(meshText({ controlPlane, proxies, problems: [] })).toBe(expected.map((line) => `${line}\n`).join(''));
});
