import { describe, expect, it } from 'vitest';
import type { TestOptions } from '../../analysis/testing.ts';
import type { FilterChain } from '../../ir/listener.ts';
import type { ForwardAction } from '../../ir/route.ts';
import { inboundFor } from './inbound.ts';
import { cart, meshWith, object, pods, proxyIn, rule } from './testing.ts';

const workload = proxyIn('shop', { name: 'p0', labels: { app: 'cart', version: 'v1' }, addresses: ['10.1.0.1'] });
const service = (ports: string, name = 'cart', meta = ''): string => object('Service', name, 'shop', `selector: {app: cart}, ports: [${ports}]`, meta);
const peer = (mode: string, more = ''): string => object('PeerAuthentication', 'p', 'shop', `mtls: {mode: ${mode}}${more}`);
const plain = peer('DISABLE');
const traffic = (documents: string[], options?: TestOptions, proxy = workload) => inboundFor(meshWith(documents, options), proxy);

/** `port transport protocols -> filter`, `+mtls`. */
function chain({ match, tls, filter }: FilterChain): string {
  const to = filter.kind === 'http' ? `http ${filter.routes}` : `tcp ${filter.clusters[0]?.cluster}`;
  return [match.destinationPort ?? '*', match.transport ?? 'any', match.applicationProtocols?.join(',') ?? '', tls ? '+mtls' : '', '->', to]
    .filter((part) => part !== '')
    .join(' ');
}
const chains = (documents: string[], port: number | undefined, options?: TestOptions): string[] =>
  (traffic(documents, options).listeners[0]?.chains ?? []).filter(({ match }) => match.destinationPort === port).map(chain);

const meshHttp = 'istio-http/1.0,istio-http/1.1,istio-h2';
const mesh = `istio-peer-exchange,istio,${meshHttp}`;

describe('SEC-R3: chains of a port', () => {
  const http = 'http inbound|80||';
  const tcp = 'tcp inbound|80||';
  it.each([
    ['STRICT', 'http', [`80 tls +mtls -> ${http}`]],
    ['STRICT', 'tcp', [`80 tls +mtls -> ${tcp}`]],
    ['STRICT', 'auto', [`80 tls ${meshHttp} +mtls -> ${http}`, `80 tls +mtls -> ${tcp}`]],
    ['PERMISSIVE', 'http', [`80 tls ${mesh} +mtls -> ${http}`, `80 raw_buffer -> ${http}`]],
    ['PERMISSIVE', 'tcp', [`80 tls ${mesh} +mtls -> ${tcp}`, `80 tls -> ${tcp}`, `80 raw_buffer -> ${tcp}`]],
    [
      'PERMISSIVE',
      'auto',
      [
        `80 tls ${meshHttp} +mtls -> ${http}`,
        `80 raw_buffer http/1.1,h2c -> ${http}`,
        `80 tls istio-peer-exchange,istio +mtls -> ${tcp}`,
        `80 raw_buffer -> ${tcp}`,
        `80 tls -> ${tcp}`,
      ],
    ],
    ['DISABLE', 'http', [`80 raw_buffer -> ${http}`]],
    ['DISABLE', 'grpc', [`80 raw_buffer -> ${http}`]],
    ['DISABLE', 'https', [`80 raw_buffer -> ${tcp}`]],
    ['DISABLE', 'auto', [`80 raw_buffer http/1.1,h2c -> ${http}`, `80 raw_buffer -> ${tcp}`]],
  ])('%s %s', (mode, name, expected) => expect(chains([service(`{name: ${name}, port: 80}`), peer(mode)], 80)).toEqual(expected));

  it.each(['http', 'tcp', 'auto'])('SEC-R4: no chain takes plain text where mTLS is asked for: %s', (name) => {
    const made = traffic([service(`{name: ${name}, port: 80}`), peer('STRICT')]).listeners[0];
    const taking = made?.chains.filter(({ match }) => match.destinationPort !== 15006 && match.transport !== 'tls');
    expect([taking, made?.defaultChain]).toEqual([[], undefined]);
    expect(made?.chains.filter(({ tls, filter }) => !tls && filter.kind === 'http')).toEqual([]);
  });

  it('SEC-R1: other ports are passed on, and its own port refused', () => {
    const made = traffic([plain]).listeners[0];
    expect(made).toMatchObject({
      name: 'virtualInbound',
      address: '0.0.0.0',
      port: 15006,
      direction: 'inbound',
      bind: true,
      inspectHttp: true,
      inspectTls: false,
    });
    expect(made?.chains.map(chain)).toEqual([
      '15006 any -> tcp BlackHoleCluster',
      '* raw_buffer http/1.1,h2c -> http InboundPassthroughCluster',
      '* raw_buffer -> tcp InboundPassthroughCluster',
    ]);
    expect(traffic([], { meshConfig: { proxyInboundListenPort: 16000 } }).listeners[0]).toMatchObject({ port: 16000, inspectTls: true });
  });

  it('SEC-R11: a port that only a policy names is passed on as that says', () => {
    const policy = peer('STRICT', ', selector: {matchLabels: {app: cart}}, portLevelMtls: {90: {mode: DISABLE}, 80: {mode: DISABLE}}');
    expect(chains([service('{name: http, port: 80}'), policy], 90)).toEqual([
      '90 raw_buffer http/1.1,h2c -> http InboundPassthroughCluster',
      '90 raw_buffer -> tcp InboundPassthroughCluster',
    ]);
    expect(chains([service('{name: http, port: 80}'), policy], 80)).toEqual(['80 raw_buffer -> http inbound|80||']);
    expect(chains([service('{name: http, port: 80}'), policy], undefined)[0]).toContain('+mtls');
  });
});

