import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, it, test } from 'vitest';
import type { Credentials } from './credentials.ts';
import { KubeError } from './error.ts';
import { type Asked, configMaps, discovered, type FakeApi, fakeApi, json, statusOf } from './testing.ts';

let api: FakeApi;
afterEach(() => api.close());

/** Discovery, and else what is given. */
const withDiscovery =
  (answer: (asked: Asked, response: ServerResponse, count: number) => void) =>
  (asked: Asked, response: ServerResponse, count: number): void =>
    asked.path === '/api' || asked.path === '/apis'
      ? json(response, 200, asked.path === '/api' ? discovered : { kind: 'APIGroupDiscoveryList' })
      : answer(asked, response, count);

const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'shop', name: 'cart' };
const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'shop', name: 'cart' } };
const page = (names: readonly string[], token = ''): unknown => ({
  kind: 'ConfigMapList',
  metadata: { resourceVersion: '7', continue: token },
  items: names.map((name) => ({ metadata: { name } })),
});

const failure = async (promise: Promise<unknown>): Promise<KubeError> => {
  const error = await promise.then(
    () => undefined,
    (thrown) => thrown,
  );
  expect(error).toBeInstanceOf(KubeError);
  return error;
};

it('a busy server is asked again when it wants to be', async () => {
  const times: number[] = [];
  api = await fakeApi((_, response, count) => {
    times.push(performance.now());
    if (count === 1) json(response, 429, statusOf(429, 'TooManyRequests', 'slow down'), { 'retry-after': '1' });
    else json(response, 200, { gitVersion: 'v1' });
  });
  expect(await api.client.version()).toEqual({ gitVersion: 'v1' });
  expect((times[1] as number) - (times[0] as number)).toBeGreaterThan(950);
});

it.each([
  ['a read is sent again', 'GET', 500, 4],
  ['a write is not, for it may have been done', 'POST', 500, 1],
  ['a write is where the server says when', 'POST', 429, 3],
])('%s', async (_, method, code, expected) => {
  api = await fakeApi((__, response, count) => (count < 3 || code === 500 ? json(response, code, statusOf(code, '', 'no')) : json(response, 200, {})));
  const answer = api.client.request('/x', { method, ...(method === 'POST' ? { body: {} } : {}) });
  if (code === 500) expect((await failure(answer)).status).toBe(500);
  else await answer;
  expect(api.asked).toHaveLength(expected);
});

it.each([
  ['an apply', (client: FakeApi['client']) => client.apply(object), 2],
  ['a deletion', (client: FakeApi['client']) => client.delete(ref), 2],
  ['a read', (client: FakeApi['client']) => client.get(ref), 2],
  ['a creation', (client: FakeApi['client']) => client.create(object), 1],
  ['an update', (client: FakeApi['client']) => client.update(object), 1],
])('%s whose connection is cut is sent again where that does no harm', async (_, run, expected) => {
  let cut = 0;
  api = await fakeApi(
    withDiscovery((__, response) => {
      if (cut++ === 0) throw new Error('cut');
      json(response, 200, object);
    }),
  );
  const done = run(api.client);
  if (expected === 1) expect(await failure(done)).toMatchObject({ reason: 'Unreachable', status: 0 });
  else await done;
  expect(cut).toBe(expected);
});

it('who does not want repetitions gets none', async () => {
  api = await fakeApi((_, response) => json(response, 429, statusOf(429, 'TooManyRequests', 'no')));
  expect((await failure(api.client.request('/x', { retry: false }))).status).toBe(429);
  expect(api.asked).toHaveLength(1);
});

it('a list is read in pages, and its items say what they are', async () => {
  api = await fakeApi(({ query }, response) => json(response, 200, query.get('continue') === 'next&1' ? page(['b']) : page(['a'], 'next&1')));
  expect(await api.client.list(configMaps, { namespace: 'shop', labelSelector: 'app in (a,b)', limit: 1 })).toEqual({
    items: ['a', 'b'].map((name) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } })),
    resourceVersion: '7',
  });
  expect(api.asked.map(({ path, query }) => [path, query.get('limit'), query.get('labelSelector')])).toEqual([
    ['/api/v1/namespaces/shop/configmaps', '1', 'app in (a,b)'],
    ['/api/v1/namespaces/shop/configmaps', '1', 'app in (a,b)'],
  ]);
});

