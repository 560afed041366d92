import { describe, expect, it } from 'vitest';
import { meshOf, type TestOptions } from '../../analysis/testing.ts';
import { Services } from '../../model/services.ts';
import { cart, clustersFor, clustersOf, meshWith, object, placesOf, pods, proxyIn, rule } from './testing.ts';

const headless = cart.replace('spec: {', 'spec: {clusterIP: None, ');
const entry = (spec: string): string =>
  object('ServiceEntry', 'ext', 'shop', `hosts: [ext.example], ports: [{number: 70, name: http, protocol: HTTP}], ${spec}`);
const gateway = proxyIn('shop', { role: 'gateway' });

describe('which clusters there are', () => {
  it('DR-R7, MAP-R1: one for each port, and for each of its subsets; by name', () => {
    const mesh = meshWith([
      cart,
      rule('host: cart, subsets: [{name: v1, labels: {version: v1}}, {name: v2}]'),
      rule('host: unknown, subsets: [{name: v9}]', 'x'),
    ]);
    const clusters = clustersFor(mesh, proxyIn('shop'), Services.of(mesh).visibleTo('shop'));
    expect(clusters.map(({ name }) => name)).toEqual([
      'BlackHoleCluster',
      'PassthroughCluster',
      'outbound|80|v1|cart.shop.svc.cluster.local',
      'outbound|80|v2|cart.shop.svc.cluster.local',
      'outbound|80||cart.shop.svc.cluster.local',
      'outbound|90|v1|cart.shop.svc.cluster.local',
      'outbound|90|v2|cart.shop.svc.cluster.local',
      'outbound|90||cart.shop.svc.cluster.local',
    ]);
  });

  it('MAP-R4: the fixed ones; gateways pass nothing through', () => {
    const { BlackHoleCluster, PassthroughCluster } = clustersOf([], proxyIn('shop'), { meshConfig: { connectTimeout: '3s' } });
    expect(BlackHoleCluster).toMatchObject({ discovery: 'static', localities: [], breakers: {}, pool: { connectTimeoutMs: 3000 } });
    expect(PassthroughCluster).toMatchObject({
      discovery: 'original-destination',
      protocol: 'downstream',
      loadBalancer: { policy: 'original-destination' },
      // DR-R51
      pool: { connectTimeoutMs: 3000, idleTimeoutMs: 300_000 },
    });
    expect(Object.keys(clustersOf([], gateway))).toEqual(['BlackHoleCluster']);
  });

  it('none for another name of a service, nor for names that are looked up at each request', () => {
    const alias = object('Service', 'alias', 'shop', 'type: ExternalName, externalName: a.example, ports: [{port: 60}]');
    expect(Object.keys(clustersOf([alias, entry('resolution: DYNAMIC_DNS')]))).toEqual(['BlackHoleCluster', 'PassthroughCluster']);
  });
});

