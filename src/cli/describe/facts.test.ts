// Every fact that the reference's command prints, beside the line that says it here; and those that are said otherwise, with the reason.
import { describe, expect, it } from 'vitest';
import { pod, service } from '../../describe/testing.ts';
import { doc, vs } from '../../translate/testing.ts';
import { linesOf } from './testing.ts';

const cart = service('default/cart');
const one = pod('default/cart-1');
const base = [cart, one];
const to = (host: string, more = ''): string => `{destination: {host: ${host}${more}}}`;
const routes = (http: string, more = '') => vs('default/cart', 'cart', `http: [${http}]${more}`);
const subsets = doc('DestinationRule', 'default/cart', 'host: cart, subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]');
const policy = (kind: string, name: string, spec: string) => doc(kind, name, spec).replace(/networking(?=\.istio)/, 'security');
const gateway = [
  doc('Gateway', 'default/public', 'selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]'),
  pod('istio-system/ingress', { labels: '{istio: ingressgateway}', containers: '{name: istio-proxy, image: x}', status: 'hostIP: 192.0.2.1' }),
  vs('default/public', 'shop.example.com', `gateways: [public], http: [{route: [${to('cart')}]}]`),
];
const front = (more: string, status = '') =>
  `${service('istio-system/ingress', '{name: http2, port: 80, targetPort: 80}', more).replace('app: ingress', 'istio: ingressgateway')}${status}`;

/** What is described, and lines that come in this order. */
type Fact = [fact: string, documents: string[], what: string, lines: string[], more?: Parameters<typeof linesOf>[2]];

