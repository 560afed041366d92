import { describe, expect, it } from 'vitest';
import { doc, svc, to, vs } from '../translate/testing.ts';
import { changesOf, type DiffTest, linesOf } from './testing.ts';

const cart = svc('shop/cart http:80');
const rule = (spec: string) => doc('DestinationRule', 'shop/cart', `host: cart, ${spec}`);
const subsets = 'subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]';
const both = [cart, rule(subsets)];
const http = (rules: string) => vs('shop/cart', 'cart', `http: [${rules}]`);
const share = (...parts: string[]) =>
  `route: [${parts.map((part) => `{destination: {host: cart, subset: ${part.split(' ')[0]}}, weight: ${part.split(' ')[1]}}`).join(', ')}]`;
const gateway = (servers: string, name = 'edge/web') => doc('Gateway', name, `selector: {istio: ingress}, servers: [${servers}]`);
const web = (rules: string) => vs('shop/web', 'shop.example.com', `gateways: [edge/web], http: [${rules}]`);
const httpServer = '{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}';
const httpsServer = (credential: string) =>
  `{port: {number: 443, name: https, protocol: HTTPS}, hosts: [shop.example.com], tls: {mode: SIMPLE, credentialName: ${credential}}}`;
const deployment = (name: string, replicas = 1) =>
  doc(
    'Deployment',
    `shop/${name}`,
    `replicas: ${replicas}, selector: {matchLabels: {app: ${name}}}, template: {metadata: {labels: {app: ${name}}}, spec: {containers: [{name: app, image: app}]}}`,
  ).replace('networking.istio.io/v1', 'apps/v1');
const peers = (mode: string) => doc('PeerAuthentication', 'shop/default', `mtls: {mode: ${mode}}`).replace('networking', 'security');

const routes: [string, string, string, string[]][] = [
  ['shares', share('v1 100'), share('v1 90', 'v2 10'), ['~ cart.shop:80 | every request | destinations: v1 100% → v1 90%, v2 10%']],
  ['a mirror', share('v1 100'), `${share('v1 100')}, mirror: {host: cart, subset: v2}`, ['~ cart.shop:80 | every request | mirrors: - → v2 100%']],
  [
    'a share of a mirror',
    `${share('v1 100')}, mirror: {host: cart, subset: v2}`,
    `${share('v1 100')}, mirror: {host: cart, subset: v2}, mirrorPercentage: {value: 0.5}`,
    ['~ cart.shop:80 | every request | mirrors: v2 100% → v2 0.5%'],
  ],
  ['a timeout', to('cart'), to('cart', 'timeout: 2s'), ['~ cart.shop:80 | every request | timeout: none → 2s']],
  [
    'retries',
    to('cart'),
    to('cart', 'retries: {attempts: 3, retryOn: "5xx,429", perTryTimeout: 500ms}'),
    ['~ cart.shop:80 | every request | retries: 2 on the default conditions → 3 on 5xx,429 500ms per try'],
  ],
  ['retries that end', to('cart'), to('cart', 'retries: {attempts: 0}'), [expect.stringContaining('→ none') as unknown as string]],
  ['a rewrite', to('cart'), to('cart', 'rewrite: {uri: /x}'), ['~ cart.shop:80 | every request | rewrite: - → the prefix / by /x']],
  ['another host', to('cart'), to('cart', 'rewrite: {authority: x.example}'), ['~ cart.shop:80 | every request | host: - → x.example']],
  [
    'a redirect in place of a destination',
    to('cart'),
    'redirect: {uri: /gone, redirectCode: 308}',
    ['~ cart.shop:80 | every request | answer: cart.shop 100% → redirect 308 to /gone'],
  ],
  [
    'a direct response',
    'directResponse: {status: 404}',
    'directResponse: {status: 503, body: {string: later}}',
    ['~ cart.shop:80 | every request | answer: answer 404 → answer 503 "later"'],
  ],
  [
    'faults',
    to('cart', 'fault: {delay: {percentage: {value: 5}, fixedDelay: 2s}}'),
    to('cart', 'fault: {abort: {percentage: {value: 0.1}, httpStatus: 500}}'),
    ['~ cart.shop:80 | every request | fault delay: 5% by 2s → -; fault abort: - → 0.1% with 500'],
  ],
  [
    'headers',
    to('cart', 'headers: {request: {set: {x-a: "1"}, remove: [x-b]}}'),
    to('cart', 'headers: {request: {set: {x-a: "2"}}, response: {add: {x-c: "3"}}}'),
    ['~ cart.shop:80 | every request | request header x-b: removed → -; request header x-a: set to 1 → set to 2; response header x-c (added): - → 3'],
  ],
  [
    'CORS',
    to('cart'),
    to('cart', 'corsPolicy: {allowOrigins: [{exact: "https://a.example"}], allowMethods: [GET], allowCredentials: true}'),
    ['~ cart.shop:80 | every request | CORS: - → origins https://a.example; methods GET; with credentials'],
  ],
];