describe('how endpoints are found', () => {
  it.each([
    ['TCP-R14: STATIC', 'resolution: STATIC', 'static', 'static'],
    ['TCP-R14: DNS', 'resolution: DNS', 'dns', 'dns'],
    ['TCP-R14: DNS_ROUND_ROBIN', 'resolution: DNS_ROUND_ROBIN', 'logical-dns', 'logical-dns'],
    ['TCP-R14: NONE', 'resolution: NONE', 'original-destination', 'static'],
  ])('%s', (_, spec, expected, atGateway) => {
    expect(clustersOf([entry(spec)])['70']?.discovery).toBe(expected);
    expect(clustersOf([entry(spec)], gateway)['70']?.discovery).toBe(atGateway);
  });

  it.each<[string, string[], TestOptions['meshConfig'], object]>([
    ['of IPv4 each minute', ['10.0.0.1'], {}, { family: 'ipv4', refreshMs: 60_000 }],
    ['of IPv4 where the proxy has both', ['fd00::1', '10.0.0.1'], {}, { family: 'ipv4', refreshMs: 60_000 }],
    ['of IPv6 where it has no other', ['fd00::1'], {}, { family: 'ipv6', refreshMs: 60_000 }],
    ['as often as the mesh says', [], { dnsRefreshRate: '5s' }, { family: 'ipv4', refreshMs: 5000 }],
  ])('MAP-R57: addresses are looked up %s', (_, addresses, meshConfig, expected) => {
    const made = (spec: string) => clustersOf([entry(spec)], proxyIn('shop', { addresses }), { meshConfig })['70']?.dns;
    expect([made('resolution: DNS'), made('resolution: DNS_ROUND_ROBIN'), made('resolution: STATIC')]).toEqual([expected, expected, undefined]);
  });

  it('SEL-R43: without a cluster IP connections go where the client wants; at gateways to the endpoints', () => {
    expect(clustersOf([headless, pods('v1')])['80']).toMatchObject({
      discovery: 'original-destination',
      loadBalancer: { policy: 'original-destination' },
      localities: [],
    });
    expect(placesOf(clustersOf([headless, pods('v1')], gateway)['80'])).toEqual(['0: 10.1.0.1']);
  });

  it('DR-R20: PASSTHROUGH does so for any service, and for its subsets whatever they say', () => {
    const all = clustersOf([
      cart,
      pods('v1'),
      rule('host: cart, trafficPolicy: {loadBalancer: {simple: PASSTHROUGH}}, subsets: [{name: v1, trafficPolicy: {loadBalancer: {simple: RANDOM}}}]'),
    ]);
    expect([all['80'], all['80 v1']].map((cluster) => [cluster?.discovery, cluster?.loadBalancer.policy, cluster?.localities])).toEqual(
      Array(2).fill(['original-destination', 'original-destination', []]),
    );
    const one = clustersOf([
      cart,
      pods('v1'),
      rule('host: cart, subsets: [{name: v1, trafficPolicy: {portLevelSettings: [{port: {number: 80}, loadBalancer: {simple: PASSTHROUGH}}]}}]'),
    ]);
    expect(['80', '80 v1', '90 v1'].map((key) => one[key]?.discovery)).toEqual(['static', 'original-destination', 'static']);
  });

  it('names are for DNS only, and DNS without names has no cluster', () => {
    const endpoints = 'endpoints: [{address: a.example, labels: {v: a}}, {address: 2.2.2.2}]';
    const subsets = rule('host: ext.example, subsets: [{name: a, labels: {v: a}}, {name: b, labels: {v: b}}]');
    expect(placesOf(clustersOf([entry(`resolution: STATIC, ${endpoints}`)])['70'])).toEqual(['0: 2.2.2.2']);
    const dns = clustersOf([entry(`resolution: DNS, ${endpoints}`), subsets]);
    expect([placesOf(dns['70']), placesOf(dns['70 a']), dns['70 b']]).toEqual([['0: a.example 2.2.2.2'], ['0: a.example'], undefined]);
    expect(clustersOf([entry(`resolution: STATIC, ${endpoints}`), subsets])['70 b']).toMatchObject({ localities: [] });
  });

  it('DR-R13, MAP-R62: a subset has the endpoints with its labels, and may have none', () => {
    const all = clustersOf([
      cart,
      pods('v1', 'v2', 'v1'),
      rule('host: cart, subsets: [{name: v1, labels: {version: v1}}, {name: v3, labels: {version: v3}}, {name: all}]'),
    ]);
    expect(['80', '80 v1', '80 v3', '80 all'].map((key) => placesOf(all[key]))).toEqual([
      ['0: 10.1.0.1 10.1.0.2 10.1.0.3'],
      ['0: 10.1.0.1 10.1.0.3'],
      [],
      ['0: 10.1.0.1 10.1.0.2 10.1.0.3'],
    ]);
  });

  it('DR-R23: weights are those of the endpoints', () => {
    const [place] = clustersOf([entry('resolution: STATIC, endpoints: [{address: 2.2.2.1, weight: 3}, {address: 2.2.2.2}]')])['70']?.localities ?? [];
    expect([place?.weight, place?.endpoints.map(({ weight }) => weight)]).toEqual([4, [3, 1]]);
  });

  it('a service whose traffic stays on the node has the endpoints there, where the node is known', () => {
    const local = cart.replace('spec: {', 'spec: {internalTrafficPolicy: Local, ');
    const here = pods('v1').replace('containers: []', 'containers: [], nodeName: n1');
    const there = pods('', 'v2').split('---\n')[1]?.replace('containers: []', 'containers: [], nodeName: n2') as string;
    expect(placesOf(clustersOf([local, here, there], proxyIn('shop', { name: 'p1' }))['80'])).toEqual(['0: 10.1.0.2']);
    expect(placesOf(clustersOf([local, here, there])['80'])).toEqual(['0: 10.1.0.1 10.1.0.2']);
  });
});

