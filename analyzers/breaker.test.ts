import { expect, it } from 'vitest';
import { findingsOf } from '../src/analysis/testing.ts';
import { formatPath } from '../src/manifest/problem.ts';
import analyzer from './breaker.ts';

const rule = (spec: string): string =>
  `apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: cart, namespace: shop}\nspec: {host: cart, ${spec}}\n`;
const service = (...ports: string[]): string =>
  `---\napiVersion: v1\nkind: Service\nmetadata: {name: cart, namespace: shop}\nspec: {ports: [${ports.join(', ')}]}\n`;
const pool = (settings: string): string => rule(`trafficPolicy: {connectionPool: {${settings}}}`);
const detection = (settings: string): string => rule(`trafficPolicy: {outlierDetection: {${settings}}}`);
const found = (yaml: string) => findingsOf(analyzer, yaml, { preset: 'recommended' });

it.each([
  [
    'a limit of 0',
    pool('tcp: {maxConnections: 0}, http: {http1MaxPendingRequests: 0, maxRetries: 0, maxRequestsPerConnection: 0}'),
    ['http.http1MaxPendingRequests', 'http.maxRetries', 'tcp.maxConnections'],
  ],
  ['limits', pool('tcp: {maxConnections: 1}, http: {http1MaxPendingRequests: 1, maxRetries: 1}'), []],
  [
    'more connections than requests',
    pool('tcp: {maxConnections: 9}, http: {http2MaxRequests: 5}') + service('{port: 80, name: http-web}', '{port: 81, name: grpc}'),
    ['http.http2MaxRequests'],
  ],
  ['as many', pool('tcp: {maxConnections: 5}, http: {http2MaxRequests: 5}') + service('{port: 80, name: http}'), []],
  [
    'of a service with a TCP port',
    pool('tcp: {maxConnections: 9}, http: {http2MaxRequests: 5}') + service('{port: 80, name: http}', '{port: 82, name: tcp-x}'),
    [],
  ],
  ['of an unknown service', pool('tcp: {maxConnections: 9}, http: {http2MaxRequests: 5}'), []],
  ['a connection for each request of HTTP/2', pool('http: {maxRequestsPerConnection: 1, h2UpgradePolicy: UPGRADE}'), ['http.maxRequestsPerConnection']],
  [
    'of gRPC',
    pool('http: {maxRequestsPerConnection: 1}') + service('{port: 80, name: http}', '{port: 81, name: x, appProtocol: grpc}'),
    ['http.maxRequestsPerConnection'],
  ],
  ['of HTTP/1', pool('http: {maxRequestsPerConnection: 1}') + service('{port: 80, name: http}'), []],
  ['two for each connection', pool('http: {maxRequestsPerConnection: 2, h2UpgradePolicy: UPGRADE}'), []],
])('%s', (_, yaml, expected) => {
  expect(
    found(yaml)
      .map((f) => formatPath(f.path ?? []).replace('spec.trafficPolicy.connectionPool.', ''))
      .sort(),
  ).toEqual(expected);
});

it.each([
  ['as many gateway errors as errors', 'consecutiveGatewayErrors: 5, consecutive5xxErrors: 5', ['consecutiveGatewayErrors']],
  ['more than the default', 'consecutiveGatewayErrors: 7', ['consecutiveGatewayErrors']],
  ['fewer', 'consecutiveGatewayErrors: 4', []],
  ['gateway errors only', 'consecutiveGatewayErrors: 7, consecutive5xxErrors: 0', []],
  ['no gateway errors', 'consecutiveGatewayErrors: 0, consecutive5xxErrors: 1', []],
  ['a time shorter than the interval', 'interval: 1m, baseEjectionTime: 10s', ['baseEjectionTime']],
  ['an interval longer than the default time', 'interval: 31s', ['interval']],
  ['a time shorter than the default interval', 'baseEjectionTime: 9.5s', ['baseEjectionTime']],
  ['a time as long', 'interval: 30s', []],
])('%s', (_, settings, expected) => {
  expect(found(detection(settings)).map((f) => formatPath(f.path ?? []).replace('spec.trafficPolicy.outlierDetection.', ''))).toEqual(expected);
});

it('looks at the pool that applies to a port', () => {
  const yaml = rule(
    'trafficPolicy: {connectionPool: {http: {maxRequestsPerConnection: 1}}, portLevelSettings: [{port: {number: 81}, connectionPool: {http: {maxRequestsPerConnection: 1}}}]}',
  );
  expect(found(yaml + service('{port: 80, name: http}', '{port: 81, name: grpc}')).map((f) => formatPath(f.path ?? []))).toEqual([
    'spec.trafficPolicy.portLevelSettings[0].connectionPool.http.maxRequestsPerConnection',
  ]);
});

it('gives numbers', () => {
  expect(found(detection('interval: 1m'))[0]?.text).toContain('up to 1m30s after its ejection');
  expect(found(detection('consecutiveGatewayErrors: 7'))[0]?.text).toContain('consecutive5xxErrors, by default 5, ejects first');
});
