import { expect, it } from 'vitest';
import { runAnalyzer, type TestOptions } from '../src/analysis/testing.ts';
import analyzer from './deprecation.ts';

const fault = (delays: string[]): string => `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: v}
spec:
  http:
${delays.map((delay) => `  - fault: {delay: {${delay}}}`).join('\n')}
`;
const sidecar = (policy: string): string =>
  `apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: s}\nspec:\n  outboundTrafficPolicy:\n    ${policy}\n`;
const definition = (group: string, kind: string): string =>
  `apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: d}\nspec:\n  group: ${group}\n  names:\n    kind: ${kind}\n`;
const run = (yaml: string, options: TestOptions = {}): string[] => runAnalyzer(analyzer, yaml, options).map((s) => `${s.line} ${s.text}`);
const percent = 'the field HTTPRoute.fault.delay.percent is deprecated; use HTTPRoute.fault.delay.percentage';

it.each([
  ['percent', fault(['percent: 10, fixedDelay: 1s']), [`6 ${percent}`]],
  ['percent 0', fault(['percent: 0, fixedDelay: 1s']), []],
  ['percentage', fault(['percentage: {value: 10}, fixedDelay: 1s']), []],
  ['twice in one virtual service', fault(['percent: 1', 'percent: 2']), [`6 ${percent}`]],
  ['an egress proxy', sidecar('egressProxy: {host: a.b}'), ['6 the field OutboundTrafficPolicy.EgressProxy (outboundTrafficPolicy.egressProxy) is ignored']],
  ['no egress proxy', sidecar('mode: ALLOW_ANY'), []],
])('%s', (_, yaml, expected) => expect(run(yaml)).toEqual(expected));

it('says each place, except as the reference does', () => {
  expect(run(fault(['percent: 1', 'percent: 2']), { preset: 'recommended' })).toHaveLength(2);
});

it.each([
  ['rbac.istio.io', 'ServiceRole', ['7 the kind ServiceRole of rbac.istio.io was removed from Istio']],
  ['rbac.istio.io', 'Other', []],
  ['rbac.example', 'ServiceRole', []],
  ['rbac.istio.io', '[1]', []],
])('definition of %s %s', (group, kind, expected) => {
  expect(run(definition(group, kind), { preset: 'recommended' })).toEqual(expected);
  expect(run(definition(group, kind))).toEqual([]);
});
