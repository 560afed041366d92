import { describe, expect, it } from 'vitest';
import { mismatches, run } from '../testing.ts';

const mesh = `
apiVersion: v1
kind: Service
metadata: { name: cart, namespace: shop }
spec: { ports: [{ name: http, port: 80 }, { name: http-admin, port: 8080 }] }
---
apiVersion: v1
kind: Service
metadata: { name: pay, namespace: bank }
spec: { ports: [{ name: http, port: 80 }] }
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: cart, namespace: shop }
spec:
  host: cart
  trafficPolicy:
    connectionPool: { tcp: { maxConnections: 10, connectTimeout: 2s }, http: { http1MaxPendingRequests: 5 } }
    outlierDetection: { consecutive5xxErrors: 5, interval: 30s, maxEjectionPercent: 50 }
  subsets: [{ name: v1 }, { name: v2 }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: cart, namespace: shop }
spec:
  hosts: [cart]
  http:
    - { name: moved, match: [{ uri: { prefix: /old } }], redirect: { uri: /new, redirectCode: 308 } }
    - { name: tea, match: [{ uri: { exact: /tea } }], directResponse: { status: 418, body: { string: short and stout } } }
    - name: canary
      match: [{ uri: { prefix: /canary } }]
      route:
        - { destination: { host: cart, subset: v1, port: { number: 80 } }, weight: 2, headers: { response: { set: { x-version: v1 } } } }
        - { destination: { host: cart, subset: v2, port: { number: 80 } }, weight: 1, headers: { response: { set: { x-version: v2 } } } }
      mirrors: [{ destination: { host: pay.bank.svc.cluster.local }, percentage: { value: 12.5 } }]
    - name: rewritten
      match: [{ uri: { prefix: /api/ } }]
      rewrite: { uri: /v2/, authority: cart.internal }
      headers: { request: { set: { x-from: web }, add: { x-more: a }, remove: [x-secret] }, response: { remove: [server], set: { x-cache: 'no' } } }
      route: [{ destination: { host: cart, subset: v1, port: { number: 80 } } }]
      timeout: 2s
      retries: { attempts: 3, perTryTimeout: 500ms, retryOn: '503,reset' }
      fault: { delay: { fixedDelay: 1s, percentage: { value: 10 } }, abort: { httpStatus: 503, percentage: { value: 5 } } }
    - { name: broken, match: [{ uri: { prefix: /broken } }], route: [{ destination: { host: cart, subset: v3, port: { number: 80 } } }] }
    - name: down
      match: [{ uri: { prefix: /down } }]
      fault: { abort: { httpStatus: 500, percentage: { value: 100 } } }
      route: [{ destination: { host: cart, subset: v1, port: { number: 80 } } }]
    - match: [{ uri: { prefix: /cors } }]
      corsPolicy: { allowOrigins: [{ exact: 'https://shop.example' }], exposeHeaders: [x-total] }
      headers: { response: { set: { access-control-allow-origin: nobody } } }
      route: [{ destination: { host: cart, subset: v1, port: { number: 80 } } }]
    - { match: [{ uri: { prefix: /plain } }], route: [{ destination: { host: cart, port: { number: 80 } } }], retries: { attempts: 0 } }
`;

