import { describe, expect, it } from 'vitest';
import { splitDocuments } from '../../manifest/split.ts';
import { narrowing } from './narrow.ts';

const object = (kind: string, name: string, more: string): string =>
  `kind: ${kind}\nmetadata:\n  name: ${name.split('/')[1]}\n  namespace: ${name.split('/')[0]}\n${more}`;
const service = (name: string, port = 'http', number = 80): string =>
  object('Service', name, `spec:\n  selector:\n    app: ${name.split('/')[1]}\n  ports:\n    - name: ${port}\n      port: ${number}\n`);
const rule = (name: string, hosts: string, more = ''): string => object('VirtualService', name, `spec:\n  hosts: [${hosts}]\n${more}`);
const to = (host: string): string => `  http: [{route: [{destination: {host: ${host}}}]}]\n`;

/** Names of what is kept. */
function kept(documents: readonly string[], what = 'Service shop/cart'): string[] | undefined {
  const text = documents.join('---\n');
  const source = { name: 'a.yaml', text, json: false };
  const [kind = '', full = ''] = what.split(' ');
  const [namespace = '', name = ''] = full.split('/');
  const isPassedOver = narrowing([source], { kind, namespace, name, defaultNamespace: 'default', istioNamespace: 'istio-system' }, 0);
  if (!isPassedOver) return undefined;
  return splitDocuments(text).flatMap(({ start, end }, index) => {
    const [, of, own, ns] = /kind: (\w+)\nmetadata:\n {2}name: (.*)\n {2}namespace: (.*)\n/.exec(text.slice(start, end)) ?? [];
    return isPassedOver({ source, start, end, index }) ? [] : [`${of} ${ns}/${own}`];
  });
}

const far = [service('far/one'), rule('far/one', 'one', to('one')), service('far/two'), rule('far/two', 'two', to('two'))];