describe('what policies make of it', () => {
  it('DR-R24, DR-R60: outlier detection, and no panic with it', () => {
    const all = clustersOf([cart, rule('host: cart, subsets: [{name: v1, trafficPolicy: {outlierDetection: {minHealthPercent: 20}}}]')]);
    expect([all['80']?.outlier, all['80']?.panicPercent]).toEqual([undefined, 50]);
    expect(all['80 v1']).toMatchObject({ outlier: { consecutive5xx: 5 }, panicPercent: 20 });
  });

  it('DR-R47: outlier detection alone turns on priorities by place', () => {
    const documents = (policy: string): string[] => [cart, pods('v1 r1/z1', 'v1 r2/z1', 'v1 r1/z2'), rule(`host: cart, trafficPolicy: {${policy}}`)];
    const proxy = proxyIn('shop', { locality: 'r1/z1' });
    const cluster = clustersOf(documents('outlierDetection: {}'), proxy)['80'];
    expect([placesOf(cluster), cluster?.localityWeighted]).toEqual([['r1/z1 0: 10.1.0.1', 'r1/z2 1: 10.1.0.3', 'r2/z1 2: 10.1.0.2'], false]);
    const off = 'outlierDetection: {}, loadBalancer: {localityLbSetting: {enabled: false}}';
    expect(placesOf(clustersOf(documents(off), proxy)['80'])).toEqual(['r1/z1 0: 10.1.0.1', 'r1/z2 0: 10.1.0.3', 'r2/z1 0: 10.1.0.2']);
  });

  it('DR-R45: a service that prefers its zone has priorities by itself', () => {
    const near = cart.replace('spec: {', 'spec: {trafficDistribution: PreferClose, ');
    const cluster = clustersOf([near, pods('v1 r1/z1', 'v1 r1/z2')], proxyIn('shop', { locality: 'r1/z2' }))['80'];
    expect([placesOf(cluster), cluster?.localityWeighted]).toEqual([['r1/z1 1: 10.1.0.1', 'r1/z2 0: 10.1.0.2'], true]);
  });

  it('DR-R48: labels of endpoints that DNS looks up are not compared', () => {
    const policy = rule('host: ext.example, trafficPolicy: {outlierDetection: {}, loadBalancer: {localityLbSetting: {failoverPriority: [v]}}}');
    const endpoints = 'endpoints: [{address: 2.2.2.1, labels: {v: a}}, {address: 2.2.2.2, labels: {v: b}}]';
    const proxy = proxyIn('shop', { labels: { v: 'b' } });
    expect(placesOf(clustersOf([entry(`resolution: STATIC, ${endpoints}`), policy], proxy)['70'])).toEqual(['0: 2.2.2.2', '1: 2.2.2.1']);
    expect(placesOf(clustersOf([entry(`resolution: DNS, ${endpoints}`), policy], proxy)['70'])).toEqual(['0: 2.2.2.1 2.2.2.2']);
  });

  it('DR-R73: tunnel and PROXY protocol', () => {
    const cluster = clustersOf([cart, rule('host: cart, trafficPolicy: {tunnel: {targetHost: a, targetPort: 1}, proxyProtocol: {}}')])['80'];
    expect(cluster).toMatchObject({ tunnel: { protocol: 'CONNECT', targetHost: 'a', targetPort: 1 }, proxyProtocol: 1 });
    expect(clustersOf([cart, rule('host: cart, trafficPolicy: {proxyProtocol: {version: V2}}')])['80']?.proxyProtocol).toBe(2);
  });

  it('DR-R1: each client has its own', () => {
    const documents = [cart, rule('host: cart.shop.svc.cluster.local, trafficPolicy: {loadBalancer: {simple: RANDOM}}', 'a', 'ops')];
    expect(clustersOf(documents, proxyIn('ops'))['80']?.loadBalancer.policy).toBe('random');
    expect(clustersOf(documents)['80']?.loadBalancer.policy).toBe('least-request');
  });

  it('says which rules shape a cluster', () => {
    const all = clustersOf([cart, rule('host: cart, trafficPolicy: {}, subsets: [{name: v1}]')]);
    expect(all['80 v1']?.origins.map(({ kind, path }) => [kind, path])).toEqual([
      ['DestinationRule', ['spec', 'trafficPolicy']],
      ['DestinationRule', ['spec', 'subsets', 0]],
    ]);
  });
});

