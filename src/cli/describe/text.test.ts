// The facts that people know from istioctl, under the labels by which they look for them.
import { describe, expect, it } from 'vitest';
import { pod, service } from '../../describe/testing.ts';
import { doc, vs } from '../../translate/testing.ts';
import { linesOf, only } from './testing.ts';

const bookinfo = [
  service('default/productpage', '{name: http, port: 9080, targetPort: 8080}'),
  pod('default/productpage-v1', { labels: '{app: productpage}', meta: 'annotations: {istio.io/rev: canary}' }),
  doc(
    'DestinationRule',
    'default/productpage',
    `host: productpage, subsets: [{name: v1, labels: {version: v1}}], trafficPolicy: {tls: {mode: ISTIO_MUTUAL}, loadBalancer: {simple: ROUND_ROBIN}, connectionPool: {tcp: {maxConnections: 1}}, outlierDetection: {interval: 1s},
      portLevelSettings: [{port: {number: 8080}, tls: {mode: DISABLE}, loadBalancer: {simple: ROUND_ROBIN}, connectionPool: {tcp: {maxConnections: 1}}, outlierDetection: {interval: 1s}}]}`,
  ),
  service('default/productpage2', '{name: http, port: 9080}'),
  service('default/productpage3', '{name: http, port: 9080}'),
  vs(
    'default/bookinfo',
    'productpage',
    'http: [{match: [{uri: {prefix: /prefix}}], route: [{destination: {host: productpage}, weight: 30}, {destination: {host: productpage2}, weight: 20}, {destination: {host: productpage3}, weight: 50}]}], gateways: [mesh, public]',
  ),
  doc('Gateway', 'default/public', 'selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]'),
  pod('istio-system/ingress', { labels: '{istio: ingressgateway}', containers: '{name: istio-proxy, image: x}' }),
  `${service('istio-system/ingress', '{name: http2, port: 80, targetPort: 80}').replace('app: ingress', 'istio: ingressgateway')}status: {loadBalancer: {ingress: [{ip: 1.1.1.1}, {ip: 2.2.2.2}]}}\n`,
];

describe('the example of the reference', () => {
  const expected = [
    'Service: productpage',
    'DestinationRule: productpage for "productpage"',
    '   WARNING PODS DO NOT MATCH ANY SUBSETS.  (Non matching subsets v1)',
    '   Matching subsets: ',
    '      (Non-matching subsets v1)',
    '   Traffic Policy TLS Mode: ISTIO_MUTUAL',
    '   Policies: load balancer/connection pool/outlier detection',
    '   Port Level Settings:',
    '    8080:',
    '      TLS Mode: DISABLE',
    '      Policies: load balancer/connection pool/outlier detection',
    'VirtualService: bookinfo',
    '   Route to host "productpage" with weight 30%',
    '   Route to host "productpage2" with weight 20%: ERROR no endpoints',
    '   Route to host "productpage3" with weight 50%: ERROR no endpoints',
    '   Match: /prefix*',
    'Exposed on Ingress Gateway http://1.1.1.1',
    'Exposed on Ingress Gateway http://2.2.2.2',
  ];

  it('a service', () => {
    const lines = only(linesOf(bookinfo, 'service productpage'), expected);
    expect(lines).toEqual([...expected, ...expected.slice(11, 16)]);
  });

  it('its pod', () => {
    const lines = linesOf(bookinfo, 'pod productpage-v1');
    for (const line of [
      'Pod: productpage-v1',
      '   Pod Revision: canary',
      '   Pod Ports: 8080 (app), 15090 (istio-proxy)',
      '   Port: http 9080/HTTP targets pod port 8080',
      '   WARNING POD DOES NOT MATCH ANY SUBSETS.  (Non matching subsets v1)',
      '   2 additional destination(s) that will not reach this pod',
      'Effective PeerAuthentication:',
      '   Workload mTLS mode: PERMISSIVE',
    ]) {
      expect(lines).toContain(line);
    }
  });
});

