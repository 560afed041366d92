import { expect, it } from 'vitest';
import { runAnalyzer } from '../src/analysis/testing.ts';
import defaultSelector from './telemetry-default-selector.ts';
import analyzer from './telemetry-selector.ts';

const telemetry = (name: string, spec: string, ns = 'shop'): string =>
  `---\napiVersion: telemetry.istio.io/v1\nkind: Telemetry\nmetadata:\n  namespace: ${ns}\n  name: ${name}\nspec:\n  ${spec}\n`;
const selecting = (labels: string): string => `selector: {matchLabels: {${labels}}}`;
const pod = (name: string, labels: string): string => `---\napiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: shop, labels: {${labels}}}\n`;

it.each([
  ['one', telemetry('a', selecting('app: cart')) + pod('c', 'app: cart'), []],
  ['a selector of nothing', telemetry('a', selecting('app: cart')), ['IST0101:8']],
  ['another namespace', telemetry('a', selecting('app: cart'), 'front') + pod('c', 'app: cart'), ['IST0101:8']],
  ['an empty selector', telemetry('a', selecting('')), []],
  [
    'two for one pod',
    telemetry('a', selecting('app: cart')) + telemetry('b', selecting('v: "1"')) + pod('c', 'app: cart, v: "1"'),
    ['IST0159:6', 'IST0159:14'],
  ],
])('with a selector: %s', (_, yaml, expected) => {
  expect(runAnalyzer(analyzer, yaml).map(({ code, line }) => `${code}:${line}`)).toEqual(expected);
});

it('says nothing of a selector when the input has no pods', () => {
  expect(runAnalyzer(analyzer, telemetry('a', selecting('app: cart')), { assume: 'auto' })).toEqual([]);
});

it.each([
  ['two', telemetry('b', 'tracing: []') + telemetry('a', 'metrics: []'), 2],
  ['one of them for a gateway', telemetry('a', 'metrics: []') + telemetry('b', 'targetRefs: [{kind: Gateway, name: g}]'), 2],
  ['one of them with an empty selector', telemetry('a', 'metrics: []') + telemetry('b', 'selector: {}'), 0],
  ['in two namespaces', telemetry('a', 'metrics: []') + telemetry('b', 'metrics: []', 'front'), 0],
])('without a selector: %s', (_, yaml, count) => {
  const said = runAnalyzer(defaultSelector, yaml);
  expect(said.map(({ code }) => code)).toEqual(Array(count).fill('IST0160'));
  for (const { text } of said) expect(text).toContain('[a b] in namespace "shop"');
});
