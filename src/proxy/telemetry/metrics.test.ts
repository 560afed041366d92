import { describe, expect, it } from 'vitest';
import type { ExchangeRecord } from '../core/exchange-record.ts';
import { GrpcMessages } from '../core/grpc-messages.ts';
import { addFlag, flags } from '../core/response-flags.ts';
import { bucketBounds, Histogram } from './histogram.ts';
import { type MetricFamily, mergeSnapshots, statName } from './metric-snapshot.ts';
import { Metrics } from './metrics.ts';
import { clusterForTests, endpointForTests, recordForTests, tableForTests } from './testing.ts';

const series = (families: readonly MetricFamily[], name: string) => families.find((f) => f.name === name)?.series ?? [];
const labelsOf = (labels: readonly string[]): Record<string, string> =>
  Object.fromEntries(Array.from({ length: labels.length / 2 }, (_, i) => labels.slice(2 * i, 2 * i + 2)));

function requests(record: Partial<ExchangeRecord>, direction: 'outbound' | 'inbound' = 'outbound', role: 'sidecar' | 'gateway' = 'sidecar') {
  const metrics = new Metrics(tableForTests({ role }));
  metrics.recordRequest(recordForTests(record), direction);
  return labelsOf(series(metrics.snapshot(), 'istio_requests_total')[0]?.labels ?? []);
}

