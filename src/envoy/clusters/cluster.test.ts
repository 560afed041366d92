import { describe, expect, it } from 'vitest';
import { clusterResource } from './cluster.ts';
import { cluster, resource } from './testing.ts';

const type = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
const unlimited = { max_connections: 4294967295, max_pending_requests: 4294967295, max_requests: 4294967295, max_retries: 4294967295, track_remaining: true };
const original = { discovery: 'original-destination', loadBalancer: { policy: 'original-destination' } } as const;

describe('clusterResource', () => {
  it('MAP-R1, MAP-R10: a service, whose endpoints are asked for', () => {
    expect(resource({})).toEqual({
      '@type': type,
      name: 'outbound|80||cart',
      alt_stat_name: 'outbound|80||cart;',
      type: 'EDS',
      eds_cluster_config: { eds_config: { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' }, service_name: 'outbound|80||cart' },
      connect_timeout: '10s',
      lb_policy: 'LEAST_REQUEST',
      common_lb_config: {},
      circuit_breakers: { thresholds: [unlimited] },
    });
  });

  it('MAP-R4: the cluster that refuses', () => {
    expect(resource({ name: 'BlackHoleCluster', host: '', port: 0, breakers: { maxRequests: 3 } })).toEqual({
      '@type': type,
      name: 'BlackHoleCluster',
      alt_stat_name: 'BlackHoleCluster;',
      connect_timeout: '10s',
      type: 'STATIC',
    });
  });

  it.each([
    ['PassthroughCluster', 'outbound'],
    ['InboundPassthroughCluster', 'inbound'],
  ] as const)('MAP-R4, MAP-R5: %s', (name, direction) => {
    const made = resource({
      ...original,
      name,
      direction,
      host: '',
      port: 0,
      protocol: 'downstream',
      pool: { connectTimeoutMs: 1000, idleTimeoutMs: 300_000 },
    });
    expect(made).toMatchObject({ alt_stat_name: 'PassthroughCluster;', type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED', connect_timeout: '1s' });
    expect(made).not.toHaveProperty('cleanup_interval');
  });

  it('MAP-R2: a port of the workload: from an address that is not captured, and nothing is ever tidied away', () => {
    expect(resource({ ...original, name: 'inbound|8080||', direction: 'inbound', port: 8080, sourceAddress: '127.0.0.6' })).toMatchObject({
      type: 'ORIGINAL_DST',
      cleanup_interval: '9223372035s',
      upstream_bind_config: { source_address: { address: '127.0.0.6', port_value: 0 } },
    });
  });

  it('MAP-R53: outlier detection', () => {
    const outlier = { splitLocalOrigin: false, intervalMs: 1000, baseEjectionTimeMs: 2000, maxEjectionTimeMs: 300_000, maxEjectionPercent: 10 };
    expect(resource({ outlier })).toHaveProperty('outlier_detection.interval', '1s');
    expect(resource({})).not.toHaveProperty('outlier_detection');
  });

  it.each([
    [0, '0.001s'],
    [1e30, '9223372035s'],
  ])('a connect timeout of %d ms', (connectTimeoutMs, expected) => {
    expect(resource({ pool: { connectTimeoutMs, idleTimeoutMs: 3600_000 } }).connect_timeout).toBe(expected);
  });

  it('depends on the cluster and the options only', () => {
    const one = cluster({ tls: { mode: 'auto', sni: 'a' } });
    const before = structuredClone(one);
    expect(clusterResource(one, { meshTls: 'sds' })).toEqual(clusterResource(structuredClone(one), { meshTls: 'sds' }));
    expect(one).toEqual(before);
  });
});