describe('SEC-R2: which ports there are', () => {
  const targets = (...documents: string[]): string[] => traffic([...documents, plain]).clusters.map(({ name, host }) => `${name} ${host}`.trim());
  const all = 'InboundPassthroughCluster';
  const host = (name: string): string => `${name}.shop.svc.cluster.local`;
  it.each([
    [
      'those that services lead to',
      [service('{name: http, port: 80, targetPort: 8080}, {name: tcp, port: 81}')],
      [all, `inbound|8080|| ${host('cart')}`, `inbound|81|| ${host('cart')}`],
    ],
    [
      'by the name of a container port',
      [
        service('{name: http, port: 80, targetPort: web}'),
        pods('v1').replace('containers: []', 'containers: [{name: a, ports: [{name: web, containerPort: 7000}]}]'),
      ],
      [all, `inbound|7000|| ${host('cart')}`],
    ],
    ['none of a name that is not there', [service('{name: http, port: 80, targetPort: web}')], [all]],
    ['not of services that select others', [service('{name: http, port: 80}').replace('app: cart}', 'app: x}')], [all]],
    ['not of other namespaces', [service('{name: http, port: 80}').replace('namespace: shop', 'namespace: ops')], [all]],
    [
      'of services that list its address',
      [
        object(
          'ServiceEntry',
          'e',
          'ops',
          'hosts: [e.example], resolution: STATIC, ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}], endpoints: [{address: 10.1.0.1}, {address: 10.1.0.2}]',
        ),
      ],
      [all, 'inbound|8080|| e.example'],
    ],
    [
      'the oldest of several',
      [
        service('{name: http, port: 80}', 'a'),
        service('{name: tcp, port: 80}', 'b', 'creationTimestamp: "2020-01-01T00:00:00Z"'),
        service('{name: http, port: 80}', 'c', 'creationTimestamp: "2021-01-01T00:00:00Z"'),
      ],
      [all, `inbound|80|| ${host('b')}`],
    ],
  ])('%s', (_, documents, expected) => expect(targets(...documents)).toEqual(expected));

  it('gateways have none', () => expect(traffic([cart], {}, proxyIn('shop', { role: 'gateway' }))).toEqual({ listeners: [], routes: [], clusters: [] }));
});