describe('standard metrics of requests', () => {
  it('TEL-R2: all labels in order, for an outbound request', () => {
    const metrics = new Metrics(tableForTests());
    metrics.recordRequest(recordForTests(), 'outbound');
    const [only] = series(metrics.snapshot(), 'istio_requests_total');
    expect(only?.value).toBe(1);
    expect(Object.entries(labelsOf(only?.labels ?? []))).toEqual([
      ['reporter', 'source'],
      ['source_workload', 'web'],
      ['source_canonical_service', 'web'],
      ['source_canonical_revision', 'v3'],
      ['source_workload_namespace', 'front'],
      ['source_principal', 'unknown'],
      ['source_app', 'web'],
      ['source_version', 'v3'],
      ['source_cluster', 'Kubernetes'],
      ['destination_workload', 'pay-v1'],
      ['destination_workload_namespace', 'shop'],
      ['destination_principal', 'unknown'],
      ['destination_app', 'pay'],
      ['destination_version', 'v1'],
      ['destination_service', 'pay.shop.svc.cluster.local'],
      ['destination_service_name', 'pay'],
      ['destination_service_namespace', 'shop'],
      ['destination_canonical_service', 'payments'],
      ['destination_canonical_revision', 'v1'],
      ['destination_cluster', 'Kubernetes'],
      ['request_protocol', 'http'],
      ['response_code', '200'],
      ['response_flags', '-'],
      ['connection_security_policy', 'unknown'],
    ]);
  });

  it('TEL-R2: an inbound request, with and without a certificate of the client', () => {
    const plain = requests({ cluster: 'inbound|8080||', upstreamHost: '127.0.0.1:8080' }, 'inbound');
    expect(plain).toMatchObject({ reporter: 'destination', destination_workload: 'web', source_workload: 'unknown', source_principal: 'unknown' });
    expect(plain).toMatchObject({ destination_service: 'web.front.svc.cluster.local', destination_service_name: 'web', connection_security_policy: 'none' });
    const id = 'spiffe://cluster.local/ns/other/sa/cart';
    const mutual = requests({ cluster: 'inbound|8080||', peerUriSans: [id], localUriSans: ['spiffe://cluster.local/ns/front/sa/web'] }, 'inbound');
    expect(mutual).toMatchObject({ source_principal: id, source_workload_namespace: 'other', connection_security_policy: 'mutual_tls' });
    expect(mutual.destination_principal).toBe('spiffe://cluster.local/ns/front/sa/web');
  });

  it('TEL-R2: the status of gRPC comes from the trailers, or the headers where there are none', () => {
    const grpc = { isGrpc: true };
    expect(requests({ ...grpc, responseTrailers: ['grpc-status', '5'] })).toMatchObject({
      request_protocol: 'grpc',
      grpc_response_status: '5',
      response_code: '200',
    });
    expect(requests({ ...grpc, responseHeaders: ['grpc-status', '14'] })).toMatchObject({ grpc_response_status: '14' });
    expect(requests(grpc)).toMatchObject({ request_protocol: 'grpc' });
    expect(requests(grpc)).not.toHaveProperty('grpc_response_status');
    expect(requests({ responseHeaders: ['grpc-status', '14'] })).not.toHaveProperty('grpc_response_status');
  });

  it('TEL-R3: passthrough, blackhole and unknown routes', () => {
    const outside = { authority: 'example.org', upstreamHost: '93.184.216.34:80' };
    const passthrough = { destination_service: 'example.org', destination_service_name: 'PassthroughCluster', destination_workload: 'unknown' };
    expect(requests({ ...outside, cluster: 'PassthroughCluster', route: 'allow_any' })).toMatchObject(passthrough);
    const blocked = { destination_service: 'example.org', destination_service_name: 'BlackHoleCluster', response_code: '502' };
    expect(requests({ ...outside, cluster: '', route: 'block_all', status: 502 })).toMatchObject(blocked);
    const none = { destination_service: 'example.org', destination_service_name: 'unknown', destination_service_namespace: 'unknown' };
    expect(requests({ ...outside, cluster: '', route: '', status: 404 })).toMatchObject(none);
    expect(requests({ ...outside, cluster: '', route: '' }, 'outbound', 'gateway').destination_service).toBe('unknown');
  });

  it('TEL-R3: client disconnects have code 0', () => {
    const gone = requests({ status: 0, flags: addFlag(0, flags.downstreamConnectionTermination) });
    expect(gone).toMatchObject({ response_code: '0', response_flags: 'DC' });
  });

  it('TEL-R3: made-up Host headers do not make series without end', () => {
    const metrics = new Metrics(tableForTests());
    for (let i = 0; i < 1500; i++) metrics.recordRequest(recordForTests({ cluster: '', authority: `h${i}` }), 'outbound');
    const all = series(metrics.snapshot(), 'istio_requests_total');
    expect(all).toHaveLength(1001);
    expect(all.at(-1)?.value).toBe(500);
    expect(labelsOf(all.at(-1)?.labels ?? []).destination_service).toBe('unknown');
  });

  it('TEL-R5: every combination of outcome and ends has its own numbers, whatever comes in between', () => {
    const metrics = new Metrics(tableForTests());
    const urx = addFlag(addFlag(0, flags.upstreamRetryLimitExceeded), flags.upstreamConnectionFailure);
    for (let i = 0; i < 3; i++) {
      metrics.recordRequest(recordForTests({ upstreamHost: '10.0.0.2:8080' }), 'outbound');
      metrics.recordRequest(recordForTests({ status: 503, flags: urx }), 'outbound');
      metrics.recordRequest(recordForTests({ isGrpc: true, responseTrailers: ['grpc-status', '0'] }), 'outbound');
      metrics.recordRequest(recordForTests(), 'outbound');
      metrics.setTable(tableForTests());
    }
    const counted = series(metrics.snapshot(), 'istio_requests_total').map((s) => {
      const { response_code, response_flags, request_protocol } = labelsOf(s.labels);
      return [response_code, response_flags, request_protocol, s.value];
    });
    // Both endpoints are of the same workload.
    expect(counted).toEqual([
      ['200', '-', 'http', 6],
      ['503', 'URX,UF', 'http', 3],
      ['200', '-', 'grpc', 3],
    ]);
  });

  it('TEL-R1, TEL-R4: durations and sizes as histograms with the given bounds', () => {
    const metrics = new Metrics(tableForTests());
    metrics.recordRequest(recordForTests(), 'outbound');
    metrics.recordRequest(recordForTests({ completedAt: 100 + 4_000_000 }), 'outbound');
    const families = metrics.snapshot();
    const [duration] = series(families, 'istio_request_duration_milliseconds');
    expect(duration?.value).toBe(4_000_007);
    expect(duration?.buckets?.[bucketBounds.indexOf(10)]).toBe(1);
    expect(duration?.buckets?.at(-1)).toBe(1);
    expect(series(families, 'istio_request_bytes')[0]?.value).toBe(6);
    expect(series(families, 'istio_response_bytes')[0]?.buckets?.[bucketBounds.indexOf(1000)]).toBe(2);
    expect(bucketBounds).toHaveLength(19);
  });

  it('TEL-R1: gRPC messages', () => {
    const metrics = new Metrics(tableForTests());
    const messages = new GrpcMessages();
    messages.request.count = 2;
    messages.response.count = 5;
    metrics.recordRequest(recordForTests({ isGrpc: true, responseTrailers: ['grpc-status', '0'], messages }), 'outbound');
    metrics.recordRequest(recordForTests(), 'outbound');
    const families = metrics.snapshot();
    expect(series(families, 'istio_request_messages_total').map((s) => s.value)).toEqual([2]);
    expect(series(families, 'istio_response_messages_total').map((s) => s.value)).toEqual([5]);
  });

  it('TEL-R1: TCP connections', () => {
    const metrics = new Metrics(tableForTests());
    const record = recordForTests({ status: 0 });
    metrics.tcpOutbound.open(record);
    metrics.tcpOutbound.transfer(record, 10, 3);
    metrics.tcpOutbound.transfer(record, 5, 0);
    record.flags = addFlag(0, flags.upstreamConnectionTermination);
    metrics.tcpOutbound.close(record);
    const families = metrics.snapshot();
    const value = (name: string) => series(families, name).map((s) => [labelsOf(s.labels).response_flags, s.value]);
    expect(value('istio_tcp_connections_opened_total')).toEqual([
      ['-', 1],
      ['UC', 0],
    ]);
    expect(value('istio_tcp_connections_closed_total')).toEqual([
      ['-', 0],
      ['UC', 1],
    ]);
    expect(value('istio_tcp_sent_bytes_total')[0]).toEqual(['-', 15]);
    expect(value('istio_tcp_received_bytes_total')[0]).toEqual(['-', 3]);
    const labels = labelsOf(series(families, 'istio_tcp_sent_bytes_total')[0]?.labels ?? []);
    expect(labels).toMatchObject({ request_protocol: 'tcp', destination_service_name: 'pay', reporter: 'source' });
    expect(labels).not.toHaveProperty('response_code');
  });
});

