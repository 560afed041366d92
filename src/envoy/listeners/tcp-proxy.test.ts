import { expect, it } from 'vitest';
import { doc, svc, vs } from '../../translate/testing.ts';
import type { JsonObject } from '../json.ts';
import { configOf, objects, sidecar } from './testing.ts';

const services = [svc('shop/cart tcp:90 10.0.0.1'), svc('shop/pay tcp:90 10.0.0.2')];
const cart = 'outbound|90||cart.shop.svc.cluster.local';
const pay = 'outbound|90||pay.shop.svc.cluster.local';
const rule = (spec: string): string => doc('DestinationRule', 'shop/cart', `host: cart, ${spec}`);
const tunnel = (more: string): string => `tunnel: {targetHost: db.example.com, targetPort: 5432${more}}`;
const routes = (spec: string): string => vs('shop/routes', 'cart', `tcp: [{route: [${spec}]}]`);

it.each<[string, string[], JsonObject]>([
  ['one cluster', [], { cluster: cart, stat_prefix: cart }],
  [
    'some clusters by weight',
    [routes('{destination: {host: cart}, weight: 20}, {destination: {host: pay}, weight: 80}')],
    {
      weighted_clusters: {
        clusters: [
          { name: cart, weight: 20 },
          { name: pay, weight: 80 },
        ],
      },
      stat_prefix: 'routes.shop',
    },
  ],
  [
    'limits of connections',
    [rule('trafficPolicy: {connectionPool: {tcp: {idleTimeout: 90s, maxConnectionDuration: 1h}}}')],
    { cluster: cart, stat_prefix: cart, idle_timeout: '90s', max_downstream_connection_duration: '3600s' },
  ],
  [
    'hashes of the client',
    [rule('trafficPolicy: {loadBalancer: {consistentHash: {useSourceIp: true}}}')],
    { cluster: cart, stat_prefix: cart, hash_policy: [{ source_ip: {} }] },
  ],
  ['a tunnel', [rule(`trafficPolicy: {${tunnel('')}}`)], { cluster: cart, stat_prefix: cart, tunneling_config: { hostname: 'db.example.com:5432' } }],
  [
    'a tunnel by POST',
    [rule(`trafficPolicy: {${tunnel(', protocol: POST')}}`)],
    { cluster: cart, stat_prefix: cart, tunneling_config: { hostname: 'db.example.com:5432', use_post: true } },
  ],
  [
    'a tunnel to an IPv6 address',
    [rule(`trafficPolicy: {${tunnel('').replace('db.example.com', '"fd00::1"')}}`)],
    { cluster: cart, stat_prefix: cart, tunneling_config: { hostname: '[fd00::1]:5432' } },
  ],
  [
    'no tunnel of the host for a subset',
    [rule(`trafficPolicy: {${tunnel('')}}, subsets: [{name: v1, labels: {v: "1"}}]`), routes('{destination: {host: cart, subset: v1}}')],
    { cluster: 'outbound|90|v1|cart.shop.svc.cluster.local', stat_prefix: 'outbound|90|v1|cart.shop.svc.cluster.local' },
  ],
  [
    'the tunnel of a subset',
    [rule(`subsets: [{name: v1, labels: {v: "1"}, trafficPolicy: {${tunnel('')}}}]`), routes('{destination: {host: cart, subset: v1}}')],
    {
      cluster: 'outbound|90|v1|cart.shop.svc.cluster.local',
      stat_prefix: 'outbound|90|v1|cart.shop.svc.cluster.local',
      tunneling_config: { hostname: 'db.example.com:5432' },
    },
  ],
  [
    'no tunnel for one of several',
    [rule(`trafficPolicy: {${tunnel('')}}`), routes('{destination: {host: cart}, weight: 50}, {destination: {host: pay}, weight: 50}')],
    {
      weighted_clusters: {
        clusters: [
          { name: cart, weight: 50 },
          { name: pay, weight: 50 },
        ],
      },
      stat_prefix: 'routes.shop',
    },
  ],
])('%s', (_, documents, expected) => {
  const listener = sidecar([...services, ...documents])['10.0.0.1_90'];
  const { '@type': type, ...config } = configOf(objects(listener?.filter_chains)[0]);
  expect(type).toBe('type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy');
  expect(config).toEqual(expected);
});
