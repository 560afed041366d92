import { describe, expect, it } from 'vitest';
import { meshOf } from '../analysis/testing.ts';
import { proxyIn } from './clusters/testing.ts';
import { type ProxyScope, proxyScope, sidecarOf } from './proxy-scope.ts';
import { created, doc, svc, to, vs } from './testing.ts';

const labels = { app: 'cart', version: 'v1' };

function scopeOf(documents: readonly string[], namespace = 'shop'): ProxyScope {
  return proxyScope(meshOf(documents.join('---\n')), proxyIn(namespace, { labels }));
}

describe('the Sidecar of a proxy', () => {
  const sidecar = (name: string, selector = '', meta = ''): string =>
    doc('Sidecar', name, selector === '' ? '' : `workloadSelector: {labels: {${selector}}}`, meta);
  it.each([
    ['one that selects it, whatever is older', [sidecar('shop/all', '', created(1)), sidecar('shop/cart', 'app: cart', created(2))], 'shop/cart'],
    ['the oldest that selects it', [sidecar('shop/a', 'app: cart', created(2)), sidecar('shop/b', 'version: v1', created(1))], 'shop/b'],
    ["its namespace's", [sidecar('shop/other', 'app: pay'), sidecar('shop/all'), sidecar('istio-system/root')], 'shop/all'],
    ["the root namespace's", [sidecar('shop/other', 'app: pay'), sidecar('istio-system/root')], 'istio-system/root'],
    ['none of the root namespace that selects workloads', [sidecar('istio-system/root', 'app: cart')], undefined],
    ['none of another namespace', [sidecar('pay/all')], undefined],
  ])('SEL-R30: is %s', (_, documents, expected) => {
    expect(sidecarOf(meshOf(documents.join('---\n')), proxyIn('shop', { labels }))?.fullName).toBe(expected);
  });
});

describe('services of a listener', () => {
  const services = [
    svc('shop/cart http:80'),
    svc('pay/pay http:80 tcp:90'),
    doc('ServiceEntry', 'ext/api', 'hosts: [api.example.com], ports: [{number: 443, name: tls, protocol: TLS}]'),
  ];
  const imported = (egress: string): string[][] =>
    scopeOf([...services, doc('Sidecar', 'shop/s', `egress: [${egress}]`)]).egress.map((listener) =>
      listener.services.map(({ host, ports }) => `${host.split('.')[0]} ${ports.map(({ number }) => number).join(' ')}`).sort(),
    );
  it.each([
    ['{hosts: ["*/*"]}', [['api 443', 'cart 80', 'pay 80 90']]],
    ['{hosts: ["./*"]}', [['cart 80']]],
    ['{hosts: ["~/*"]}', [[]]],
    ['{hosts: ["pay/*", "./cart.shop.svc.cluster.local"]}', [['cart 80', 'pay 80 90']]],
    ['{hosts: ["*/*.example.com"]}', [['api 443']]],
    ['{hosts: ["shop/*.example.com"]}', [[]]],
    ['{hosts: ["*/api.example.com"]}', [['api 443']]],
    ['{hosts: [null, "nonsense", "*/*.pay.svc.cluster.local"]}', [['pay 80 90']]],
    ['{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*/*"]}, {hosts: ["./*"]}', [['cart 80', 'pay 80'], ['cart 80']]],
    ['{port: {number: 3128, name: http, protocol: HTTP_PROXY}, hosts: ["*/*"]}', [['api 443', 'cart 80', 'pay 80 90']]],
  ])('SEL-R31: egress [%s]', (egress, expected) => {
    expect(imported(egress)).toEqual(expected);
  });

  it('SEL-R31: are all of them without an egress', () => {
    expect(scopeOf([...services, doc('Sidecar', 'shop/s', '')]).egress.map(({ services: all }) => all.length)).toEqual([3]);
  });

  it('SEL-R6: a Service is imported where it is covered, a virtual service where it overlaps', () => {
    const wild = doc('ServiceEntry', 'shop/wild', 'hosts: ["*.example.com"], ports: [{number: 80, name: http, protocol: HTTP}]');
    const { egress } = scopeOf([
      wild,
      vs('shop/wild', '"*.example.com"', `http: [{${to('a')}}]`),
      doc('Sidecar', 'shop/s', 'egress: [{hosts: ["*/*.api.example.com"]}]'),
    ]);
    expect(egress[0]?.services).toEqual([]);
    expect(egress[0]?.virtualServices.map(({ name }) => name)).toEqual(['wild']);
  });

  it('SEL-R34: are those that are exported to the namespace', () => {
    const exported = (to: string): string =>
      svc(`pay/${to === '' ? 'open' : 'limited'} http:80`, to === '' ? '' : `annotations: {networking.istio.io/exportTo: "${to}"}`);
    const seen = (to: string): boolean => scopeOf([exported(to)]).services.length > 0;
    expect([seen(''), seen('*'), seen('shop'), seen('.'), seen('~'), seen('other, shop')]).toEqual([true, true, true, false, false, true]);
  });

  it('SEL-R33: of several with one host that of the own namespace, else that of Kubernetes, else the oldest', () => {
    const entry = (name: string, host: string, day: number): string =>
      doc('ServiceEntry', name, `hosts: [${host}], ports: [{number: 80, name: http, protocol: HTTP}]`, created(day));
    const owner = (...documents: string[]): (string | undefined)[] => scopeOf(documents).services.map(({ namespace }) => namespace);
    expect(owner(entry('pay/a', 'x.example', 1), entry('shop/b', 'x.example', 2))).toEqual(['shop']);
    expect(owner(entry('pay/b', 'x.example', 2), entry('ext/a', 'x.example', 1))).toEqual(['ext']);
    expect(owner(entry('ext/a', 'pay.pay.svc.cluster.local', 1), svc('pay/pay http:80', created(2)))).toEqual(['pay']);
  });
});