describe('holds', () => {
  it.each([
    ['/canary', '{ route: canary, destinations: [{ host: cart, subset: v1, percent: 66.67 }, { host: cart, subset: v2, percent: 33.33 }] }'],
    ['/canary', '{ destinations: [{ host: cart.shop, subset: v2, weight: 1 }, { host: cart.shop.svc.cluster.local, subset: v1, weight: 2, port: 80 }] }'],
    ['/canary', '{ destinations: { host: cart, percent: 100 } }'],
    ['/canary', '{ destinations: [cart] }'],
    ['/canary', '{ destinations: [cart/v2, cart] }'],
    [
      '/canary',
      '{ destinations: [{ host: cart, subset: v1, headers: { response: { set: { x-version: v1 } } } }, { host: cart, subset: v2, headers: { response: { set: { x-version: v2 } } } }] }',
    ],
    ['/canary', '{ mirrors: { host: pay.bank, percent: 12.5 } }'],
    ['/plain', '{ destinations: { host: cart, subset: "" }, mirrors: [], retries: { attempts: 0 }, timeout: 0, fault: {} }'],
    ['/plain', '{ destinations: { host: cart, connectionPool: { maxConnections: 10, connectTimeout: 2s, http1MaxPendingRequests: 5 } } }'],
    ['/plain', '{ destinations: { host: cart, outlierDetection: { consecutive5xxErrors: 5, interval: 30s, maxEjectionPercent: 50 } } }'],
    ['/plain', '{ noRoute: false, blocked: false, passthrough: false }'],
    ['/api/items?x=1', '{ rewrite: { path: /v2/items?x=1, authority: cart.internal } }'],
    [
      '/api/',
      '{ headers: { request: { set: { x-from: web, X-More: a, host: cart.internal }, removed: [x-secret] }, response: { set: { x-cache: "no" }, removed: server } } }',
    ],
    ['/api/', '{ timeout: 2s, retries: { attempts: 3, perTryTimeout: 500ms, retryOn: [reset, 503] } }'],
    ['/api/', '{ fault: { delay: { duration: 1s, percent: 10 }, abort: { status: 503, percent: 5 } } }'],
    ['/old/x', '{ redirect: { status: 308, location: http://cart/new }, status: 308, destinations: [] }'],
    ['/tea', '{ status: 418, body: short and stout }'],
    ['/broken', '{ status: 503 }'],
    ['/down', '{ status: 500, fault: { abort: { percent: 100 } } }'],
    ['/none', '{ noRoute: true, status: 404 }'],
  ])('%s %s', (path, expected) => expect(mismatches(mesh, `{ host: cart, path: ${path}, headers: { x-secret: s } }`, expected)).toEqual([]));
});

describe('does not hold', () => {
  it.each([
    ['/canary', '{ destinations: cart/v1 }', ['destinations | cart/v1 | cart/v1; cart/v2 33.33 %']],
    ['/canary', '{ destinations: { host: cart, subset: v1, percent: 60 } }', ['destinations | cart/v1 60 % | cart/v1 66.67 %; cart/v2 33.33 %']],
    ['/canary', '{ destinations: [{ host: cart, subset: v1, weight: 1 }, cart/v2] }', ['destinations | cart/v1 weight 1; cart/v2 | cart/v1 weight 2; cart/v2']],
    ['/canary', '{ destinations: [cart/v1, cart/v2, pay.bank] }', ['destinations | cart/v1; cart/v2; pay.bank | cart/v1; cart/v2']],
    ['/canary', '{ mirrors: [] }', ['mirrors | none | pay.bank 12.5 %']],
    ['/canary', '{ mirrors: { host: pay, percent: 12.5 } }', ['mirrors | pay 12.5 % | pay.bank 12.5 %']],
    ['/canary', '{ headers: { response: { set: { x-version: v1 } } } }', ['cart.shop/v2 headers.response.set.x-version | v1 | v2']],
    ['/plain', '{ destinations: cart:8080 }', ['destinations | cart:8080 | cart:80 100 %']],
    ['/plain', '{ destinations: cart/v1 }', ['destinations | cart/v1 | cart 100 %']],
    ['/plain', '{ destinations: [] }', ['destinations | none | cart.shop 100 %']],
    [
      '/plain',
      '{ destinations: { host: cart, connectionPool: { maxConnections: 11, maxRetries: 3 } } }',
      ['connectionPool.maxConnections | 11 | 10', 'connectionPool.maxRetries | 3 | no limit'],
    ],
    [
      '/plain',
      '{ destinations: { host: cart, outlierDetection: { interval: 10s, maxEjectionPercent: 10 } } }',
      ['outlierDetection.interval | 10s | 30s', 'outlierDetection.maxEjectionPercent | 10 % | 50 %'],
    ],
    ['/plain', '{ status: 200 }', ['status | 200 | forwarded to cart.shop 100 %']],
    ['/plain', '{ noRoute: true }', ['noRoute | true | forwarded to cart.shop 100 %']],
    ['/plain', '{ route: plain }', ['route | plain | a rule without a name']],
    ['/plain', '{ retries: { attempts: 2 }, timeout: 1s }', ['timeout | 1s | none', 'retries.attempts | 2 | 0']],
    ['/plain', '{ fault: { delay: { percent: 10 }, abort: { percent: 5 } } }', ['fault.delay | a delay | none', 'fault.abort | an abort | none']],
    [
      '/plain',
      '{ headers: { request: { set: { x-from: web }, removed: x-secret } } }',
      ['headers.request.set.x-from | web | not there', 'headers.request.removed | x-secret not there | x-secret: s'],
    ],
    [
      '/plain',
      '{ headers: { response: { set: { x-cache: "no" }, removed: server } } }',
      ['headers.response.set.x-cache | no | left as it is', 'headers.response.removed | server | server is left as it is'],
    ],
    ['/api/a', '{ rewrite: { path: /v1/a, authority: cart } }', ['rewrite.path | /v1/a | /v2/a', 'rewrite.authority | cart | cart.internal']],
    ['/api/a', '{ fault: {} }', ['fault | none | a delay of 1s for 10 %, an abort with 503 for 5 %']],
    [
      '/api/a',
      '{ fault: { delay: { duration: 2s, percent: 1 }, abort: { status: 500, percent: 10 } } }',
      ['fault.delay.duration | 2s | 1s', 'fault.delay.percent | 1 % | 10 %', 'fault.abort.status | 500 | 503', 'fault.abort.percent | 10 % | 5 %'],
    ],
    [
      '/api/a',
      '{ timeout: 3s, retries: { attempts: 2, perTryTimeout: 1s, retryOn: 5xx } }',
      ['timeout | 3s | 2s', 'retries.attempts | 2 | 3', 'retries.perTryTimeout | 1s | 500ms', 'retries.retryOn | 5xx | 503, reset'],
    ],
    [
      '/old',
      '{ redirect: { status: 301, location: http://cart/newer } }',
      ['redirect.status | 301 | 308', 'redirect.location | http://cart/newer | http://cart/new'],
    ],
    [
      '/old',
      '{ destinations: cart, timeout: 1s, rewrite: { path: / } }',
      [
        'destinations | cart | redirected with 308 to http://cart/new',
        'rewrite.path | / | redirected with 308 to http://cart/new',
        'timeout | a request that is forwarded as HTTP | redirected with 308 to http://cart/new',
      ],
    ],
    [
      '/tea',
      '{ status: 200, body: tall, redirect: { location: http://b/ } }',
      ['status | 200 | 418', 'body | tall | short and stout', 'redirect | redirected to http://b/ | answered by the rule with 418'],
    ],
    ['/broken', '{ destinations: cart/v3 }', ['destinations | cart/v3 | cart/v3 (no such subset)']],
    ['/none', '{ destinations: cart, route: plain }', ['route | plain | no route with 404', 'destinations | cart | no route with 404']],
  ])('%s %s', (path, expected, said) => expect(mismatches(mesh, `{ host: cart, path: ${path}, headers: { x-secret: s } }`, expected)).toEqual(said));
});

