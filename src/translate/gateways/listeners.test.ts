import { describe, expect, it } from 'vitest';
import type { RoutingTable } from '../../ir/table.ts';
import { chains, created, doc, gatewayProxy, listener, svc, type TableTest, tableOf } from '../testing.ts';

/** Servers as `80 HTTP a.example b.example`, more settings after `|`. */
function gateway(name: string, servers: readonly string[], meta = ''): string {
  const list = servers.map((server, i) => {
    const [what = '', more = ''] = server.split('|');
    const [number, protocol, ...hosts] = what.trim().split(' ');
    return `{port: {number: ${number}, name: p${i}, protocol: ${protocol}}, hosts: [${hosts.map((host) => `"${host}"`).join(', ')}]${more === '' ? '' : `, ${more}`}}`;
  });
  return doc('Gateway', name, `selector: {istio: ingress}, servers: [${list.join(', ')}]`, meta);
}

const simple = 'tls: {mode: SIMPLE, serverCertificate: /c.crt, privateKey: /c.key}';
const table = (documents: readonly string[], options: TableTest = {}): RoutingTable => tableOf(documents, { proxy: gatewayProxy, ...options });
const db = (name: string): string => `outbound|90||${name}.shop.svc.cluster.local`;
const tcpTo = (name: string): string => `route: [{destination: {host: ${name}, port: {number: 90}}}]`;
const routed = (kind: string, rules: string, hosts = '"*"'): string =>
  doc('VirtualService', `shop/${kind}`, `hosts: [${hosts}], gateways: [edge/gw], ${kind}: [${rules}]`);

describe('listeners of a gateway', () => {
  it('MAP-R6: are those of the servers that select it, with sockets, and nothing else', () => {
    const made = table([
      svc('shop/cart http:80'),
      gateway('edge/gw', ['80 HTTP *']),
      doc('Gateway', 'edge/other', 'selector: {istio: other}, servers: [{port: {number: 81, name: p, protocol: HTTP}, hosts: ["*"]}]'),
    ]);
    expect(made.listeners.map(({ name, bind, direction }) => [name, bind, direction])).toEqual([['0.0.0.0_80', true, 'outbound']]);
    expect(chains(listener(made, '0.0.0.0_80'))).toEqual(['all -> routes http.80']);
  });

  it('of any namespace, and without a selector for all', () => {
    const made = table([
      gateway('shop/gw', ['80 HTTP *']),
      doc('Gateway', 'pay/all', 'servers: [{port: {number: 81, name: p, protocol: HTTP}, hosts: ["*"]}]'),
    ]);
    expect(made.listeners.map(({ name }) => name)).toEqual(['0.0.0.0_80', '0.0.0.0_81']);
  });

  it('are at the ports that a Service in front of it sends to', () => {
    const front = doc('Service', 'edge/front', 'selector: {istio: ingress}, ports: [{name: http, port: 80, targetPort: 8080}]');
    const made = table([front, gateway('edge/gw', ['80 HTTP a.example', '81 HTTP *'])]);
    expect(made.listeners.map(({ name }) => name)).toEqual(['0.0.0.0_8080', '0.0.0.0_81']);
    expect(made.routes.map(({ name }) => name)).toEqual(['http.8080', 'http.81']);
  });

  it('MAP-R13: connection managers know the client themselves', () => {
    const made = table([gateway('edge/gw', ['80 HTTP *'])], {
      meshConfig: { defaultConfig: { gatewayTopology: { numTrustedProxies: 2, forwardClientCertDetails: 'FORWARD_ONLY' } } },
    });
    expect(listener(made, '0.0.0.0_80').chains[0]?.filter).toMatchObject({
      serverName: 'istio-envoy',
      useRemoteAddress: true,
      trustedHops: 2,
      forwardClientCert: 'forward-only',
    });
    expect(listener(table([gateway('edge/gw', ['80 HTTP *'])]), '0.0.0.0_80').chains[0]?.filter).toMatchObject({
      trustedHops: 0,
      forwardClientCert: 'sanitize-set',
    });
  });

  it('the address that is written', () => {
    const made = table([gateway('edge/gw', ['80 HTTP *|bind: 10.0.0.9', '80 HTTP *'])]);
    expect(made.listeners.map(({ name }) => name)).toEqual(['0.0.0.0_80', '10.0.0.9_80']);
    expect(made.routes.map(({ name }) => name)).toEqual(['http.80', 'http.80.10.0.0.9']);
  });
});