describe('names of the ends', () => {
  const workload = (name: string) => {
    const table = tableForTests();
    const metrics = new Metrics({ ...table, proxy: { ...table.proxy, name, labels: {} } });
    metrics.recordRequest(recordForTests(), 'outbound');
    return labelsOf(series(metrics.snapshot(), 'istio_requests_total')[0]?.labels ?? []);
  };

  it.each([
    ['web-7c9d8f6b54-x2x4z', 'web'],
    ['my-web-7c9d8f6b5-x2x4z', 'my-web'],
    ['db-0', 'db'],
    ['agent-x2x4z', 'agent'],
    ['web', 'web'],
    ['', 'unknown'],
  ])('TEL-R2: workload of pod %j is %s', (name, expected) => {
    expect(workload(name)).toMatchObject({
      source_workload: expected,
      source_canonical_service: expected,
      source_canonical_revision: 'latest',
      source_app: 'unknown',
    });
  });

  it('TEL-R2: a service that is not of Kubernetes is named by its host', () => {
    const external = {
      ...clusterForTests('outbound|443||api.example.org', [endpointForTests('api.example.org')]),
      discovery: 'dns' as const,
      namespace: 'shop',
    };
    const metrics = new Metrics(tableForTests({ clusters: [external] }));
    metrics.recordRequest(recordForTests({ cluster: external.name, upstreamHost: '93.184.216.34:8080' }), 'outbound');
    const labels = labelsOf(series(metrics.snapshot(), 'istio_requests_total')[0]?.labels ?? []);
    const expected = { destination_service: 'api.example.org', destination_service_name: 'api.example.org', destination_service_namespace: 'shop' };
    expect(labels).toMatchObject({ ...expected, destination_workload: 'pay-v1' });
  });

  it('TEL-R2: a new table renames, and what was counted stays', () => {
    const metrics = new Metrics(tableForTests());
    metrics.recordRequest(recordForTests(), 'outbound');
    const other = { ...endpointForTests('10.0.0.1'), workload: 'pay-v2' };
    metrics.setTable(tableForTests({ clusters: [clusterForTests(recordForTests().cluster, [other])] }));
    metrics.recordRequest(recordForTests(), 'outbound');
    const named = series(metrics.snapshot(), 'istio_requests_total').map((s) => [labelsOf(s.labels).destination_workload, s.value]);
    expect(named).toEqual([
      ['pay-v1', 1],
      ['pay-v2', 1],
    ]);
  });
});

