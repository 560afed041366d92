// Informers against a real API server, which is killed under them.
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { KubeClient, KubeResource } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connect.ts';
import { Informer, type InformerOptions } from '../../src/kube/informer.ts';
import { type KubeObject, withoutManagedFields } from '../../src/kube/object.ts';
import { clusterAvailable, startCluster, type TestCluster } from '../kube/cluster.ts';
import { until } from '../proxy/support.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const available = await clusterAvailable();

let cluster: TestCluster;
let client: KubeClient;
let configMaps: KubeResource;
const informers: Informer[] = [];

const configMap = (name: string, value: string, namespace = 'default'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace, labels: { by: 'test' } },
  data: { value },
});
const ref = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name });

const byKey = (objects: Iterable<KubeObject>): Map<string, KubeObject> =>
  new Map([...objects].map(withoutManagedFields).map((object) => [`${object.metadata.namespace}/${object.metadata.name}`, object]));

/** Those of `configMap`: the API server has others for itself, and writes them when it likes. */
const ours = { labelSelector: 'by=test' };

/** Whether the store is what a list has, now. */
async function isFresh(informer: Informer, resource: KubeResource): Promise<boolean> {
  return isDeepStrictEqual(byKey(informer.store.values()), byKey((await client.list(resource, ours)).items));
}

interface Told {
  informer: Informer;
  said: string[];
  problems: string[];
}

function inform(resource: ConstructorParameters<typeof Informer>[1], options: InformerOptions = {}): Told {
  const said: string[] = [];
  const problems: string[] = [];
  const informer = new Informer(
    client,
    resource,
    { strip: withoutManagedFields, ...options },
    {
      changed({ before, after }) {
        const value = (object: KubeObject | undefined): unknown => (object?.data as { value?: unknown } | undefined)?.value;
        const name = (after ?? before)?.metadata.name;
        said.push(before && after ? `~ ${name} ${value(before)} ${value(after)}` : after ? `+ ${name}` : `- ${name}`);
      },
      problem: (error) => problems.push(error.message),
    },
  );
  informers.push(informer);
  informer.start();
  return { informer, said, problems };
}