const facts: Fact[] = [
  [
    'the user 1337 of a container',
    [cart, pod('default/cart-1').replace('image: app', 'image: app, securityContext: {runAsUser: 1337}')],
    'pod cart-1',
    ['WARNING: User ID (UID) 1337 is reserved for the sidecar proxy.', 'Pod: cart-1'],
  ],
  [
    'the user 1337 of a pod',
    [cart, pod('default/cart-1', { spec: 'securityContext: {runAsUser: 1337}' })],
    'pod cart-1',
    ['WARNING: User ID (UID) 1337 is reserved for the sidecar proxy.'],
  ],
  ['a pod of another namespace than the command', base, 'pod cart-1', ['Pod: cart-1.default', 'Service: cart.default'], { namespace: 'other' }],
  [
    'the revision, by the annotation',
    [cart, pod('default/cart-1', { meta: 'annotations: {istio.io/rev: canary}' })],
    'pod cart-1',
    ['   Pod Revision: canary'],
  ],
  [
    'the revision, by the status',
    [cart, pod('default/cart-1', { meta: `annotations: {sidecar.istio.io/status: '{"revision":"blue"}'}` })],
    'pod cart-1',
    ['   Pod Revision: blue'],
  ],
  ['no revision', base, 'pod cart-1', ['   Pod Revision: ']],
  ['ports', base, 'pod cart-1', ['   Pod Ports: 8080 (app), 15090 (istio-proxy)']],
  [
    'ports that are not TCP',
    [cart, pod('default/cart-1', { containers: '{name: dns, ports: [{containerPort: 53, protocol: UDP}]}' })],
    'pod cart-1',
    ['   Pod Ports: 8080 (app), 53/UDP (dns)'],
  ],
  [
    'no ports',
    [cart, pod('default/cart-1', { containers: '' }).replace(', ports: [{name: http, containerPort: 8080}]', '')],
    'pod cart-1',
    ['   Pod does not expose ports'],
  ],
  ['a pod that does not run', [cart, pod('default/cart-1').replace('phase: Running', 'phase: Pending')], 'pod cart-1', ['   Pod is not Running (Pending)']],
  [
    'a container that is not ready',
    [cart, pod('default/cart-1', { status: 'containerStatuses: [{name: app, ready: false}]' })],
    'pod cart-1',
    ['WARNING: Pod cart-1 Container app NOT READY'],
  ],
  [
    'an init container that is not ready',
    [cart, pod('default/cart-1', { status: 'initContainerStatuses: [{name: setup, ready: false}]' })],
    'pod cart-1',
    ['WARNING: Pod cart-1 Init Container setup NOT READY'],
  ],
  [
    'a pod outside of the mesh, and no more of it',
    [cart, pod('default/cart-1', { containers: '' })],
    'pod cart-1',
    ['WARNING: cart-1 is not part of mesh; no Istio sidecar', '   With --ignoreUnmeshed the rest is described all the same.'],
  ],
  [
    'with --ignoreUnmeshed the rest',
    [cart, pod('default/cart-1', { containers: '' })],
    'pod cart-1',
    ['WARNING: cart-1 is not part of mesh; no Istio sidecar', 'Service: cart'],
    { ignoreUnmeshed: true },
  ],
  [
    'labels that telemetry wants',
    [pod('default/cart-1', { labels: '{team: a}' })],
    'pod cart-1',
    [
      'Suggestion: add required service name label for Istio telemetry. See https://istio.io/latest/docs/ops/deployment/application-requirements/.',
      'Suggestion: add required service revision label for Istio telemetry. See https://istio.io/latest/docs/ops/deployment/application-requirements/.',
    ],
  ],
  [
    'no service',
    [one],
    'pod cart-1',
    ['Warning: No Kubernetes Services select pod cart-1 (see https://istio.io/latest/docs/ops/deployment/application-requirements/)'],
  ],
  [
    'every service that selects it, with a rule before each',
    [cart, service('default/other').replace('app: other', 'app: cart'), one],
    'pod cart-1',
    ['--------------------', 'Service: cart', '--------------------', 'Service: other'],
  ],
  ['a port', base, 'pod cart-1', ['Service: cart', '   Port: http 80/HTTP targets pod port 8080']],
  [
    'the protocol by appProtocol',
    [service('default/cart', '{name: x, appProtocol: grpc, port: 80, targetPort: 8080}'), one],
    'pod cart-1',
    ['   Port: x 80/GRPC targets pod port 8080'],
  ],
  ['a port without a name', [service('default/cart', '{port: 80, targetPort: 8080}'), one], 'pod cart-1', ['   Port: 80/auto-detect targets pod port 8080']],
  ['a tunnel of the mesh', [service('default/cart', '{name: hbone, port: 15008}'), one], 'pod cart-1', ['   Port: hbone 15008/HBONE targets pod port 15008']],
  [
    'a named target port',
    [service('default/cart', '{name: http, port: 80, targetPort: http}'), one],
    'pod cart-1',
    ['   Port: http 80/HTTP targets pod port 8080'],
  ],
  [
    'a target port that no container has',
    [service('default/cart', '{name: http, port: 80, targetPort: web}'), one],
    'pod cart-1',
    ['   Port: http 80/HTTP targets port web, which no container has'],
  ],
  [
    'a block for each of several ports',
    [service('default/cart', '{name: http, port: 80, targetPort: 8080}, {name: http-b, port: 81, targetPort: 8080}'), one, subsets],
    'pod cart-1',
    ['80:', '   DestinationRule: cart for "cart"', '81:', '   DestinationRule: cart for "cart"'],
  ],
  [
    'subsets that match, and others',
    [...base, subsets],
    'pod cart-1',
    ['DestinationRule: cart for "cart"', '   Matching subsets: v1', '      (Non-matching subsets v2)', '   No Traffic Policy'],
  ],
  [
    'no subset that matches',
    [cart, pod('default/cart-1', { labels: '{app: cart, version: v9}' }), subsets],
    'pod cart-1',
    ['   WARNING POD DOES NOT MATCH ANY SUBSETS.  (Non matching subsets v1,v2)'],
  ],
  [
    'a traffic policy, and those of ports',
    [
      ...base,
      doc(
        'DestinationRule',
        'default/cart',
        'host: cart, trafficPolicy: {tls: {mode: SIMPLE}, outlierDetection: {interval: 1s}, portLevelSettings: [{port: {number: 80}, tls: {mode: DISABLE}, loadBalancer: {simple: RANDOM}}]}',
      ),
    ],
    'pod cart-1',
    [
      '   Traffic Policy TLS Mode: SIMPLE',
      '   Policies: outlier detection',
      '   Port Level Settings:',
      '    80:',
      '      TLS Mode: DISABLE',
      '      Policies: load balancer',
    ],
  ],
  [
    'shares, and destinations elsewhere',
    [...base, service('default/pay'), routes(`{route: [{destination: {host: cart}, weight: 30}, {destination: {host: pay}, weight: 70}]}`)],
    'pod cart-1',
    ['VirtualService: cart', '   Route to host "cart" with weight 30%', '   1 additional destination(s) that will not reach this pod'],
  ],
  [
    'subsets of destinations',
    [...base, subsets, routes(`{route: [${to('cart', ', subset: v1')}]}`)],
    'pod cart-1',
    ['   Route to host "cart" subset "v1" with weight 100%'],
  ],
  [
    'a delay',
    [...base, routes(`{fault: {delay: {fixedDelay: 5s, percentage: {value: 50}}}, route: [${to('cart')}]}`)],
    'pod cart-1',
    ['   Fault injection: delay of 5s for 50%'],
  ],
  [
    'an abort',
    [...base, routes(`{fault: {abort: {httpStatus: 503, percentage: {value: 5}}}, route: [${to('cart')}]}`)],
    'pod cart-1',
    ['   Fault injection: abort with status 503 for 5%'],
  ],
  [
    'conditions',
    [...base, routes(`{match: [{uri: {prefix: /prefix}, headers: {k: {exact: v}}}], route: [${to('cart')}]}`)],
    'pod cart-1',
    ['   Match: /prefix* when headers are k=v'],
  ],
  [
    'no destination in the subsets of the pod',
    [...base, pod('default/cart-2', { labels: '{app: cart, version: v2}' }), subsets, routes(`{route: [${to('cart', ', subset: v2')}]}`)],
    'pod cart-1',
    ['   WARNING: No destinations match pod subsets (checked 1 HTTP routes)', '      Route to non-matching subset v2 for (everything)'],
  ],
  [
    'a subset that no rule defines',
    [...base, subsets, routes(`{route: [${to('cart', ', subset: v9')}]}`)],
    'pod cart-1',
    ['      Warning: Route to UNKNOWN subset v9; check DestinationRule of cart'],
  ],
  [
    'a subset where there is no rule',
    [...base, routes(`{route: [${to('cart', ', subset: v9')}]}`)],
    'pod cart-1',
    ['      Warning: Route to subset v9 but NO DESTINATION RULE defining subsets!'],
  ],
  [
    'routes for bytes',
    [service('default/cart', '{name: tcp, port: 80, targetPort: 8080}'), one, vs('default/cart', 'cart', `tcp: [{route: [${to('cart')}]}]`)],
    'pod cart-1',
    ['VirtualService: cart', '   1 TCP route(s)'],
  ],
  [
    'policies that are asked',
    [...base, policy('AuthorizationPolicy', 'default/a', 'rules: [{}, {}]'), policy('AuthorizationPolicy', 'default/b', 'action: DENY, rules: [{}]')],
    'pod cart-1',
    ['RBAC policies: ns[default]-policy[a]-rule[0], ns[default]-policy[a]-rule[1], ns[default]-policy[b]-rule[0]'],
  ],
  ['the mode of mTLS', base, 'pod cart-1', ['Effective PeerAuthentication:', '   Workload mTLS mode: PERMISSIVE']],
  [
    'that of ports, and the policies',
    [
      ...base,
      policy('PeerAuthentication', 'istio-system/default', 'mtls: {mode: STRICT}'),
      policy('PeerAuthentication', 'default/x', 'selector: {matchLabels: {app: cart}}, portLevelMtls: {8080: {mode: DISABLE}}'),
    ],
    'pod cart-1',
    ['   Workload mTLS mode: STRICT', '   Port Level mTLS mode:', '      8080: DISABLE', 'Applied PeerAuthentication:', '   default.istio-system, x.default'],
  ],
  ['no gateway', base, 'pod cart-1', ['Skipping Gateway information (no ingress gateway pods)']],
  [
    'the address of a load balancer',
    [...base, ...gateway, front('type: LoadBalancer', 'status: {loadBalancer: {ingress: [{ip: 192.0.2.7}, {hostname: lb.example.com}]}}\n')],
    'pod cart-1',
    ['Exposed on Ingress Gateway http://192.0.2.7', 'Exposed on Ingress Gateway http://lb.example.com', 'VirtualService: public'],
  ],
  ['a service without pods', [cart], 'service cart', ['Service "cart" has no pods.']],
  [
    'a service whose pods are outside of the mesh',
    [cart, pod('default/cart-1', { containers: '' })],
    'service cart',
    [
      'Pod cart-1: no container "istio-proxy" in pod',
      'Service "cart" has no Istio pods.  (1 pods in service).',
      'Use `weft kube-inject` or redeploy with automatic sidecar injection.',
    ],
  ],
  [
    'pods of a service that do not run, or are not ready',
    [
      cart,
      one,
      pod('default/cart-2').replace('Running', 'Pending'),
      pod('default/cart-3', { status: 'containerStatuses: [{name: istio-proxy, ready: false}]' }),
    ],
    'service cart',
    ['   Pod is not Running (Pending)', 'WARNING: Pod cart-3 Container istio-proxy NOT READY', 'Service: cart'],
  ],
];

