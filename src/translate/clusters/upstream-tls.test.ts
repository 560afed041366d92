import { describe, expect, it } from 'vitest';
import type { TestOptions } from '../../analysis/testing.ts';
import type { UpstreamTls } from '../../ir/cluster.ts';
import { cart, clustersOf, object, pods, proxyIn, rule } from './testing.ts';

const sidecar = pods('v1').replace('version: v1', 'version: v1, security.istio.io/tlsMode: istio');
const plain = pods('', 'v2').split('---\n')[1] as string;
const peer = (mode: string, namespace: string, more = ''): string => object('PeerAuthentication', 'default', namespace, `mtls: {mode: ${mode}}${more}`);
const tlsOf = (documents: string[], key = '80', options?: TestOptions, proxy = proxyIn('shop')): UpstreamTls | undefined =>
  clustersOf([cart, ...documents], proxy, options)[key]?.tls;

describe('automatic mTLS', () => {
  const names = ['spiffe://cluster.local/ns/shop/sa/default'];
  const auto = { mode: 'auto', sni: 'outbound_.80_._.cart.shop.svc.cluster.local', subjectAltNames: names };
  it.each<[string, string[], object, TestOptions?]>([
    ['DR-R71: nothing is written', [sidecar], auto],
    ['DR-R71: the mesh turns it off', [sidecar], { mode: 'disable' }, { meshConfig: { enableAutoMtls: false } }],
    ['DR-R71: the namespace of the service wants plain text', [sidecar, peer('DISABLE', 'shop')], { mode: 'disable' }],
    ['DR-R71: the mesh wants plain text', [sidecar, peer('DISABLE', 'istio-system')], { mode: 'disable' }],
    ['the namespace is stronger than the mesh', [sidecar, peer('DISABLE', 'istio-system'), peer('STRICT', 'shop')], auto],
    ['a policy for some workloads is none for the namespace', [sidecar, peer('DISABLE', 'shop', ', selector: {matchLabels: {app: cart}}')], auto],
    [
      'DR-R72: settings of the port without TLS',
      [sidecar, rule('host: cart, trafficPolicy: {tls: {mode: DISABLE}, portLevelSettings: [{port: {number: 80}}]}')],
      auto,
    ],
  ])('%s', (_, documents, expected, options) => expect(tlsOf(documents, '80', options)).toEqual(expected));

  it('DR-R71: not to what is outside of the mesh', () => {
    const entry = (location: string): string =>
      object('ServiceEntry', 'a', 'shop', `hosts: [a.example], location: ${location}, resolution: STATIC, ports: [{number: 70, name: http, protocol: HTTP}]`);
    expect(tlsOf([entry('MESH_EXTERNAL')], '70')).toEqual({ mode: 'disable' });
    expect(tlsOf([entry('MESH_INTERNAL')], '70')).toMatchObject({ mode: 'auto' });
  });

  it('DR-R71: an endpoint without a sidecar, or whose sidecar takes none at this port, gets plain text', () => {
    const modes = (...documents: string[]) => clustersOf([cart, ...documents])['80']?.localities[0]?.endpoints.map(({ tlsMode }) => tlsMode);
    expect(modes(sidecar, plain)).toEqual(['istio', 'disabled']);
    const ofPort = ', selector: {matchLabels: {app: cart}}, portLevelMtls: {80: {mode: DISABLE}}';
    expect(modes(sidecar, peer('STRICT', 'shop', ofPort))).toEqual(['disabled']);
    expect(modes(sidecar, peer('STRICT', 'shop', ofPort.replace('80', '81')))).toEqual(['istio']);
  });

  it('DR-R72: connections that are passed through are encrypted where every endpoint has a sidecar', () => {
    const passed = rule('host: cart, trafficPolicy: {loadBalancer: {simple: PASSTHROUGH}}');
    expect(tlsOf([sidecar, passed])).toEqual({ ...auto, mode: 'istio-mutual' });
    expect(tlsOf([sidecar, plain, passed])).toEqual({ mode: 'disable' });
    expect(tlsOf([passed])).toEqual({ mode: 'disable' });
  });

  it('MAP-R3: the name of a subset', () => {
    expect(tlsOf([sidecar, rule('host: cart, subsets: [{name: v1}]')], '80 v1')?.sni).toBe('outbound_.80_.v1_.cart.shop.svc.cluster.local');
  });
});

