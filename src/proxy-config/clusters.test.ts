import { expect, it } from 'vitest';
import { clusterTable, selectClusters } from './clusters.ts';
import { provenance } from './provenance.ts';

const clusters = [
  { name: 'xds', cluster_type: { name: 'envoy.clusters.dynamic_forward_proxy' } },
  { name: 'outbound|9090||cart.shop.svc.cluster.local', type: 'EDS' },
  { name: 'outbound|8080|v1|cart.shop.svc.cluster.local', type: 'EDS' },
  { name: 'outbound|8080||cart.shop.svc.cluster.local', type: 'STRICT_DNS' },
  { name: 'inbound|8080||' },
];

it('rows by host, subset, port and direction', () => {
  expect(clusterTable(selectClusters(clusters, {})).rows).toEqual([
    ['', '8080', '-', 'inbound', 'STATIC', ''],
    ['cart.shop.svc.cluster.local', '8080', '-', 'outbound', 'STRICT_DNS', ''],
    ['cart.shop.svc.cluster.local', '9090', '-', 'outbound', 'EDS', ''],
    ['cart.shop.svc.cluster.local', '8080', 'v1', 'outbound', 'EDS', ''],
    ['xds', '-', '-', '-', 'envoy.clusters.dynamic_forward_proxy', ''],
  ]);
});

it.each([
  [{ fqdn: 'cart' }, 3],
  [{ fqdn: 'xd' }, 1],
  [{ port: 8080 }, 3],
  [{ port: 80 }, 0],
  [{ subset: 'v1' }, 1],
  [{ subset: 'cart' }, 0],
  [{ direction: 'inbound' }, 1],
  [{ direction: 'outbound', port: 8080 }, 2],
])('%j selects %i', (filter, count) => {
  expect(selectClusters(clusters, filter)).toHaveLength(count);
});

it.each([
  ['/apis/networking.istio.io/v1/namespaces/shop/destination-rule/cart', 'cart.shop'],
  ['/apis/networking.istio.io/v1alpha3/namespaces/shop/virtual-service/cart', 'cart.shop'],
  ['/apis/gateway.networking.k8s.io/v1/namespaces/shop/http-route/cart', 'HTTPRoute cart.shop'],
  ['/apis/networking.istio.io/v1/namespaces/shop/virtual-service', '/apis/networking.istio.io/v1/namespaces/shop/virtual-service'],
  ['made by hand', 'made by hand'],
  ['', ''],
])('provenance of %j is %j', (config, expected) => {
  expect(provenance({ metadata: { filter_metadata: { istio: { config } } } })).toBe(expected);
  expect(provenance({ metadata: { filterMetadata: { istio: { config } } } })).toBe(expected);
});