describe('SEC-R5: what becomes of a request', () => {
  it('goes to where the connection was going, is tried again until it was sent, and has no time limit', () => {
    const { routes, clusters } = traffic([service('{name: http, port: 80, targetPort: 8080}'), plain]);
    const config = routes.find(({ name }) => name === 'inbound|8080||');
    const [virtualHost] = config?.virtualHosts ?? [];
    expect(virtualHost).toMatchObject({ name: 'inbound|http|80', domains: ['*'], includeAttemptCount: false });
    const [route] = virtualHost?.routes ?? [];
    expect(route).toMatchObject({ name: 'default', decorator: 'cart.shop.svc.cluster.local:80/*' });
    const action = route?.action as ForwardAction;
    // RT-R64
    expect(action).toMatchObject({
      clusters: [{ cluster: 'inbound|8080||' }],
      timeoutMs: 0,
      maxStreamDurationFromGrpcTimeout: true,
      retry: { on: ['reset-before-request'], attempts: 2 },
    });
    expect(action.maxGrpcTimeoutMs).toBeUndefined();
    expect(clusters.find(({ name }) => name === 'inbound|8080||')).toMatchObject({
      direction: 'inbound',
      discovery: 'original-destination',
      sourceAddress: '127.0.0.6',
      port: 8080,
      protocol: 'http1',
      tls: { mode: 'disable' },
    });
  });

  it('gRPC is not tried again', () => {
    const { routes } = traffic([service('{name: grpc, port: 80}'), plain]);
    const action = routes.find(({ name }) => name === 'inbound|80||')?.virtualHosts[0]?.routes[0]?.action as ForwardAction;
    expect(action.retry).toBeUndefined();
  });

  it('SEC-R6: answers are those of istio-envoy, and certificates of callers are passed on', () => {
    const { listeners } = traffic([service('{name: http, port: 80}'), plain]);
    const filter = listeners[0]?.chains.find(({ match }) => match.destinationPort === 80)?.filter;
    expect(filter).toMatchObject({ serverName: 'istio-envoy', forwardClientCert: 'append-forward', useRemoteAddress: false, streamIdleTimeoutMs: 0 });
    const written = traffic([plain], { meshConfig: { defaultConfig: { proxyHeaders: { server: { value: 'x' }, forwardedClientCert: 'SANITIZE' } } } });
    expect(written.listeners[0]?.chains[1]?.filter).toMatchObject({ serverName: 'x', forwardClientCert: 'sanitize' });
  });

  it('of a destination rule only the connection pool counts, and a Sidecar is stronger', () => {
    const policy = rule(
      'host: cart, trafficPolicy: {outlierDetection: {}, loadBalancer: {simple: PASSTHROUGH}, tls: {mode: SIMPLE}, connectionPool: {tcp: {maxConnections: 1}, http: {maxRequestsPerConnection: 2, h2UpgradePolicy: UPGRADE}}}',
    );
    const pooled = (...documents: string[]) => traffic([service('{name: http, port: 80}'), ...documents, plain]).clusters.find(({ port }) => port === 80);
    expect(pooled(policy)).toMatchObject({
      breakers: { maxConnections: 1 },
      pool: { maxRequestsPerConnection: 2 },
      protocol: 'http1',
      panicPercent: 50,
      tls: { mode: 'disable' },
    });
    expect(pooled(policy)?.outlier).toBeUndefined();
    const sidecar = object('Sidecar', 'cart', 'shop', 'inboundConnectionPool: {http: {http1MaxPendingRequests: 3}}');
    expect(pooled(policy, sidecar)).toMatchObject({ breakers: { maxPendingRequests: 3 }, origins: [] });
    expect(pooled(policy, sidecar)?.breakers.maxConnections).toBeUndefined();
    expect(
      pooled(rule('host: cart, trafficPolicy: {portLevelSettings: [{port: {number: 80}, connectionPool: {tcp: {maxConnections: 4}}}]}'))?.breakers,
    ).toEqual({ maxConnections: 4 });
  });
});

