import { expect, it } from 'vitest';
import { runAnalyzer, type TestOptions } from '../src/analysis/testing.ts';
import analyzer from './destinationrule-ca-certificate.ts';

const rule = (tls: string, more = ''): string => `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: db, namespace: shop}
spec:
  host: db.example
  trafficPolicy:
    tls: {${tls}}
${more}`;
const ports = `    portLevelSettings:
    - null
    - port: {number: 443}
      tls: {mode: MUTUAL}
    - port: {number: 444}
      tls: {mode: SIMPLE, caCertificates: /ca.pem}
    - tls:
        mode: SIMPLE
`;
const run = (yaml: string, options: TestOptions = {}): string[] => runAnalyzer(analyzer, yaml, options).map((s) => `${s.code}:${s.line} ${s.text}`);
const text = 'destination rule shop/db (namespace shop) uses TLS mode';

it.each([
  ['SIMPLE', rule('mode: SIMPLE'), [`IST0128:7 ${text} SIMPLE to db.example without caCertificates`]],
  ['MUTUAL', rule('mode: MUTUAL'), [`IST0128:7 ${text} MUTUAL to db.example without caCertificates`]],
  ['DISABLE', rule('mode: DISABLE'), []],
  ['ISTIO_MUTUAL', rule('mode: ISTIO_MUTUAL'), []],
  ['with a CA', rule('mode: SIMPLE, caCertificates: system'), []],
  ['an empty CA', rule('mode: SIMPLE, caCertificates: ""'), [`IST0128:7 ${text} SIMPLE to db.example without caCertificates`]],
  ['a credential that a sidecar does not read', rule('mode: SIMPLE, credentialName: c'), [`IST0128:7 ${text} SIMPLE to db.example without caCertificates`]],
  ['a credential that a sidecar reads', rule('mode: SIMPLE, credentialName: c', '  workloadSelector: {matchLabels: {a: b}}\n'), []],
  [
    'ports',
    rule('mode: DISABLE', ports),
    [`IST0129:14 ${text} SIMPLE to db.example without caCertificates`, `IST0129:11 ${text} MUTUAL to db.example without caCertificates on port number 443`],
  ],
])('%s', (_, yaml, expected) => expect(run(yaml)).toEqual(expected));

it('takes insecureSkipVerify for an intention, which the reference does not', () => {
  const yaml = rule('mode: SIMPLE, insecureSkipVerify: true');
  expect(run(yaml)).toHaveLength(1);
  expect(run(yaml, { preset: 'recommended' })).toEqual([]);
});
