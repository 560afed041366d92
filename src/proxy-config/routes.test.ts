import { expect, it } from 'vitest';
import { matchText } from './route-match.ts';
import { domainsText, routeTable, selectRoutes } from './routes.ts';

it.each([
  [[], ''],
  [['*'], '*'],
  [['cart:80'], 'cart:80'],
  [
    ['cart.shop.svc.cluster.local', 'cart.shop.svc.cluster.local:80', 'cart', 'cart:80', 'cart.shop.svc', 'cart.shop', '10.0.0.1'],
    'cart, cart.shop + 1 more...',
  ],
  [['cart.shop.svc.cluster.local', 'cart.shop.svc.cluster.local.'], 'cart.shop.svc.cluster.local'],
  [['a.example', 'b.example'], 'a.example, b.example'],
  [['[fd00::1]', '[fd00::1]:80'], '[fd00::1]'],
])('domains %j are shown as %j', (domains, expected) => {
  expect(domainsText(domains)).toBe(expected);
});

it.each([
  [{ prefix: '/' }, '/*'],
  [{ path: '/pay' }, '/pay'],
  [{ path_separated_prefix: '/pay' }, 'PathPrefix:/pay'],
  [{ safe_regex: { regex: '/a.*' } }, 'regex /a.*'],
  [{ safeRegex: { regex: '/a.*' } }, 'regex /a.*'],
  [{ connect_matcher: {} }, 'CONNECT'],
  [
    { prefix: '/', headers: [{ name: 'x-user' }, { name: ':method', invert_match: true }], query_parameters: [{ name: 'b' }, { name: 'a' }] },
    '/* [x-user, !:method, ?a, ?b]',
  ],
  [{}, ''],
])('match %j is shown as %j', (match, expected) => {
  expect(matchText(match)).toBe(expected);
});

const from = (name: string) => ({
  metadata: { filter_metadata: { istio: { config: `/apis/networking.istio.io/v1/namespaces/shop/virtual-service/${name}` } } },
});
const routes = [
  { name: 'https.443.https.gw.shop', virtual_hosts: [] },
  {
    name: '8080',
    virtual_hosts: [
      { name: 'cart:8080', domains: ['cart'], routes: [{ match: { prefix: '/pay' }, ...from('cart') }, { match: { prefix: '/' } }] },
      { name: 'allow_any', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'PassthroughCluster' } }] },
    ],
  },
  { name: '80', virtual_hosts: [{ name: 'block_all', domains: ['*'] }] },
];

it('a row for each route, by port, without those to where the client wanted', () => {
  expect(routeTable(selectRoutes(routes, {}), true).rows).toEqual([
    ['80', 'block_all', '*', '/*', '404'],
    ['8080', 'cart:8080', 'cart', '/pay*', 'cart.shop'],
    ['8080', 'cart:8080', 'cart', '/*', ''],
  ]);
});

it('a row for each configuration', () => {
  expect(routeTable(selectRoutes(routes, {}), false).rows).toEqual([
    ['80', '1'],
    ['8080', '2'],
    ['https.443.https.gw.shop', '0'],
  ]);
  expect(selectRoutes(routes, { name: '80' })).toEqual([routes[2]]);
});