describe('SEC-R2: a Sidecar with ingress listeners replaces what services say', () => {
  const sidecar = (...ingress: string[]): string =>
    object('Sidecar', 'cart', 'shop', `ingress: [${ingress.join(', ')}], inboundConnectionPool: {tcp: {maxConnections: 9}}`);
  const made = (...ingress: string[]) => traffic([service('{name: http, port: 80}, {name: http-b, port: 81}'), sidecar(...ingress), plain]);

  it('with ports and places of its own', () => {
    const { clusters, routes, listeners } = made(
      '{port: {number: 81, protocol: TCP, name: t}, defaultEndpoint: "127.0.0.1:18080"}',
      '{port: {number: 90, protocol: HTTP, name: h}, connectionPool: {tcp: {maxConnections: 1}}}',
    );
    expect(clusters.map(({ name }) => name)).toEqual(['InboundPassthroughCluster', 'inbound|81||', 'inbound|90||']);
    const [, tcp, http] = clusters;
    expect(tcp).toMatchObject({
      discovery: 'static',
      host: 'cart.shop.svc.cluster.local',
      breakers: { maxConnections: 9 },
      localities: [{ endpoints: [{ address: '127.0.0.1', port: 18080 }] }],
    });
    expect(tcp?.sourceAddress).toBeUndefined();
    expect(http).toMatchObject({ discovery: 'original-destination', sourceAddress: '127.0.0.6', host: '', breakers: { maxConnections: 1 } });
    expect(routes.find(({ name }) => name === 'inbound|90||')?.virtualHosts[0]?.routes[0]?.decorator).toBe('cart.shop:90/*');
    expect(listeners[0]?.chains.filter(({ match }) => match.destinationPort === 81).map(chain)).toEqual(['81 raw_buffer -> tcp inbound|81||']);
    expect(listeners[0]?.chains.map(({ name }) => name)).toContain('10.1.0.1_90');
  });

  it.each([
    ['0.0.0.0:1', { address: '10.1.0.1', port: 1 }],
    ['"[::1]:2"', { address: '::1', port: 2 }],
    ['unix:///run/app.sock', { address: '/run/app.sock', port: 0 }],
    ['nonsense', undefined],
    ['localhost:3', undefined],
    ['127.0.0.1:0', undefined],
    ['127.0.0.1:65536', undefined],
  ])('defaultEndpoint %s', (written, expected) => {
    const [, cluster] = made(`{port: {number: 90, protocol: HTTP, name: h}, defaultEndpoint: ${written}}`).clusters;
    expect(cluster?.localities[0]?.endpoints[0]).toEqual(expected && expect.objectContaining(expected));
  });

  it('a listener that is not captured has a socket', () => {
    const { listeners } = made('{port: {number: 90, protocol: HTTP, name: h}, bind: 127.0.0.1, captureMode: NONE}');
    expect(listeners.map(({ name, address, port, bind }) => [name, address, port, bind])).toEqual([
      ['127.0.0.1_90', '127.0.0.1', 90, true],
      ['virtualInbound', '0.0.0.0', 15006, true],
    ]);
  });

  it('where nothing is captured only its listeners are there', () => {
    const options = { meshConfig: { defaultConfig: { interceptionMode: 'NONE' as const } } };
    const entries = '{port: {number: 90, protocol: HTTP, name: h}}';
    expect(traffic([service('{name: http, port: 80}'), sidecar(entries), plain], options).listeners.map(({ name }) => name)).toEqual(['10.1.0.1_90']);
    expect(traffic([service('{name: http, port: 80}'), plain], options)).toMatchObject({ listeners: [], clusters: [{ name: 'InboundPassthroughCluster' }] });
  });
});

it('IPv6: connections come from ::6', () => {
  expect(traffic([], {}, { ...workload, addresses: ['fd00::1'] }).clusters[0]?.sourceAddress).toBe('::6');
});
