import { describe, expect, it } from 'vitest';
import { differences, type Json } from './semantic-diff.ts';

const listener = 'envoy.config.listener.v3.Listener';
const routes = 'envoy.config.route.v3.RouteConfiguration';
const cluster = 'envoy.config.cluster.v3.Cluster';

/** Paths at which one resource differs. */
function paths(message: string, expected: Json, actual: Json): string[] {
  return differences([expected], [actual], message, 'list').map(({ path }) => path.replace('list[a]', ''));
}

const named = (more: { [field: string]: Json }): Json => ({ name: 'a', ...more });
const hcm = (more: { [field: string]: Json }): Json =>
  named({
    filter_chains: [
      {
        filters: [
          {
            name: 'hcm',
            typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', ...more },
          },
        ],
      },
    ],
  });
const filters = (...names: string[]): Json => hcm({ http_filters: names.map((name) => ({ name })) });
const inHcm = '.filter_chains[].filters[hcm].typed_config';

describe('equal in meaning', () => {
  it.each<[string, string, Json, Json]>([
    ['a default that the protocol cannot tell from absence', listener, named({ continue_on_listener_filters_timeout: false }), named({})],
    ['the zero of an enum', cluster, named({ lb_policy: 'ROUND_ROBIN' }), named({})],
    ['numbers of enums', cluster, named({ lb_policy: 'RANDOM' }), named({ lb_policy: 3 })],
    ['forms of a duration', cluster, named({ connect_timeout: '1.500s' }), named({ connect_timeout: '1.5s' })],
    ['no members and no list', listener, named({ listener_filters: [] }), named({})],
    [
      'chains in another order',
      listener,
      named({
        filter_chains: [
          { name: 'x', filters: [] },
          { name: 'y', filters: [] },
        ],
      }),
      named({
        filter_chains: [
          { name: 'y', filters: [] },
          { name: 'x', filters: [] },
        ],
      }),
    ],
    ['a condition without conditions', listener, named({ default_filter_chain: { filter_chain_match: {} } }), named({ default_filter_chain: {} })],
    [
      'domains in another order',
      routes,
      named({ virtual_hosts: [{ name: 'v', domains: ['a', 'b'] }] }),
      named({ virtual_hosts: [{ name: 'v', domains: ['b', 'a'] }] }),
    ],
    ['what Envoy does without a field', cluster, named({ outlier_detection: { interval: '10s', consecutive_5xx: 5 } }), named({ outlier_detection: {} })],
    [
      'shares',
      routes,
      named({ request_mirror_policies: [{ cluster: 'c', runtime_fraction: { default_value: { numerator: 100 } } }] }),
      named({ request_mirror_policies: [{ cluster: 'c', runtime_fraction: { default_value: { numerator: 1_000_000, denominator: 'MILLION' } } }] }),
    ],
    ['64-bit integers as text', cluster, named({ ring_hash_lb_config: { minimum_ring_size: '7' } }), named({ ring_hash_lb_config: { minimum_ring_size: 7 } })],
  ])('%s', (_, message, expected, actual) => {
    expect(paths(message, expected, actual)).toEqual([]);
    expect(paths(message, actual, expected)).toEqual([]);
  });
});

describe('different', () => {
  it.each<[string, string, Json, Json, string[]]>([
    ['false in a wrapper is not absence', listener, named({ bind_to_port: false }), named({}), ['.bind_to_port']],
    ['zero in a wrapper is not absence', cluster, named({ per_connection_buffer_limit_bytes: 0 }), named({}), ['.per_connection_buffer_limit_bytes']],
    ['a duration of zero is not absence', listener, named({ listener_filters_timeout: '0s' }), named({}), ['.listener_filters_timeout']],
    [
      'an empty message is not absence',
      cluster,
      named({ eds_cluster_config: { eds_config: { ads: {} } } }),
      named({ eds_cluster_config: { eds_config: {} } }),
      ['.eds_cluster_config.eds_config.ads'],
    ],
    [
      'an empty text that is one of several',
      routes,
      named({ virtual_hosts: [{ name: 'v', routes: [{ match: { prefix: '' } }] }] }),
      named({ virtual_hosts: [{ name: 'v', routes: [{ match: {} }] }] }),
      ['.virtual_hosts[v].routes[0].match.prefix'],
    ],
    ['filters in another order', listener, filters('a', 'b'), filters('b', 'a'), [`${inHcm}.http_filters[order]`]],
    ['a filter that is missing', listener, filters('a', 'b', 'a'), filters('a', 'b'), [`${inHcm}.http_filters[a #2]`]],
    [
      'routes in another order',
      routes,
      named({ virtual_hosts: [{ name: 'v', routes: [{ name: 'x' }, { name: 'y' }] }] }),
      named({ virtual_hosts: [{ name: 'v', routes: [{ name: 'y' }, { name: 'x' }] }] }),
      ['.virtual_hosts[v].routes[order]'],
    ],
    ['the type of what is inside', listener, hcm({ '@type': 'x/A' }), hcm({ '@type': 'x/B' }), [inHcm]],
    ['a field of a message of nobody', listener, hcm({ '@type': 'x/A', enabled: false }), hcm({ '@type': 'x/A' }), [inHcm]],
    [
      'chains by their conditions',
      listener,
      named({ filter_chains: [{ filter_chain_match: { destination_port: 1 }, filters: [] }] }),
      named({ filter_chains: [{ filter_chain_match: { destination_port: 2 }, filters: [] }] }),
      ['.filter_chains[destination_port=1]', '.filter_chains[destination_port=2]'],
    ],
    ['members of a map', cluster, named({ typed_extension_protocol_options: { k: {} } }), named({}), ['.typed_extension_protocol_options[k]']],
    ['values', listener, named({ traffic_direction: 'INBOUND' }), named({ traffic_direction: 'OUTBOUND' }), ['.traffic_direction']],
  ])('%s', (_, message, expected, actual, where) => {
    expect(paths(message, expected, actual)).toEqual(where);
    expect(paths(message, actual, expected).sort()).toEqual(where.toSorted());
  });

  it('what is on one side only', () => {
    expect(differences([named({})], [], listener, 'list').map(({ path }) => path)).toEqual(['list[a]']);
    expect(differences([], [named({})], listener, 'list').map(({ path }) => path)).toEqual(['list[a]']);
  });
});
