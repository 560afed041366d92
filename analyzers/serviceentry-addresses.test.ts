import { expect, it } from 'vitest';
import { runAnalyzer, type TestOptions } from '../src/analysis/testing.ts';
import analyzer from './serviceentry-addresses.ts';

const entry = (ports: string, more = ''): string => `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: db}
spec:
  hosts: [db.example]
  ports:
${ports}${more}`;
const port = (protocol: string): string => `  - number: 1\n    name: a\n    protocol: ${protocol}\n`;
const run = (yaml: string, options: TestOptions = {}): (number | undefined)[] => runAnalyzer(analyzer, yaml, options).map((s) => s.line);

it.each([
  ['TCP', entry(port('TCP')), [8]],
  ['tcp', entry(port('tcp')), [8]],
  ['no protocol', entry('  - number: 1\n    name: a\n'), [8]],
  ['HTTP', entry(port('HTTP')), []],
  ['two ports', entry(port('TCP') + port('TCP')), [8, 11]],
  ['two ports on one line', entry('    [{number: 1, name: a}, {number: 2, name: b}]\n'), [7]],
  ['ports without names', entry('  - {number: 1}\n  - {number: 2}\n  - null\n'), [7]],
  ['addresses', entry(port('TCP'), '  addresses: [10.0.0.1]\n'), []],
  ['addresses of the control plane', entry(port('TCP'), 'status: {addresses: [{value: 240.240.0.1}]}\n'), []],
  ['a status of a wrong type', entry(port('TCP'), 'status: 5\n'), [8]],
])('%s', (_, yaml, lines) => expect(run(yaml)).toEqual(lines));

it.each([
  [{ ISTIO_META_DNS_CAPTURE: 'true', ISTIO_META_DNS_AUTO_ALLOCATE: 'true' }, 0],
  [{ ISTIO_META_DNS_CAPTURE: 'true', PILOT_ENABLE_IP_AUTOALLOCATE: 'true' }, 0],
  [{ ISTIO_META_DNS_CAPTURE: 'true' }, 1],
  [{ ISTIO_META_DNS_AUTO_ALLOCATE: 'true' }, 1],
])('with %o', (proxyMetadata, count) => {
  expect(run(entry(port('TCP')), { meshConfig: { defaultConfig: { proxyMetadata } } })).toHaveLength(count);
});