describe('one route', () => {
  it.each(routes)('%s', (_, old, now, expected) => {
    expect(linesOf(changesOf([...both, http(`{${old}}`)], [...both, http(`{${now}}`)]))).toEqual(expected);
  });
});

const lists: [string, string, string, string[]][] = [
  [
    'a route that comes',
    `{${to('cart')}}`,
    `{match: [{uri: {prefix: /api}, method: {exact: GET}}], ${to('cart', 'timeout: 1s')}}, {${to('cart')}}`,
    ['+ cart.shop:80 | GET /api* | (every request) | timeout: none → 1s'],
  ],
  [
    'a route that goes',
    `{match: [{headers: {x-a: {exact: b}}}], ${to('cart', 'timeout: 1s')}}, {${to('cart')}}`,
    `{${to('cart')}}`,
    ['- cart.shop:80 | x-a=b | (every request) | timeout: 1s → none'],
  ],
  [
    'a route that comes before several',
    `{match: [{uri: {prefix: /a}}], ${to('cart')}}, {match: [{uri: {prefix: /b}}], ${to('cart')}}`,
    `{match: [{headers: {x-a: {exact: b}}}], ${to('cart', 'timeout: 1s')}}, {match: [{uri: {prefix: /a}}], ${to('cart')}}, {match: [{uri: {prefix: /b}}], ${to('cart')}}`,
    [
      '+ cart.shop:80 | x-a=b | (/a* and /b*) | timeout: none → 1s',
      '+ cart.shop:80 | x-a=b | (no route) | answer: answer 404, no route → cart.shop 100%; timeout: - → 1s',
    ],
  ],
  [
    'an order that matters',
    `{match: [{uri: {prefix: /a}}], ${to('cart')}}, {match: [{uri: {prefix: /a/b}}], ${to('cart', 'timeout: 1s')}}`,
    `{match: [{uri: {prefix: /a/b}}], ${to('cart', 'timeout: 1s')}}, {match: [{uri: {prefix: /a}}], ${to('cart')}}`,
    ['~ cart.shop:80 | /a/b* | (/a*) | timeout: none → 1s'],
  ],
  [
    'an order that does not',
    `{match: [{uri: {exact: /a}}], ${to('cart')}}, {match: [{uri: {exact: /b}}], ${to('cart', 'timeout: 1s')}}`,
    `{match: [{uri: {exact: /b}}], ${to('cart', 'timeout: 1s')}}, {match: [{uri: {exact: /a}}], ${to('cart')}}`,
    [],
  ],
  [
    'a route that no request comes to',
    `{match: [{uri: {prefix: /a}}], ${to('cart')}}`,
    `{match: [{uri: {prefix: /a}}], ${to('cart')}}, {match: [{uri: {prefix: /a/b}}], ${to('cart', 'timeout: 1s')}}`,
    [],
  ],
  ['a route that does what the next one does', `{${to('cart')}}`, `{name: other, match: [{uri: {prefix: /a}}], ${to('cart')}}, {${to('cart')}}`, []],
  [
    'one route as two',
    `{match: [{uri: {prefix: /a}}, {uri: {prefix: /b}}], ${to('cart')}}`,
    `{match: [{uri: {prefix: /b}}], ${to('cart')}}, {match: [{uri: {prefix: /a}}], ${to('cart')}}`,
    [],
  ],
  [
    'no route any more',
    `{match: [{uri: {exact: /a}}], ${to('cart')}}, {match: [{uri: {exact: /b}}], ${to('cart')}}`,
    `{match: [{uri: {exact: /a}}], ${to('cart')}}`,
    ['- cart.shop:80 | /b | (no route) | answer: cart.shop 100% → answer 404, no route'],
  ],
  [
    'an expression',
    `{${to('cart')}}`,
    `{match: [{uri: {regex: "/v[0-9]+/.*"}}], ${to('cart', 'timeout: 1s')}}, {${to('cart')}}`,
    ['+ cart.shop:80 | ~/v[0-9]+/.* | (every request) | timeout: none → 1s'],
  ],
  [
    'an expression that nobody knows an example of',
    `{${to('cart')}}`,
    `{match: [{uri: {regex: "/(?i:x)\\\\pL[^a-z]{2}"}}], ${to('cart', 'timeout: 1s')}}, {${to('cart')}}`,
    ['+ cart.shop:80 | ~/(?i:x)\\pL[^a-z]{2} | (every request) | timeout: none → 1s'],
  ],
  ['weights that mean the same', `{${share('v1 1', 'v2 1')}}`, `{${share('v2 50', 'v1 50')}}`, []],
];