it('a list whose moment is over in the middle starts again, and has no object twice', async () => {
  let expired = 0;
  api = await fakeApi(({ query }, response) => {
    if (!query.get('continue')) json(response, 200, page(['a'], 'next'));
    else if (expired++ === 0) json(response, 410, statusOf(410, 'Expired', 'The provided continue parameter is too old'));
    else json(response, 200, page(['b']));
  });
  const { items } = await api.client.list(configMaps);
  expect(items.map(({ metadata }) => metadata.name)).toEqual(['a', 'b']);
  expect(api.asked).toHaveLength(4);
});

it('a list that expires again and again is an error', async () => {
  api = await fakeApi(({ query }, response) =>
    query.get('continue') ? json(response, 410, statusOf(410, 'Expired', 'too old')) : json(response, 200, page(['a'], 'next')),
  );
  expect(await failure(api.client.list(configMaps))).toMatchObject({ status: 410, message: 'cannot list configmaps in all namespaces: too old' });
});

it('metadata alone is asked for by the type that is accepted', async () => {
  api = await fakeApi((_, response) => json(response, 200, { kind: 'PartialObjectMetadataList', items: [{ kind: 'PartialObjectMetadata', metadata: {} }] }));
  const { items } = await api.client.list(configMaps, { metadataOnly: true });
  expect(items[0]).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
  expect(api.asked[0]?.headers.accept).toContain('as=PartialObjectMetadataList');
});

it('answers that are packed are unpacked', async () => {
  api = await fakeApi(
    ({ headers }, response) => {
      expect(headers['accept-encoding']).toBe('gzip');
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(JSON.stringify({ gitVersion: 'é' })));
    },
    { compress: true },
  );
  expect(await api.client.version()).toEqual({ gitVersion: 'é' });
});

it('who is silent is told after the time-out', async () => {
  api = await fakeApi(() => {}, { timeoutMs: 100 });
  expect(await failure(api.client.version())).toMatchObject({ reason: 'Timeout', message: expect.stringContaining('does not answer within 0.1 s') });
});

it('an answer that stops in the middle is told after the time-out', async () => {
  api = await fakeApi((_, response) => void response.writeHead(200).write('{"gitVersion":'), { timeoutMs: 100 });
  expect(await failure(api.client.version())).toMatchObject({ reason: 'Timeout' });
});

it('an answer that is cut is asked for again', async () => {
  api = await fakeApi((_, response, count) => {
    response.writeHead(200, { 'content-length': '100' });
    if (count > 1) response.end(`{"gitVersion":"v1"}${' '.repeat(81)}`);
    else response.write('{"gitVersion":', () => response.destroy());
  });
  expect(await api.client.version()).toEqual({ gitVersion: 'v1' });
});

it('what is not JSON is no API server', async () => {
  api = await fakeApi((_, response) => response.writeHead(200).end('<html>'));
  expect(await failure(api.client.version())).toMatchObject({
    reason: 'BadAnswer',
    message: `cannot ask for the version of the cluster: the API server ${api.server} (context test) does not answer with JSON`,
  });
});

it('a signal ends a request, and the wait before its repetition', async () => {
  api = await fakeApi(({ path }, response) => {
    if (path === '/busy') json(response, 429, statusOf(429, 'TooManyRequests', 'no'), { 'retry-after': '20' });
  });
  for (const path of ['/silent', '/busy'])
    expect(await failure(api.client.request(path, { signal: AbortSignal.timeout(100) })), path).toMatchObject({ reason: 'Aborted' });
  expect(await failure(api.client.request('/x', { signal: AbortSignal.abort() }))).toMatchObject({ reason: 'Aborted' });
});