describe('HTTPS', () => {
  it('is ended, by server name', () => {
    const made = table([
      gateway('edge/gw', [
        `443 HTTPS a.example ns/b.example|${simple}`,
        '443 HTTPS *.c.example|tls: {mode: MUTUAL, credentialName: c, subjectAltNames: [x], minProtocolVersion: TLSV1_3}',
      ]),
    ]);
    expect(chains(listener(made, '0.0.0.0_443'))).toEqual([
      'a.example b.example SIMPLE -> routes https.443.p0.gw.edge',
      '*.c.example MUTUAL -> routes https.443.p1.gw.edge',
    ]);
    expect(listener(made, '0.0.0.0_443')).toMatchObject({
      inspectTls: true,
      chains: [
        { tls: { mode: 'SIMPLE', certificateFile: '/c.crt', keyFile: '/c.key', alpn: ['h2', 'http/1.1'], minVersion: 'TLSv1.2' } },
        { tls: { mode: 'MUTUAL', credentialName: 'c', subjectAltNames: ['x'], minVersion: 'TLSv1.3' } },
      ],
    });
    expect(chains(listener(table([gateway('edge/gw', [`443 HTTPS *|${simple}`])]), '0.0.0.0_443'))).toEqual(['SIMPLE -> routes https.443.p0.gw.edge']);
  });
});

describe('servers with one port', () => {
  const lost = (first: readonly string[], second: readonly string[]): (string | number)[] =>
    table([gateway('edge/a', first, created(1)), gateway('edge/b', second, created(2))])
      .statuses.filter(({ reason }) => reason === 'conflicting-server')
      .map(({ origin }) => `${origin.name} ${origin.path[2]}`);
  it.each([
    ['HTTP and HTTP', ['80 HTTP a'], ['80 HTTP b'], []],
    ['HTTP and HTTP/2', ['80 HTTP a'], ['80 GRPC b'], []],
    ['HTTP and TCP: the older has it', ['80 HTTP a'], ['80 TCP *'], ['b 0']],
    ['TCP and HTTP', ['80 TCP *'], ['80 HTTP a'], ['b 0']],
    ['TCP twice', ['80 TCP *'], ['80 TCP *'], ['b 0']],
    ['HTTP and HTTPS', ['80 HTTP a'], [`80 HTTPS b|${simple}`], ['b 0']],
    ['HTTPS of other hosts', [`443 HTTPS a|${simple}`], [`443 HTTPS b|${simple}`], []],
    ['HTTPS of one host', [`443 HTTPS a|${simple}`], [`443 HTTPS a c|${simple}`], ['b 0']],
    ['HTTPS and TLS', [`443 HTTPS a|${simple}`], ['443 TLS b|tls: {mode: PASSTHROUGH}'], []],
    ['one host at other addresses', [`443 HTTPS a|${simple}, bind: 10.0.0.9`], [`443 HTTPS a|${simple}`], []],
    ['HTTP that is redirected, twice', ['80 HTTP a|tls: {httpsRedirect: true}'], ['80 HTTP a|tls: {httpsRedirect: true}'], ['b 0']],
  ])('%s', (_, first, second, expected) => {
    expect(lost(first, second)).toEqual(expected);
  });
});

