import { expect, it } from 'vitest';
import { configurationOf } from '../../envoy/configuration.ts';
import type { LocalOptions } from '../../envoy/local-table.ts';
import type { EnvoyResources } from '../../envoy/resources.ts';
import type { RoutingTable } from '../../ir/table.ts';
import { doc, svc, tableOf, to, vs } from '../../translate/testing.ts';
import { type Blame, blame } from './blame.ts';

const options = { meshTls: 'none' } as const;
const local: LocalOptions = { bind: '127.0.0.1', outboundPort: 15001, inboundPort: 15006, capture: false };

/** An Envoy that refuses everything with a text in it. */
const refusing =
  (...texts: string[]) =>
  async (resources: EnvoyResources): Promise<string | undefined> =>
    // Only what listeners ask for gets to an Envoy.
    texts.every((text) => JSON.stringify({ ...resources, routes: resources.listeners.length > 0 ? resources.routes : [] }).includes(text))
      ? `no ${texts.join(' and ')}`
      : undefined;

function blamed(table: RoutingTable, ...texts: string[]): Promise<Blame | undefined> {
  return blame(configurationOf(table, options, local), refusing(...texts), { table, options, local });
}

const mesh = [
  svc('shop/cart http:80'),
  svc('shop/pay http:4712 10.0.0.2'),
  vs(
    'shop/cart',
    'cart',
    `http: [{name: a, match: [{uri: {prefix: /a}}], ${to('cart')}}, {name: b, ${to('cart')}, headers: {request: {set: {x: bad-header}}}}]`,
  ),
  doc('DestinationRule', 'shop/pay', 'host: pay, trafficPolicy: {connectionPool: {tcp: {maxConnections: 4711}}}'),
];

it('a route: the rule that it is made of', async () => {
  expect(await blamed(tableOf(mesh), 'bad-header')).toEqual({
    resource: 'route b in virtual host cart.shop.svc.cluster.local:80 of outbound',
    origin: expect.objectContaining({ kind: 'VirtualService', name: 'cart', path: ['spec', 'http', 1] }),
    reason: 'no bad-header',
  });
});

it('a cluster: its destination rule', async () => {
  expect(await blamed(tableOf(mesh), '4711')).toMatchObject({
    resource: 'cluster outbound|4712||pay.shop.svc.cluster.local',
    origin: { kind: 'DestinationRule', namespace: 'shop', name: 'pay' },
  });
});

it('a listener of the manifests', async () => {
  const sidecar = doc('Sidecar', 'shop/s', "egress: [{port: {number: 4712, name: http, protocol: HTTP}, bind: 127.0.0.1, captureMode: NONE, hosts: ['./*']}]");
  expect(await blamed(tableOf([...mesh, sidecar]), '"port_value":4712')).toMatchObject({
    resource: 'listener 127.0.0.1_4712',
    origin: { kind: 'Sidecar', name: 's' },
  });
});

it('a virtual host as a whole, where no route of it is refused by itself', async () => {
  expect(await blamed(tableOf(mesh), '"name":"a"', '"name":"b"')).toMatchObject({
    resource: 'virtual host cart.shop.svc.cluster.local:80 of outbound',
    origin: { kind: 'VirtualService', name: 'cart' },
  });
});

it('a patch: the first with which it is refused', async () => {
  const patch = (key: string): string => `{applyTo: CLUSTER, patch: {operation: MERGE, value: {alt_stat_name: ${key}}}}`;
  const filter = doc('EnvoyFilter', 'shop/f', `configPatches: [${patch('good')}, ${patch('bad-patch')}]`).replace('/v1\n', '/v1alpha3\n');
  expect(await blamed(tableOf([...mesh, filter]), 'bad-patch')).toMatchObject({
    resource: 'CLUSTER MERGE',
    origin: { kind: 'EnvoyFilter', name: 'f', path: ['spec', 'configPatches', 1] },
  });
});

it('nobody, where only several together are refused', async () => {
  expect(await blamed(tableOf(mesh), 'block_self', 'bad-header')).toBeUndefined();
});
