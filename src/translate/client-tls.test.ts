import { expect, it } from 'vitest';
import { meshOf } from '../analysis/testing.ts';
import { DestinationRules, mergeRules } from '../model/destination-rules.ts';
import { clientTls } from './client-tls.ts';

const merged = (spec: string) => {
  const mesh = meshOf(`apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: a, namespace: shop}\nspec: {host: cart, ${spec}}\n`);
  return mergeRules(DestinationRules.of(mesh).inNamespace('shop', 'cart.shop.svc.cluster.local'));
};
const mode = (spec: string, port = 80, subset?: number) => {
  const rule = merged(spec);
  return rule && clientTls(rule, port, subset)?.mode;
};
const tls = (name: string): string => `tls: {mode: ${name}}`;
const onPort = (port: number, more: string): string => `portLevelSettings: [null, {port: {number: ${port}}, ${more}}]`;

it.each([
  ['nothing', '', undefined],
  ['a policy without TLS', 'trafficPolicy: {connectionPool: {}}', undefined],
  ['the whole host', `trafficPolicy: {${tls('SIMPLE')}}`, 'SIMPLE'],
  ['no mode', 'trafficPolicy: {tls: {}}', 'DISABLE'],
  ['the port', `trafficPolicy: {${tls('SIMPLE')}, ${onPort(80, tls('ISTIO_MUTUAL'))}}`, 'ISTIO_MUTUAL'],
  ['another port', `trafficPolicy: {${tls('SIMPLE')}, ${onPort(90, tls('ISTIO_MUTUAL'))}}`, 'SIMPLE'],
  ['the port without TLS', `trafficPolicy: {${tls('SIMPLE')}, ${onPort(80, 'loadBalancer: {simple: RANDOM}')}}`, undefined],
])('%s', (_, spec, expected) => {
  expect(mode(spec)).toBe(expected);
});

const subset = (policy: string): string => `trafficPolicy: {${tls('DISABLE')}}, subsets: [{name: v1, trafficPolicy: {${policy}}}]`;
it.each([
  ['a subset without TLS', 'connectionPool: {}', 'DISABLE'],
  ['a subset', tls('SIMPLE'), 'SIMPLE'],
  ['the port of a subset', `${tls('SIMPLE')}, ${onPort(80, tls('MUTUAL'))}`, 'MUTUAL'],
  ['the port of a subset without TLS', `${tls('SIMPLE')}, ${onPort(80, 'loadBalancer: {simple: RANDOM}')}`, undefined],
  ['another port of a subset', onPort(90, tls('MUTUAL')), 'DISABLE'],
])('%s', (_, policy, expected) => {
  expect(mode(subset(policy), 80, 0)).toBe(expected);
});

it('says where', () => {
  const rule = merged(subset(onPort(80, tls('MUTUAL'))));
  expect(rule && clientTls(rule, 80, 0)?.path).toEqual(['spec', 'subsets', 0, 'trafficPolicy', 'portLevelSettings', 1, 'tls']);
});
