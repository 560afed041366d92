import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../kube/object.ts';
import { ownerOf } from './owner.ts';
import { parseFilters } from './pod-filter.ts';

const pod: KubeObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'cart-7b4c9-x2x8p',
    namespace: 'shop',
    labels: { app: 'cart', 'app.kubernetes.io/name': 'cart', 'pod-template-hash': '7b4c9' },
    annotations: { team: 'pay' },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'cart-7b4c9', uid: '1' }],
  },
};

it('the owner of a pod', () => {
  expect(ownerOf(pod)).toBe('cart');
  expect(ownerOf({ ...pod, metadata: { name: 'a' } })).toBe('');
  expect(ownerOf({ ...pod, metadata: { name: 'a-0', ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'a', uid: '1' }] } })).toBe('a');
});

describe('pods that are chosen', () => {
  it.each<[string[], string[], boolean]>([
    [[], [], true],
    [['shop'], [], true],
    [['other,sh*p'], [], true],
    [['other'], [], false],
    [['other', 'shop'], [], true],
    [['shop/cart'], [], true],
    [['shop/car?'], [], true],
    [['shop/cart-7b4c9'], [], false],
    [['shop//cart-*'], [], true],
    [['*/*/cart-7b4c9-x2x8p'], [], true],
    [['///app=cart'], [], true],
    [['///app=c*,app.kubernetes.io/name=cart'], [], true],
    [['///app=pay'], [], false],
    [['///app'], [], true],
    [['////team=pay'], [], true],
    [['////team=shop'], [], false],
    [['/////istio-proxy'], [], true],
    [[], ['shop'], false],
    [['shop'], ['shop/cart'], false],
    [['shop'], ['shop/pay'], true],
    [[], ['shop//'], false],
    [[], ['shop/////istio-init'], true],
  ])('--include %j --exclude %j: %s', (include, exclude, expected) => expect(parseFilters(include, exclude).wantsPod(pod, 'cart')).toBe(expected));

  it('containers', () => {
    const filter = parseFilters(['shop/////istio-*'], ['/////istio-init']);
    expect(['istio-proxy', 'istio-init', 'app'].map((name) => filter.wantsContainer(pod, 'cart', name))).toEqual([true, false, false]);
    expect(parseFilters([], []).wantsContainer(pod, 'cart', 'istio-proxy')).toBe(true);
  });

  it('never those of the cluster itself', () => {
    expect(parseFilters(['kube-system'], []).wantsPod({ ...pod, metadata: { ...pod.metadata, namespace: 'kube-system' } }, 'cart')).toBe(false);
  });

  it.each([['a/b/c/d/e/f/g'], [''], ['///=x'], ['///a*=x']])('%j is a mistake', (text) => {
    expect(() => parseFilters([text], [])).toThrow(/^--include/);
  });
});
