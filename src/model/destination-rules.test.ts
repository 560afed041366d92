import { expect, it } from 'vitest';
import { meshOf } from '../analysis/testing.ts';
import { DestinationRules, mergeRules } from './destination-rules.ts';

const rule = (name: string, spec: string, namespace = 'shop', created = ''): string => `---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: ${name}, namespace: ${namespace}${created === '' ? '' : `, creationTimestamp: "${created}"`}}
spec: ${spec}
`;
const cart = 'cart.shop.svc.cluster.local';
const found = (yaml: string, namespace = 'shop', host = cart) => DestinationRules.of(meshOf(yaml)).inNamespace(namespace, host);

it.each([
  ['a short name', rule('a', '{host: cart}'), ['a']],
  ['a short name elsewhere', rule('a', '{host: cart}', 'front'), []],
  ['letters of any case', rule('a', '{host: CART.shop.svc.cluster.local}'), ['a']],
  ['exact before wildcards', rule('a', '{host: "*.local"}') + rule('b', '{host: cart}'), ['b']],
  ['the longest wildcard', rule('a', '{host: "*.local"}') + rule('b', '{host: "*.shop.svc.cluster.local"}') + rule('c', '{host: "*"}'), ['b']],
  ['several', rule('a', '{host: cart}') + rule('b', `{host: ${cart}}`), ['a', 'b']],
  ['another host', rule('a', '{host: pay}') + rule('b', '{host: "*.front.svc.cluster.local"}'), []],
])('%s', (_, yaml, expected) => {
  expect(found(yaml).map((r) => r.name)).toEqual(expected);
});

const policy = '{host: cart, trafficPolicy: {tls: {mode: SIMPLE}}}';
const subsets = (name: string, more = ''): string => `{host: cart, subsets: [null, {name: ${name}}]${more}}`;
const merge = (yaml: string) => {
  const merged = mergeRules(found(yaml));
  return merged && [merged.policy?.rule.name, ...merged.subsets.map((s) => `${s.subset.name} of ${s.rule.name}`)];
};

it.each([
  ['one', rule('a', policy), ['a']],
  ['policy and subsets', rule('a', subsets('v1')) + rule('b', policy), ['b', 'v1 of a']],
  ['two policies of unknown age', rule('a', policy) + rule('b', policy), undefined],
  ['two policies', rule('a', policy, 'shop', '2025-02-01T00:00:00Z') + rule('b', policy, 'shop', '2025-01-01T00:00:00Z'), ['b']],
  ['other subsets', rule('a', subsets('v1')) + rule('b', subsets('v2')), [undefined, 'v1 of a', 'v2 of b']],
  ['a subset twice', rule('a', subsets('v1')) + rule('b', subsets('v1')), undefined],
  ['other namespaces', rule('a', subsets('v1', ', exportTo: [.]')) + rule('b', subsets('v2')), undefined],
  ['the same namespaces', rule('a', subsets('v1', ', exportTo: [.]')) + rule('b', subsets('v2', ', exportTo: [., .]')), [undefined, 'v1 of a', 'v2 of b']],
  ['for some clients', rule('a', subsets('v1', ', workloadSelector: {matchLabels: {a: b}}')), undefined],
])('rules for one host: %s', (_, yaml, expected) => {
  expect(merge(yaml)).toEqual(expected);
});