describe('lists of routes', () => {
  it.each(lists)('%s', (_, old, now, expected) => {
    const changes = changesOf([...both, http(old)], [...both, http(now)]);
    expect(linesOf(changes)).toEqual(expected);
  });

  it('shows the fate of a request before and after', () => {
    const [change] = changesOf([cart, http(lists[3]?.[1] as string)], [cart, http(lists[3]?.[2] as string)]);
    expect(change?.example).toEqual({
      request: { method: 'GET', scheme: 'http', authority: 'cart.shop', path: '/a/b', port: 80 },
      from: 'shop',
      old: 'cart.shop; 2 retries',
      new: 'cart.shop; 2 retries; within 1s',
    });
  });
});

const filter = (name: string, policy: string, more = ''): string =>
  doc('EnvoyFilter', `shop/${name}`, `${more}configPatches: [{applyTo: CLUSTER, patch: {operation: MERGE, value: {lb_policy: ${policy}}}}]`);

const policy = (name: string, spec: string): string => doc('AuthorizationPolicy', name.includes('/') ? name : `shop/${name}`, spec);

const meshes: [string, string[], string[], string[], DiffTest?][] = [
  [
    'limits of subsets, told once',
    [...both, http(`{${share('v1 50', 'v2 50')}}`)],
    [
      cart,
      rule(`trafficPolicy: {connectionPool: {tcp: {maxConnections: 5}}, outlierDetection: {consecutive5xxErrors: 3}}, ${subsets}`),
      http(`{${share('v1 50', 'v2 50')}}`),
    ],
    [
      '~ cart.shop:80 | subsets v1, v2 | minHealthPercent: 50% → 0%; maxConnections: - → 5; consecutive5xxErrors: - → 3; outlierDetection.interval: - → 10s; baseEjectionTime: - → 30s; maxEjectionTime: - → 5m; maxEjectionPercent: - → 10%',
    ],
  ],
  [
    'limits of a subset that nothing goes to',
    both,
    [cart, rule('subsets: [{name: v1, labels: {version: v1}, trafficPolicy: {connectionPool: {tcp: {maxConnections: 5}}}}]')],
    [],
  ],
  [
    'a load balancer and TLS',
    [cart],
    [cart, rule('trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}, tls: {mode: DISABLE}}')],
    ['~ cart.shop:80 | its endpoints | load balancer: least-request → round-robin; TLS mode: auto → disable'],
  ],
  [
    'a subset that is gone',
    [...both, http(`{${share('v1 50', 'v2 50')}}`)],
    [cart, rule('subsets: [{name: v1, labels: {version: v1}}]'), http(`{${share('v1 50', 'v2 50')}}`)],
    ['- cart.shop:80 | subset v2 | destination: there → missing: requests to it fail'],
  ],
  ['a host that comes', [cart], [cart, svc('shop/pay http:80 10.0.0.2')], ['+ pay.shop:80 | every request: - → pay.shop 100%']],
  ['a host that goes', [cart, svc('shop/pay http:80 10.0.0.2')], [cart], ['- pay.shop:80 | every request: pay.shop 100% → -']],
  [
    'streams to another cluster',
    [svc('shop/db tcp:3306 10.0.0.3'), svc('shop/db2 tcp:3307 10.0.0.4'), vs('shop/db', 'db', 'tcp: [{route: [{destination: {host: db}}]}]')],
    [svc('shop/db tcp:3306 10.0.0.3'), svc('shop/db2 tcp:3307 10.0.0.4'), vs('shop/db', 'db', 'tcp: [{route: [{destination: {host: db2}}]}]')],
    ['~ db.shop:3306 | TCP | destinations: db.shop 100% → db2.shop:3307 100%'],
  ],
  [
    'only for some callers',
    [cart, svc('pay/pay http:80 10.0.0.2'), http(`{${to('cart')}}`)],
    [cart, svc('pay/pay http:80 10.0.0.2'), http(`{match: [{sourceNamespace: pay}], ${to('cart', 'timeout: 1s')}}, {${to('cart')}}`)],
    ['~ cart.shop:80 | every request | timeout: none → 1s | pay'],
  ],
  [
    'only for callers with a label that no workload has',
    [cart, http(`{${to('cart')}}`)],
    [cart, http(`{match: [{sourceLabels: {app: web}}], ${to('cart', 'timeout: 1s')}}, {${to('cart')}}`)],
    ['~ cart.shop:80 | every request | timeout: none → 1s | app=web'],
  ],
  [
    'a host that is for its own namespace now',
    [cart],
    [svc('shop/cart http:80', 'annotations: {networking.istio.io/exportTo: "."}')],
    [expect.stringMatching(/^- cart\.shop:80 .*other namespaces$/) as unknown as string],
  ],
  [
    'a gateway that opens a port',
    [cart, gateway(httpServer), web(`{${to('cart')}}`)],
    [cart, gateway(`${httpServer}, ${httpsServer('shop')}`), web(`{${to('cart')}}`)],
    [
      '+ port 443 | TLS for shop.example.com | takes: - → HTTPS; TLS mode: - → SIMPLE; credentialName: - → shop | @edge/web',
      '+ shop.example.com:443 | every request: - → cart.shop:80 100% | @edge/web',
    ],
  ],
  [
    'the credential of a gateway',
    [cart, gateway(httpsServer('shop')), web(`{${to('cart')}}`)],
    [cart, gateway(httpsServer('shop-2026')), web(`{${to('cart')}}`)],
    ['~ port 443 | TLS for shop.example.com | credentialName: shop → shop-2026 | @edge/web'],
  ],
  [
    'a redirect to https',
    [cart, gateway(httpServer), web(`{${to('cart')}}`)],
    [cart, gateway(httpServer.replace('hosts', 'tls: {httpsRedirect: true}, hosts')), web(`{${to('cart')}}`)],
    ['+ *:80 | plain HTTP: - → redirected to https | @edge/web', '~ shop.example.com:80 | plain HTTP: served → redirected to https | @edge/web'],
  ],
  [
    'a gateway by another name',
    [cart, gateway(httpServer), web(`{${to('cart')}}`)],
    [cart, gateway(httpServer, 'edge/other'), web(`{${to('cart')}}`).replace('edge/web', 'edge/other')],
    [],
  ],
  [
    'mTLS of a workload',
    [cart, deployment('cart'), peers('PERMISSIVE')],
    [cart, deployment('cart'), peers('STRICT')],
    ['~ to shop/cart | other ports | mTLS: PERMISSIVE → STRICT'],
  ],
  [
    'hosts that nobody knows',
    [cart],
    [cart],
    [
      '~ unknown-hosts | HTTP requests | answer: to where the application wants to go → answer 502',
      '~ unknown-hosts | connections | destinations: to where the application wants to go → refused',
    ],
    { newMesh: { outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' } } },
  ],
  [
    'a default of the mesh, told once',
    [1, 2, 3, 4, 5].map((i) => svc(`shop/s${i} http:80 10.0.0.${i}`)),
    [1, 2, 3, 4, 5].map((i) => svc(`shop/s${i} http:80 10.0.0.${i}`)),
    ['~ 5 hosts | its endpoints | connectTimeout: 10s → 3s', '~ unknown-hosts | what is passed on | connectTimeout: 10s → 3s'],
    { newMesh: { connectTimeout: '3s' } },
  ],
  [
    'a patch by an EnvoyFilter',
    [cart],
    [cart, doc('EnvoyFilter', 'shop/f', 'configPatches: [{applyTo: CLUSTER, patch: {operation: MERGE, value: {lb_policy: RANDOM}}}]')],
    ['+ envoy-filters | MERGE CLUSTER (ANY) | patch: - → {"lb_policy":"RANDOM"} | shop'],
  ],
  [
    'EnvoyFilters in another order',
    [cart, filter('a', 'RANDOM'), filter('b', 'MAGLEV')],
    [cart, filter('a', 'RANDOM', 'priority: 10, '), filter('b', 'MAGLEV')],
    ['~ envoy-filters | patches of CLUSTER | order: MERGE of shop/a, then MERGE of shop/b → MERGE of shop/b, then MERGE of shop/a | shop'],
  ],
  [
    'a policy that denies',
    [cart, deployment('cart')],
    [cart, deployment('cart'), policy('deny', 'action: DENY, rules: [{to: [{operation: {methods: [POST], paths: ["/admin*"]}}]}]')],
    ['~ to shop/cart | who may do what | deny: - → method POST and path /admin* by everybody'],
  ],
  [
    'a policy that allows, where there was none',
    [cart, deployment('cart')],
    [cart, deployment('cart'), policy('allow', 'rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}]}]')],
    ['~ to shop/cart | who may do what | what no rule allows: allowed → denied; allow: - → everything by peer spiffe://cluster.local/ns/shop/sa/web'],
  ],
  [
    'a policy by another name',
    [cart, deployment('cart'), policy('a', 'action: DENY, rules: [{to: [{operation: {ports: ["80"]}}]}]')],
    [cart, deployment('cart'), policy('b', 'action: DENY, rules: [{to: [{operation: {ports: ["80"]}}]}]')],
    [],
  ],
  [
    'a policy of nobody',
    [cart, deployment('cart')],
    [cart, deployment('cart'), policy('a', 'selector: {matchLabels: {app: other}}, action: DENY, rules: [{}]')],
    [],
  ],
  [
    'tokens of another issuer',
    [cart, deployment('cart'), doc('RequestAuthentication', 'shop/jwt', 'jwtRules: [{issuer: a, jwks: "{}"}]')],
    [cart, deployment('cart'), doc('RequestAuthentication', 'shop/jwt', 'jwtRules: [{issuer: b, jwks: "{}"}]')],
    ['~ to shop/cart | tokens | of a: for any audience, keys as written → -; of b: - → for any audience, keys as written'],
  ],
  [
    'a policy at a gateway',
    [cart, gateway(httpServer)],
    [
      cart,
      gateway(httpServer),
      policy('edge/deny', 'selector: {matchLabels: {istio: ingress}}, action: DENY, rules: [{from: [{source: {ipBlocks: [192.0.2.0/24]}}]}]'),
    ],
    ['~ connections | who may do what | deny: - → everything by source-ip 192.0.2.0/24 | @edge/web'],
  ],
  [
    'replicas',
    [svc('shop/cart http:80').replace('ports', 'selector: {app: cart}, ports'), deployment('cart', 2)],
    [svc('shop/cart http:80').replace('ports', 'selector: {app: cart}, ports'), deployment('cart', 3)],
    ['~ cart.shop:80 | its endpoints | endpoints: 2 expected → 3 expected'],
  ],
];

describe('meshes', () => {
  it.each(meshes)('%s', (_, old, now, expected, options) => {
    expect(linesOf(changesOf(old, now, options))).toEqual(expected);
  });
});
