import { afterEach, expect, it } from 'vitest';
import { type FakeApi, fakeApi, json, statusOf } from './testing.ts';

let api: FakeApi;
afterEach(() => api.close());

const kinds = async (): Promise<string[]> =>
  (await api.client.resources()).map(({ apiVersion, kind, plural, namespaced, verbs }) => `${apiVersion} ${kind} ${plural} ${namespaced} ${verbs.join()}`);

const expected = ['v1 Pod pods true get,list', 'v1 Node nodes false list', 'a.test/v2 Thing things true list', 'a.test/v1 Thing things true list'];

it('reads groups, their preferred version first', async () => {
  const resource = (name: string, kind: string, scope: string, verbs: string[]) => ({
    resource: name,
    responseKind: { kind },
    scope,
    verbs,
    subresources: [{}],
  });
  api = await fakeApi(({ path }, response) =>
    json(response, 200, {
      kind: 'APIGroupDiscoveryList',
      items:
        path === '/api'
          ? [
              {
                metadata: {},
                versions: [
                  { version: 'v1', resources: [resource('pods', 'Pod', 'Namespaced', ['get', 'list']), resource('nodes', 'Node', 'Cluster', ['list'])] },
                ],
              },
            ]
          : [
              {
                metadata: { name: 'a.test' },
                versions: ['v2', 'v1'].map((version) => ({ version, resources: [resource('things', 'Thing', 'Namespaced', ['list'])] })),
              },
              // A group whose server does not answer.
              { metadata: { name: 'down.test' }, versions: [{ version: 'v1', freshness: 'Stale' }] },
            ],
    }),
  );
  expect(await kinds()).toEqual(expected);
  expect(api.asked).toHaveLength(2);
});

it('asks servers that know nothing of that version by version; what does not answer is left out', async () => {
  const list = (resources: unknown[]) => ({ kind: 'APIResourceList', resources });
  const answers: Record<string, unknown> = {
    '/api': { kind: 'APIVersions', versions: ['v1'] },
    '/apis': {
      kind: 'APIGroupList',
      groups: [
        { name: 'a.test', versions: [{ groupVersion: 'a.test/v1' }, { groupVersion: 'a.test/v2' }], preferredVersion: { groupVersion: 'a.test/v2' } },
        { name: 'down.test', versions: [{ groupVersion: 'down.test/v1' }] },
      ],
    },
    '/api/v1': list([
      { name: 'pods', kind: 'Pod', namespaced: true, verbs: ['get', 'list'] },
      { name: 'pods/log', kind: 'Pod', namespaced: true, verbs: ['get'] },
      { name: 'nodes', kind: 'Node', namespaced: false, verbs: ['list'] },
    ]),
    '/apis/a.test/v1': list([{ name: 'things', kind: 'Thing', namespaced: true, verbs: ['list'] }]),
    '/apis/a.test/v2': list([{ name: 'things', kind: 'Thing', namespaced: true, verbs: ['list'] }]),
  };
  api = await fakeApi(({ path }, response) =>
    answers[path] ? json(response, 200, answers[path]) : json(response, 404, statusOf(404, 'NotFound', 'the server could not find it')),
  );
  expect(await kinds()).toEqual(expected);
});

it('is asked once, and again for a kind that came since', async () => {
  let made = false;
  api = await fakeApi(({ path }, response) =>
    json(response, 200, {
      kind: 'APIGroupDiscoveryList',
      items:
        path === '/apis' && made
          ? [
              {
                metadata: { name: 'a.test' },
                versions: [{ version: 'v1', resources: [{ resource: 'things', responseKind: { kind: 'Thing' }, scope: 'Cluster' }] }],
              },
            ]
          : [],
    }),
  );
  const [one, two] = await Promise.all([api.client.resource('a.test/v1', 'Thing'), api.client.resource('a.test/v1', 'Thing')]);
  expect([one, two, api.asked.length]).toEqual([undefined, undefined, 2]);
  made = true;
  expect(await api.client.resource('a.test/v1', 'Thing')).toBeUndefined();
  expect(await api.client.resource('a.test/v1', 'Thing', { fresh: true })).toMatchObject({ plural: 'things', namespaced: false });
});

it('a failure is not kept', async () => {
  api = await fakeApi((_, response, count) =>
    count <= 2 ? json(response, 403, statusOf(403, 'Forbidden', 'no')) : json(response, 200, { kind: 'APIGroupDiscoveryList' }),
  );
  await expect(api.client.resources()).rejects.toMatchObject({ status: 403 });
  expect(await api.client.resources()).toEqual([]);
});