describe('what the reference says is said here', () => {
  it.each(facts.map((fact) => [fact[0], fact] as const))('%s', (_, [, documents, what, expected, more]) => {
    const lines = linesOf(documents, what, more);
    let from = 0;
    for (const line of expected) {
      const place = lines.indexOf(line, from);
      expect(place, `${line}\nis not, in this order, in\n${lines.join('\n')}`).toBeGreaterThanOrEqual(0);
      from = place + 1;
    }
  });
});

/** The fact of the reference, what is here instead, and why. */
const otherwise: [fact: string, why: string, documents: string[], what: string, lines: string[], never?: RegExp][] = [
  [
    'N HTTP route(s), where nothing else is known of them',
    'what they do is told',
    [...base, routes('{redirect: {uri: /a}}')],
    'pod cart-1',
    ['   Redirect: 301 to /a'],
    /HTTP route\(s\)/,
  ],
  [
    'ports that are not TCP are left out',
    'so they are here',
    [service('default/cart', '{name: dns, port: 53, protocol: UDP}, {name: http, port: 80, targetPort: 8080}'), one],
    'pod cart-1',
    ['   Port: http 80/HTTP targets pod port 8080'],
    /53/,
  ],
  ['a service has no section about mTLS', 'its pods have it, and clients are told apart by it', base, 'service cart', ['Effective PeerAuthentication:']],
  [
    'only the service of an ingress gateway has an address',
    'of a gateway without one the ways in are told all the same',
    [...base, ...gateway],
    'pod cart-1',
    ['Exposed on Ingress Gateway http://unknown:80', 'VirtualService: public'],
    /no ingress gateway service/,
  ],
  [
    'no ports with https, no other gateways',
    'every gateway that leads here is told',
    [
      ...base,
      doc(
        'Gateway',
        'default/own',
        'selector: {istio: own}, servers: [{port: {number: 443, name: https, protocol: HTTPS}, hosts: [a.example.com], tls: {mode: SIMPLE, credentialName: a}}]',
      ),
      vs('default/own', 'a.example.com', `gateways: [own], http: [{route: [${to('cart')}]}]`),
    ],
    'pod cart-1',
    ['Exposed on Ingress Gateway https://unknown:443', '   TLS: SIMPLE, credential a'],
  ],
  ['a proxy that is stale', 'no proxy is asked: weft proxy-status compares what it has', base, 'pod cart-1', ['Service: cart'], /stale/],
  [
    'pods in ambient mode have no proxy, so that nothing is told',
    'it is told what goes past them',
    [cart, pod('default/cart-1', { containers: '', meta: 'annotations: {ambient.istio.io/redirection: enabled}' })],
    'pod cart-1',
    ['   Sidecar: none: ambient, its connections go through ztunnel, and HTTP is read at waypoints alone', 'Service: cart'],
  ],
];

describe('what the reference says is said otherwise', () => {
  it.each(otherwise.map((fact) => [fact[0], fact[1], fact] as const))('%s: %s', (_, why, [, , documents, what, expected, never]) => {
    const lines = linesOf(documents, what);
    expect(why).not.toBe('');
    for (const line of expected) expect(lines).toContain(line);
    if (never) expect(lines.join('\n')).not.toMatch(never);
  });
});
