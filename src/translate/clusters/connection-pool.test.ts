import { describe, expect, it } from 'vitest';
import type { Protocol } from '../../model/protocols.ts';
import { circuitBreakers, connectionPool, upstreamProtocol } from './connection-pool.ts';

describe('circuitBreakers', () => {
  it.each([
    ['DR-R50: not limited', {}, undefined, {}],
    [
      'DR-R50: what is not positive is no limit',
      { tcp: { maxConnections: 0 }, http: { http1MaxPendingRequests: 0, http2MaxRequests: -1, maxRetries: 0 } },
      undefined,
      {},
    ],
    [
      'DR-R51: every limit, of requests also over HTTP/1.1',
      { tcp: { maxConnections: 1 }, http: { http1MaxPendingRequests: 2, http2MaxRequests: 3, maxRetries: 4 } },
      undefined,
      { maxConnections: 1, maxPendingRequests: 2, maxRequests: 3, maxRetries: 4 },
    ],
    ['DR-R54: a budget of 0.2 percent unless it says more', {}, {}, { retryBudget: { percent: 0.2, minRetryConcurrency: 3 } }],
    ['DR-R54: as it says', {}, { percent: 20, minRetryConcurrency: 1 }, { retryBudget: { percent: 20, minRetryConcurrency: 1 } }],
  ])('%s', (_, settings, budget, expected) => expect(circuitBreakers(settings, budget)).toEqual(expected));
});

describe('connectionPool', () => {
  const defaults = { connectTimeoutMs: 10_000, idleTimeoutMs: 3600_000 };
  it.each([
    ['DR-R50, DR-R51: defaults', {}, {}, 'http', defaults],
    ['DR-R50: the connect timeout of the mesh', {}, { connectTimeout: '2.5s' }, 'http', { ...defaults, connectTimeoutMs: 2500 }],
    ['its own', { tcp: { connectTimeout: '30ms' } }, { connectTimeout: '2.5s' }, 'http', { ...defaults, connectTimeoutMs: 30 }],
    ['DR-R51: idle as TCP says', { tcp: { idleTimeout: '90s' } }, {}, 'http', { ...defaults, idleTimeoutMs: 90_000 }],
    ['DR-R51: idle as HTTP says', { tcp: { idleTimeout: '90s' }, http: { idleTimeout: '30s' } }, {}, 'http', { ...defaults, idleTimeoutMs: 30_000 }],
    [
      'DR-R51: requests and time of a connection',
      { tcp: { maxConnectionDuration: '1m' }, http: { maxRequestsPerConnection: 1 } },
      {},
      'http',
      { ...defaults, maxRequestsPerConnection: 1, maxConnectionDurationMs: 60_000 },
    ],
    ['DR-R51: streams where HTTP/2 is declared', { http: { maxConcurrentStreams: 7 } }, {}, 'grpc', { ...defaults, maxConcurrentStreams: 7 }],
    ['DR-R51: and nowhere else', { http: { maxConcurrentStreams: 7, h2UpgradePolicy: 'UPGRADE' as const } }, {}, 'http', defaults],
    ['nor where the client decides', { http: { maxConcurrentStreams: 7, useClientProtocol: true } }, {}, 'http2', defaults],
    [
      'DR-R51: keepalive, over that of the mesh',
      { tcp: { tcpKeepalive: { probes: 3, time: '60s' } } },
      { tcpKeepalive: { interval: '5s', probes: 9 } },
      'tcp',
      { ...defaults, tcpKeepalive: { probes: 3, timeMs: 60_000, intervalMs: 5000 } },
    ],
    [
      'the proxies of the mesh leave names of headers as they are',
      {},
      { defaultConfig: { proxyHeaders: { preserveHttp1HeaderCase: true } } },
      'http',
      { ...defaults, preserveHeaderCase: true },
    ],
  ])('%s', (_, settings, mesh, protocol, expected) => expect(connectionPool(settings, mesh, protocol as Protocol)).toEqual(expected));
});

describe('DR-R57: upstreamProtocol', () => {
  const upgrade = { http: { h2UpgradePolicy: 'UPGRADE' as const } };
  const refuse = { http: { h2UpgradePolicy: 'DO_NOT_UPGRADE' as const } };
  const client = { http: { useClientProtocol: true, h2UpgradePolicy: 'UPGRADE' as const } };
  const mesh = { h2UpgradePolicy: 'UPGRADE' as const };
  it.each([
    ['http', {}, {}, 'sidecar', 'http1'],
    ['grpc-web', {}, {}, 'sidecar', 'http1'],
    ['http2', {}, {}, 'sidecar', 'http2'],
    ['grpc', refuse, {}, 'sidecar', 'http2'],
    ['detected', {}, {}, 'sidecar', 'downstream'],
    ['detected', {}, {}, 'gateway', 'http1'],
    ['http', upgrade, {}, 'sidecar', 'http2'],
    ['tcp', upgrade, {}, 'sidecar', 'http2'],
    ['detected', upgrade, {}, 'sidecar', 'downstream'],
    ['detected', upgrade, {}, 'gateway', 'http2'],
    ['http', {}, mesh, 'sidecar', 'http2'],
    ['http', refuse, mesh, 'sidecar', 'http1'],
    ['tcp', {}, mesh, 'sidecar', 'http1'],
    ['detected', {}, mesh, 'gateway', 'http1'],
    ['http', client, mesh, 'sidecar', 'downstream'],
    ['grpc', client, {}, 'sidecar', 'downstream'],
  ])('%s with %j, %j of the mesh at a %s: %s', (protocol, settings, meshConfig, role, expected) => {
    expect(upstreamProtocol(settings, meshConfig, protocol === 'detected' ? undefined : (protocol as Protocol), role as 'sidecar')).toBe(expected);
  });
});
