import { describe, expect, it } from 'vitest';
import { chains, doc, listener, svc, tableOf } from '../testing.ts';

const names = (documents: readonly string[], options = {}): string[] =>
  tableOf(documents, options)
    .listeners.map(({ name }) => name)
    .filter((name) => !name.startsWith('virtual'));
const http = 'raw_buffer http/1.1 h2c';
const entry = (name: string, more: string, port: string): string =>
  doc('ServiceEntry', name, `hosts: [${name.split('/')[1]}.int], ports: [{${port}}]${more === '' ? '' : `, ${more}`}`);

describe('listeners', () => {
  it('SEL-R40, MAP-R6: have the address and port of original destinations as their names, and no socket', () => {
    const table = tableOf([svc('shop/cart http:80 tcp:90')]);
    expect(table.listeners.map(({ name, bind }) => [name, bind])).toEqual([
      ['0.0.0.0_80', false],
      ['10.0.0.1_90', false],
      ['virtualInbound', true],
      ['virtualOutbound', true],
    ]);
  });

  it('SEL-R41: of HTTP ports of all services are one', () => {
    expect(names([svc('shop/a http:80 10.0.0.1'), svc('shop/b grpc:80 10.0.0.2'), svc('pay/c http2:80 10.0.0.3')])).toEqual(['0.0.0.0_80']);
  });

  it.each([
    ['TCP of a Service', svc('shop/cart tcp:90'), ['10.0.0.1_90']],
    ['TLS of a Service', svc('shop/cart tls:90'), ['10.0.0.1_90']],
    ['detected of a Service', svc('shop/cart web:90'), ['10.0.0.1_90']],
    ['TCP without an address', entry('shop/x', 'resolution: DNS', 'number: 90, name: tcp, protocol: TCP'), ['0.0.0.0_90']],
    ['detected without an address', entry('shop/x', 'resolution: DNS', 'number: 90, name: any'), ['0.0.0.0_90']],
    [
      'TCP with several addresses',
      entry('shop/x', 'addresses: [10.9.9.9, 10.8.0.0/16], resolution: STATIC', 'number: 90, name: tcp, protocol: TCP'),
      ['0.0.0.0_90', '10.9.9.9_90'],
    ],
    ['UDP', entry('shop/x', '', 'number: 90, name: udp, protocol: UDP'), []],
  ])('SEL-R42: %s', (_, document, expected) => {
    expect(names([document])).toEqual(expected);
  });

  it('SEL-R43: of a headless Service are one for each endpoint, but of HTTP one', () => {
    const pod = (i: number): string => `${doc('Pod', `shop/p${i}`, 'containers: []', 'labels: {app: cart}')}status: {podIP: 10.1.0.${i}}\n`;
    const headless = doc(
      'Service',
      'shop/cart',
      'clusterIP: None, selector: {app: cart}, ports: [{name: tcp, port: 90}, {name: http, port: 80}, {name: any, port: 70}]',
    );
    const own = { namespace: 'shop', addresses: ['10.1.0.2'] };
    expect(names([headless, pod(1), pod(2), pod(3)], { proxy: own })).toEqual(['0.0.0.0_80', '10.1.0.1_70', '10.1.0.1_90', '10.1.0.3_70', '10.1.0.3_90']);
    expect(names([headless])).toEqual(['0.0.0.0_80']);
  });

  it('SEL-R44: HTTP is taken where it is detected, everything else goes on', () => {
    const shared = listener(tableOf([svc('shop/cart http:80')]), '0.0.0.0_80');
    expect(chains(shared)).toEqual([`${http} -> routes 80`, 'all -> PassthroughCluster']);
    expect(shared).toMatchObject({ inspectHttp: true, inspectTls: false, detectionTimeoutMs: 0, defaultChain: { name: 'PassthroughFilterChain' } });
    const closed = tableOf([svc('shop/cart http:80')], { meshConfig: { outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' }, protocolDetectionTimeout: '5s' } });
    expect(chains(listener(closed, '0.0.0.0_80'))[1]).toBe('all -> BlackHoleCluster');
    expect(listener(closed, '0.0.0.0_80').detectionTimeoutMs).toBe(5000);
  });

  it('SEL-R45, SEL-R74, MAP-R7, MAP-R15: what no listener takes goes on, but not round in a circle', () => {
    const rest = (mode: 'ALLOW_ANY' | 'REGISTRY_ONLY'): string[] =>
      chains(listener(tableOf([], { meshConfig: { outboundTrafficPolicy: { mode } } }), 'virtualOutbound'));
    expect(rest('ALLOW_ANY')).toEqual(['15001 -> BlackHoleCluster', 'all -> PassthroughCluster']);
    expect(rest('REGISTRY_ONLY')).toEqual(['15001 -> BlackHoleCluster', 'all -> BlackHoleCluster']);
    expect(listener(tableOf([]), 'virtualOutbound').chains.map(({ name }) => name)).toEqual(['virtualOutbound-blackhole', 'virtualOutbound-catchall-tcp']);
  });

  it('SEL-R50, TCP-R3: a detected port has routes of its own where its address has', () => {
    expect(chains(listener(tableOf([svc('shop/cart web:70')]), '10.0.0.1_70'))).toEqual([
      `${http} -> routes cart.shop.svc.cluster.local:70`,
      'all -> outbound|70||cart.shop.svc.cluster.local',
    ]);
    const shared = tableOf([entry('shop/x', 'resolution: DNS', 'number: 70, name: any'), entry('shop/z', 'resolution: DNS', 'number: 70, name: any')]);
    expect(chains(listener(shared, '0.0.0.0_70'))).toEqual([`${http} -> routes 70`, 'all -> outbound|70||x.int']);
  });

  it('MAP-R11 to MAP-R13: connection managers of a sidecar trust what they are told', () => {
    expect(listener(tableOf([svc('shop/cart http:80')]), '0.0.0.0_80').chains[0]?.filter).toMatchObject({
      serverName: 'envoy',
      useRemoteAddress: false,
      forwardClientCert: 'sanitize',
      streamIdleTimeoutMs: 0,
      http10: false,
    });
  });
});

describe('services with one address and port', () => {
  const at = (...protocols: string[]): { made: string[]; lost: string[] } => {
    const table = tableOf(protocols.map((protocol, i) => entry(`shop/${'abc'[i]}`, 'resolution: DNS', `number: 90, name: p, protocol: ${protocol}`)));
    const lost = table.statuses.filter(({ reason }) => reason === 'conflicting-port').map(({ origin }) => origin.name);
    return { made: chains(listener(table, '0.0.0.0_90')), lost };
  };
  const tcp = (name: string): string => `all -> outbound|90||${name}.int`;
  it.each([
    ['TCP, then HTTP', ['TCP', 'HTTP'], [`${http} -> routes 90`, tcp('a')], []],
    ['HTTP, then TCP', ['HTTP', 'TCP'], [`${http} -> routes 90`, tcp('b')], []],
    ['HTTP, then a detected one', ['HTTP', '""'], [`${http} -> routes 90`, tcp('b')], []],
    ['TCP twice', ['TCP', 'TCP'], [tcp('a')], ['b']],
    ['a detected one, then TCP', ['""', 'TCP'], [`${http} -> routes 90`, tcp('a')], ['b']],
    ['TCP, then a detected one', ['TCP', '""'], [`${http} -> routes 90`, tcp('a')], ['b']],
    ['MySQL, then HTTP', ['MYSQL', 'HTTP'], [tcp('a')], ['b']],
    ['HTTP, then Mongo', ['HTTP', 'MONGO'], [`${http} -> routes 90`, 'all -> PassthroughCluster'], ['b']],
    ['TLS twice', ['TLS', 'TLS'], ['a.int -> outbound|90||a.int', 'b.int -> outbound|90||b.int', 'all -> PassthroughCluster'], []],
  ])('TCP-R4: %s', (_, protocols, made, lost) => {
    expect(at(...protocols)).toEqual({ made, lost });
  });
});

describe('listeners that a Sidecar asks for', () => {
  const services = [svc('shop/cart http:80 tcp:90'), svc('pay/pay http:80 10.0.0.2')];
  const sidecar = (egress: string): string => doc('Sidecar', 'shop/s', `egress: [${egress}]`);
  const port = 'port: {number: 80, name: http, protocol: HTTP}';

  it('SEL-R31: are locked: a later one without a port adds nothing to theirs', () => {
    const table = tableOf([...services, sidecar(`{${port}, hosts: ["./*"]}, {hosts: ["*/*"]}`)]);
    expect(table.listeners.map(({ name }) => name)).toEqual(['0.0.0.0_80', '10.0.0.1_90', 'virtualInbound', 'virtualOutbound']);
    const hosts = table.routes.find(({ name }) => name === '80')?.virtualHosts.map(({ name }) => name);
    expect(hosts).toEqual(['cart.shop.svc.cluster.local:80', 'allow_any']);
  });

  it('SEL-R31: are the only ones where none is without a port', () => {
    expect(names([...services, sidecar(`{${port}, hosts: ["./*"]}`)])).toEqual(['0.0.0.0_80']);
  });

  it.each([
    ['captureMode: NONE', '127.0.0.1_80', true],
    ['bind: 127.0.0.5, captureMode: NONE', '127.0.0.5_80', true],
    ['bind: 10.5.5.5', '10.5.5.5_80', false],
  ])('MAP-R16: {%s}', (more, name, bind) => {
    const found = listener(tableOf([...services, sidecar(`{${port}, ${more}, hosts: ["./*"]}`)]), name);
    expect(found.bind).toBe(bind);
    expect(chains(found)).toEqual(['all -> routes 80']);
  });

  it('MAP-R16: without a port have sockets for every port of the services', () => {
    expect(names([...services, sidecar('{captureMode: NONE, hosts: ["*/*"]}')])).toEqual(['127.0.0.1_80', '127.0.0.1_90']);
  });
});
