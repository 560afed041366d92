import { expect, it } from 'vitest';
import { runAnalyzer } from '../src/analysis/testing.ts';
import analyzer from './application-uid.ts';

const pod = (spec: string, labels = 'app: a'): string => `apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {${labels}}}\nspec:\n  ${spec}\n`;
const deployment = (spec: string): string => `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  template:\n    spec:\n      ${spec}\n`;
const user = 'securityContext: {runAsUser: 1337}';

it.each([
  ['a pod', pod(user), [5]],
  ['a container', pod(`containers: [{name: app, ${user}}]`), [5]],
  ['both: once', pod(`containers: [{name: app, ${user}}, {name: b, ${user}}]`), [5]],
  ['a Deployment', deployment(user), [7]],
  ['a container of a Deployment', deployment(`containers: [{name: app, ${user}}]`), [7]],
  ['another user', pod('securityContext: {runAsUser: 1338}'), []],
  ['the sidecar', pod(`containers: [{name: istio-proxy, ${user}}]`), []],
  ['an init container', pod(`initContainers: [{name: app, ${user}}]`), []],
  ['a part of Istio', pod(user, 'istio: ingressgateway'), []],
  ['another part of Istio', pod(user, 'release: istio'), []],
  ['null containers', pod('containers: [null]'), []],
  ['no template', 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {template: null}\n', []],
])('%s', (_, yaml, lines) => {
  expect(runAnalyzer(analyzer, yaml).map(({ code, line }) => [code, line])).toEqual(lines.map((line) => ['IST0144', line]));
});

it('tells each place, where findings are not collapsed as the reference does', () => {
  expect(runAnalyzer(analyzer, pod(`containers: [{name: app, ${user}}, {name: b, ${user}}]`), { preset: 'recommended' })).toHaveLength(2);
});
