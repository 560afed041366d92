// What may be odd about a cluster, Envoy takes: it would refuse the whole configuration, or all endpoints of a cluster.
import { describe, expect, it } from 'vitest';
import { staticBootstrap } from '../../src/envoy/bootstrap.ts';
import { clusterResource } from '../../src/envoy/clusters/cluster.ts';
import { endpointsResource } from '../../src/envoy/clusters/endpoints.ts';
import { cluster, endpoint, locality } from '../../src/envoy/clusters/testing.ts';
import { nodeOf } from '../../src/envoy/node.ts';
import type { EnvoyOptions } from '../../src/envoy/options.ts';
import { staticResources } from '../../src/envoy/static.ts';
import type { Cluster } from '../../src/ir/cluster.ts';
import { proxyIn } from '../../src/translate/clusters/testing.ts';
import { refusal } from '../envoy/validate.ts';
import { envoyProgram } from './envoy.ts';

const program = envoyProgram();
const max = 4294967295;
const huge = 1e20;

function problemOf(more: Partial<Cluster>, options: EnvoyOptions): Promise<string | undefined> {
  const one = cluster(more);
  const resources = { listeners: [], routes: [], clusters: [clusterResource(one, options)], endpoints: [endpointsResource(one) ?? []].flat() };
  const node = nodeOf({ identity: proxyIn('shop'), options });
  return refusal(program as string, staticBootstrap(staticResources(resources), { node, admin: undefined, sdsSocket: '/run/sds.sock' }));
}

const pool = { connectTimeoutMs: 10_000, idleTimeoutMs: 3600_000 };
const outlier = { splitLocalOrigin: false, intervalMs: 10_000, baseEjectionTimeMs: 30_000, maxEjectionTimeMs: 300_000, maxEjectionPercent: 10 };
const warmup = { durationMs: 30_000, minimumPercent: 10, aggression: 1 };
const dns = { discovery: 'dns', dns: { refreshMs: 60_000, family: 'ipv4' } } as const;
const first = { ...dns, discovery: 'logical-dns' } as const;
const original = { discovery: 'original-destination', loadBalancer: { policy: 'original-destination' } } as const;
const at = (...addresses: string[]): Partial<Cluster> => ({ localities: [locality(addresses.map((address) => endpoint(address)))] });
const heavy = { localities: [locality([endpoint('10.0.0.1', 80, { weight: max }), endpoint('10.0.0.2', 80, { weight: max })], { weight: max })] };
const heavyPlaces = { localities: ['r1', 'r2'].map((place, i) => locality([endpoint(`10.0.0.${i}`)], { weight: max }, place)), localityWeighted: true };
const ring = { loadBalancer: { policy: 'ring-hash', minimumRingSize: 64 } } as const;
const maglev = { loadBalancer: { policy: 'maglev', tableSize: 65537 } } as const;

