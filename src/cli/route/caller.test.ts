import { describe, expect, it } from 'vitest';
import { meshOf } from '../../analysis/testing.ts';
import { type CallerFlags, callerOf } from './caller.ts';

const deployment = (name: string, namespace: string, app: string): string =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: {template: {metadata: {labels: {app: ${app}}}, spec: {serviceAccountName: ${app}}}}\n`;
const mesh = meshOf(
  [
    deployment('cart', 'shop', 'cart'),
    deployment('web.v1', 'front', 'web'),
    deployment('same', 'shop', 'a'),
    deployment('same', 'front', 'b'),
    'apiVersion: v1\nkind: Pod\nmetadata: {name: cart-1, namespace: shop, labels: {app: cart}}\nspec: {containers: []}\nstatus: {podIP: 10.0.0.1}\n',
    'apiVersion: networking.istio.io/v1\nkind: WorkloadEntry\nmetadata: {name: vm, namespace: shop}\nspec: {address: 10.0.0.2, labels: {app: vm}}\n',
    'apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: public, namespace: edge}\nspec: {selector: {istio: ingress}}\n',
  ].join('---\n'),
  { preset: 'recommended' },
);
const caller = (flags: Partial<CallerFlags>) => callerOf({ istioNamespace: 'istio-system', namespace: 'shop', ...flags }, mesh);

describe('who asks', () => {
  it.each<[string, string, object]>([
    ['a Deployment', 'deploy/cart.shop', { namespace: 'shop', name: 'cart', labels: { app: 'cart' }, serviceAccount: 'cart' }],
    ['a kind in any case, in the namespace of -n', 'Deployment/cart', { namespace: 'shop', name: 'cart' }],
    ['a Pod with its address', 'pod/cart-1', { name: 'cart-1', addresses: ['10.0.0.1'] }],
    ['any kind', 'cart.shop', { name: 'cart', labels: { app: 'cart' } }],
    ['NAMESPACE/NAME', 'shop/cart', { namespace: 'shop', name: 'cart' }],
    ['a machine', 'vm.shop', { name: 'vm', addresses: ['10.0.0.2'] }],
    ['a name with a dot', 'front/web.v1', { namespace: 'front', name: 'web.v1' }],
    ['the namespace of -n first', 'same', { namespace: 'shop', labels: { app: 'a' } }],
    ['the only one of this name, wherever it is', 'deploy/web.v1.front', { namespace: 'front' }],
  ])('%s: %s', (_, from, expected) => expect(caller({ from })).toMatchObject({ role: 'sidecar', ...expected }));

  it('nobody in particular: a sidecar of the namespace', () => {
    expect(caller({ namespace: 'front' })).toMatchObject({ role: 'sidecar', namespace: 'front', name: '', labels: {} });
  });

  it('a gateway', () => expect(caller({ gateway: 'edge/public' })).toMatchObject({ role: 'gateway', labels: { istio: 'ingress' } }));

  it.each<[Partial<CallerFlags>, RegExp]>([
    [{ from: 'deploy/crt.shop' }, /there is no Deployment crt\.shop/],
    [{ from: 'pod/cart' }, /there is no Pod cart\.shop/],
    [{ from: 'sts/cart' }, /there is no StatefulSet cart\.shop, and no other/],
    [{ from: 'same.nowhere' }, /there is no workload same\.nowhere/],
    [{ from: 'a/b/c' }, /--from takes/],
    [{ from: 'cart.' }, /--from takes/],
    [{ from: 'cart', gateway: 'edge/public' }, /do not go together/],
    [{ gateway: 'edge/publik' }, /no gateway edge\/publik/],
  ])('%j is an error', (flags, message) => expect(() => caller(flags)).toThrow(message));

  it('names the nearest', () => {
    try {
      caller({ from: 'deploy/crt.shop' });
    } catch (error) {
      expect(error).toMatchObject({ help: expect.stringContaining('Did you mean cart.shop?'), exit: 1 });
      return;
    }
    throw new Error('no error');
  });
});