describe('addresses of this machine in place of endpoints', () => {
  const subsets = rule(
    'host: cart, trafficPolicy: {tls: {mode: SIMPLE}, loadBalancer: {simple: PASSTHROUGH}}, subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]',
  );
  const mapped = (...overrides: { subset?: string; port?: number; address?: string; targetPort: number }[]) =>
    clustersOf([cart, pods('v1', 'v2'), subsets], proxyIn('shop', { locality: 'r1/z1' }), {
      overrides: overrides.map((o) => ({ host: 'cart', address: '127.0.0.1', ...o })),
    });
  const at = (cluster: ReturnType<typeof mapped>[string] | undefined): string[] =>
    (cluster?.localities ?? [])
      .flatMap(({ endpoints }) => endpoints.map(({ address, port, labels }) => `${address}:${port}${labels.version ? ` ${labels.version}` : ''}`))
      .sort();

  it('of the whole service serve every subset, plainly, and whatever the policy says of where to connect', () => {
    const all = mapped({ targetPort: 9001 });
    expect([at(all['80']), at(all['80 v1']), at(all['90 v2'])]).toEqual([['127.0.0.1:9001'], ['127.0.0.1:9001 v1'], ['127.0.0.1:9001 v2']]);
    expect(all['80']).toMatchObject({
      discovery: 'static',
      tls: { mode: 'disable' },
      loadBalancer: { policy: 'least-request' },
      localities: [{ locality: { region: 'r1' }, priority: 0 }],
    });
  });

  it('of a subset replace what has its labels', () => {
    const all = mapped({ subset: 'v1', targetPort: 9001 }, { subset: 'v1', targetPort: 9002 });
    expect(at(all['80 v1'])).toEqual(['127.0.0.1:9001 v1', '127.0.0.1:9002 v1']);
    expect(at(all['80 v2'])).toEqual(['10.1.0.2:80 v2']);
    expect(at(all['80'])).toEqual(['10.1.0.2:80 v2', '127.0.0.1:9001 v1', '127.0.0.1:9002 v1']);
  });

  it('of a subset beside those of the whole', () => {
    const all = mapped({ targetPort: 9001 }, { subset: 'v2', targetPort: 9002 });
    expect([at(all['80']), at(all['80 v1']), at(all['80 v2'])]).toEqual([
      ['127.0.0.1:9001', '127.0.0.1:9002 v2'],
      ['127.0.0.1:9001 v1'],
      ['127.0.0.1:9002 v2'],
    ]);
  });

  it('of one port, by name, of a subset that is not there', () => {
    const all = mapped({ port: 80, address: 'localhost', targetPort: 9001 });
    expect([all['80']?.discovery, at(all['80']), all['90']?.discovery]).toEqual(['dns', ['localhost:9001'], 'original-destination']);
    expect(at(mapped({ subset: 'v9', targetPort: 9001 })['80'])).toEqual(['10.1.0.1:80 v1', '10.1.0.2:80 v2']);
  });
});

it('is the same for any order of the input', () => {
  const documents = [
    cart,
    pods('v1', 'v2'),
    rule('host: cart, trafficPolicy: {outlierDetection: {}}', 'a'),
    rule('host: cart, subsets: [{name: v1}]', 'b'),
    entry('resolution: STATIC'),
  ];
  expect(JSON.stringify(clustersOf(documents.toReversed()))).toBe(JSON.stringify(clustersOf(documents)));
  expect(clustersFor(meshOf(''), proxyIn('shop'), [])).toHaveLength(2);
});
