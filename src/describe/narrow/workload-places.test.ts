import { expect, it } from 'vitest';
import { meshOf } from '../../analysis/testing.ts';
import { workloadPlaces } from './workload-places.ts';

const service = (namespace: string, name: string): string =>
  `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: {selector: {app: ${name}}, ports: [{port: 80, name: http}]}\n`;
const virtualService = (http: string): string =>
  `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: cart, namespace: shop}\nspec: {hosts: [cart.shop.svc.cluster.local], http: [${http}]}\n`;
const to = (host: string): string => `destination: {host: ${host}}`;

it.each<[string, string, string[]]>([
  ['itself', `route: [{${to('cart')}}]`, ['shop']],
  ['where requests go', `route: [{${to('pay.bank.svc.cluster.local')}}]`, ['bank', 'shop']],
  ['where copies go', `route: [{${to('cart')}}], mirror: {host: pay.bank.svc.cluster.local}`, ['bank', 'shop']],
  [
    'where several copies go',
    `route: [{${to('cart')}}], mirrors: [{${to('pay.bank.svc.cluster.local')}}, {${to('log.ops.svc.cluster.local')}}]`,
    ['bank', 'ops', 'shop'],
  ],
])('of a service: %s', (_, rule, namespaces) => {
  const mesh = meshOf([service('shop', 'cart'), service('bank', 'pay'), service('ops', 'log'), virtualService(`{${rule}}`)].join('---\n'));
  expect([...workloadPlaces(mesh, { kind: 'Service', namespace: 'shop', name: 'cart' }).namespaces].sort()).toEqual(namespaces);
});

it('of a service: those who say something of the same host', () => {
  const entry =
    'apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: machines, namespace: old}\nspec: {hosts: [cart.shop.svc.cluster.local], ports: [{number: 80, name: http, protocol: HTTP}], resolution: STATIC, workloadSelector: {labels: {app: cart}}}\n';
  const mesh = meshOf([service('shop', 'cart'), entry].join('---\n'));
  expect([...workloadPlaces(mesh, { kind: 'Service', namespace: 'shop', name: 'cart' }).namespaces].sort()).toEqual(['old', 'shop']);
});