describe('destinations of imported virtual services', () => {
  const pay = svc('pay/pay http:80 http:81');
  const sidecar = doc('Sidecar', 'shop/s', 'egress: [{hosts: ["./*"]}]');
  const known = (...documents: string[]): string[] =>
    scopeOf([svc('shop/cart http:80'), sidecar, ...documents])
      .services.map(({ host, ports }) => `${host.split('.')[0]} ${ports.map(({ number }) => number).join(' ')}`)
      .sort();
  const routed = (destination: string): string => vs('shop/cart', 'cart', `http: [{route: [{destination: {${destination}}}]}]`);
  it('SEL-R32: are known with the ports that are named, and have no listeners', () => {
    const host = 'host: pay.pay.svc.cluster.local';
    expect(known(pay)).toEqual(['cart 80']);
    expect(known(pay, routed(`${host}, port: {number: 81}`))).toEqual(['cart 80', 'pay 81']);
    expect(known(pay, routed(host))).toEqual(['cart 80', 'pay 80 81']);
    expect(known(pay, routed(`${host}, port: {number: 9}`))).toEqual(['cart 80']);
    const { egress } = scopeOf([svc('shop/cart http:80'), sidecar, pay, routed(host)]);
    expect(egress[0]?.services.map(({ name }) => name)).toEqual(['cart']);
  });

  it('SEL-R32: are those of the own namespace, else of the first in the alphabet that is seen', () => {
    const entry = (namespace: string, exportTo = '*'): string =>
      doc('ServiceEntry', `${namespace}/x`, `hosts: [x.example], exportTo: ["${exportTo}"], ports: [{number: 80, name: http, protocol: HTTP}]`);
    const owner = (...documents: string[]): string | undefined =>
      scopeOf([doc('Sidecar', 'shop/s', 'egress: [{hosts: ["./cart.shop.svc.cluster.local"]}]'), routed('host: x.example'), ...documents]).services[0]
        ?.namespace;
    expect(owner(entry('b'), entry('a'))).toBe('a');
    expect(owner(entry('b'), entry('a', '.'))).toBe('b');
    expect(owner(entry('b'), entry('shop'))).toBe('shop');
  });

  it('SEL-R32: of matches for other namespaces do not count', () => {
    const rule = (namespace: string): string =>
      vs('shop/cart', 'cart', `http: [{match: [{sourceNamespace: ${namespace}}], route: [{destination: {host: pay.pay.svc.cluster.local}}]}]`);
    expect(known(pay, rule('other'))).toEqual(['cart 80']);
    expect(known(pay, rule('shop'))).toEqual(['cart 80', 'pay 80 81']);
  });
});

it.each([
  ['the mesh allows', '', undefined, 'ALLOW_ANY'],
  ['the mesh refuses', '', 'REGISTRY_ONLY', 'REGISTRY_ONLY'],
  ['the Sidecar refuses', 'outboundTrafficPolicy: {mode: REGISTRY_ONLY}', undefined, 'REGISTRY_ONLY'],
  ['the Sidecar allows', 'outboundTrafficPolicy: {mode: ALLOW_ANY}', 'REGISTRY_ONLY', 'ALLOW_ANY'],
  ['the Sidecar says nothing about it', 'egress: [{hosts: ["*/*"]}]', 'REGISTRY_ONLY', 'REGISTRY_ONLY'],
  ['an empty policy is the zero value', 'outboundTrafficPolicy: {}', undefined, 'REGISTRY_ONLY'],
] as const)('SEL-R35: %s', (_, sidecar, mode, expected) => {
  const meshConfig = mode ? { outboundTrafficPolicy: { mode } } : {};
  const mesh = meshOf(sidecar === '' ? svc('shop/cart http:80') : doc('Sidecar', 'shop/s', sidecar), { meshConfig });
  expect(proxyScope(mesh, proxyIn('shop')).outboundMode).toBe(expected);
});
