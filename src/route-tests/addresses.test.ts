import { describe, expect, it } from 'vitest';
import { meshOf } from '../analysis/testing.ts';
import type { MeshConfig } from '../manifest/istio/mesh.gen.ts';
import type { Mesh } from '../model/mesh.ts';
import { routingTable } from '../translate/table.ts';
import { namedProxy } from '../translate/workload-identity.ts';
import { AddressError, asSent } from './addresses.ts';
import type { TestRequest } from './format/requests.ts';
import { run } from './testing.ts';

const gateway = (trusted: number): Mesh =>
  meshOf(
    `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: shop }
spec: { selector: { istio: ingress }, servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ['*'] }] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: web, namespace: shop }
spec: { hosts: [www.example.com], gateways: [edge], http: [{ directResponse: { status: 200 } }] }
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: p, namespace: shop }
spec:
  action: DENY
  rules:
    - from: [{ source: { remoteIpBlocks: [203.0.113.0/24] } }]
    - from: [{ source: { ipBlocks: [192.168.0.0/16] } }]
`,
    { meshConfig: { defaultConfig: { gatewayTopology: { numTrustedProxies: trusted } } } as MeshConfig },
  );

const request: TestRequest = { method: 'GET', scheme: 'http', authority: 'www.example.com', path: '/', headers: [] };
const sent = (trusted: number, more: Partial<TestRequest>): unknown => {
  const table = routingTable(gateway(trusted), { ...namedProxy('gateway', 'shop', ''), labels: { istio: 'ingress' } });
  const { client, headers } = asSent({ ...request, ...more }, table);
  return [client, ...(headers ?? []).flat()];
};

describe('SEC-R25: remoteIp at a gateway', () => {
  it.each<[trusted: number, more: Partial<TestRequest>, expected: unknown[]]>([
    [0, { remoteIp: '203.0.113.7' }, ['203.0.113.7']],
    [0, { remoteIp: '203.0.113.7', client: '203.0.113.7' }, ['203.0.113.7']],
    [1, { remoteIp: '203.0.113.7' }, [undefined, 'x-forwarded-for', '203.0.113.7']],
    [2, { remoteIp: '203.0.113.7', client: '10.0.0.1' }, ['10.0.0.1', 'x-forwarded-for', '203.0.113.7, 192.0.2.3']],
    [1, {}, [undefined]],
  ])('with %i trusted proxies, %j', (trusted, more, expected) => expect(sent(trusted, more)).toEqual(expected));

  it('cannot be another address than that of who connects where no proxy is trusted', () => {
    expect(() => sent(0, { remoteIp: '203.0.113.7', client: '10.0.0.1' })).toThrow(AddressError);
    expect(() => sent(1, { remoteIp: '203.0.113.7', headers: [['X-Forwarded-For', '1.2.3.4']] })).toThrow('remoteIp and the header x-forwarded-for both say');
  });

  it.each([
    [0, 'remoteIp: 203.0.113.7', 'denied: { policy: p.shop, rule: 0 }'],
    [0, 'sourceIp: 192.168.1.1', 'denied: { policy: p.shop, rule: 1 }'],
    [1, 'remoteIp: 203.0.113.7, sourceIp: 192.168.1.1', 'denied: { policy: p.shop, rule: 0 }'],
    [2, 'remoteIp: [203.0.113.7, 203.0.113.8], sourceIp: 10.0.0.1', 'denied: { policy: p.shop, rule: 0 }'],
    [1, 'remoteIp: 198.51.100.7, sourceIp: [10.0.0.1, 2001:db8::1]', 'allowed: true'],
  ])('decides with %i trusted proxies and %s', (trusted, addresses, expected) => {
    const { results } = run(
      gateway(trusted),
      `tests: [{ name: t, from: gateway/edge.shop, request: { host: www.example.com, ${addresses} }, expect: { ${expected} } }]`,
    );
    expect(results.flatMap(({ problem, failures }) => [problem, ...failures.flatMap(({ mismatches }) => mismatches)]).filter(Boolean)).toEqual([]);
  });
});

describe('at a workload', () => {
  const mesh = meshOf(
    `
apiVersion: v1
kind: Pod
metadata: { name: cart-1, namespace: shop, labels: { app: cart } }
spec: { serviceAccountName: cart, containers: [{ name: a, image: a }] }
status: { podIP: 10.1.0.1 }
---
apiVersion: v1
kind: Pod
metadata: { name: web-1, namespace: shop, labels: { app: web } }
spec: { serviceAccountName: web, containers: [{ name: a, image: a }] }
status: { podIP: 10.1.0.2 }
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: p, namespace: shop }
spec:
  selector: { matchLabels: { app: cart } }
  rules:
    - from: [{ source: { ipBlocks: [10.1.0.2] } }]
      to: [{ operation: { ports: ['8000'] } }]
    - from: [{ source: { remoteIpBlocks: [203.0.113.0/24], principals: [cluster.local/ns/shop/sa/web] } }]
`,
    { preset: 'recommended' },
  );

  it.each([
    ['from: pod/web-1.shop, to: pod/cart-1.shop', 'port: 8000', 'allowed: true'],
    ['from: pod/web-1.shop, to: pod/cart-1.shop', 'port: 8001', 'denied: { policy: none }'],
    ['from: pod/web-1.shop, to: pod/cart-1.shop', 'port: 8000, sourceIp: 10.1.0.3', 'denied: { policy: none }'],
    ['from: pod/web-1.shop, to: pod/cart-1.shop', 'port: 9, remoteIp: 203.0.113.9', 'allowed: true'],
    ['from: pod/web-1.shop, to: { workload: pod/cart-1.shop, mtls: false }', 'port: 9, remoteIp: 203.0.113.9', 'denied: { policy: none }'],
    ['from: { namespace: shop, serviceAccount: other }, to: pod/cart-1.shop', 'port: 8000, sourceIp: 10.1.0.2', 'allowed: true'],
    ['from: pod/web-1.shop, to: cart-1', "headers: { x-forwarded-for: '203.0.113.9' }", 'allowed: true'],
  ])('%s, %s', (who, more, expected) => {
    const { results } = run(mesh, `tests: [{ name: t, ${who}, request: { host: cart, ${more} }, expect: { ${expected} } }]`);
    expect(results.flatMap(({ problem, failures }) => [problem, ...failures.flatMap(({ mismatches }) => mismatches)]).filter(Boolean)).toEqual([]);
  });

  it.each([
    ['to: deploy/cart.shop', 'to: there is no Deployment cart.shop, and no other'],
    ['to: a/b/c', 'to: "a/b/c" names no workload: write deploy/NAME.NAMESPACE or pod/NAME.NAMESPACE'],
  ])('%s', (to, problem) => {
    const { results } = run(mesh, `tests: [{ name: t, ${to}, request: { host: cart }, expect: { allowed: true } }]`);
    expect(results[0]?.problem).toBe(problem);
  });
});
