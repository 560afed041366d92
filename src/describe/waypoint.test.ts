import { describe, expect, it } from 'vitest';
import { codesOf, describedPod, describedService, pod, saidOf, service } from './testing.ts';

const namespace = (labels: string): string => `apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {istio.io/dataplane-mode: ambient${labels}}}\n`;
const ambient = (labels = '{app: cart}') => pod('shop/cart-1', { labels, containers: '', meta: 'annotations: {ambient.istio.io/redirection: enabled}' });
const cart = (labels = '') => service('shop/cart').replace('namespace: shop', `namespace: shop, labels: {${labels}}`);
const waypoint = (more = '', name = 'shop/web', spec = '') => {
  const [own = '', short = ''] = name.split('/');
  return `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: ${short}, namespace: ${own}${more}}
spec: {gatewayClassName: istio-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE${spec}}]}
`;
};
const policy = (name: string, spec: string, kind = 'AuthorizationPolicy') => {
  const [own = '', short = ''] = name.split('/');
  return `apiVersion: security.istio.io/v1\nkind: ${kind}\nmetadata: {name: ${short}, namespace: ${own}}\nspec: {${spec}}\n`;
};
const gateway = 'group: gateway.networking.k8s.io, kind: Gateway, name: web';
const web = ', istio.io/use-waypoint: web';

/** Without what is told in any case. */
const told = (documents: string[]) => describedService([...documents, ambient()]).services[0]?.waypoint;

describe('the waypoint of a service', () => {
  it('is named by its namespace', () => {
    expect(told([namespace(web), cart(), waypoint()])).toEqual({
      namespace: 'shop',
      name: 'web',
      by: { kind: 'Namespace', namespace: '', name: 'shop', path: ['metadata', 'labels', 'istio.io/use-waypoint'] },
      gateway: { kind: 'gateway-api/Gateway', namespace: 'shop', name: 'web', path: [] },
      class: 'istio-waypoint',
      traffic: 'service',
      ingress: false,
      workloads: [],
      policies: [],
    });
  });

  it.each<[string, string[], object | undefined]>([
    ['nobody names one', [namespace(''), cart(), waypoint()], undefined],
    [
      'its own label counts first',
      [namespace(web), cart('istio.io/use-waypoint: other'), waypoint('', 'shop/other')],
      { name: 'other', by: { kind: 'Service' } },
    ],
    ['or says that there is none', [namespace(web), cart('istio.io/use-waypoint: none'), waypoint()], undefined],
    [
      'it may be in another namespace, which lets it',
      [namespace(`${web}, istio.io/use-waypoint-namespace: infra`), cart(), waypoint('', 'infra/web', ', allowedRoutes: {namespaces: {from: All}}')],
      { namespace: 'infra', gateway: { namespace: 'infra' } },
    ],
    ['gateways may send through it', [namespace(web), cart('istio.io/ingress-use-waypoint: "true"'), waypoint()], { ingress: true }],
    [
      'pods run it',
      [namespace(web), cart(), waypoint(), pod('shop/web-1', { labels: '{gateway.networking.k8s.io/gateway-name: web}' })],
      { workloads: [{ kind: 'Pod', namespace: 'shop', name: 'web-1' }] },
    ],
  ])('%s', (_, documents, expected) => (expected ? expect(told(documents)).toMatchObject(expected) : expect(told(documents)).toBeUndefined()));

  it.each<[string, string[], RegExp]>([
    ['there is none', [], /there is no such Gateway/],
    ['it is another gateway', [waypoint().replace('istio-waypoint', 'istio')], /class istio, and waypoints are of class istio-waypoint/],
    ['it is for pods', [waypoint(', labels: {istio.io/waypoint-for: workload}')], /it takes what is for pods \(istio.io\/waypoint-for: workload\)/],
    [
      'its class is for nobody',
      [
        waypoint(),
        'apiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: {name: istio-waypoint, labels: {istio.io/waypoint-for: none}}\nspec: {}\n',
      ],
      /it takes nothing/,
    ],
  ])('takes nothing: %s', (_, documents, expected) => {
    const description = describedService([namespace(web), cart(), ambient(), ...documents]);
    expect(description.services[0]?.waypoint?.unused).toBeDefined();
    expect(saidOf(description).find((text) => text.startsWith('waypoint-unused'))).toMatch(expected);
  });

  it('takes nothing from other namespaces unless it says so', () => {
    const documents = [namespace(`${web}, istio.io/use-waypoint-namespace: infra`), cart(), waypoint('', 'infra/web')];
    expect(told(documents)?.unused).toBe('namespace');
  });
});

