// A mesh and tests of it that hold on the routing table, and have to hold on every engine.

export const liveMesh = `
apiVersion: v1
kind: Service
metadata: { name: cart, namespace: shop }
spec: { ports: [{ name: http, port: 80 }, { name: grpc-api, port: 9000 }] }
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
  trafficPolicy: { connectionPool: { tcp: { maxConnections: 1 }, http: { http1MaxPendingRequests: 1 } } }
  subsets: [{ name: v1, labels: { version: v1 } }, { name: v2, labels: { version: v2 } }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: cart, namespace: shop }
spec:
  hosts: [cart, shop.example.com]
  gateways: [mesh, edge]
  http:
    - { match: [{ uri: { prefix: /old } }], redirect: { uri: /new, redirectCode: 308 } }
    - { match: [{ uri: { exact: /tea } }], directResponse: { status: 418, body: { string: tea } } }
    - { match: [{ authority: { exact: cart }, uri: { prefix: /bare } }], route: [{ destination: { host: cart, subset: v2, port: { number: 80 } } }] }
    - match: [{ uri: { prefix: /cors } }]
      corsPolicy: { allowOrigins: [{ exact: 'https://shop.example' }], exposeHeaders: [x-total] }
      route: [{ destination: { host: cart, port: { number: 80 } } }]
    - match: [{ uri: { prefix: /canary } }]
      route:
        - { destination: { host: cart, subset: v1, port: { number: 80 } }, weight: 90 }
        - { destination: { host: cart, subset: v2, port: { number: 80 } }, weight: 10 }
      mirrors: [{ destination: { host: pay.bank.svc.cluster.local }, percentage: { value: 20 } }]
    - match: [{ uri: { prefix: /api/ } }]
      rewrite: { uri: /v2/, authority: cart.internal }
      headers: { request: { set: { x-from: web }, remove: [x-secret] }, response: { set: { x-cache: 'no' } } }
      route: [{ destination: { host: cart, subset: v1, port: { number: 80 } } }]
      mirrors: [{ destination: { host: pay.bank.svc.cluster.local } }]
    - { match: [{ uri: { prefix: /broken } }], route: [{ destination: { host: cart, subset: v3, port: { number: 80 } } }] }
    - match: [{ uri: { prefix: /some } }]
      fault: { abort: { httpStatus: 503, percentage: { value: 30 } } }
      route: [{ destination: { host: cart, subset: v1, port: { number: 80 } } }]
    - match: [{ uri: { prefix: /down } }]
      fault: { abort: { httpStatus: 500, percentage: { value: 100 } } }
      route: [{ destination: { host: cart, subset: v1, port: { number: 80 } } }]
    - match: [{ uri: { prefix: /slow } }]
      fault: { delay: { fixedDelay: 5s, percentage: { value: 100 } } }
      route: [{ destination: { host: cart, port: { number: 80 } } }]
    - { match: [{ uri: { prefix: /plain } }], route: [{ destination: { host: cart } }] }
    - { match: [{ gateways: [edge] }], route: [{ destination: { host: cart, port: { number: 80 } } }] }
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: shop }
spec:
  selector: { istio: ingress }
  servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: [shop.example.com] }]
`;

export const liveTests = `
tests:
  - name: shares
    request: { host: cart, path: [/canary, /canary/1] }
    expect: { destinations: [{ host: cart, subset: v1, percent: 90 }, { host: cart, subset: v2, percent: 10 }], mirrors: { host: pay.bank, percent: 20 } }
  - name: a rewrite, headers and a mirror
    request: { host: cart, path: '/api/items?a=b', method: POST, headers: { x-secret: s } }
    expect:
      rewrite: { path: '/v2/items?a=b', authority: cart.internal }
      headers: { request: { set: { x-from: web }, removed: x-secret }, response: { set: { x-cache: 'no' } } }
      mirrors: pay.bank
  - name: an answer
    request: { host: cart, path: /tea }
    expect: { status: 418 }
  - name: a redirect
    request: { host: cart, path: /old/x }
    expect: { redirect: { status: 308, location: http://cart/new } }
  - name: no such subset
    request: { host: cart, path: /broken }
    expect: { status: 503 }
  - name: no route
    request: { host: cart, path: /none }
    expect: { noRoute: true }
  - name: some are aborted
    request: { host: cart, path: [/some, /some/more] }
    expect: { fault: { abort: { status: 503, percent: 30 } } }
  - name: all are aborted
    request: { host: cart, path: /down }
    expect: { status: 500 }
  - name: a port, names, and HEAD
    request: { host: [cart, cart.shop], path: /plain, method: HEAD, port: 9000 }
    expect: { destinations: 'cart:9000' }
  - name: another port is its own
    request: { host: 'cart:80', path: /plain }
    expect: { destinations: 'cart:80' }
  - name: a port of its own does not change the Host header
    request: { host: cart, path: /bare, port: 9000 }
    expect: { destinations: 'cart:80/v2' }
  - name: a redirect at another port
    request: { host: cart, path: /old, port: 9000 }
    expect: { redirect: { location: http://cart/new } }
  - name: another origin
    request: { host: cart, path: /cors, headers: { origin: 'https://shop.example' } }
    expect: { headers: { response: { set: { access-control-allow-origin: 'https://shop.example', access-control-expose-headers: x-total } } } }
  - name: a long header
    request: { host: cart, path: /plain, headers: { x-long: ${'a'.repeat(20_000)} } }
    expect: { destinations: cart }
  - name: outside of the mesh
    request: { host: www.example.org }
    expect: { passthrough: true }
  - name: a delay is not waited for
    request: { host: cart, path: /slow }
    expect: { fault: { delay: { duration: 5s } } }
  - name: at a gateway
    from: gateway/edge.shop
    request: { host: shop.example.com, path: [/canary, /] }
    expect: { destinations: cart.shop }
  - name: TLS at a gateway is not tried
    from: gateway/edge.shop
    request: { host: shop.example.com, scheme: https }
    expect: { destinations: [] }
  - name: a host that the gateway does not have
    from: gateway/edge.shop
    request: { host: www.example.org }
    expect: { status: 404 }
`;
