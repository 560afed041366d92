import { expect, test } from 'vitest';
import { validateDestinationRule } from './destination-rule.ts';
import { placeOf, problemsOf } from './testing.ts';

test.each<[string, string, string[]]>([
  ['a host', 'host: "*.shop.svc.cluster.local"', []],
  ['no host', '{}', ['IST0106 spec.host']],
  ['a wrong host', 'host: a_b', ['IST0106 spec.host']],
  [
    'subsets',
    'host: a\nsubsets: [{name: v1}, {name: v1}, {name: V_2}, null]',
    ['IST0106 spec.subsets[1].name', 'IST0106 spec.subsets[2].name', 'IST0106 spec.subsets[3].name'],
  ],
  [
    'labels of a subset',
    'host: a\nsubsets: [{name: v1, labels: {"a b": "c d", "k8s.io/x": ""}}]',
    ['IST0106 spec.subsets[0].labels["a b"]', 'IST0106 spec.subsets[0].labels["a b"]'],
  ],
  [
    'errors of a subset, not its warnings',
    'host: a\nsubsets: [{name: v1, trafficPolicy: {outlierDetection: {consecutiveErrors: 3, interval: 0s}}}]',
    ['IST0106 spec.subsets[0].trafficPolicy.outlierDetection.interval'],
  ],
  [
    'warnings of the rule',
    'host: a\ntrafficPolicy: {outlierDetection: {consecutiveErrors: 3}}',
    ['IST0133 spec.trafficPolicy.outlierDetection.consecutiveErrors'],
  ],
  ['a selector', 'host: a\nexportTo: [.]\nworkloadSelector: {matchLabels: {app: cart}}', []],
  ['a selector of everything', 'host: a\nworkloadSelector: {}', ['IST0133 spec.workloadSelector']],
  [
    'a selector with a wildcard',
    'host: a\nworkloadSelector: {matchLabels: {app: "c*", "": x}}',
    ['IST0106 spec.workloadSelector.matchLabels.app', 'IST0106 spec.workloadSelector.matchLabels[""]'],
  ],
  ['a selector beyond the namespace', 'host: a\nexportTo: ["*"]\nworkloadSelector: {matchLabels: {app: cart}}', ['IST0106 spec.exportTo']],
  ['a selector beyond the namespace, too', 'host: a\nexportTo: [shop, front]\nworkloadSelector: {matchLabels: {app: cart}}', ['IST0106 spec.exportTo']],
])('%s', (_, spec, places) => {
  expect(problemsOf(validateDestinationRule, 'DestinationRule', spec).map(placeOf)).toEqual(places);
});

test('the same wrong name in two places is one problem of the reference', () => {
  const [first, second] = problemsOf(
    validateDestinationRule,
    'DestinationRule',
    'host: a\nsubsets: [{name: v1, labels: {x: "a b"}}, {name: v2, labels: {y: "a b"}}]',
  );
  expect(first?.same).toBe(second?.same);
  expect(first?.text).not.toBe(second?.text);
});
