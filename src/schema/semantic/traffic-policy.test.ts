import { expect, test } from 'vitest';
import type { DestinationRule } from '../../manifest/istio/networking.gen.ts';
import { placeOf, problemsOf } from './testing.ts';
import { checkTrafficPolicy } from './traffic-policy.ts';
import type { Validator } from './validator.ts';

const validate: Validator<DestinationRule> = (rule, sink, { namespace }) => checkTrafficPolicy(sink, [], rule.trafficPolicy, namespace);
const placesOf = (policy: string): string[] =>
  problemsOf(validate, 'DestinationRule', `trafficPolicy: ${policy}`).map((p) => placeOf(p).replace('spec.', '').replace('spec', 'policy'));

test.each<[string, string, string[]]>([
  ['a policy says something', '{}', ['IST0106 policy']],
  ['an empty list of ports says nothing', '{portLevelSettings: []}', ['IST0106 policy']],
  ['a retry budget alone is something', '{retryBudget: {percent: 20}}', []],
  ['a tunnel excludes the PROXY protocol, and hides the rest', '{tunnel: {}, proxyProtocol: {}, connectionPool: {}}', ['IST0106 proxyProtocol']],
  [
    'a tunnel has a host and a port',
    '{tunnel: {protocol: GET, targetHost: a_b.c}}',
    ['IST0106 tunnel.protocol', 'IST0106 tunnel.targetHost', 'IST0106 tunnel.targetPort'],
  ],
  ['a tunnel to an IP address', '{tunnel: {protocol: POST, targetHost: "10.0.0.1", targetPort: 443}}', []],
  ['versions of the PROXY protocol', '{proxyProtocol: {version: 7}}', ['IST0106 proxyProtocol.version']],
  ['known versions of the PROXY protocol', '{proxyProtocol: {version: V2}}', []],
  ['a port policy has a port and settings', '{portLevelSettings: [{}]}', ['IST0106 portLevelSettings[0]', 'IST0106 portLevelSettings[0]']],
  ['a null item is an empty policy', '{portLevelSettings: [null]}', ['IST0106 portLevelSettings[0]', 'IST0106 portLevelSettings[0]']],
  ['a port policy', '{portLevelSettings: [{port: {number: 80}, connectionPool: {}}]}', ['IST0106 portLevelSettings[0].connectionPool']],
  ['warnings of the host', '{outlierDetection: {consecutiveErrors: 3}}', ['IST0133 outlierDetection.consecutiveErrors']],
  [
    'no warnings of ports',
    '{portLevelSettings: [{port: {number: 80}, outlierDetection: {consecutiveErrors: 3, interval: 0s}}]}',
    ['IST0106 portLevelSettings[0].outlierDetection.interval'],
  ],
])('%s', (_, policy, places) => {
  expect(placesOf(policy)).toEqual(places);
});
