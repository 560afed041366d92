import { describe, expect, it } from 'vitest';
import { meshOf } from '../analysis/testing.ts';
import { passes } from './result.ts';
import { coverageOf, keyOfRule } from './rules.ts';
import { run } from './testing.ts';

const mesh = meshOf(`
apiVersion: v1
kind: Service
metadata: { name: cart, namespace: shop }
spec: { ports: [{ name: http, port: 80 }] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: cart, namespace: shop }
spec:
  hosts: [cart]
  http:
    - { name: web, match: [{ sourceLabels: { app: web } }], route: [{ destination: { host: cart } }], timeout: 1s }
    - { name: api, match: [{ uri: { prefix: /api } }, { uri: { prefix: /v1 } }], delegate: { name: api } }
    - { name: rest, route: [{ destination: { host: cart } }] }
    - { name: never, route: [{ destination: { host: cart } }] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: api, namespace: shop }
spec:
  http:
    - { name: read, match: [{ method: { exact: GET } }], route: [{ destination: { host: cart } }], timeout: 2s }
    - { name: write, route: [{ destination: { host: cart } }], timeout: 3s }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: cart, namespace: bank }
spec:
  parentRefs: [{ group: '', kind: Service, name: ledger }]
  rules:
    - { matches: [{ path: { type: PathPrefix, value: /a } }], backendRefs: [{ name: ledger, port: 80 }], timeouts: { request: 7s } }
    - { backendRefs: [{ name: ledger, port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: ledger, namespace: bank }
spec: { ports: [{ name: http, port: 80 }] }
`);

function tests(...list: readonly string[]): string {
  return `tests:\n${list.map((one, i) => `  - { name: '${i}', ${one} }\n`).join('')}`;
}

it('each client is asked by its own table, and results are in the order of the tests', () => {
  const { results } = run(
    mesh,
    tests(
      'from: [namespace/bank, { namespace: shop, labels: { app: web } }], request: { host: cart.shop }, expect: { timeout: 1s }',
      'request: { host: cart, path: [/api/a, /v1/b] }, expect: { timeout: 2s, route: api-read }',
      'from: { namespace: bank }, request: { host: [cart.shop, ledger] }, expect: { timeout: 7s }',
      'from: deploy/nobody, request: { host: cart }, expect: { timeout: 7s }',
    ),
  );
  expect(
    results.map((result) => [
      result.test.name,
      passes(result),
      result.requests,
      result.failures.map(({ client, request }) => `${client?.text} ${request.authority}`),
    ]),
  ).toEqual([
    ['0', false, 2, ['namespace/bank cart.shop']],
    ['1', true, 2, []],
    ['2', false, 2, ['a workload in bank cart.shop', 'a workload in bank ledger']],
    ['3', false, 0, []],
  ]);
  expect(results[3]?.problem).toBe('from: there is no Deployment nobody.shop, and no other. namespace/NAME is a client that needs no manifest.');
});

describe('coverage', () => {
  const all = ['cart spec.http.0', 'api spec.http.0', 'api spec.http.1', 'cart spec.http.2', 'cart spec.http.3', 'cart spec.rules.0', 'cart spec.rules.1'];

  function missed(...list: readonly string[]): string[] {
    const { reached } = run(mesh, tests(...list));
    return coverageOf(mesh, reached)
      .missed.map(({ origin }) => keyOfRule(origin).replace(/^.*\//, ''))
      .sort();
  }

  it.each([
    ['nothing', ['request: { host: elsewhere }, expect: { passthrough: true }'], []],
    ['a rule', ['request: { host: cart }, expect: { timeout: 0 }'], ['cart spec.http.2']],
    ['a rule of a delegate', ['request: { host: cart, path: /v1/x, method: PUT }, expect: { timeout: 3s }'], ['api spec.http.1']],
    ['a rule of a route of the Gateway API', ['from: namespace/bank, request: { host: ledger, path: /a/b }, expect: { timeout: 7s }'], ['cart spec.rules.0']],
    ['a rule that a test reaches without being right about it', ['request: { host: cart }, expect: { status: 404 }'], ['cart spec.http.2']],
  ])('%s', (_, list, reached) => expect(missed(...list)).toEqual(all.filter((key) => !reached.includes(key)).sort()));

  it('is a share of all rules', () => {
    const { reached } = run(mesh, tests('request: { host: cart }, expect: { timeout: 0 }'));
    expect(coverageOf(mesh, reached)).toMatchObject({ rules: 7, percent: 100 / 7 });
    expect(coverageOf(meshOf(''), new Set())).toEqual({ rules: 0, missed: [], percent: 100 });
  });
});

it('claims of a token', () => {
  const gateway = `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: shop }
spec: { selector: { istio: ingress }, servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ['*'] }] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: web, namespace: shop }
spec:
  hosts: [www.example.com]
  gateways: [edge]
  http:
    - { name: staff, match: [{ headers: { '@request.auth.claims.group': { exact: staff } } }], directResponse: { status: 200 } }
    - { name: others, directResponse: { status: 403 } }
`;
  const test = (claims: string): string => `request: { host: www.example.com, claims: ${claims} }, from: gateway/edge.shop`;
  const { results } = run(
    gateway,
    tests(`${test('{ group: staff }')}, expect: { route: staff }`, `${test('{ group: x }')}, expect: { route: others, status: 403 }`),
  );
  expect(results.flatMap(({ failures }) => failures.map(({ mismatches }) => mismatches))).toEqual([]);
});
