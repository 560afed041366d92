import { describe, expect, it } from 'vitest';
import { meshOf } from '../analysis/testing.ts';
import { created, doc, svc, tableOf, to, vs, ways } from './testing.ts';
import { VirtualServices } from './virtual-services.ts';

function bound(documents: readonly string[], namespace = 'shop', gateway = 'mesh'): string[] {
  return VirtualServices.of(meshOf(documents.join('---\n')))
    .boundTo(gateway, namespace)
    .map(({ name }) => name);
}

const any = `http: [{${to('cart')}}]`;

describe('names', () => {
  it.each([
    ['cart', 'cart.shop.svc.cluster.local'],
    ['cart.pay', 'cart.pay'],
    ['Cart.Example.COM', 'cart.example.com'],
    ['"*"', '*'],
    ['"*.example.com"', '*.example.com'],
    ['10.0.0.1', '10.0.0.1'],
    ['"fd00::1"', 'fd00::1'],
  ])('SEL-R1, SEL-R2, SEL-R4: host %s is %s', (written, full) => {
    const [service] = VirtualServices.of(meshOf(vs('shop/x', written, any))).all;
    expect(service?.hosts).toEqual([full]);
  });

  it('SEL-R1: of destinations are in the namespace of the object, not of the client', () => {
    const table = tableOf([svc('pay/pay http:80'), svc('shop/cart http:80'), vs('pay/pay', 'pay', `http: [{${to('pay', 'mirror: {host: pay}')}}]`)]);
    expect(ways(table, '80')['pay.pay.svc.cluster.local:80']).toEqual(['outbound|80||pay.pay.svc.cluster.local']);
  });

  it.each([
    ['gw', 'shop/gw'],
    ['./gw', 'shop/gw'],
    ['edge/gw', 'edge/gw'],
    ['gw.edge', 'edge/gw'],
    ['gw.edge.svc.cluster.local', 'edge/gw'],
  ])('SEL-R3: gateway %s is %s', (written, full) => {
    expect(bound([vs('shop/x', 'x', `gateways: [${written}], ${any}`)], 'shop', full)).toEqual(['x']);
  });
});

it.each([
  ['', true],
  ['gateways: [mesh], ', true],
  ['gateways: [edge/gw], ', false],
  ['gateways: [edge/gw, mesh], ', true],
])('SEL-R10: sidecars and {%s}', (gateways, expected) => {
  expect(bound([vs('shop/x', 'x', `${gateways}${any}`)])).toEqual(expected ? ['x'] : []);
});

it.each([
  ['', 'shop pay other'],
  ['exportTo: ["*", "."], ', 'shop pay other'],
  ['exportTo: ["~"], ', ''],
  ['exportTo: ["."], ', 'shop'],
  ['exportTo: [shop], ', 'shop'],
  ['exportTo: [pay, "."], ', 'shop pay'],
  ['exportTo: [pay], ', 'pay'],
])('SEL-R11: {%s} is seen in %s', (exportTo, namespaces) => {
  const documents = [vs('shop/x', 'x', `${exportTo}${any}`)];
  expect(['shop', 'pay', 'other'].filter((namespace) => bound(documents, namespace).length > 0).join(' ')).toBe(namespaces);
});

it('SEL-R12: the oldest first, then by name and namespace; what has no time is the newest', () => {
  const documents = [
    vs('shop/new', 'x', any),
    vs('shop/b', 'x', any, created(2)),
    vs('pay/a', 'x', any, created(2)),
    vs('other/a', 'x', any, created(2)),
    vs('shop/z', 'x', any, created(1)),
  ];
  const order = VirtualServices.of(meshOf(documents.join('---\n'))).all.map(({ namespace, name }) => `${namespace}/${name}`);
  expect(order).toEqual(['shop/z', 'other/a', 'pay/a', 'shop/b', 'shop/new']);
});

it('SEL-R13: private ones, those exported to the namespace, then public ones', () => {
  const documents = [
    vs('shop/public', 'x', any, created(1)),
    vs('pay/exported', 'x', `exportTo: [shop], ${any}`, created(2)),
    vs('shop/private', 'x', `exportTo: ["."], ${any}`, created(3)),
  ];
  expect(bound(documents)).toEqual(['private', 'exported', 'public']);
});

describe('delegates', () => {
  const root = (rules: string): string => vs('shop/root', 'cart', `http: [${rules}]`);
  const leaf = (name: string, spec: string): string => doc('VirtualService', name, spec);
  const table = (...documents: string[]): string[] | undefined =>
    ways(tableOf([svc('shop/cart http:80'), svc('shop/a http:80'), svc('shop/b http:80'), svc('pay/a http:80'), ...documents]), '80')[
      'cart.shop.svc.cluster.local:80'
    ]?.map((cluster) => cluster.slice('outbound|80||'.length).replace('.svc.cluster.local', ''));

  it('SEL-R22: stand in the place of the root rule, in their own order, with names of their own namespace', () => {
    const rules = `{match: [{uri: {prefix: /first}}], ${to('b')}}, {match: [{uri: {prefix: /a}}], delegate: {name: leaf, namespace: pay}}, {${to('b')}}`;
    const delegate = leaf('pay/leaf', `http: [{match: [{uri: {prefix: /a/1}}], ${to('a')}}, {${to('nowhere')}}]`);
    expect(table(root(rules), delegate)).toEqual(['b.shop', 'a.pay', 'nowhere.pay', 'b.shop']);
  });

  it('SEL-R22: never apply by themselves', () => {
    expect(table(leaf('shop/leaf', `http: [{${to('a')}}]`))).toEqual(['cart.shop']);
  });

  it('SEL-R22: of the root namespace where none is named; a missing one takes its root rule along, and says so', () => {
    const rules = `{match: [{uri: {prefix: /a}}], delegate: {name: gone}}, {${to('b')}}`;
    expect(table(root(rules))).toEqual(['b.shop']);
    const { statuses } = tableOf([root(rules)]);
    expect(statuses).toMatchObject([
      { reason: 'missing-delegate', origin: { kind: 'VirtualService', name: 'root', path: ['spec', 'http', 0, 'delegate'] } },
      { reason: 'unknown-host' },
    ]);
  });

  it('SEL-R23, SEL-R24, SEL-R26: routes have the conditions of both, and what the delegate says before what the root says', () => {
    const rules = '{name: r, timeout: 3s, match: [{name: rm, uri: {prefix: /a}, headers: {x: {exact: "1"}}}], delegate: {name: leaf}}';
    const delegate = leaf(
      'shop/leaf',
      `http: [{name: l, match: [{name: lm, uri: {prefix: /a/b}, headers: {z: {exact: "2"}}}], ${to('a')}}, {match: [{uri: {prefix: /z}}], ${to('b')}}]`,
    );
    const made = tableOf([svc('shop/cart http:80'), svc('shop/a http:80'), root(rules), delegate]);
    const [host] = made.routes.find(({ name }) => name === '80')?.virtualHosts.filter(({ name }) => name.startsWith('cart')) ?? [];
    expect(host?.routes).toHaveLength(1);
    expect(host?.routes[0]).toMatchObject({
      name: 'r-l.rm-lm',
      match: { path: { value: '/a/b' }, headers: [{ name: 'x' }, { name: 'z' }] },
      action: { timeoutMs: 3000 },
    });
    expect(made.statuses).toMatchObject([{ reason: 'delegate-conflict', origin: { name: 'leaf', path: ['spec', 'http', 1, 'match', 0] } }]);
  });
});