describe('DR-R70: as it is written', () => {
  const written = (tls: string, selector = ''): string => rule(`host: cart, ${selector}trafficPolicy: {tls: {${tls}}}`);
  it.each([
    ['mode: DISABLE', { mode: 'disable' }],
    ['sni: a', { mode: 'disable' }],
    ['mode: SIMPLE', { mode: 'simple' }],
    ['mode: SIMPLE, caCertificates: system', { mode: 'simple' }],
    [
      'mode: SIMPLE, sni: a, subjectAltNames: [b], caCertificates: /ca, insecureSkipVerify: true',
      { mode: 'simple', sni: 'a', subjectAltNames: ['b'], caFile: '/ca', insecureSkipVerify: true },
    ],
    ['mode: SIMPLE, caCertificates: /ca, caCrl: /crl', { mode: 'simple', caFile: '/ca', crlFile: '/crl' }],
    ['mode: MUTUAL, clientCertificate: /c, privateKey: /k', { mode: 'mutual', certificateFile: '/c', keyFile: '/k' }],
    ['mode: ISTIO_MUTUAL', { mode: 'istio-mutual', sni: 'outbound_.80_._.cart.shop.svc.cluster.local' }],
    ['mode: ISTIO_MUTUAL, sni: a, subjectAltNames: [b]', { mode: 'istio-mutual', sni: 'a', subjectAltNames: ['b'] }],
  ])('%s', (tls, expected) => expect(tlsOf([written(tls)])).toEqual(expected));

  it('with the ciphers and curves of the mesh, which those of the mesh itself have not', () => {
    const meshConfig = { tlsDefaults: { minProtocolVersion: 'TLSV1_3' as const, cipherSuites: ['AES256-SHA'], ecdhCurves: ['P-256'] } };
    expect(tlsOf([written('mode: SIMPLE')], '80', { meshConfig })).toEqual({ mode: 'simple', cipherSuites: ['AES256-SHA'], ecdhCurves: ['P-256'] });
    expect(tlsOf([written('mode: ISTIO_MUTUAL')], '80', { meshConfig })).not.toHaveProperty('cipherSuites');
  });

  it('a secret is for gateways, and for workloads that the rule selects', () => {
    const simple = written('mode: SIMPLE, credentialName: c');
    expect(tlsOf([simple])).toEqual({ mode: 'disable' });
    expect(tlsOf([simple], '80', {}, proxyIn('shop', { role: 'gateway' }))).toEqual({ mode: 'simple', credentialName: 'c' });
    const selecting = written('mode: SIMPLE, credentialName: c', 'workloadSelector: {matchLabels: {app: cli}}, ');
    expect(tlsOf([selecting], '80', {}, proxyIn('shop', { labels: { app: 'cli' } }))).toEqual({ mode: 'simple', credentialName: 'c' });
  });

  it('names that a ServiceEntry says stand in for those of the rule', () => {
    const entry = object(
      'ServiceEntry',
      'a',
      'shop',
      'hosts: [a.example], subjectAltNames: [x], resolution: STATIC, ports: [{number: 70, name: tls, protocol: TLS}]',
    );
    expect(tlsOf([entry, rule('host: a.example, trafficPolicy: {tls: {mode: SIMPLE}}')], '70')).toEqual({
      mode: 'simple',
      subjectAltNames: ['x'],
      verifyRequestName: true,
    });
    expect(tlsOf([entry, rule('host: a.example, trafficPolicy: {tls: {mode: SIMPLE, sni: b}}')], '70')).toEqual({
      mode: 'simple',
      sni: 'b',
      subjectAltNames: ['x'],
    });
  });
});
