// Who calls decides what holds: rules are for some namespaces, or for some callers.
import { describe, expect, it } from 'vitest';
import { created, doc, vs } from '../translate/testing.ts';
import { codesOf, describedPod, describedService, pod, saidOf, service } from './testing.ts';

const mesh = [service('shop/cart'), pod('shop/cart-1'), pod('shop/cart-2', { labels: '{app: cart, version: v2}' })];
const subsets = (name: string, more = '', meta = ''): string =>
  doc('DestinationRule', name, `host: cart.shop.svc.cluster.local, subsets: [{name: v1, labels: {version: v1}}]${more === '' ? '' : `, ${more}`}`, meta);

const others = (documents: readonly string[]): (string | undefined)[][] =>
  describedService(documents).services[0]?.ports[0]?.others.map(({ from, http, unreachable, destinationRule }) => [
    from.namespace,
    http?.by.map(({ namespace, name }) => `${namespace}/${name}`).join() ?? unreachable,
    destinationRule?.rules.map(({ origin }) => `${origin.namespace}/${origin.name}`).join(),
  ]) ?? [];

describe('clients elsewhere', () => {
  it.each<[string, string[], (string | undefined)[][]]>([
    ['nothing is different', [vs('shop/cart', 'cart', 'http: [{route: [{destination: {host: cart}}]}]')], []],
    [
      'a virtual service of another namespace is for all',
      [vs('ops/cart', 'cart.shop.svc.cluster.local', 'http: [{route: [{destination: {host: cart.shop.svc.cluster.local}}], timeout: 1s}]')],
      [],
    ],
    [
      'a virtual service for its own namespace',
      [vs('ops/cart', 'cart.shop.svc.cluster.local', "exportTo: ['.'], http: [{route: [{destination: {host: cart.shop.svc.cluster.local}}], timeout: 1s}]")],
      [['ops', 'ops/cart', undefined]],
    ],
    ['a destination rule of another namespace', [subsets('ops/cart')], [['ops', '', 'ops/cart']]],
    ['a destination rule for the own namespace only', [subsets('shop/cart', "exportTo: ['.']")], [['', '', undefined]]],
    [
      'a rule for callers with a label',
      [
        vs(
          'shop/cart',
          'cart',
          'http: [{match: [{sourceLabels: {app: web}}], fault: {abort: {httpStatus: 500, percentage: {value: 100}}}, route: [{destination: {host: cart}}]}, {route: [{destination: {host: cart}}]}]',
        ),
      ],
      [['shop', 'shop/cart', undefined]],
    ],
  ])('%s', (_, documents, expected) => expect(others([...mesh, ...documents])).toEqual(expected));

  it('a service that is not exported', () => {
    const own = service('shop/cart').replace('namespace: shop}', 'namespace: shop, annotations: {networking.istio.io/exportTo: "."}}');
    expect(others([own, pod('shop/cart-1')])).toEqual([['', 'unknown', undefined]]);
  });
});

describe('destination rules that are lost', () => {
  it.each<[string, string[], string[]]>([
    [
      'the policy and the subset of a newer rule',
      [
        subsets('shop/a', 'trafficPolicy: {connectionPool: {tcp: {maxConnections: 1}}}', created(1)),
        doc(
          'DestinationRule',
          'shop/b',
          'host: cart, trafficPolicy: {outlierDetection: {interval: 1s}}, subsets: [{name: v1, labels: {version: v2}}, {name: v2, labels: {version: v2}}]',
          created(2),
        ),
      ],
      [
        'destination-rule-lost: traffic policy (outlierDetection) of DestinationRule shop/b is not used: DestinationRule shop/a is (an older rule for the host has one)',
        'destination-rule-lost: subset v1 of DestinationRule shop/b is not used: DestinationRule shop/a is (an older rule for the host has one of this name)',
      ],
    ],
    [
      'a rule of the root namespace',
      [subsets('istio-system/all'), subsets('shop/cart')],
      [
        'destination-rule-lost: the whole rule of DestinationRule istio-system/all is not used: DestinationRule shop/cart is (a rule in a nearer namespace counts, and nothing is taken over)',
      ],
    ],
  ])('%s', (_, documents, said) => {
    expect(saidOf(describedPod([...mesh, ...documents])).filter((text) => text.startsWith('destination-rule-lost'))).toEqual(said);
  });
});

describe('other names', () => {
  it('a virtual service for another host leads here', () => {
    const rule = vs('shop/pay', 'pay.example.com', 'http: [{route: [{destination: {host: cart}}]}]');
    const [port] = describedPod([...mesh, rule]).services[0]?.ports ?? [];
    expect(port?.clients.otherHosts.map(({ name, by }) => [name, by.map((origin) => origin.name)])).toEqual([['pay.example.com:80', ['pay']]]);
  });

  it('hosts with the very same routes are one', () => {
    const rule = vs('shop/pay', 'a.example.com, b.example.com, c.example.com', 'http: [{route: [{destination: {host: cart}}]}]');
    const [port] = describedPod([...mesh, rule]).services[0]?.ports ?? [];
    expect(port?.clients.otherHosts.map(({ name, others: more }) => [name, more])).toEqual([['a.example.com:80', ['b.example.com:80', 'c.example.com:80']]]);
  });
});

describe('streams', () => {
  const tcp = [service('shop/cart', '{name: tcp, port: 3000, targetPort: 8080}'), pod('shop/cart-1')];

  it('routes of a virtual service', () => {
    const rule = vs('shop/cart', 'cart', 'tcp: [{route: [{destination: {host: cart}, weight: 20}, {destination: {host: nobody}, weight: 80}]}]');
    const found = describedPod([...tcp, rule]);
    expect(found.services[0]?.ports[0]?.clients.tcp?.destinations.map(({ host, percent }) => [host, percent])).toEqual([
      ['cart.shop.svc.cluster.local', 20],
      ['nobody.shop.svc.cluster.local', 80],
    ]);
    expect(codesOf(found)).toEqual(['unknown-host']);
  });

  it('another service has the listener', () => {
    const first = service('ops/old', '{name: tcp, port: 3000}', '').replace('namespace: ops}', `namespace: ops, ${created(1)}}`);
    const found = describedPod([first, service('shop/cart', '{name: tcp, port: 3000, targetPort: 8080}', ''), pod('shop/cart-1')]);
    expect(found.services[0]?.ports[0]?.clients.unreachable).toBe('other-service');
    expect(codesOf(found)).toContain('unreachable');
  });
});
