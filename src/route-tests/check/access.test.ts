import { expect, it } from 'vitest';
import { meshOf } from '../../analysis/testing.ts';
import { run } from '../testing.ts';

const mesh = meshOf(
  `
apiVersion: v1
kind: Namespace
metadata: { name: shop, labels: { istio-injection: enabled } }
---
apiVersion: v1
kind: Service
metadata: { name: cart, namespace: shop }
spec: { selector: { app: cart }, ports: [{ name: http, port: 80, targetPort: 8000 }] }
---
apiVersion: v1
kind: Service
metadata: { name: nobody, namespace: shop }
spec: { selector: { app: nobody }, ports: [{ name: http, port: 80 }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: cart, namespace: shop }
spec: { selector: { matchLabels: { app: cart } }, template: { metadata: { labels: { app: cart } }, spec: { serviceAccountName: cart, containers: [{ name: a, image: a }] } } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: shop }
spec: { selector: { matchLabels: { app: web } }, template: { metadata: { labels: { app: web } }, spec: { serviceAccountName: web, containers: [{ name: a, image: a }] } } }
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: web-only, namespace: shop }
spec:
  rules:
    - from: [{ source: { principals: [cluster.local/ns/shop/sa/web] } }]
      to: [{ operation: { ports: ['8000'] } }]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: deny-post, namespace: shop }
spec: { action: DENY, rules: [{ to: [{ operation: { methods: [PUT] } }] }, { to: [{ operation: { methods: [POST] } }] }] }
---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: jwt, namespace: shop }
spec: { jwtRules: [{ issuer: https://issuer.example.com, jwksUri: https://issuer.example.com/keys }] }
`,
  { preset: 'recommended' },
);

function failures(test: string): string[] {
  const { results } = run(mesh, `tests:\n  - { name: t, ${test} }\n`);
  return results.flatMap(({ failures: all, problem }) => [
    ...(problem ? [problem] : []),
    ...all.flatMap(({ mismatches }) => mismatches.map(({ field, got }) => `${field}: ${got}`)),
  ]);
}

it.each([
  ['SEC-R24: the principal of the caller', 'from: deploy/web.shop, request: { host: cart }, expect: { allowed: true }'],
  ['SEC-R21: DENY first', 'from: deploy/web.shop, request: { host: cart, method: POST }, expect: { denied: { status: 403, policy: deny-post.shop, rule: 1 } }'],
  ['SEC-R30: none allows', 'from: deploy/cart.shop, request: { host: cart }, expect: { allowed: false, denied: { status: 403, policy: none } }'],
  ['one that the manifests do not have', 'from: { namespace: shop, serviceAccount: web }, request: { host: cart }, expect: { allowed: true }'],
  [
    'JWT-R4: a token comes before DENY',
    'from: deploy/web.shop, request: { host: cart, method: POST, claims: { iss: x } }, expect: { denied: { status: 401 } }',
  ],
])('%s', (_, test) => expect(failures(test)).toEqual([]));

it.each([
  ['from: deploy/web.shop, request: { host: cart, method: POST }, expect: { allowed: true }', 'allowed: cart.shop: denied with 403 by deny-post.shop rule 1'],
  ['from: deploy/web.shop, request: { host: cart }, expect: { denied: {} }', 'denied: cart.shop: allowed by web-only.shop rule 0'],
  [
    'from: deploy/web.shop, request: { host: cart, method: POST }, expect: { denied: { rule: 0 } }',
    'denied: cart.shop: denied with 403 by deny-post.shop rule 1',
  ],
  [
    'from: deploy/web.shop, request: { host: cart, method: POST }, expect: { denied: { policy: none } }',
    'denied: cart.shop: denied with 403 by deny-post.shop rule 1',
  ],
  [
    'from: namespace/shop, request: { host: cart }, expect: { allowed: true }',
    'allowed: cart.shop: not to be told: nothing says the service account of the caller; from names a workload',
  ],
  ['from: deploy/web.shop, request: { host: nobody }, expect: { allowed: true }', 'allowed: forwarded to nobody.shop 100 %; no workload behind it is known'],
])('%s', (test, got) => expect(failures(test)).toEqual([got]));
