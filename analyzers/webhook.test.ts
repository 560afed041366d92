import { expect, it } from 'vitest';
import { runAnalyzer, type TestOptions } from '../src/analysis/testing.ts';
import analyzer from './webhook.ts';

const configuration = (name: string, hooks: string, labels = ''): string =>
  `---\napiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\nmetadata: {name: ${name}, labels: {${labels}}}\nwebhooks: [${hooks}]\n`;
const hook = (name: string, selectors = '', client = 'url: "https://a"'): string => `{name: ${name}.istio.io, clientConfig: {${client}}, ${selectors}}`;
const service = (name: string): string => `---\napiVersion: v1\nkind: Service\nmetadata: {name: ${name}, namespace: istio-system}\n`;
const enabled = 'namespaceSelector: {matchLabels: {istio-injection: enabled}}';
const blue = 'namespaceSelector: {matchExpressions: [{key: istio.io/rev, operator: In, values: [blue]}, {key: istio-injection, operator: DoesNotExist}]}';
const others = (yaml: string, options: TestOptions = {}): string[] =>
  runAnalyzer(analyzer, yaml, options).map(({ text }) => /as \[(.*?)\]/.exec(text)?.[1] ?? text);

it.each([
  ['one', configuration('a', hook('x')), []],
  ['two for everything', configuration('a', hook('x')) + configuration('b', hook('x')), ['b/x.istio.io', 'a/x.istio.io']],
  ['two in one configuration', configuration('a', `${hook('x')}, ${hook('y')}`), ['a/x.istio.io', 'a/y.istio.io']],
  ['two of one name', configuration('a', `${hook('x')}, ${hook('x')}`), []],
  ['two of the same namespaces', configuration('a', hook('x', enabled)) + configuration('b', hook('x', enabled)), ['b/x.istio.io', 'a/x.istio.io']],
  ['two that exclude each other', configuration('a', hook('x', enabled)) + configuration('b', hook('x', blue)), []],
  [
    'one for a pod label',
    configuration('a', hook('x', enabled)) + configuration('b', hook('y', 'objectSelector: {matchLabels: {sidecar.istio.io/inject: "true"}}')),
    ['b/y.istio.io', 'a/x.istio.io'],
  ],
  ['labels that no injection has', configuration('a', hook('x')) + configuration('b', hook('y', 'objectSelector: {matchLabels: {app: cart}}')), []],
  [
    'a selector that is not valid',
    configuration('a', hook('x')) + configuration('b', hook('y', 'objectSelector: {matchExpressions: [{key: a, operator: Is}]}')),
    [],
  ],
  ['another project', configuration('a', hook('x')) + configuration('b', '{name: x.example.com}'), []],
  [
    'another project with a revision',
    configuration('a', hook('x')) + configuration('b', '{name: x.example.com}', 'istio.io/rev: blue'),
    ['b/x.example.com', 'a/x.istio.io'],
  ],
  ['a null webhook', configuration('a', `${hook('x')}, null`), ['a/', 'a/x.istio.io']],
])('%s', (_, yaml, expected) => {
  expect(others(yaml).sort()).toEqual([...expected].sort());
});

it.each([
  ['a service that exists', 'istiod', {}, 0],
  ['a service that does not', 'gone', {}, 1],
  ['no service at all, when the input may not show them', 'gone', { assume: 'auto' }, 0],
] as [string, string, TestOptions, number][])('%s', (_, name, options, count) => {
  const yaml = configuration('a', hook('x', '', `service: {name: ${name}, namespace: istio-system}`));
  const said = runAnalyzer(analyzer, options.assume ? yaml : yaml + service('istiod'), options);
  expect(said.map(({ code }) => code)).toEqual(Array(count).fill('IST0139'));
  if (said[0]) expect(said[0].text).toContain('istio-system/gone');
});

it('tells each set of webhooks of a pod once', () => {
  const rev = configuration('r', hook('z'), 'istio.io/rev: blue');
  expect(others(configuration('a', hook('x')) + rev)).toHaveLength(2);
  expect(others(configuration('a', hook('x')) + configuration('b', hook('y', enabled)) + rev)).toHaveLength(5);
});