it('a closed client fails what is under way and what comes later', async () => {
  api = await fakeApi(() => {});
  const waiting = failure(api.client.version());
  while (api.asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  api.client.close();
  expect((await waiting).reason).toBe('Aborted');
  expect((await failure(api.client.version())).reason).toBe('Aborted');
});

it('credentials that are refused are renewed once, for writes, too', async () => {
  let token = 'old';
  const credentials: Credentials = {
    current: async () => ({ headers: { authorization: `Bearer ${token}` } }),
    renew: async () => {
      token = 'new';
      return true;
    },
  };
  api = await fakeApi(
    ({ headers }, response) =>
      headers.authorization === 'Bearer new' ? json(response, 200, {}) : json(response, 401, statusOf(401, 'Unauthorized', 'Unauthorized')),
    { credentials },
  );
  await api.client.request('/x', { method: 'POST', body: {} });
  expect(api.asked.map(({ headers }) => headers.authorization)).toEqual(['Bearer old', 'Bearer new']);
});

it('a token that has expired is named as the reason', async () => {
  const token = `x.${Buffer.from('{"exp":1700000000}').toString('base64url')}.y`;
  const credentials = { current: async () => ({ headers: { authorization: `Bearer ${token}` } }), renew: async () => false };
  api = await fakeApi((_, response) => json(response, 401, statusOf(401, 'Unauthorized', 'Unauthorized')), { credentials });
  expect(await failure(api.client.version())).toMatchObject({
    message: `cannot ask for the version of the cluster: the API server ${api.server} (context test) does not accept the credentials from the test: the token expired on 2023-11-14T22:13:20Z`,
    help: 'Log in again, or choose another context than test.',
  });
});

test('what is applied has no managed fields, and all other fields, known or not', async () => {
  api = await fakeApi(withDiscovery((_, response) => json(response, 200, object)));
  const unknown = { 'x-kubernetes-validations': [{ rule: 'self.a' }], deep: { 'x-y': null } };
  await api.client.apply(
    { ...object, metadata: { ...object.metadata, managedFields: [{ manager: 'weft', operation: 'Apply' }] }, ...unknown },
    { force: true, dryRun: true },
  );
  const { method, path, query, headers, body } = api.asked.at(-1) as Asked;
  expect([method, path, Object.fromEntries(query), headers['content-type']]).toEqual([
    'PATCH',
    '/api/v1/namespaces/shop/configmaps/cart',
    { fieldManager: 'weft', force: 'true', dryRun: 'All' },
    'application/apply-patch+yaml',
  ]);
  expect(JSON.parse(body)).toEqual({ ...object, ...unknown });
});

test('objects without a namespace are in that of the context', async () => {
  api = await fakeApi(withDiscovery((_, response) => json(response, 200, object)));
  await api.client.get({ apiVersion: 'v1', kind: 'ConfigMap', name: 'a b/c' });
  expect(api.asked.at(-1)?.path).toBe('/api/v1/namespaces/here/configmaps/a%20b%2Fc');
});

test.each(['', '.', '..'])('%j is no name: it would be the path of something else', async (name) => {
  api = await fakeApi(withDiscovery((_, response) => json(response, 200, object)));
  expect(await failure(api.client.get({ ...ref, name }))).toMatchObject({ reason: 'Invalid' });
  expect(api.asked.every(({ path }) => path === '/api' || path === '/apis')).toBe(true);
});

test.each([
  ['what is not there was not deleted', 404, undefined, false],
  ['nor was what has another uid', 409, 'uid-1', false],
])('%s', async (_, code, uid, expected) => {
  api = await fakeApi(withDiscovery((__, response) => json(response, code, statusOf(code, '', 'no'))));
  expect(await api.client.delete(ref, uid === undefined ? {} : { uid })).toBe(expected);
  expect(JSON.parse(api.asked.at(-1)?.body ?? '')).toMatchObject({ propagationPolicy: 'Background', ...(uid ? { preconditions: { uid } } : {}) });
});

test('kinds that the cluster has not', async () => {
  api = await fakeApi(withDiscovery((_, response) => json(response, 404, {})));
  const absent = { apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', name: 'a' };
  expect(await api.client.get(absent)).toBeUndefined();
  expect(await api.client.delete(absent)).toBe(false);
  expect(await failure(api.client.apply({ ...absent, metadata: { name: 'a' } }))).toMatchObject({
    reason: 'NotFound',
    message: 'cannot apply VirtualService a: the cluster has no kind VirtualService of networking.istio.io/v1',
    help: 'Install the CustomResourceDefinitions of networking.istio.io first.',
  });
});
