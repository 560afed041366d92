import { expect, it } from 'vitest';
import { findingsOf } from '../src/analysis/testing.ts';
import analyzer from './deprecated-settings.ts';

const rule = (spec: string): string => `apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: r}\nspec: {host: a, ${spec}}\n`;
const outdated = 'loadBalancer: {simple: LEAST_CONN}, outlierDetection: {consecutiveErrors: 5}';
const ring = 'loadBalancer: {consistentHash: {minimumRingSize: 5}}';
it.each<[string, string, [string, string | undefined][]]>([
  ['for all ports, where validation says the rest', `trafficPolicy: {${outdated}}`, [['trafficPolicy.loadBalancer.simple', 'LEAST_REQUEST']]],
  [
    'for one port',
    `trafficPolicy: {portLevelSettings: [null, {${outdated}}]}`,
    [
      ['trafficPolicy.portLevelSettings.1.outlierDetection.consecutiveErrors', 'consecutive5xxErrors'],
      ['trafficPolicy.portLevelSettings.1.loadBalancer.simple', 'LEAST_REQUEST'],
    ],
  ],
  [
    'for a subset',
    `subsets: [null, {name: a}, {name: b, trafficPolicy: {${ring}}}]`,
    [['subsets.2.trafficPolicy.loadBalancer.consistentHash.minimumRingSize', 'ringHash']],
  ],
  [
    'for one port of a subset',
    `subsets: [{name: b, trafficPolicy: {portLevelSettings: [{outlierDetection: {consecutiveErrors: 2}}]}}]`,
    [['subsets.0.trafficPolicy.portLevelSettings.0.outlierDetection.consecutiveErrors', undefined]],
  ],
  ['nothing', 'trafficPolicy: {loadBalancer: {simple: LEAST_REQUEST}}, subsets: [{name: a, trafficPolicy: {outlierDetection: {consecutive5xxErrors: 1}}}]', []],
])('settings of a destination rule %s', (_, spec, expected) => {
  const findings = findingsOf(analyzer, rule(spec), { preset: 'recommended' });
  expect(findings.map((f) => [f.path?.slice(1).join('.'), f.fix?.text ?? f.fix?.nest?.key])).toEqual(expected);
});
