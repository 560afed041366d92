import { describe, expect, it } from 'vitest';
import { discovery } from './discovery.ts';
import { cluster, endpoint, locality } from './testing.ts';

const ipv4 = { refreshMs: 60_000, family: 'ipv4' } as const;
const ipv6 = { refreshMs: 60_000, family: 'ipv6' } as const;

describe('discovery', () => {
  it('MAP-R57: names that are looked up, with what they are', () => {
    expect(discovery(cluster({ discovery: 'dns', dns: ipv4, localities: [locality([endpoint('a.test')])] }))).toEqual({
      type: 'STRICT_DNS',
      dns_lookup_family: 'V4_ONLY',
      dns_refresh_rate: '60s',
      dns_jitter: '0.1s',
      respect_dns_ttl: true,
      typed_dns_resolver_config: {
        name: 'envoy.network.dns_resolver.cares',
        typed_config: { '@type': 'type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig', udp_max_queries: 100 },
      },
      load_assignment: {
        cluster_name: 'outbound|80||cart',
        endpoints: [
          {
            locality: {},
            lb_endpoints: [{ endpoint: { address: { socket_address: { address: 'a.test', port_value: 80 } } }, load_balancing_weight: 1 }],
            load_balancing_weight: 1,
          },
        ],
      },
    });
  });

  it.each([
    ['IPv4', ipv4, ['a.test', '10.0.0.1'], 'V4_ONLY'],
    ['IPv6', ipv6, ['a.test', '::1'], 'V6_ONLY'],
    ['IPv4, and an address of IPv6', ipv4, ['a.test', '::1'], 'V4_PREFERRED'],
    ['IPv6, and an address of IPv4', ipv6, ['a.test', '10.0.0.1'], 'AUTO'],
  ])('looks up %s', (_, dns, addresses, family) => {
    const localities = [locality(addresses.map((address) => endpoint(address)))];
    expect(discovery(cluster({ discovery: 'dns', dns, localities })).dns_lookup_family).toBe(family);
  });

  it.each([
    [0, '0.002s'],
    [5000, '5s'],
  ])('Envoy wants more than a millisecond between lookups: %d ms', (refreshMs, expected) => {
    expect(discovery(cluster({ discovery: 'dns', dns: { ...ipv4, refreshMs }, localities: [] })).dns_refresh_rate).toBe(expected);
  });

  it.each([
    ['one name', [locality([endpoint('a.test')])], 'LOGICAL_DNS', 1],
    ['one name among places without', [locality([]), locality([endpoint('a.test')], {}, 'r1'), locality([], {}, 'r2')], 'LOGICAL_DNS', 1],
    ['two names, which Envoy refuses', [locality([endpoint('a.test'), endpoint('b.test')])], 'STRICT_DNS', 1],
    ['two places', [locality([endpoint('a.test')]), locality([endpoint('b.test')], {}, 'r1')], 'STRICT_DNS', 2],
    ['none', [], 'STRICT_DNS', 0],
  ])('MAP-R43: first answers of %s', (_, localities, type, places) => {
    const made = discovery(cluster({ discovery: 'logical-dns', dns: ipv4, localities }));
    expect(made).toMatchObject({ type, load_assignment: { endpoints: { length: places } } });
  });

  it('an address of the workload itself is not asked for', () => {
    const localities = [locality([endpoint('127.0.0.1', 8080)])];
    expect(discovery(cluster({ direction: 'inbound', name: 'inbound|80||', localities }))).toMatchObject({
      type: 'STATIC',
      load_assignment: { endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: 8080 } } } }] }] },
    });
  });
});
