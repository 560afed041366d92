import { describe, expect, it } from 'vitest';
import { apiGateway, doc, vs } from '../translate/testing.ts';
import { codesOf, describedPod, pod, saidOf, service } from './testing.ts';

const mesh = [service('shop/cart'), pod('shop/cart-1')];
const proxy = '{name: istio-proxy, image: x, ports: [{containerPort: 8080}, {containerPort: 8443}]}';
const gatewayPod = (name: string, labels: string): string =>
  pod(name, { labels, containers: proxy }).replace('{name: app, image: app, ports: [{name: http, containerPort: 8080}]}, ', '');
const front = (status = 'loadBalancer: {ingress: [{ip: 1.1.1.1}, {hostname: lb.example.com}]}'): string =>
  `${service('edge/front', '{name: http2, port: 80, targetPort: 8080}, {name: https, port: 443, targetPort: 8443}', '').replace('app: front', 'istio: edge')}status: {${status}}\n`;
const gateway = doc(
  'Gateway',
  'edge/public',
  'selector: {istio: edge}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example.com]}, {port: {number: 443, name: https, protocol: HTTPS}, hosts: [shop.example.com], tls: {mode: SIMPLE, credentialName: shop-cert}}]',
);
const bound = vs('shop/cart', 'shop.example.com', 'gateways: [edge/public], http: [{match: [{uri: {prefix: /cart}}], route: [{destination: {host: cart}}]}]');

const pathsOf = (documents: readonly string[]): unknown[] =>
  describedPod(documents).ingress.paths.map(({ protocol, addresses, host, tls, tcp, gateway: { name } }) => [
    name,
    protocol,
    addresses.map(({ address, port }) => `${address}:${port}`).join(' '),
    host?.domains.join() ?? tcp?.destinations.map((to) => to.percent).join(),
    ...(tls ? [tls.mode, 'credentialName' in tls ? tls.credentialName : tls.serverNames.join()] : []),
  ]);

describe('gateways', () => {
  it('plain and TLS, with addresses and names of the load balancer', () => {
    expect(pathsOf([...mesh, gatewayPod('edge/gw-1', '{istio: edge}'), front(), gateway, bound])).toEqual([
      ['public', 'http', '1.1.1.1:80 lb.example.com:80', 'shop.example.com'],
      ['public', 'https', '1.1.1.1:443 lb.example.com:443', 'shop.example.com', 'SIMPLE', 'shop-cert'],
    ]);
  });

  it('without a load balancer the address of the node', () => {
    const documents = [
      ...mesh,
      gatewayPod('edge/gw-1', '{istio: edge}').replace('podIP:', 'hostIP: 192.168.0.7, podIP:'),
      front('{}'.slice(1, -1)),
      gateway,
      bound,
    ];
    expect(pathsOf(documents)[0]).toEqual(['public', 'http', '192.168.0.7:80', 'shop.example.com']);
  });

  it('a gateway that nothing in the input runs', () => {
    expect(pathsOf([...mesh, gateway, bound]).map((path) => (path as unknown[]).slice(0, 3))).toEqual([
      ['public', 'http', ''],
      ['public', 'https', ''],
    ]);
  });

  it('TLS that is passed on, and bytes', () => {
    const streams = doc(
      'Gateway',
      'edge/streams',
      'selector: {istio: edge}, servers: [{port: {number: 443, name: tls, protocol: TLS}, hosts: [shop.example.com], tls: {mode: PASSTHROUGH}}, {port: {number: 3000, name: tcp, protocol: TCP}, hosts: ["*"]}]',
    );
    const rules = vs(
      'shop/cart',
      'shop.example.com, "*"',
      'gateways: [edge/streams], tls: [{match: [{sniHosts: [shop.example.com]}], route: [{destination: {host: cart, port: {number: 80}}}]}], tcp: [{match: [{port: 3000}], route: [{destination: {host: cart, port: {number: 80}}}]}]',
    );
    expect(pathsOf([...mesh, streams, rules])).toEqual([
      ['streams', 'tls', '', '100', 'PASSTHROUGH', 'shop.example.com'],
      ['streams', 'tcp', '', '100'],
    ]);
  });

  it('the Gateway API', () => {
    const api = apiGateway(
      'edge/api',
      'gatewayClassName: istio, listeners: [{name: http, port: 80, protocol: HTTP, hostname: shop.example.com, allowedRoutes: {namespaces: {from: All}}}]',
    );
    const route = doc(
      'HTTPRoute',
      'shop/cart',
      'parentRefs: [{name: api, namespace: edge}], hostnames: [shop.example.com], rules: [{backendRefs: [{name: cart, port: 80}]}]',
    );
    const documents = [...mesh, api, route, gatewayPod('edge/api-1', '{gateway.networking.k8s.io/gateway-name: api}')];
    const [path] = describedPod(documents).ingress.paths;
    expect([path?.workload?.name, path?.host?.domains, path?.host?.by.map(({ kind }) => kind)]).toEqual([
      'api-1',
      ['shop.example.com'],
      ['gateway-api/HTTPRoute'],
    ]);
  });

  it.each<[string, string[], string[]]>([
    ['a host that no server has', [gateway, bound.replace('hosts: [shop', 'hosts: [other')], ['not-exposed']],
    [
      'part of it goes nowhere',
      [gateway, bound.replace('host: cart}', 'host: cart}, weight: 30}, {destination: {host: nobody}, weight: 70')],
      ['unknown-host'],
    ],
    ['a gateway that is not there', [bound], ['unknown-gateway']],
  ])('%s', (_, documents, codes) => expect(codesOf(describedPod([...mesh, ...documents]))).toEqual(codes));

  it('what goes nowhere is said once for all names and ports', () => {
    const said = saidOf(describedPod([...mesh, gateway, bound.replace('host: cart}', 'host: cart}, weight: 30}, {destination: {host: nobody}, weight: 70')]));
    expect(said).toEqual([
      'unknown-host: at Gateway edge/public: route 1 of shop.example.com:80: 70% of its requests go to nobody.shop.svc.cluster.local, which no service of the mesh has',
    ]);
  });

  it('the pod of a gateway says what it serves', () => {
    const found = describedPod([...mesh, gatewayPod('edge/gw-1', '{istio: edge}'), front(), gateway, bound], 'edge/gw-1');
    expect(found.membership.kind).toBe('gateway');
    expect(found.gateways.map(({ port, protocol, hosts }) => [port, protocol, hosts])).toEqual([
      [80, 'HTTP', ['shop.example.com']],
      [443, 'HTTPS', ['shop.example.com']],
    ]);
    expect(codesOf(found)).not.toContain('no-service');
  });
});
