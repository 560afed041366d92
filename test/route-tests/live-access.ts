// A mesh with policies and tests of it that hold on the routing table, and have to hold on every engine.

const workload = (name: string): string => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop }
spec: { selector: { app: ${name} }, ports: [{ name: http, port: 80, targetPort: 18080 }, { name: grpc, port: 9000, targetPort: 19000 }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}, namespace: shop }
spec:
  selector: { matchLabels: { app: ${name} } }
  template: { metadata: { labels: { app: ${name} } }, spec: { serviceAccountName: ${name}, containers: [{ name: a, image: a }] } }
---`;

export const accessMesh = `
apiVersion: v1
kind: Namespace
metadata: { name: shop, labels: { istio-injection: enabled } }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data:
  mesh: |
    defaultConfig: { gatewayTopology: { numTrustedProxies: 1 } }
    extensionProviders: [{ name: opa, envoyExtAuthzGrpc: { service: opa.shop.svc.cluster.local, port: 9191 } }]
---
apiVersion: v1
kind: Service
metadata: { name: opa, namespace: shop }
spec: { ports: [{ name: grpc, port: 9191 }] }
---${workload('cart')}${workload('web')}${workload('legacy')}
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default, namespace: shop }
spec: { mtls: { mode: STRICT } }
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: legacy, namespace: shop }
spec: { selector: { matchLabels: { app: legacy } }, mtls: { mode: PERMISSIVE } }
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: cart, namespace: shop }
spec:
  selector: { matchLabels: { app: cart } }
  rules:
    - from: [{ source: { principals: [cluster.local/ns/shop/sa/web] } }]
      to: [{ operation: { ports: ['18080', '19000'], paths: [/items*] } }]
    - from: [{ source: { requestPrincipals: [https://issuer.example.com/alice] } }]
      when: [{ key: 'request.auth.claims[groups]', values: [admin] }]
    - from: [{ source: { namespaces: [ops], ipBlocks: [127.9.0.0/16] } }]
    - from: [{ source: { remoteIpBlocks: [203.0.113.0/24] } }]
      to: [{ operation: { paths: [/public] } }]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: no-delete, namespace: shop }
spec: { action: DENY, selector: { matchLabels: { app: cart } }, rules: [{ to: [{ operation: { methods: [DELETE] } }] }] }
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: ask-opa, namespace: shop }
spec:
  action: CUSTOM
  provider: { name: opa }
  selector: { matchLabels: { app: cart } }
  rules: [{ to: [{ operation: { paths: [/asked] } }] }]
---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: jwt, namespace: shop }
spec:
  selector: { matchLabels: { app: cart } }
  jwtRules: [{ issuer: https://issuer.example.com, audiences: [shop], jwksUri: https://issuer.example.com/keys }]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: legacy, namespace: shop }
spec: { selector: { matchLabels: { app: legacy } }, rules: [{ from: [{ source: { notPrincipals: ['*'] } }], to: [{ operation: { paths: [/plain] } }] }] }
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: shop }
spec: { selector: { istio: ingress }, servers: [{ port: { number: 18443, name: http, protocol: HTTP }, hosts: [shop.example.com] }] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: edge, namespace: shop }
spec:
  hosts: [shop.example.com]
  gateways: [edge]
  http:
    - { name: staff, match: [{ headers: { '@request.auth.claims.groups': { exact: staff } } }], route: [{ destination: { host: web, port: { number: 80 } } }] }
    - { name: all, route: [{ destination: { host: cart, port: { number: 80 } } }] }
---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: edge, namespace: shop }
spec:
  selector: { matchLabels: { istio: ingress } }
  jwtRules: [{ issuer: https://issuer.example.com, jwksUri: https://issuer.example.com/keys, fromHeaders: [{ name: x-token }] }]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: edge, namespace: shop }
spec:
  action: DENY
  selector: { matchLabels: { istio: ingress } }
  rules:
    - from: [{ source: { remoteIpBlocks: [198.51.100.0/24] } }]
    - from: [{ source: { ipBlocks: [127.66.0.0/16] } }]
    - to: [{ operation: { ports: ['18444'] } }]
`;

const alice = 'claims: { iss: https://issuer.example.com, sub: alice, aud: shop, groups: [admin, dev] }';

export const accessTests = `
tests:
  - { name: the principal of a workload, from: deploy/web.shop, request: { host: cart, path: /items/1 }, expect: { allowed: true } }
  - { name: over HTTP/2, from: deploy/web.shop, request: { host: 'cart:9000', path: /items/1 }, expect: { allowed: true } }
  - { name: no rule, from: deploy/web.shop, request: { host: cart, path: /other }, expect: { denied: { status: 403, policy: none } } }
  - { name: another principal, from: deploy/legacy.shop, request: { host: cart, path: /items/1 }, expect: { denied: { status: 403, policy: none } } }
  - { name: one that is described, from: { namespace: shop, serviceAccount: web }, request: { host: cart, path: /items }, expect: { allowed: true } }
  - { name: DENY, from: deploy/web.shop, request: { host: cart, path: /items, method: DELETE }, expect: { denied: { policy: no-delete.shop, rule: 0 } } }
  - { name: a token, from: deploy/legacy.shop, request: { host: cart, path: /any, ${alice} }, expect: { allowed: true } }
  - name: a token for somebody else
    from: deploy/legacy.shop
    request: { host: cart, path: /any, claims: { iss: https://issuer.example.com, sub: alice, aud: other, groups: [admin] } }
    expect: { denied: { status: 403 } }
  - name: a token of another
    from: deploy/web.shop
    request: { host: cart, path: /items, claims: { iss: https://other.example.com } }
    expect: { denied: { status: 401 } }
  - name: an old token
    from: deploy/web.shop
    request: { host: cart, path: /items, claims: { iss: https://issuer.example.com, aud: shop, exp: 1000000000 } }
    expect: { denied: { status: 401 } }
  - name: an address and a namespace
    from: { namespace: ops, serviceAccount: a }
    to: deploy/cart.shop
    request: { host: anything, port: 18080, sourceIp: 127.9.1.2 }
    expect: { allowed: true }
  - name: another address
    from: { namespace: ops, serviceAccount: a }
    to: deploy/cart.shop
    request: { host: anything, port: 18080, sourceIp: 127.10.1.2 }
    expect: { denied: { status: 403 } }
  - name: an address that this machine has not
    from: { namespace: ops, serviceAccount: a }
    to: deploy/cart.shop
    request: { host: anything, port: 18080, sourceIp: 10.0.0.1 }
    expect: { denied: { status: 403 } }
  - name: the client behind a proxy
    from: deploy/legacy.shop
    request: { host: cart, path: /public, remoteIp: 203.0.113.7 }
    expect: { allowed: true }
  - name: another client behind a proxy
    from: deploy/legacy.shop
    request: { host: cart, path: /public, remoteIp: 198.51.100.7 }
    expect: { denied: { status: 403 } }
  - { name: plain text to STRICT, to: { workload: deploy/cart.shop, mtls: false }, request: { host: cart, port: 18080, path: /items }, expect: { allowed: false } }
  - { name: plain text, to: { workload: deploy/legacy.shop, mtls: false }, request: { host: x, port: 18080, path: /plain }, expect: { allowed: true } }
  - { name: mTLS where none may, from: deploy/web.shop, to: deploy/legacy.shop, request: { host: x, port: 18080, path: /plain }, expect: { denied: { status: 403 } } }
  - { name: a gateway, from: gateway/edge.shop, request: { host: shop.example.com, port: 18443, remoteIp: 203.0.113.7, sourceIp: 127.5.0.1 }, expect: { destinations: cart } }
  - { name: a client of the gateway, from: gateway/edge.shop, request: { host: shop.example.com, port: 18443, remoteIp: 198.51.100.7, sourceIp: 127.5.0.1 }, expect: { denied: { policy: edge.shop, rule: 0 } } }
  - name: who connects to the gateway
    from: gateway/edge.shop
    request: { host: shop.example.com, port: 18443, remoteIp: 203.0.113.7, sourceIp: 127.66.0.1 }
    expect: { denied: { policy: edge.shop, rule: 1 } }
  - name: a token at the gateway, by which the route is chosen
    from: gateway/edge.shop
    request: { host: shop.example.com, port: 18443, sourceIp: 127.5.0.1, claims: { iss: https://issuer.example.com, groups: [staff] } }
    expect: { route: staff, destinations: web }
  - name: a token at the gateway that is too old
    from: gateway/edge.shop
    request: { host: shop.example.com, port: 18443, sourceIp: 127.5.0.1, claims: { iss: https://issuer.example.com, exp: 1000000000 } }
    expect: { denied: { status: 401 } }
  - { name: a service that is asked, from: deploy/web.shop, to: deploy/cart.shop, request: { host: cart, port: 18080, path: /asked }, expect: { fault: {} } }
`;
