import { expect, it } from 'vitest';
import { runAnalyzer } from '../src/analysis/testing.ts';
import analyzer from './annotations-k8s.ts';

const object = (kind: string, annotation: string, label = 'a: b'): string => `apiVersion: v1
kind: ${kind}
metadata:
  name: cart
  labels: {${label}}
  annotations:
    ${annotation}
`;
const deployment = (annotation: string): string => object('Deployment', annotation).replace('v1', 'apps/v1');

it.each([
  ['a known one in its place', object('Pod', 'sidecar.istio.io/proxyCPU: 100m'), []],
  ['one of another project', object('Pod', 'example.com/istio.io: x'), []],
  ['one that Istio writes', object('Deployment', 'sidecar.istio.io/status: x'), []],
  ['one for any kind', object('Namespace', 'galley.istio.io/analyze-suppress: "*"'), []],
  ['an unknown one', object('Service', 'networking.istio.io/exportThree: x'), ['IST0108:7']],
  ['an unknown domain', object('Pod', 'my.istio.io/x: z'), ['IST0108:7']],
  ['a domain that only ends so', object('Pod', 'notistio.io/x: z'), ['IST0108:7']],
  ['one on the wrong kind', object('Service', 'proxy.istio.io/config: "concurrency: ["'), ['IST0107:7']],
  ['one of pods on their Deployment', deployment('sidecar.istio.io/proxyCPU: 100m'), ['IST0107:7']],
  ['the class of an Ingress', object('Pod', 'kubernetes.io/ingress.class: istio'), ['IST0107:7']],
  ['a bad value', object('Pod', 'status.sidecar.istio.io/port: abc'), ['IST0125:7']],
  ['a deprecated one', object('Pod', 'sidecar.istio.io/inject: "true"'), ['IST0135:7']],
  ['a deprecated one beside its label', object('Pod', 'sidecar.istio.io/inject: "true"', 'sidecar.istio.io/inject: "true"'), []],
  ['a deprecated one on the wrong kind', deployment('sidecar.istio.io/inject: "true"'), ['IST0107:7', 'IST0135:7']],
])('%s', (_, yaml, expected) => {
  expect(runAnalyzer(analyzer, yaml).map(({ code, line }) => `${code}:${line}`)).toEqual(expected);
});

it.each([
  ['sidecar.istio.io/includeInboundPorts', 'traffic.sidecar.istio.io/includeInboundPorts'],
  ['sidecar.istio.io/proxyImagee', 'sidecar.istio.io/proxyImage'],
  ['sidecar.istio.io/somethingElse', undefined],
])('%s may be meant as %s', (written, meant) => {
  const [said] = runAnalyzer(analyzer, object('Pod', `${written}: x`));
  expect(said?.text).toContain(written);
  expect(/; it knows (.*)$/.exec(said?.text ?? '')?.[1]).toBe(meant);
});

it('tells which label takes the place of the annotation', () => {
  expect(runAnalyzer(analyzer, object('Pod', 'sidecar.istio.io/inject: "true"'))[0]?.text).toContain('the label "sidecar.istio.io/inject"');
});
