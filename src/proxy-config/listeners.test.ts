import { expect, it } from 'vitest';
import { listenerTable, selectListeners } from './listeners.ts';

const type = 'type.googleapis.com/envoy.extensions.filters.network';
const http = (config: object) => ({ name: 'any', typed_config: { '@type': `${type}.http_connection_manager.v3.HttpConnectionManager`, ...config } });
const tcp = (config: object) => ({ name: 'envoy.filters.network.tcp_proxy', typed_config: config });
const address = (host: string, port: number) => ({ socket_address: { address: host, port_value: port } });

/** Rows of one listener with one chain. */
function row(chain: object): (string | undefined)[] {
  return listenerTable([{ address: address('0.0.0.0', 80), filter_chains: [chain] }], true).rows[0]?.slice(2) ?? [];
}

it.each<[object, string]>([
  [http({ rds: { route_config_name: '8080' } }), 'Route: 8080'],
  [http({}), 'HTTP'],
  [tcp({ cluster: 'outbound|80||cart' }), 'Cluster: outbound|80||cart'],
  [tcp({ cluster: 'PassthroughCluster' }), 'PassthroughCluster'],
  [
    tcp({
      weighted_clusters: {
        clusters: [
          { name: 'a', weight: 90 },
          { name: 'b', weight: 10 },
        ],
      },
    }),
    'Clusters: a (90), b (10)',
  ],
  [tcp({ cluster: 'BlackHoleCluster' }), 'Non-HTTP/Non-TCP'],
  [{ name: 'envoy.filters.network.echo' }, 'Non-HTTP/Non-TCP'],
  [
    http({ route_config: { virtual_hosts: [{ domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'inbound|8080||' } }] }] } }),
    'Cluster: inbound|8080||',
  ],
  [
    http({ route_config: { virtual_hosts: [{ domains: ['*'], routes: [{ match: { path: '/ready' }, route: { cluster: 'admin' } }] }] } }),
    'Inline Route: /ready',
  ],
  [
    http({ route_config: { virtual_hosts: [{ domains: ['a', 'b'], routes: [{ match: { prefix: '/x' } }, { match: { path: '/y' } }] }, { domains: ['*'] }] } }),
    'Inline Route: a/b /x*, /y; ',
  ],
])('a chain with %j goes to %s', (filter, expected) => {
  expect(row({ filters: [{ name: 'envoy.filters.network.rbac' }, filter] })).toEqual(['ALL', expected]);
});

it.each<[object, string]>([
  [{}, 'ALL'],
  [{ server_names: ['a.example', '*.b.example'], transport_protocol: 'tls' }, 'SNI: a.example,*.b.example; Trans: tls'],
  [{ transport_protocol: 'raw_buffer', application_protocols: ['http/1.1', 'h2c'] }, 'Trans: raw_buffer; App: http/1.1,h2c'],
  [{ application_protocols: ['istio-peer-exchange', 'istio'] }, 'App: TCP TLS'],
  [{ destination_port: 8080 }, 'Addr: *:8080'],
  [{ prefix_ranges: [{ address_prefix: '10.0.0.0', prefix_len: 8 }, { address_prefix: '0.0.0.0' }], destination_port: 80 }, 'Addr: 10.0.0.0/8,0.0.0.0/0:80'],
])('a chain for %j says %s', (match, expected) => {
  expect(row({ filter_chain_match: match, filters: [tcp({ cluster: 'x' })] })[0]).toBe(expected);
});

const listeners = [
  { name: 'b', address: address('0.0.0.0', 9000), default_filter_chain: { filters: [tcp({ cluster: 'x' })] } },
  { name: 'a', address: address('10.0.0.1', 80), additional_addresses: [{ address: address('fd00::1', 80) }], filter_chains: [{ filters: [http({})] }] },
  { name: 'c', address: { pipe: { path: '/run/x.sock' } }, filter_chains: [{ filters: [http({})] }], defaultFilterChain: { filters: [tcp({ cluster: 'x' })] } },
  { name: 'd', address: address('0.0.0.0', 9000), filter_chains: [] },
];

it('a row for each listener, by port, address and type', () => {
  expect(listenerTable(selectListeners(listeners, {}), false).rows).toEqual([
    ['unix:///run/x.sock', '-', 'HTTP+TCP'],
    ['10.0.0.1,fd00::1', '80', 'HTTP'],
    ['0.0.0.0', '9000', 'TCP'],
    ['0.0.0.0', '9000', 'UNKNOWN'],
  ]);
});

it.each([
  [{ address: 'FD00::1' }, ['a']],
  [{ port: 9000 }, ['b', 'd']],
  [{ type: 'http' }, ['a']],
  [{ type: 'HTTP+TCP' }, ['c']],
  [{ port: 9000, type: 'UNKNOWN' }, ['d']],
])('%j selects %j', (filter, names) => {
  expect(selectListeners(listeners, filter).map(({ name }) => name)).toEqual(names);
});
