import { expect, test } from 'vitest';
import type { DestinationRule } from '../../manifest/istio/networking.gen.ts';
import { checkConnectionPool } from './connection-pool.ts';
import { placeOf, problemsOf } from './testing.ts';
import type { Validator } from './validator.ts';

const validate: Validator<DestinationRule> = ({ trafficPolicy }, sink) => checkConnectionPool(sink, [], trafficPolicy?.connectionPool);

test.each<[string, string, string[]]>([
  ['empty', '{}', ['IST0106 spec']],
  ['empty parts', '{tcp: {}}', []],
  [
    'negative',
    '{http: {http1MaxPendingRequests: -1, maxRetries: -2, maxConcurrentStreams: 0}, tcp: {maxConnections: -1}}',
    ['IST0106 spec.http.http1MaxPendingRequests', 'IST0106 spec.http.maxRetries', 'IST0106 spec.tcp.maxConnections'],
  ],
  ['no idle timeout is for TCP only', '{http: {idleTimeout: 0s}, tcp: {idleTimeout: 0s}}', ['IST0106 spec.http.idleTimeout']],
  ['below a millisecond is none', '{tcp: {idleTimeout: 500us}}', []],
  ['parts of milliseconds', '{tcp: {idleTimeout: 1500us}}', ['IST0106 spec.tcp.idleTimeout']],
  [
    'durations of TCP',
    '{tcp: {connectTimeout: 0s, maxConnectionDuration: 0s, tcpKeepalive: {time: 0s, interval: 0s}}}',
    [
      'IST0106 spec.tcp.connectTimeout',
      'IST0106 spec.tcp.maxConnectionDuration',
      'IST0106 spec.tcp.tcpKeepalive.time',
      'IST0106 spec.tcp.tcpKeepalive.interval',
    ],
  ],
  ["the client's protocol or an upgrade", '{http: {h2UpgradePolicy: UPGRADE, useClientProtocol: true}}', ['IST0106 spec.http.useClientProtocol']],
  ["the client's protocol", '{http: {h2UpgradePolicy: DO_NOT_UPGRADE, useClientProtocol: true}}', []],
])('%s', (_, pool, places) => {
  const problems = problemsOf(validate, 'DestinationRule', `trafficPolicy: {connectionPool: ${pool}}`);
  expect(problems.map(placeOf)).toEqual(places);
});
