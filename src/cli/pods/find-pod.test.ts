import { afterEach, describe, expect, it } from 'vitest';
import { type FakeApi, fakeApi, json, statusOf } from '../../kube/testing.ts';
import { findPod, podsThere } from './find-pod.ts';
import { parsePodTarget } from './pod-name.ts';
import { whyNoProxy } from './why-no-proxy.ts';

let api: FakeApi | undefined;
afterEach(() => api?.close());

const kinds = [
  ['', 'v1', 'Pod', 'pods'],
  ['', 'v1', 'Service', 'services'],
  ['apps', 'v1', 'Deployment', 'deployments'],
] as const;
const discovery = (group: boolean): object => ({
  kind: 'APIGroupDiscoveryList',
  items: kinds
    .filter(([own]) => (own !== '') === group)
    .map(([name, version, kind, resource]) => ({
      metadata: { name },
      versions: [{ version, resources: [{ resource, responseKind: { kind }, scope: 'Namespaced' }] }],
    })),
});

interface State {
  ready?: boolean;
  phase?: string;
  deleted?: boolean;
  waiting?: string;
  containers?: string[];
}

function podObject(name: string, { ready = true, phase = 'Running', deleted = false, waiting, containers = ['app', 'istio-proxy'] }: State): object {
  const state = waiting === undefined ? { running: {} } : { waiting: { reason: waiting } };
  return {
    metadata: { name, namespace: 'shop', ...(deleted ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) },
    spec: { containers: containers.map((container) => ({ name: container })) },
    status: { phase, conditions: [{ type: 'Ready', status: String(ready) === 'true' ? 'True' : 'False' }], containerStatuses: [{ name: 'app', ready, state }] },
  };
}

/** A cluster with a Deployment and a Service `cart`, and these pods. @param refuses paths that the user may not read */
async function cluster(pods: Readonly<Record<string, State>>, refuses: RegExp = /^$/): Promise<FakeApi> {
  api = await fakeApi(({ path, query }, response) => {
    if (refuses.test(path)) return json(response, 403, statusOf(403, 'Forbidden', 'x is forbidden: User "ann" cannot do it'));
    if (path === '/api' || path === '/apis') return json(response, 200, discovery(path === '/apis'));
    if (path === '/apis/apps/v1/namespaces/shop/deployments/cart')
      return json(response, 200, {
        metadata: { name: 'cart' },
        spec: { selector: { matchLabels: { app: 'cart' }, matchExpressions: [{ key: 'tier', operator: 'Exists' }] } },
      });
    if (path === '/api/v1/namespaces/shop/services/cart') return json(response, 200, { metadata: { name: 'cart' }, spec: { selector: { app: 'cart' } } });
    if (path === '/api/v1/namespaces/shop/services/outside') return json(response, 200, { metadata: { name: 'outside' }, spec: { type: 'ExternalName' } });
    const named = /^\/api\/v1\/namespaces\/shop\/pods\/(.*)$/.exec(path)?.[1];
    if (named !== undefined && pods[named]) return json(response, 200, podObject(named, pods[named]));
    if (path === '/api/v1/namespaces/shop/pods') {
      expect(['app=cart,tier', 'app=cart', null]).toContain(query.get('labelSelector'));
      return json(response, 200, { metadata: { resourceVersion: '1' }, items: Object.entries(pods).map(([name, state]) => podObject(name, state)) });
    }
    return json(response, 404, statusOf(404, 'NotFound', 'not found'));
  });
  return api;
}

const find = async (text: string): Promise<string> => {
  const { namespace, name } = await findPod((api as FakeApi).client, parsePodTarget(text), 'here');
  return `${namespace}/${name}`;
};

describe('the pod', () => {
  it('that is named is not looked for', async () => {
    const { asked } = await cluster({});
    expect(await find('cart-1.shop')).toBe('shop/cart-1');
    expect(await find('cart-1')).toBe('here/cart-1');
    expect(asked).toEqual([]);
  });

  it.each<[string, Record<string, State>, string]>([
    ['the first that is ready', { c: {}, b: {}, a: { ready: false } }, 'b'],
    ['one that runs, where none is ready', { a: { phase: 'Pending' }, b: { ready: false }, c: { ready: false } }, 'b'],
    ['one that is not on its way out', { a: { deleted: true }, b: {} }, 'b'],
  ])('of a Deployment or a Service is %s', async (_, pods, expected) => {
    await cluster(pods);
    expect(await find('deploy/cart.shop')).toBe(`shop/${expected}`);
    expect(await find('svc/cart.shop')).toBe(`shop/${expected}`);
  });

  it.each<[string, Record<string, State>, RegExp]>([
    ['deploy/none.shop', {}, /there is no Deployment shop\/none/],
    ['deploy/cart.shop', {}, /Deployment shop\/cart has no pods/],
    ['svc/outside.shop', { a: {} }, /Service shop\/outside selects no pods/],
    [
      'svc/cart.shop',
      { a: { phase: 'Pending', ready: false, waiting: 'ErrImagePull' }, b: { phase: 'Pending', ready: false, waiting: 'ErrImagePull' } },
      /no pod of Service shop\/cart runs: ErrImagePull in container app$/,
    ],
  ])('of %s is not there: %j', async (text, pods, expected) => {
    await cluster(pods);
    await expect(find(text)).rejects.toThrow(expected);
  });
});

it.each<[string, Record<string, State>, RegExp]>([
  ['other pods', { 'web-1': {}, 'card-2': {} }, /Namespace shop has: card-2, web-1\.$/],
  ['pods of a workload of this name', { 'cart-1-a': {}, 'cart-1-b': {}, web: {} }, /Pods that begin so: cart-1-a, cart-1-b; deploy\/cart-1 takes one of them/],
  ['none', {}, /Namespace shop has no pods/],
])('in the place of a pod that is not there, there are %s', async (_, pods, expected) => {
  const { client } = await cluster(pods);
  expect(await podsThere(client, { namespace: 'shop', name: 'cart-1' })).toMatch(expected);
});

it.each<[string, State, RegExp]>([
  ['has no sidecar', { containers: ['app', 'logs'] }, /no sidecar: its containers are app, logs\. weft x check-inject cart-1 -n shop/],
  ['does not start', { ready: false, waiting: 'CrashLoopBackOff' }, /not ready: CrashLoopBackOff in container app/],
  ['is well', {}, /another port than 15000: --proxy-admin-port/],
])('a proxy does not answer where the pod %s', async (_, state, expected) => {
  const { client } = await cluster({ 'cart-1': state });
  expect(await whyNoProxy(client, { namespace: 'shop', name: 'cart-1' }, 15_000)).toMatch(expected);
});

it('who may not read pods is told nothing of them', async () => {
  const { client } = await cluster({}, /pods/);
  expect(await podsThere(client, { namespace: 'shop', name: 'cart-1' })).toBe('');
  expect(await whyNoProxy(client, { namespace: 'shop', name: 'cart-1' }, 15_000)).toBe('');
});
