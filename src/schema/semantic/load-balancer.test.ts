import { expect, test } from 'vitest';
import type { DestinationRule } from '../../manifest/istio/networking.gen.ts';
import { checkLoadBalancer } from './load-balancer.ts';
import { placeOf, problemsOf } from './testing.ts';
import type { Validator } from './validator.ts';

const validate: Validator<DestinationRule> = ({ trafficPolicy }, sink) =>
  checkLoadBalancer(sink, [], trafficPolicy?.loadBalancer, trafficPolicy?.outlierDetection);
const placesOf = (settings: string, outlier = ''): string[] =>
  problemsOf(validate, 'DestinationRule', `trafficPolicy: {loadBalancer: ${settings}${outlier}}`).map((p) => placeOf(p).replace('spec.', ''));

test.each<[string, string, string[]]>([
  ['simple', '{simple: RANDOM}', []],
  ['a cookie without a name', '{consistentHash: {httpCookie: {ttl: 5s}}}', ['IST0106 consistentHash.httpCookie.name']],
  [
    'attributes of a cookie',
    '{consistentHash: {httpCookie: {name: a, attributes: [{name: x}, {name: x}, null, {name: z}]}}}',
    ['IST0106 consistentHash.httpCookie.attributes[1].name', 'IST0106 consistentHash.httpCookie.attributes[2].name'],
  ],
  ['the old size', '{consistentHash: {useSourceIp: true, minimumRingSize: 9}}', ['IST0133 consistentHash.minimumRingSize']],
  [
    'the old size beside the new one',
    '{consistentHash: {minimumRingSize: 9, ringHash: {minimumRingSize: 9}}}',
    ['IST0133 consistentHash.minimumRingSize', 'IST0106 consistentHash.minimumRingSize'],
  ],
  ['warmup', '{warmup: {duration: 60s, minimumPercent: 100, aggression: 1}}', []],
  [
    'warmup out of range',
    '{warmup: {minimumPercent: 101, aggression: 0.9}}',
    ['IST0106 warmup.duration', 'IST0106 warmup.minimumPercent', 'IST0106 warmup.aggression'],
  ],
  ['warmup of no time', '{warmup: {duration: 0s}}', ['IST0106 warmup.duration']],
])('%s', (_, settings, places) => {
  expect(placesOf(settings)).toEqual(places);
});

test.each<[string, number]>([
  ['tableSize: 0', 2],
  ['tableSize: 1', 0],
  ['tableSize: 2', 0],
  ['tableSize: 65537', 0],
  ['tableSize: 65536', 1],
  ['tableSize: 65535', 1],
  ['tableSize: 4999999', 0],
  ['tableSize: 5000011', 1],
  ['tableSize: 5000013', 2],
  ['tableSize: "18446744073709551557"', 2],
])('the table of maglev is a prime number below 5000011: %s', (size, count) => {
  expect(placesOf(`{consistentHash: {maglev: {${size}}}}`)).toEqual(Array(count).fill('IST0106 consistentHash.maglev.tableSize'));
});

test.each<[string, string, string[]]>([
  ['weights', '{distribute: [{from: eu, to: {eu: 70, us: 30}}]}', []],
  ['weights that do not add up', '{distribute: [{from: eu, to: {eu: 70}}, {from: eu, to: {}}]}', ['IST0106 distribute[0].to']],
  ['no weight', '{distribute: [{from: eu, to: {eu: 100, us: 0}}]}', ['IST0106 distribute[0].to.us']],
  ['both ways', '{distribute: [{from: eu, to: {}}], failover: [{from: eu, to: eu}]}', ['IST0106 failover']],
  [
    'failover in regions and by topology',
    '{failover: [{from: eu, to: eu}], failoverPriority: [app, topology.kubernetes.io/zone]}',
    ['IST0106 failoverPriority[1]'],
  ],
  ['failover and other labels', '{failover: [{from: eu, to: us}], failoverPriority: [app]}', []],
  ['failover by topology alone', '{failoverPriority: [topology.kubernetes.io/zone]}', []],
  ['failover to itself', '{failover: [{from: eu, to: eu}, null]}', ['IST0106 failover[0].to', 'IST0106 failover[1].to']],
  ['failover of regions', '{failover: [{from: eu/a, to: "u*"}]}', ['IST0106 failover[0]', 'IST0106 failover[0]']],
])('locality: %s', (_, setting, places) => {
  expect(placesOf(`{localityLbSetting: ${setting}}`, ', outlierDetection: {}')).toEqual(places.map((p) => p.replace(' ', ' localityLbSetting.')));
});

test('a misplaced wildcard of a locality is told with how many there can be', () => {
  const distribute = '[{from: a*b, to: {x: 100}}]';
  const [problem] = problemsOf(validate, 'DestinationRule', `trafficPolicy: {loadBalancer: {localityLbSetting: {distribute: ${distribute}}}}`);
  expect(problem?.text).toContain("1 '*' at most");
});

test('failover needs outlier detection', () => {
  expect(placesOf('{localityLbSetting: {failover: [{from: eu, to: us}]}}')).toEqual(['IST0133 localityLbSetting.failover']);
  expect(placesOf('{localityLbSetting: {failoverPriority: [app]}}')).toEqual(['IST0133 localityLbSetting.failoverPriority']);
});

test.each<[string, boolean]>([
  ['a b', true],
  ['a a', false],
  ['a a/b', false],
  ['a/b a', false],
  ['a/b a/c', true],
  ['a/b a/b', false],
  ['a/b a/b/c', false],
  ['a/b/c a/b', false],
  ['a/b/c a/b/d', true],
  ['a/b/c a/b/c', false],
  ['a/* a/b', false],
  ['a/b a/*', true],
  ['a/b/* a/b/c', false],
  ['* a', false],
  ['a *', true],
  ['a*b', false],
  ['**', false],
  ['a/', false],
  ['/b', false],
])('localities %s are apart: %s', (from, apart) => {
  const distribute = from.split(' ').map((locality) => `{from: "${locality}", to: {x: 100}}`);
  expect(placesOf(`{localityLbSetting: {distribute: [${distribute.join(', ')}]}}`)).toHaveLength(apart ? 0 : 1);
});
