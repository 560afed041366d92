import { expect, it } from 'vitest';
import { findingsOf } from '../src/analysis/testing.ts';
import { formatPath } from '../src/manifest/problem.ts';
import analyzer from './service-entry-duplicate.ts';

interface Written {
  namespace?: string;
  metadata?: string;
  hosts?: string;
  ports?: string;
  more?: string;
}

const tls = '{number: 443, name: tls, protocol: TLS}';
const https = '{number: 443, name: https, protocol: HTTPS}';
const entry = (name: string, { namespace = 'shop', metadata = '', hosts = 'api.example', ports = tls, more = 'resolution: DNS' }: Written): string =>
  `---\napiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: ${name}, namespace: ${namespace}${metadata}}\nspec: {hosts: [${hosts}], ports: [${ports}], ${more}}\n`;

const port = 'spec.ports[0].protocol port 443 is TLS there and HTTPS here';
const outside = 'clients outside of team and shop only the one that was created first counts';

it.each<[string, Written, Written, string[]]>([
  ['the same twice', {}, {}, []],
  ['protocols', {}, { ports: https }, [`shop/b ${port}: clients only the one that was created first counts`]],
  ['protocols in other letters', {}, { ports: tls.replace('TLS', 'tls') }, []],
  ['ports', {}, { ports: https.replace('443', '8443') }, []],
  [
    'endpoints: they are used together',
    { more: 'resolution: STATIC, endpoints: [{address: 10.0.0.1}]' },
    { more: 'resolution: STATIC, endpoints: [{address: 10.0.0.2}]' },
    [],
  ],
  [
    'ports, and labels, so that they are not merged',
    {},
    { metadata: ', labels: {a: b}', ports: https.replace('443', '8443') },
    ['shop/b spec.ports[0] port 8443 is not there: clients only the one that was created first counts'],
  ],
  ['labels only', {}, { metadata: ', labels: {a: b}' }, []],
  [
    'resolutions',
    {},
    { more: 'resolution: NONE' },
    ['shop/b spec.resolution the resolution is DNS there and NONE here: clients only the one that was created first counts'],
  ],
  ['who sees them', { more: 'exportTo: [a]' }, { more: 'exportTo: [b]', ports: https }, []],
  ['who else sees them', { more: 'exportTo: ["."]' }, { ports: https, more: '' }, [`shop/b ${port}: clients only one of the two counts`]],
  ['hosts', {}, { hosts: 'other.example', ports: https }, []],
  [
    'targets',
    {},
    { ports: tls.replace('name', 'targetPort: 8443, name') },
    ['shop/b spec.ports[0].targetPort port 443 goes to 443 there and to 8443 here: clients only the one that was created first counts'],
  ],
  ['a target that is the port itself', {}, { ports: tls.replace('name', 'targetPort: 443, name') }, []],
  ['namespaces, and protocols', {}, { namespace: 'team', ports: https }, [`team/b ${port}: ${outside}`]],
  [
    'namespaces, and endpoints',
    { more: 'resolution: STATIC, endpoints: [{address: 10.0.0.1}]' },
    { namespace: 'team', more: 'resolution: STATIC, endpoints: [{address: 10.0.0.2}]' },
    [`team/b spec.endpoints the endpoints differ: ${outside}`],
  ],
  ['namespaces only', {}, { namespace: 'team' }, []],
  ['namespaces, one of them private', {}, { namespace: 'team', ports: https, more: 'resolution: DNS, exportTo: ["."]' }, []],
  [
    'age',
    { metadata: ', creationTimestamp: "2025-02-01T00:00:00Z"' },
    { metadata: ', creationTimestamp: "2025-01-01T00:00:00Z"', ports: https },
    ['shop/a spec.ports[0].protocol port 443 is HTTPS there and TLS here: clients only that one counts, which is older'],
  ],
])('two of a host, with different %s', (_, a, b, expected) => {
  const said = (yaml: string): string[] =>
    findingsOf(analyzer, yaml, { preset: 'recommended' }).map(
      ({ resource, path, text }) => `${resource.fullName} ${formatPath(path ?? [])} ${text.replace(/^.* too \((.*)\): for (.*)$/, '$1: $2')}`,
    );
  expect(said(entry('a', a) + entry('b', b))).toEqual(expected);
  expect(said(entry('b', b) + entry('a', a))).toEqual(expected);
});

it('is one finding for all hosts of two entries', () => {
  const hosts = 'api.example, b.example';
  const found = findingsOf(analyzer, entry('a', { hosts }) + entry('b', { hosts, ports: https }), { preset: 'recommended' });
  expect(found.map((f) => f.text)).toEqual([expect.stringMatching(/^api.example, b.example are defined by service entry shop\/a, too/)]);
});