describe('policies at a waypoint', () => {
  it.each<[string, string, object[]]>([
    ['that name it', policy('shop/a', `action: DENY, targetRefs: [{${gateway}}]`), [{ action: 'DENY', attachedTo: 'waypoint' }]],
    ['that name it in one reference', policy('shop/a', `targetRef: {${gateway}}`), [{ action: 'ALLOW', attachedTo: 'waypoint' }]],
    ['that name the service', policy('shop/a', 'targetRefs: [{group: "", kind: Service, name: cart}]'), [{ action: 'ALLOW', attachedTo: 'service' }]],
    [
      'that name the class, in the root namespace',
      policy('istio-system/a', 'targetRefs: [{group: gateway.networking.k8s.io, kind: GatewayClass, name: istio-waypoint}]', 'RequestAuthentication'),
      [{ attachedTo: 'class' }],
    ],
    ['that select pods are not asked there', policy('shop/a', 'selector: {matchLabels: {app: cart}}'), [{ action: 'ALLOW', attachedTo: 'workload' }]],
    ['that name another gateway', policy('shop/a', 'targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: edge}]'), []],
    ['that name another service', policy('shop/a', 'targetRefs: [{group: "", kind: Service, name: pay}]'), []],
    ['of another namespace', policy('pay/a', `targetRefs: [{${gateway}}]`), []],
  ])('%s', (_, document, expected) => {
    const found = told([namespace(web), cart(), waypoint(), document])?.policies;
    expect(found).toHaveLength(expected.length);
    expect(found).toMatchObject(expected);
  });
});

describe('clients in ambient mode', () => {
  const route = `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: cart, namespace: shop}\nspec: {hosts: [cart], http: [{timeout: 2s, route: [{destination: {host: cart}}]}]}\n`;

  it('do not ask rules without a waypoint', () => {
    expect(saidOf(describedService([namespace(''), cart(), route, ambient()]))).toContain(
      'no-waypoint: service cart has no waypoint: clients in ambient mode do not ask VirtualService shop/cart',
    );
    expect(codesOf(describedService([namespace(web), cart(), route, waypoint(), ambient()]))).not.toContain('no-waypoint');
    expect(codesOf(describedService([namespace(''), cart(), ambient()]))).not.toContain('no-waypoint');
  });
});

describe('the waypoint of a pod', () => {
  const forPods = waypoint(', labels: {istio.io/waypoint-for: all}');
  it('is that of its namespace, where that takes what is for pods', () => {
    expect(describedPod([namespace(web), cart(), forPods, ambient()]).waypoint).toMatchObject({ name: 'web', traffic: 'all' });
    expect(describedPod([namespace(web), cart(), waypoint(), ambient()]).waypoint).toBeUndefined();
  });

  it('is told where the pod itself names one that takes nothing', () => {
    const description = describedPod([namespace(''), cart(), waypoint(), ambient('{app: cart, istio.io/use-waypoint: web}')]);
    expect(description.waypoint?.unused).toBe('traffic');
    expect(saidOf(description).join('\n')).toContain('waypoint-unused: pod cart-1 is to be reached through waypoint shop/web');
  });
});