describe('labels', () => {
  const base = [service('default/cart'), pod('default/cart-1')];
  const other = pod('default/cart-2', { labels: '{app: cart, version: v2}' });
  const subsets = doc('DestinationRule', 'default/cart', 'host: cart, subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]');

  it.each<[string, string[], string, string[]]>([
    [
      'a pod that does not run',
      [service('default/cart'), pod('default/cart-1').replace('phase: Running', 'phase: Pending')],
      'pod cart-1',
      ['   Pod is not Running (Pending)'],
    ],
    [
      'a pod without a sidecar',
      [service('default/cart'), pod('default/cart-1', { containers: '' })],
      'pod cart-1',
      ['WARNING: cart-1 is not part of mesh; no Istio sidecar'],
    ],
    [
      'a container that is not ready',
      [service('default/cart'), pod('default/cart-1', { status: 'containerStatuses: [{name: istio-proxy, ready: false}]' })],
      'pod cart-1',
      ['WARNING: Pod cart-1 Container istio-proxy NOT READY'],
    ],
    [
      'the user of the sidecar',
      [service('default/cart'), pod('default/cart-1', { spec: 'securityContext: {runAsUser: 1337}' })],
      'pod cart-1',
      ['WARNING: User ID (UID) 1337 is reserved for the sidecar proxy.'],
    ],
    [
      'no ports',
      [service('default/cart'), pod('default/cart-1', { containers: '' }).replace(', ports: [{name: http, containerPort: 8080}]', '')],
      'pod cart-1',
      ['   Pod does not expose ports'],
    ],
    ['no traffic policy', [...base, subsets], 'pod cart-1', ['   Matching subsets: v1', '      (Non-matching subsets v2)', '   No Traffic Policy']],
    [
      'routes to other subsets',
      [...base, other, subsets, vs('default/cart', 'cart', 'http: [{route: [{destination: {host: cart, subset: v2}}]}]')],
      'pod cart-1',
      ['   WARNING: No destinations match pod subsets (checked 1 HTTP routes)', '      Route to non-matching subset v2 for (everything)'],
    ],
    [
      'a subset that nobody defines',
      [...base, subsets, vs('default/cart', 'cart', 'http: [{route: [{destination: {host: cart, subset: v9}}]}]')],
      'pod cart-1',
      ['      Warning: Route to UNKNOWN subset v9; check DestinationRule of cart'],
    ],
    [
      'conditions on headers',
      [...base, vs('default/cart', 'cart', 'http: [{match: [{uri: {prefix: /a}, headers: {x-k: {exact: v}}}], route: [{destination: {host: cart}}]}]')],
      'pod cart-1',
      ['   Match: /a* when headers are x-k=v'],
    ],
    ['a service without pods', [service('default/cart')], 'service cart', ['Service "cart" has no pods.']],
    [
      'a service whose pods have no sidecar',
      [service('default/cart'), pod('default/cart-1', { containers: '' })],
      'service cart',
      ['Pod cart-1: no container "istio-proxy" in pod', 'Service "cart" has no Istio pods.  (1 pods in service).'],
    ],
    ['no gateway', base, 'pod cart-1', ['Skipping Gateway information (no ingress gateway pods)']],
  ])('%s', (_, documents, what, wanted) => expect(only(linesOf(documents, what), wanted)).toEqual(wanted));

  it('what is in another namespace than that of the command says so', () => {
    expect(linesOf(base, 'pod cart-1', { namespace: 'shop' })).toContain('Service: cart.default');
  });

  it('several ports have a block each', () => {
    const lines = linesOf(
      [service('default/cart', '{name: http, port: 80, targetPort: 8080}, {name: tcp, port: 90, targetPort: 8080}'), pod('default/cart-1')],
      'service cart',
    );
    const ports = lines.filter((line) => /^ {3}Port: |^\d+:$/.test(line));
    expect(ports).toEqual(['   Port: http 80/HTTP targets pod port 8080', '   Port: tcp 90/TCP targets pod port 8080', '80:', '90:']);
  });
});