it('names are those of the client', () => {
  const test = (from: string, host: string): string =>
    `tests: [{ name: a, from: ${from}, request: { host: cart.shop, path: /plain }, expect: { destinations: ${host} } }]`;
  expect(run(mesh, test('namespace/bank', 'cart.shop')).results[0]?.failures).toEqual([]);
  expect(run(mesh, test('namespace/bank', 'cart')).results[0]?.failures[0]?.mismatches).toEqual([
    { field: 'destinations', expected: 'cart', got: 'cart.shop 100 %' },
  ]);
});

describe('the answer to another origin', () => {
  const request = (origin: string): string => `{ host: cart, path: /cors, headers: { origin: '${origin}' } }`;
  const allowed = "{ headers: { response: { set: { access-control-allow-origin: 'https://shop.example', access-control-expose-headers: x-total } } } }";
  it('says that it is allowed, whatever else is done to it', () => expect(mismatches(mesh, request('https://shop.example'), allowed)).toEqual([]));
  it('or does not', () => {
    expect(mismatches(mesh, request('https://other.example'), allowed)).toEqual([
      'headers.response.set.access-control-allow-origin | https://shop.example | nobody',
      'headers.response.set.access-control-expose-headers | x-total | left as it is',
    ]);
  });
});

describe('what is outside of the mesh', () => {
  const request = '{ host: www.example.com }';
  it('is passed through', () => expect(mismatches(mesh, request, '{ passthrough: true, destinations: [] }')).toEqual([]));
  it('or blocked', () => {
    const closed = `${mesh}---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: default, namespace: shop }
spec: { outboundTrafficPolicy: { mode: REGISTRY_ONLY } }
`;
    expect(mismatches(closed, request, '{ blocked: true, status: 502 }')).toEqual([]);
    expect(mismatches(closed, request, '{ passthrough: true }')).toEqual(['passthrough | true | blocked: no service of the mesh with 502']);
  });
});