describe.runIf(available)('informers', () => {
  beforeAll(async () => {
    cluster = await startCluster({ workloads: false });
    client = await connect({ kubeconfig: cluster.kubeconfig });
    configMaps = (await client.resource('v1', 'ConfigMap')) as KubeResource;
  });

  afterAll(async () => {
    for (const informer of informers) informer.stop();
    client?.close();
    await cluster?.stop();
  });

  test('what is made, changed and removed is told once, in order', async () => {
    const { informer, said, problems } = inform(configMaps, { namespace: 'default', ...ours });
    await informer.synced;
    await client.apply(configMap('a', '1'));
    await client.apply(configMap('b', '1'));
    await client.apply(configMap('a', '2'));
    await client.apply(configMap('elsewhere', '1', 'kube-system'));
    await client.delete(ref('b'));
    await until(() => said.length >= 4, 'four changes were told');
    expect(said).toEqual(['+ a', '+ b', '~ a 1 2', '- b']);
    expect([...informer.store.keys()]).toEqual(['default/a']);
    expect(problems).toEqual([]);
    // It leaves the selection by a change of its labels.
    await client.patch(ref('a'), { metadata: { labels: { by: 'nobody' } } });
    await until(() => said.length >= 5, 'it was told');
    expect(said[4]).toBe('- a');
    informer.stop();
    await client.delete(ref('a'));
  });

  test('the API server is killed twice: the store stays, then is what the server has, and each outage was told once', async () => {
    for (let i = 0; i < 40; i++) await client.apply(configMap(`many-${i}`, '1'));
    const { informer, said, problems } = inform(configMaps, ours);
    await informer.synced;
    expect(await isFresh(informer, configMaps)).toBe(true);
    for (const round of [2, 3]) {
      said.length = 0;
      // In the middle of writes: some of them fail, and what the server took is what counts.
      const writing = Array.from({ length: 40 }, async (_, i) => {
        await sleep(i);
        await client.request(`/api/v1/namespaces/default/configmaps/many-${i}`, {
          method: 'PATCH',
          body: { data: { value: String(round) } },
          contentType: 'application/merge-patch+json',
          retry: false,
        });
      });
      const written = Promise.allSettled(writing);
      await sleep(25);
      await cluster.kill();
      const answers = await written;
      expect(answers.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0);
      expect(informer.store.size).toBeGreaterThanOrEqual(40);
      await until(() => problems.length === round - 1, 'the outage was told', 60_000);
      await cluster.restart();
      await client.apply(configMap(`made-${round}`, '1'));
      await client.delete(ref(`many-${round}`));
      // Of the writes before, the server may have taken this one, too.
      await client.apply(configMap('many-39', `last ${round}`), { force: true });
      await until(() => isFresh(informer, configMaps), 'the store is what the server has', 60_000);
      expect(said.filter((text) => text.startsWith('- '))).toEqual([`- many-${round}`]);
      expect(said.filter((text) => text.startsWith('+ '))).toEqual([`+ made-${round}`]);
      expect(problems.length).toBe(round - 1);
    }
    // It watches, and does not list all the time.
    said.length = 0;
    await client.apply(configMap('after', '1'));
    await until(() => said.length > 0, 'it was told');
    expect(said).toEqual(['+ after']);
    informer.stop();
  });

  test('a version that the server has forgotten: only the difference is told', async () => {
    await client.apply(configMap('old', '1'));
    let lists = 0;
    let watches = 0;
    // Its first watch is from a version that no server knows.
    const source: Pick<KubeClient, 'list' | 'watch'> = {
      list: (...args) => {
        lists++;
        return client.list(...args);
      },
      watch: (resource, options) => client.watch(resource, watches++ === 0 ? { ...options, resourceVersion: '1' } : options),
    };
    const said: string[] = [];
    const problems: string[] = [];
    const informer = new Informer(
      source,
      configMaps,
      { namespace: 'default' },
      {
        changed: ({ before, after }) => void said.push(`${before ? 'before' : ''} ${after?.metadata.name}`),
        problem: ({ message }) => problems.push(message),
      },
    );
    informers.push(informer);
    informer.start();
    await informer.synced;
    const listed = said.length;
    await until(() => watches >= 2, 'it watches again', 60_000);
    expect({ lists, problems, told: said.length - listed }).toEqual({ lists: 2, problems: [], told: 0 });
    await client.apply(configMap('old', '2'));
    await until(() => said.length > listed, 'it was told');
    expect(said.slice(listed)).toEqual(['before old']);
    informer.stop();
  });

  test('a kind that is defined later, and removed again', async () => {
    const plural = 'looms.x.weft.test';
    const find = (): Promise<KubeResource | undefined> => client.resource('x.weft.test/v1', 'Loom', { fresh: true });
    const { informer, said, problems } = inform(find, { absentMs: 200 });
    await informer.synced;
    expect(informer.store.size).toBe(0);
    await client.apply({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: plural },
      spec: {
        group: 'x.weft.test',
        scope: 'Namespaced',
        names: { kind: 'Loom', plural: 'looms', singular: 'loom', listKind: 'LoomList' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } } },
          },
        ],
      },
    });
    await until(async () => (await find()) !== undefined, 'the kind is served', 60_000);
    const loom: KubeObject = { apiVersion: 'x.weft.test/v1', kind: 'Loom', metadata: { name: 'one', namespace: 'default' }, spec: {} };
    await until(
      () =>
        client.apply(loom).then(
          () => true,
          () => false,
        ),
      'an object can be made',
      60_000,
    );
    await until(() => said.length === 1, 'it was told', 60_000);
    // While there is a watch.
    await client.apply({ ...loom, metadata: { name: 'two', namespace: 'default' } });
    await until(() => said.length === 2, 'it was told', 60_000);
    await client.delete({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', name: plural });
    await until(() => informer.store.size === 0, 'the removals were told', 60_000);
    expect(said.slice(0, 2)).toEqual(['+ one', '+ two']);
    expect(said.slice(2).sort()).toEqual(['- one', '- two']);
    expect(problems).toEqual([]);
    informer.stop();
  });

  test('a user without rights: told once, and no store', async () => {
    const viewer = await connect({ kubeconfig: cluster.kubeconfig, context: 'viewer' });
    const problems: string[] = [];
    const informer = new Informer(
      viewer,
      configMaps,
      { retry: { firstMs: 10, longestMs: 50 } },
      { changed: () => {}, problem: ({ message }) => problems.push(message) },
    );
    informers.push(informer);
    informer.start();
    await until(() => problems.length === 1, 'it was told');
    await sleep(500);
    expect(problems.length).toBe(1);
    expect(problems[0]).toMatch(/configmaps/);
    // As soon as the rights are there, it goes on.
    await client.create({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'viewers' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'viewers' }],
    });
    await informer.synced;
    expect(informer.store.size).toBeGreaterThan(0);
    informer.stop();
    viewer.close();
  });
});