describe('counters of clusters', () => {
  const stat = (families: readonly MetricFamily[], name: string): number | undefined =>
    families
      .flatMap((family) => family.series.map((s) => [statName(family, s), s.value] as const))
      .find(([n]) => n === `cluster.outbound|8080|v1|pay.shop.svc.cluster.local;.${name}`)?.[1];

  it('TEL-R7: statuses, retries and timeouts with Envoy\u2019s names', () => {
    const metrics = new Metrics(tableForTests());
    metrics.recordRequest(recordForTests({ attempts: 3 }), 'outbound');
    metrics.recordRequest(recordForTests({ attempts: 2, status: 503, flags: addFlag(0, flags.upstreamRetryLimitExceeded) }), 'outbound');
    metrics.recordRequest(recordForTests({ status: 504, flags: addFlag(0, flags.upstreamRequestTimeout), details: 'response_timeout' }), 'outbound');
    metrics.recordRequest(recordForTests({ status: 0, flags: addFlag(0, flags.downstreamConnectionTermination) }), 'outbound');
    const cluster = metrics.cluster(recordForTests().cluster);
    cluster.countRetried(503);
    cluster.countPerTryTimeout();
    const families = metrics.snapshot();
    const expected: Record<string, number> = {
      upstream_rq_completed: 3,
      upstream_rq_200: 1,
      upstream_rq_5xx: 2,
      upstream_rq_503: 1,
      'external.upstream_rq_504': 1,
      'external.upstream_rq_5xx': 2,
      'retry.upstream_rq_503': 1,
      upstream_rq_retry: 3,
      upstream_rq_retry_backoff_exponential: 3,
      upstream_rq_retry_success: 1,
      upstream_rq_retry_limit_exceeded: 1,
      upstream_rq_timeout: 1,
      upstream_rq_per_try_timeout: 1,
    };
    for (const [name, value] of Object.entries(expected)) expect([name, stat(families, name)]).toEqual([name, value]);
    const [classes] = series(families, 'envoy_cluster_upstream_rq');
    expect(classes?.labels).toEqual(['response_code_class', '2xx', 'cluster_name', recordForTests().cluster]);
  });

  it('TEL-R7: a cluster that is gone takes its counters with it', () => {
    const metrics = new Metrics(tableForTests());
    metrics.recordRequest(recordForTests(), 'outbound');
    metrics.setTable(tableForTests({ clusters: [] }));
    expect(series(metrics.snapshot(), 'envoy_cluster_upstream_rq_completed')).toEqual([]);
  });

  it('counts listeners, and what is active survives a reset', () => {
    const metrics = new Metrics(tableForTests());
    const listener = metrics.listener('0.0.0.0_8080');
    listener.connectionsTotal += 2;
    listener.connectionsActive++;
    metrics.recordRequest(recordForTests(), 'outbound');
    metrics.reset();
    metrics.recordRequest(recordForTests(), 'outbound');
    listener.connectionsTotal++;
    const families = metrics.snapshot();
    expect(series(families, 'envoy_listener_downstream_cx_total')[0]).toMatchObject({ value: 1, stat: 'listener.0.0.0.0_8080.downstream_cx_total' });
    expect(series(families, 'envoy_listener_downstream_cx_active')[0]?.value).toBe(1);
    expect(series(families, 'istio_requests_total').map((s) => s.value)).toEqual([1]);
    expect(stat(families, 'upstream_rq_200')).toBe(1);
  });
});

describe('snapshots of threads', () => {
  it('add up by labels, after a trip through a message', () => {
    const threads = [1, 2].map((thread) => {
      const metrics = new Metrics(tableForTests());
      for (let i = 0; i < thread; i++) metrics.recordRequest(recordForTests(), 'outbound');
      metrics.recordRequest(recordForTests({ status: 500 + thread }), 'outbound');
      return structuredClone(metrics.snapshot());
    });
    const merged = mergeSnapshots(threads);
    expect(series(merged, 'istio_requests_total').map((s) => [labelsOf(s.labels).response_code, s.value])).toEqual([
      ['200', 3],
      ['501', 1],
      ['502', 1],
    ]);
    expect(series(merged, 'istio_request_duration_milliseconds')[0]).toMatchObject({ value: 21 });
    expect(series(merged, 'istio_request_duration_milliseconds')[0]?.buckets?.[3]).toBe(3);
    // The parts stay as they were.
    expect(series(threads[0] ?? [], 'istio_requests_total')[0]?.value).toBe(1);
  });
});

describe('a histogram', () => {
  it('TEL-R4: puts a value into the first bucket whose bound is not smaller', () => {
    for (const value of [-1, 0, 0.4, 0.5, 0.6, 1, 1.1, 5, 249, 250, 251, 3600000, 3600001, 1e12]) {
      const histogram = new Histogram();
      histogram.record(value);
      const expected = bucketBounds.findIndex((bound) => value <= bound);
      expect([value, histogram.counts.indexOf(1)]).toEqual([value, expected === -1 ? bucketBounds.length : expected]);
    }
  });
});
