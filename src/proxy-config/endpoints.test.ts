import { expect, it } from 'vitest';
import { type EndpointFilter, endpointsOfAssignments, endpointsOfClusters, endpointTable } from './endpoints.ts';

const socket = (address: string, port: number) => ({ socket_address: { address, port_value: port } });

const clusters = {
  cluster_statuses: [
    {
      name: 'outbound|80||cart',
      host_statuses: [
        { address: socket('10.0.0.2', 80), health_status: { eds_health_status: 'UNHEALTHY' } },
        { address: socket('10.0.0.1', 80), health_status: { eds_health_status: 'HEALTHY', failed_outlier_check: true } },
        { address: { pipe: { path: '/run/x.sock' } } },
      ],
    },
    { name: 'PassthroughCluster' },
  ],
};

const rows = (document: unknown, filter: EndpointFilter = {}): readonly (readonly string[])[] =>
  endpointTable(endpointsOfClusters(document, filter)?.endpoints ?? []).rows;

it('as the proxy sees them now', () => {
  expect(rows(clusters)).toEqual([
    ['10.0.0.1:80', 'HEALTHY', 'FAILED', 'outbound|80||cart'],
    ['10.0.0.2:80', 'UNHEALTHY', 'OK', 'outbound|80||cart'],
    ['unix:///run/x.sock', 'UNKNOWN', 'OK', 'outbound|80||cart'],
  ]);
});

it.each<[EndpointFilter, number]>([
  [{ address: '10.0.0.1' }, 1],
  [{ port: 80 }, 2],
  [{ port: 81 }, 0],
  [{ cluster: 'OUTBOUND|80||cart' }, 3],
  [{ cluster: 'cart' }, 0],
  [{ status: 'unhealthy' }, 1],
])('%j selects %i, of the messages, too', (filter, count) => {
  expect(rows(clusters, filter)).toHaveLength(count);
  const kept = endpointsOfClusters(clusters, filter)?.messages ?? [];
  expect(kept.flatMap((one) => one.host_statuses)).toHaveLength(count);
});

it('as a control plane told', () => {
  const assignments = [
    {
      cluster_name: 'outbound|80||cart',
      endpoints: [
        { locality: { region: 'r' }, lb_endpoints: [{ endpoint: { address: socket('fd00::1', 80) }, health_status: 'DRAINING' }] },
        { lb_endpoints: [{ endpoint: { address: socket('10.0.0.1', 80) } }] },
      ],
    },
    { cluster_name: 'empty' },
  ];
  expect(endpointTable(endpointsOfAssignments(assignments, {}).endpoints).rows).toEqual([
    ['10.0.0.1:80', 'HEALTHY', '-', 'outbound|80||cart'],
    ['[fd00::1]:80', 'DRAINING', '-', 'outbound|80||cart'],
  ]);
  expect(endpointsOfAssignments(assignments, { status: 'draining' }).messages).toEqual([
    { cluster_name: 'outbound|80||cart', endpoints: [assignments[0]?.endpoints?.[0]] },
  ]);
});

it.each([null, [], 'x', {}, { cluster_statuses: {} }])('%j has no states of endpoints', (document) => {
  expect(endpointsOfClusters(document, {})).toBeUndefined();
});