describe('what is kept', () => {
  it('what is described, all of its namespace, and the first of each kind', () => {
    expect(kept([...far, service('shop/cart'), service('shop/pay'), rule('shop/cart', 'cart', to('cart'))])).toEqual([
      'Service far/one',
      'VirtualService far/one',
      // Another one that makes the listener of port 80.
      'Service far/two',
      'Service shop/cart',
      'Service shop/pay',
      'VirtualService shop/cart',
    ]);
  });

  it.each<[string, string[], string[]]>([
    [
      'another host that leads there, and others of that host',
      [rule('far/x', 'x.example.com', to('cart.shop.svc.cluster.local')), rule('far/y', 'x.example.com', to('two'))],
      ['VirtualService far/x', 'VirtualService far/y'],
    ],
    [
      'whoever delegates to it',
      [
        rule('far/x', 'x.example.com', '  http: [{delegate: {name: d, namespace: far}}]\n'),
        object('VirtualService', 'far/d', `spec:\n${to('cart.shop.svc.cluster.local')}`),
      ],
      ['VirtualService far/x', 'VirtualService far/d'],
    ],
    [
      'destination rules for it, and for wildcards',
      [
        object('DestinationRule', 'far/r', 'spec: {host: cart.shop.svc.cluster.local}\n'),
        object('DestinationRule', 'far/w', 'spec: {host: "*.local"}\n'),
        object('DestinationRule', 'far/o', 'spec: {host: two}\n'),
      ],
      ['DestinationRule far/r', 'DestinationRule far/w'],
    ],
    ['a service that may take the port', [service('far/tcp', 'tcp', 80)], ['Service far/tcp']],
    [
      'policies of its namespace and of the root',
      [
        object('AuthorizationPolicy', 'far/first', 'spec: {}\n'),
        object('AuthorizationPolicy', 'far/second', 'spec: {}\n'),
        object('AuthorizationPolicy', 'shop/own', 'spec: {}\n'),
        object('AuthorizationPolicy', 'istio-system/all', 'spec: {}\n'),
      ],
      ['AuthorizationPolicy far/first', 'AuthorizationPolicy shop/own', 'AuthorizationPolicy istio-system/all'],
    ],
    ['what has a name of its kind again, whatever it says', [rule('shop/cart', 'two', to('two'))], ['VirtualService shop/cart']],
    ['what nothing is read of', [object('Secret', 'shop/cart', 'data: {}\n')], []],
  ])('%s', (_, documents, names) => {
    const base = [...far, service('shop/cart'), rule('shop/cart', 'cart', to('cart'))];
    const more = (kept([...base, ...documents]) ?? []).filter((name, i, all) => all.indexOf(name) !== i || !(kept(base) ?? []).includes(name));
    expect(more.sort()).toEqual([...names].sort());
  });

  it('gateways of the same workloads, and the workloads', () => {
    const gateway = (name: string, selector: string): string => object('Gateway', name, `spec:\n  selector:\n    istio: ${selector}\n`);
    const names = kept([
      service('shop/cart'),
      object('Gateway', 'far/first', 'spec: {selector: {istio: other}}\n'),
      rule('shop/cart', 'shop.example.com', `  gateways: [edge/public]\n${to('cart')}`),
      gateway('edge/public', 'front'),
      gateway('edge/second', 'front'),
      gateway('edge/third', 'third'),
      object('Pod', 'far/first', ''),
      object('Pod', 'edge/pod', 'spec: {}\n').replace(
        'metadata:\n  name: pod\n  namespace: edge\n',
        'metadata:\n  name: pod\n  namespace: edge\n  labels: {istio: front}\n',
      ),
    ]);
    expect(names).toEqual([
      'Service shop/cart',
      'Gateway far/first',
      'VirtualService shop/cart',
      'Gateway edge/public',
      'Gateway edge/second',
      'Pod far/first',
      'Pod edge/pod',
    ]);
  });

  it('waypoints that are named, their pods, and policies that name them', () => {
    const named = (document: string, label: string): string => document.replace('spec:', `  labels: {istio.io/use-waypoint: ${label}}\nspec:`);
    const waypoint = (name: string): string => object('Gateway', name, 'spec:\n  gatewayClassName: istio-waypoint\n');
    const policy = (name: string, target: string): string => object('AuthorizationPolicy', name, `spec:\n  targetRefs: [{kind: Gateway, name: ${target}}]\n`);
    const pod = (name: string, target: string): string =>
      object('Pod', name, '').replace(/(namespace: \w+\n)/, `$1  labels: {gateway.networking.k8s.io/gateway-name: ${target}}\n`);
    const names = kept([
      ...far,
      object('AuthorizationPolicy', 'far/first', 'spec: {}\n'),
      waypoint('far/first'),
      object('Pod', 'far/first', ''),
      named(service('shop/cart'), 'web'),
      waypoint('infra/web'),
      waypoint('infra/other'),
      policy('infra/at-web', 'web'),
      policy('infra/at-other', 'other'),
      pod('infra/web-1', 'web'),
      pod('infra/other-1', 'other'),
    ]);
    expect(names).toEqual(expect.arrayContaining(['Gateway infra/web', 'AuthorizationPolicy infra/at-web', 'Pod infra/web-1']));
    for (const other of ['Gateway infra/other', 'AuthorizationPolicy infra/at-other', 'Pod infra/other-1']) expect(names).not.toContain(other);
  });

  it('for a workload, the services that select it', () => {
    const pod = object('Pod', 'shop/web-1', '').replace('namespace: shop\n', 'namespace: shop\n  labels: {app: web}\n');
    const names = kept([...far, service('shop/web'), pod, rule('ops/x', 'x.example.com', to('web.shop.svc.cluster.local'))], 'Pod shop/web-1');
    expect(names).toContain('VirtualService ops/x');
    expect(names).not.toContain('VirtualService far/two');
  });
});

describe('where everything is read', () => {
  it.each<[string, string[], string]>([
    ['what is described is not there', [service('shop/cart')], 'Service shop/carts'],
    ['a virtual service for every host sends to it', [service('shop/cart'), rule('far/all', '"*"', to('cart.shop.svc.cluster.local'))], 'Service shop/cart'],
  ])('%s', (_, documents, what) => expect(kept(documents, what)).toBeUndefined());

  it('a mesh that is small', () => {
    const source = { name: 'a.yaml', text: service('shop/cart'), json: false };
    expect(
      narrowing([source], { kind: 'Service', namespace: 'shop', name: 'cart', defaultNamespace: 'default', istioNamespace: 'istio-system' }),
    ).toBeUndefined();
  });
});