const cases: [string, Partial<Cluster>][] = [
  ['no endpoints', {}],
  ['the cluster that refuses', { name: 'BlackHoleCluster' }],
  ['a name that is long', { name: `outbound|80||${'a'.repeat(500)}` }],
  ['a name with a wildcard', { name: 'outbound|80||*.example.com' }],

  ['IPv6', at('2001:db8::1')],
  ['IPv4 in IPv6', at('::ffff:10.0.0.1')],
  ['IPv6 with a zone', at('fe80::1%eth0')],
  ['Unix sockets', { localities: [locality([endpoint('/run/app.sock', 0), endpoint('@app', 0)])] }],
  ['Unix sockets with long paths', { localities: [107, 108, 500].map((length) => locality([endpoint(`/${'a'.repeat(length - 1)}`, 0)], {}, `${length}`)) }],
  ['endpoints twice', at('10.0.0.1', '10.0.0.1')],
  ['endpoints twice by priority', { localities: [locality([endpoint()]), locality([endpoint()], { priority: 1 })] }],
  ['one place twice', { localities: [locality([endpoint()]), locality([endpoint('10.0.0.2')])], localityWeighted: true }],
  ['weights of nothing', { localities: [locality([endpoint('10.0.0.1', 80, { weight: 0 })], { weight: 0 })], localityWeighted: true }],
  ['great weights', heavy],
  ['great weights on a ring', { ...heavy, ...ring }],
  ['great weights in a table', { ...heavy, ...maglev }],
  ['great weights of places on a ring', { ...heavyPlaces, ...ring }],
  ['places without endpoints', { localities: [locality([], { weight: 2 }, 'r1'), locality([endpoint()], {}, 'r2')], localityWeighted: true }],
  ['gaps between priorities', { localities: [locality([endpoint()], { priority: 1 }), locality([endpoint('10.0.0.2')], { priority: 5 })] }],
  ['more priorities than there are', { localities: [locality([endpoint()], { priority: 128 }), locality([endpoint('10.0.0.2')], { priority: 129 })] }],
  ['endpoints that are not healthy', { localities: [locality([endpoint('10.0.0.1', 80, { healthy: false })])] }],

  ['names', { ...dns, ...at('a.test', 'b.test') }],
  ['names with wildcards', { ...dns, ...at('*.a.test') }],
  ['names that are long', { ...dns, ...at('a'.repeat(300)) }],
  ['names and addresses', { ...dns, ...at('a.test', '10.0.0.1', '::1') }],
  ['names of IPv6 and addresses', { discovery: 'dns', dns: { refreshMs: 1, family: 'ipv6' }, ...at('a.test', '10.0.0.1') }],
  ['names that are never looked up again', { discovery: 'dns', dns: { refreshMs: huge, family: 'ipv4' }, ...at('a.test') }],
  ['first answers', { ...first, ...at('a.test') }],
  ['first answers of two names', { ...first, ...at('a.test', 'b.test') }],
  ['first answers in places', { ...first, localities: [locality([], {}, 'r1'), locality([endpoint('a.test')], { priority: 1 }, 'r2')] }],
  ['original destinations', { ...original, outlier, panicPercent: 0, localityWeighted: true, tls: { mode: 'simple' } }],
  ['an inbound port', { ...original, direction: 'inbound', name: 'inbound|80||', sourceAddress: '127.0.0.6' }],
  ['an inbound port of IPv6', { ...original, direction: 'inbound', name: 'inbound|80||', sourceAddress: '::6' }],
  ['an inbound socket', { direction: 'inbound', name: 'inbound|80||', localities: [locality([endpoint('/run/app.sock', 0)])] }],

  ['the smallest ring', { loadBalancer: { policy: 'ring-hash', minimumRingSize: 1 } }],
  ['a ring that is too large', { loadBalancer: { policy: 'ring-hash', minimumRingSize: 1e10 } }],
  ['the smallest table', { loadBalancer: { policy: 'maglev', tableSize: 2 } }],
  ['the largest table', { loadBalancer: { policy: 'maglev', tableSize: 5000011 } }],
  ['a warm-up', { loadBalancer: { policy: 'least-request', warmup } }],
  ['a warm-up of odd numbers', { loadBalancer: { policy: 'round-robin', warmup: { durationMs: huge, minimumPercent: 200, aggression: 0 } } }],
  ['a warm-up that is steep', { loadBalancer: { policy: 'round-robin', warmup: { ...warmup, aggression: 1e9 } } }],
  ['a threshold of panic', { panicPercent: 33.5 }],

  ['ejections', { outlier: { ...outlier, consecutive5xx: 1, consecutiveGatewayErrors: huge } }],
  ['ejections of nobody', { outlier: { ...outlier, maxEjectionPercent: 0 } }],
  ['ejections that end before they begin', { outlier: { ...outlier, baseEjectionTimeMs: 400_000 } }],
  ['ejections without a time', { outlier: { ...outlier, intervalMs: 0, baseEjectionTimeMs: 0, maxEjectionTimeMs: 0 } }],
  ['ejections for ever', { outlier: { ...outlier, intervalMs: huge, baseEjectionTimeMs: huge, maxEjectionTimeMs: huge } }],
  ['failures of connections', { outlier: { ...outlier, splitLocalOrigin: true, consecutiveLocalOrigin: 3 } }],
  ['limits', { breakers: { maxConnections: 1, maxPendingRequests: 0, maxRequests: huge, maxRetries: -1 } }],
  ['a budget of more than all', { breakers: { retryBudget: { percent: 300, minRetryConcurrency: huge } } }],
  ['no time', { pool: { connectTimeoutMs: 0, idleTimeoutMs: 0, maxConnectionDurationMs: 0 } }],
  ['less than no time', { pool: { connectTimeoutMs: -1, idleTimeoutMs: -1, maxConnectionDurationMs: -1 } }],
  ['all time', { pool: { connectTimeoutMs: huge, idleTimeoutMs: huge, maxConnectionDurationMs: huge } }],
  ...(['http1', 'http2', 'downstream'] as const).map((protocol): [string, Partial<Cluster>] => [
    `many streams over ${protocol}`,
    { protocol, pool: { ...pool, maxConcurrentStreams: max, maxRequestsPerConnection: huge, preserveHeaderCase: true } },
  ]),
  ['keepalive', { pool: { ...pool, tcpKeepalive: {} } }],
  ['keepalive of odd numbers', { pool: { ...pool, tcpKeepalive: { probes: huge, timeMs: 1, intervalMs: huge } } }],

  ['PROXY protocol', { proxyProtocol: 1 }],
  ['PROXY protocol before TLS', { proxyProtocol: 2, tls: { mode: 'auto', sni: 'a' } }],
  ['TLS where the endpoint takes it', { tls: { mode: 'auto', sni: 'a', subjectAltNames: ['spiffe://a'] } }],
  ['TLS with a long name of the server', { protocol: 'http2', tls: { mode: 'istio-mutual', sni: 'a'.repeat(300) } }],
  ['TLS with the names of the request', { tls: { mode: 'simple' } }],
  ['TLS with names of all kinds', { tls: { mode: 'simple', sni: 'a', subjectAltNames: ['a.test', '*.a.test', '10.0.0.1', 'spiffe://a', 'a'.repeat(300)] } }],
  ['TLS that is not verified', { protocol: 'http2', tls: { mode: 'mutual', insecureSkipVerify: true, subjectAltNames: ['a'] } }],
  ['TLS with files', { tls: { mode: 'mutual', caFile: '/ca', certificateFile: '/cert', keyFile: '/key', crlFile: '/crl' } }],
  ['TLS with a secret', { tls: { mode: 'mutual', credentialName: 'web' } }],
];

describe.skipIf(program === undefined)('Envoy', () => {
  it.concurrent.each(cases)('takes %s', async (_, more) => {
    for (const meshTls of ['none', 'sds'] as const) expect(await problemOf(more, { meshTls, isReadable: () => false })).toBeUndefined();
  });
});
