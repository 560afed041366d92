import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../ir/cluster.ts';
import { endpointsResource, loadAssignment } from './endpoints.ts';
import { cluster, endpoint, locality } from './testing.ts';

const max = 4294967295;
const endpointsOf = (more: Partial<Cluster>): unknown => loadAssignment(cluster(more)).endpoints;

describe('endpointsResource', () => {
  it('MAP-R62: a cluster that has none', () => {
    expect(endpointsResource(cluster())).toEqual({
      '@type': 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
      cluster_name: 'outbound|80||cart',
      endpoints: [],
    });
  });

  it.each<[string, Partial<Cluster>]>([
    ['names are in the cluster', { discovery: 'dns' }],
    ['and here', { discovery: 'logical-dns' }],
    ['the client says where', { discovery: 'original-destination' }],
    ['the workload itself', { direction: 'inbound' }],
    ['the cluster that refuses', { name: 'BlackHoleCluster', host: '' }],
  ])('nothing to ask for: %s', (_, more) => expect(endpointsResource(cluster(more))).toBeUndefined());
});

describe('loadAssignment', () => {
  it('MAP-R60, MAP-R64: places with weights and priorities', () => {
    const localities = [
      locality([endpoint('10.0.0.1', 80, { weight: 3 }), endpoint('2001:db8::1', 8080)], { weight: 4 }, 'r1/z1/s1'),
      locality([endpoint('/run/app.sock', 0)], { priority: 2 }, 'r2'),
      locality([], { weight: 5, priority: 1 }, 'r3'),
    ];
    expect(endpointsOf({ localities })).toEqual([
      {
        locality: { region: 'r1', zone: 'z1', sub_zone: 's1' },
        lb_endpoints: [
          { endpoint: { address: { socket_address: { address: '10.0.0.1', port_value: 80 } } }, load_balancing_weight: 3 },
          { endpoint: { address: { socket_address: { address: '2001:db8::1', port_value: 8080 } } }, load_balancing_weight: 1 },
        ],
        load_balancing_weight: 4,
      },
      {
        locality: { region: 'r2' },
        lb_endpoints: [{ endpoint: { address: { pipe: { path: '/run/app.sock' } } }, load_balancing_weight: 1 }],
        load_balancing_weight: 1,
        priority: 2,
      },
      { locality: { region: 'r3' }, lb_endpoints: [], load_balancing_weight: 5, priority: 1 },
    ]);
  });

  it('weights of nothing are not said: Envoy refuses them', () => {
    expect(JSON.stringify(endpointsOf({ localities: [locality([endpoint('10.0.0.1', 80, { weight: 0 })], { weight: 0 })] }))).not.toContain('weight');
  });

  it.each([
    ['healthy', { healthy: true }, undefined],
    ['unhealthy', { healthy: false }, 'UNHEALTHY'],
  ])('MAP-R61: %s', (_, more, expected) => {
    const [first] = endpointsOf({ localities: [locality([endpoint('10.0.0.1', 80, more)])] }) as { lb_endpoints: { health_status?: string }[] }[];
    expect(first?.lb_endpoints[0]?.health_status).toBe(expected);
  });

  it.each<[string, Cluster['tls']['mode'], 'istio' | 'disabled', boolean]>([
    ['takes mTLS where the cluster chooses', 'auto', 'istio', true],
    ['takes none', 'auto', 'disabled', false],
    ['takes it where the cluster does not choose', 'istio-mutual', 'istio', false],
  ])('MAP-R55: an endpoint that %s', (_, mode, tlsMode, marked) => {
    const text = JSON.stringify(endpointsOf({ tls: { mode }, localities: [locality([endpoint('10.0.0.1', 80, { tlsMode })])] }));
    expect(text.includes('"metadata":{"filter_metadata":{"envoy.transport_socket_match":{"tlsMode":"istio"}}}')).toBe(marked);
  });

  it('paths of sockets that are too long to connect to are left out', () => {
    const paths = [107, 108].map((length) => `/${'a'.repeat(length - 1)}`);
    const localities = [locality([...paths.map((path) => endpoint(path, 0)), endpoint(`/${'é'.repeat(54)}`, 0), endpoint('10.0.0.1')])];
    expect(endpointsOf({ localities })).toMatchObject([
      { lb_endpoints: [{ endpoint: { address: { pipe: { path: paths[0] } } } }, { endpoint: { address: { socket_address: { address: '10.0.0.1' } } } }] },
    ]);
  });

  it('Envoy knows no priority after 128', () => {
    const localities = [128, 129, 1000].map((priority) => locality([endpoint()], { priority }, `r${priority}`));
    expect(endpointsOf({ localities })).toMatchObject([{ priority: 128 }, { priority: 128 }, { priority: 128 }]);
  });

  it('weights whose sum in a priority is too great are made smaller together, and others are as they are', () => {
    const heavy = [max, max, 0, 1].map((weight, i) => endpoint(`10.0.0.${i + 1}`, 80, { weight }));
    const localities = [
      locality(heavy, { weight: max }, 'r1'),
      locality([endpoint('10.0.1.1', 80, { weight: max })], { weight: max }, 'r2'),
      locality([endpoint('10.0.2.1', 80, { weight: max })], { weight: max, priority: 1 }, 'r3'),
    ];
    const made = endpointsOf({ localities }) as { load_balancing_weight: number; lb_endpoints: { load_balancing_weight?: number }[] }[];
    const weights = made.map(({ lb_endpoints: all }) => all.map((one) => one.load_balancing_weight ?? 0));
    const third = (max - 5) / 3;
    expect(weights[0]?.map((weight) => Math.abs(weight - third) < 2 || weight)).toEqual([true, true, 0, 1]);
    expect([...(weights[0] ?? []), ...(weights[1] ?? [])].reduce((a, b) => a + b)).toBeLessThanOrEqual(max);
    expect(made.slice(0, 2).map((one) => Math.abs(one.load_balancing_weight - max / 2) < 3)).toEqual([true, true]);
    expect([weights[2], made[2]?.load_balancing_weight]).toEqual([[max], max]);
  });
});
