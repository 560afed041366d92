import type { Cluster, Endpoint } from '../../ir/cluster.ts';
import type { RoutingTable } from '../../ir/table.ts';
import { ExchangeRecord } from '../core/exchange-record.ts';

/** A sidecar `web` that calls `pay.shop` (two endpoints of workload `pay-v1`), with the fixed clusters. */
export function tableForTests(changes: { clusters?: Cluster[]; role?: 'sidecar' | 'gateway' } = {}): RoutingTable {
  return {
    proxy: {
      role: changes.role ?? 'sidecar',
      namespace: 'front',
      name: 'web-7c9d8f6b54-x2x4z',
      labels: { app: 'web', version: 'v3' },
      serviceAccount: 'web',
      locality: { region: '', zone: '', subzone: '' },
      addresses: ['10.0.0.9'],
    },
    mesh: {
      pathNormalization: 'base',
      accessLogFile: '',
      accessLogFormat: '',
      accessLogEncoding: 'text',
      trustDomain: 'cluster.local',
      meshId: 'cluster.local',
    },
    listeners: [],
    routes: [],
    clusters: changes.clusters ?? [
      clusterForTests('outbound|8080|v1|pay.shop.svc.cluster.local', [endpointForTests('10.0.0.1'), endpointForTests('10.0.0.2')]),
      clusterForTests('inbound|8080||', [endpointForTests('127.0.0.1')]),
      { ...clusterForTests('PassthroughCluster', []), host: '', namespace: '', discovery: 'original-destination' },
      { ...clusterForTests('BlackHoleCluster', []), host: '', namespace: '' },
    ],
    envoyPatches: [],
    statuses: [],
  };
}

export function clusterForTests(name: string, endpoints: Endpoint[]): Cluster {
  const [direction = '', port = '0', subset = '', host = ''] = name.split('|');
  return {
    name,
    direction: direction === 'inbound' ? 'inbound' : 'outbound',
    host: host || 'web.front.svc.cluster.local',
    port: Number(port),
    subset,
    namespace: host.split('.')[1] ?? 'front',
    discovery: 'static',
    protocol: 'http1',
    loadBalancer: { policy: 'least-request' },
    panicPercent: 0,
    localityWeighted: false,
    breakers: {},
    pool: { connectTimeoutMs: 10_000, idleTimeoutMs: 3_600_000 },
    tls: { mode: 'disable' },
    localities: [{ locality: { region: 'r1', zone: 'z1', subzone: '' }, priority: 0, weight: 1, endpoints }],
    origins: [],
  };
}

export function endpointForTests(address: string): Endpoint {
  return {
    address,
    port: 8080,
    weight: 1,
    labels: { app: 'pay', version: 'v1', 'service.istio.io/canonical-name': 'payments' },
    tlsMode: 'disabled',
    workload: 'pay-v1',
    namespace: 'shop',
    serviceAccount: 'pay',
    healthy: true,
  };
}

/** A request to `pay.shop` that was answered with 200 after 7 ms. */
export function recordForTests(changes: Partial<ExchangeRecord> = {}): ExchangeRecord {
  return Object.assign(
    new ExchangeRecord(),
    {
      method: 'GET',
      path: '/',
      authority: 'pay.shop:8080',
      cluster: 'outbound|8080|v1|pay.shop.svc.cluster.local',
      upstreamHost: '10.0.0.1:8080',
      route: 'default',
      status: 200,
      attempts: 1,
      startedAt: 100,
      completedAt: 107,
      bytesReceived: 3,
      bytesSent: 600,
    },
    changes,
  );
}
