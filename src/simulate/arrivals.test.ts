import { describe, expect, it } from 'vitest';
import { meshOf } from '../analysis/testing.ts';
import { ask } from '../cli/route/ask.ts';
import type { ProxyIdentity } from '../ir/table.ts';
import { doc } from '../translate/testing.ts';
import { sidecarOf } from '../translate/workload-identity.ts';
import { nothingVerified } from './admission/tokens.ts';
import type { Arrival } from './arrivals.ts';
import type { SimulatedRequest } from './request.ts';

const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {istio-injection: enabled}}\n';
const bare = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n';
const ports = '{name: http, port: 80, targetPort: 8080}, {name: tcp-db, port: 90, targetPort: 9000}, {name: any, port: 70, targetPort: 7000}';
const service = doc('Service', 'shop/cart', `clusterIP: 10.0.0.1, selector: {app: cart}, ports: [${ports}]`);
const deployment = (name: string, inject = ''): string => `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, namespace: shop}
spec: {selector: {matchLabels: {app: ${name}}}, template: {metadata: {labels: {app: ${name}${inject}}}, spec: {serviceAccountName: ${name}, containers: [{name: a, image: a}]}}}
`;
const injected = (value: string): string => `, sidecar.istio.io/inject: "${value}"`;
const security = (kind: string, name: string, spec: string): string => doc(kind, name, spec).replace('networking.istio.io', 'security.istio.io');
const peers = (mode: string): string => security('PeerAuthentication', 'shop/default', `mtls: {mode: ${mode}}`);
const rule = (mode: string): string => doc('DestinationRule', 'shop/cart', `host: cart, trafficPolicy: {tls: {mode: ${mode}}}`);
const policy = (spec: string, name = 'p'): string => security('AuthorizationPolicy', `shop/${name}`, spec);

const get: SimulatedRequest = { method: 'GET', scheme: 'http', authority: 'cart', path: '/', port: 80 };
const toPort = (port: number): SimulatedRequest => ({ kind: 'tcp', host: 'cart', port });

function asked(documents: readonly string[], request: SimulatedRequest = get, of = namespace): Arrival {
  const mesh = meshOf([of, service, deployment('cart'), deployment('web', injected('true')), ...documents].join('---\n'), { preset: 'recommended' });
  const proxy = sidecarOf(mesh, 'shop', 'web');
  if (!proxy) throw new Error('there is no caller');
  const [arrival, ...more] = ask(mesh, proxy, request, nothingVerified).arrivals;
  expect(more).toEqual([]);
  return arrival as Arrival;
}

const web = 'spiffe://cluster.local/ns/shop/sa/web';
const onlyWeb = policy('rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}]}]');

describe('what is sent, and what is taken', () => {
  it.each<[string, string[], Partial<Arrival>]>([
    ['DR-R71: mTLS by itself', [], { sends: 'mTLS', principal: web, verdict: 'allowed' }],
    ['SEC-R10: mTLS only', [peers('STRICT')], { sends: 'mTLS', verdict: 'allowed' }],
    ['SEC-R4: plain text to mTLS only', [peers('STRICT'), rule('DISABLE')], { sends: 'plain text', verdict: 'closed' }],
    ['SEC-R3: TLS of its own to both', [rule('SIMPLE')], { sends: 'TLS', verdict: 'closed' }],
    [
      'TLS without a certificate to mTLS only',
      [peers('STRICT'), rule('SIMPLE')],
      { sends: 'TLS', verdict: 'closed', outcome: { kind: 'certificate-expected' } },
    ],
    ['mTLS to plain text only', [peers('DISABLE'), rule('ISTIO_MUTUAL')], { sends: 'mTLS', verdict: 'closed' }],
    ['DR-R71: plain text where mTLS is not taken', [peers('DISABLE')], { sends: 'plain text', verdict: 'allowed' }],
  ])('%s', (_, documents, expected) => expect(asked(documents)).toMatchObject({ workload: { name: 'cart', port: 8080 }, sidecar: 'yes', ...expected }));

  it('nobody asks where there is no sidecar', () => {
    expect(asked([policy('rules: []')], get, bare)).toMatchObject({ sidecar: 'no', sends: 'plain text', verdict: 'allowed' });
    expect(asked([rule('ISTIO_MUTUAL')], get, bare)).toMatchObject({ sidecar: 'no', sends: 'mTLS', verdict: 'closed' });
  });
});

it('SEC-R24: a caller without a sidecar sends plain text, and is nobody', () => {
  const mesh = (policies: string): Arrival[] => {
    const found = meshOf([namespace, service, deployment('cart'), deployment('web', injected('false')), policies].join('---\n'), { preset: 'recommended' });
    return ask(found, sidecarOf(found, 'shop', 'web') as ProxyIdentity, get, nothingVerified).arrivals;
  };
  expect(mesh(onlyWeb)).toMatchObject([{ callerSidecar: 'no', sends: 'plain text', verdict: 'denied', admission: { peer: [] } }]);
  expect(mesh(peers('STRICT'))).toMatchObject([{ sends: 'plain text', verdict: 'closed' }]);
});

describe('who may', () => {
  it.each<[string, string[], SimulatedRequest, object]>([
    ['SEC-R24: by the principal', [onlyWeb], get, { verdict: 'allowed', admission: { peer: [web] } }],
    [
      'SEC-R24: plain text has none',
      [onlyWeb, rule('DISABLE')],
      get,
      { verdict: 'denied', outcome: { kind: 'denied', reply: { status: 403, body: 'RBAC: access denied' } }, admission: { peer: [] } },
    ],
    ['SEC-R27: by the port of the workload', [policy('rules: [{to: [{operation: {ports: ["80"]}}]}]')], get, { verdict: 'denied' }],
    [
      'SEC-R29: DENY of requests at a TCP port',
      [policy('action: DENY, rules: [{to: [{operation: {methods: [POST]}}]}]')],
      toPort(90),
      { verdict: 'denied', admission: { protocol: 'tcp' } },
    ],
    ['SEC-R29: not at an HTTP port', [policy('action: DENY, rules: [{to: [{operation: {methods: [POST]}}]}]')], get, { verdict: 'allowed' }],
    ['SEC-R3: bytes at a port that is detected', [onlyWeb], toPort(70), { verdict: 'allowed', admission: { protocol: 'tcp', peer: [web] } }],
    [
      'SEC-R3: HTTP at a port that is detected',
      [onlyWeb],
      { ...get, port: 70 } as SimulatedRequest,
      { verdict: 'allowed', admission: { protocol: 'http', peer: [web] } },
    ],
    [
      'SEC-R25: addresses that nobody knows',
      [policy('action: DENY, rules: [{from: [{source: {ipBlocks: [10.0.0.0/8]}}]}]')],
      get,
      { verdict: 'unknown', admission: { stages: [{ rules: [{ unknown: ['source-ip'] }] }] } },
    ],
    ['no policy', [], get, { verdict: 'allowed' }],
  ])('%s', (_, documents, request, expected) => expect(asked(documents, request)).toMatchObject(expected));

  it('what the caller rewrites is what is judged', () => {
    const route = doc(
      'VirtualService',
      'shop/cart',
      'hosts: [cart], http: [{rewrite: {uri: /inner}, headers: {request: {set: {x-team: a}}}, route: [{destination: {host: cart}}]}]',
    );
    const inner = policy('rules: [{to: [{operation: {paths: [/inner]}}], when: [{key: "request.headers[x-team]", values: [a]}]}]');
    expect(asked([route, inner])).toMatchObject({ verdict: 'allowed' });
    expect(asked([inner])).toMatchObject({ verdict: 'denied' });
  });
});