describe('TCP and TLS', () => {
  it('TCP goes where the first rule for the port says; without one the port is closed', () => {
    const documents = [
      gateway('edge/gw', ['90 TCP *', '91 TCP *', '92 TCP *']),
      routed(
        'tcp',
        `{match: [{port: 90}], ${tcpTo('a')}}, {match: [{port: 91, gateways: [edge/other]}], ${tcpTo('b')}}, {match: [{gateways: [edge/gw], port: 91}], ${tcpTo('c')}}`,
      ),
    ];
    const made = table(documents);
    expect(made.listeners.map((one) => `${one.name} ${chains(one).join(', ')}`)).toEqual([`0.0.0.0_90 all -> ${db('a')}`, `0.0.0.0_91 all -> ${db('c')}`]);
  });

  it('TLS that is ended goes on as TCP', () => {
    const made = table([gateway('edge/gw', [`90 TLS a.example|${simple}`]), routed('tcp', `{${tcpTo('a')}}`, 'a.example')]);
    expect(chains(listener(made, '0.0.0.0_90'))).toEqual([`a.example SIMPLE -> ${db('a')}`]);
  });

  it('TLS that is passed through is told by its name, the first rule for one', () => {
    const rules = `{match: [{sniHosts: [a.example], port: 443}], ${tcpTo('a')}}, {match: [{sniHosts: [c.example, B.example]}], ${tcpTo('b')}}, {match: [{sniHosts: [a.example, d.example]}], ${tcpTo('x')}}, {match: [{sniHosts: [e.example], port: 444}], ${tcpTo('x')}}`;
    const made = table([gateway('edge/gw', ['443 TLS *.example|tls: {mode: PASSTHROUGH}']), routed('tls', rules, '"*.example"')]);
    expect(chains(listener(made, '0.0.0.0_443'))).toEqual([`a.example -> ${db('a')}`, `b.example c.example -> ${db('b')}`]);
    expect(listener(made, '0.0.0.0_443')).toMatchObject({ inspectTls: true });
    expect(listener(made, '0.0.0.0_443').defaultChain).toBeUndefined();
  });

  it('only with a host in common, and of namespaces that the server is for', () => {
    const closed = (hosts: string, own: string): boolean =>
      table([gateway('edge/gw', [`90 TCP ${hosts}`]), routed('tcp', `{${tcpTo('a')}}`, own)]).listeners.length === 0;
    expect([
      closed('a.example', 'b.example'),
      closed('shop/a.example', 'a.example'),
      closed('pay/a.example', 'a.example'),
      closed('./a.example', 'a.example'),
    ]).toEqual([true, false, true, true]);
  });

  it('MAP-R3: passes on by the names that proxies of the mesh give, to services of the mesh, without TLS of its own', () => {
    const rule = doc('DestinationRule', 'shop/db', 'host: db, subsets: [{name: v1}]');
    const made = table([
      gateway('edge/gw', ['443 TLS "*.local"|tls: {mode: AUTO_PASSTHROUGH}'.replaceAll('"', '')]),
      svc('shop/db tcp:90'),
      rule,
      doc('ServiceEntry', 'shop/x', 'hosts: [x.local], location: MESH_EXTERNAL, ports: [{number: 90, name: tcp, protocol: TCP}]'),
    ]);
    const names = ['outbound_.90_._.db.shop.svc.cluster.local', 'outbound_.90_.v1_.db.shop.svc.cluster.local'];
    expect(chains(listener(made, '0.0.0.0_443')).map((chain) => chain.split(' ')[0])).toEqual(names);
    expect(made.clusters.filter(({ name }) => names.includes(name)).map(({ tls }) => tls.mode)).toEqual(['disable', 'disable']);
  });
});

it('a virtual service for a Gateway that nobody wrote says so', () => {
  const documents = [
    gateway('edge/gw', ['80 HTTP *']),
    doc('VirtualService', 'shop/x', 'hosts: [a.example], gateways: [edge/gone, mesh], http: [{directResponse: {status: 200}}]'),
  ];
  for (const proxy of [gatewayProxy, { namespace: 'shop' }]) {
    expect(tableOf(documents, { proxy }).statuses).toMatchObject([{ reason: 'unknown-gateway', origin: { name: 'x', path: ['spec', 'gateways'] } }]);
  }
});
