// The client of clusters against a real API server.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KubeClient, type KubeResource, type WatchEvent } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connect.ts';
import { discover } from '../../src/kube/discovery.ts';
import { KubeError } from '../../src/kube/error.ts';
import { inCluster } from '../../src/kube/in-cluster.ts';
import { listObjects } from '../../src/kube/list.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { Transport } from '../../src/kube/transport.ts';
import { clusterAvailable, startCluster, type TestCluster } from '../kube/cluster.ts';
import { until } from '../until.ts';
import { httpProxy, socksProxy, type TestProxy } from './kube-proxies.ts';

const available = await clusterAvailable();

interface Parts {
  server: string;
  ca: string;
  cert: string;
  key: string;
  viewerToken: string;
}

let cluster: TestCluster;
let client: KubeClient;
let configMaps: KubeResource;
let parts: Parts;
const folder = mkdtempSync(join(tmpdir(), 'weft-kube-client-'));

/** What the kubeconfig of the cluster is made of. */
function readParts(file: string): Parts {
  const config = load(readFileSync(file, 'utf8')) as {
    clusters: { cluster: Record<string, string> }[];
    users: { name: string; user: Record<string, string> }[];
  };
  const user = (name: string): Record<string, string> => config.users.find((one) => one.name === name)?.user ?? {};
  return {
    server: config.clusters[0]?.cluster.server as string,
    ca: config.clusters[0]?.cluster['certificate-authority-data'] as string,
    cert: user('admin')['client-certificate-data'] as string,
    key: user('admin')['client-key-data'] as string,
    viewerToken: user('viewer').token as string,
  };
}

/** Another kubeconfig for the same cluster. */
function kubeconfig(change: { cluster?: Record<string, unknown>; user?: unknown }): string {
  const file = join(folder, 'kubeconfig');
  const admin = { 'client-certificate-data': parts.cert, 'client-key-data': parts.key };
  const config = {
    'current-context': 'it',
    clusters: [{ name: 'c', cluster: { server: parts.server, 'certificate-authority-data': parts.ca, ...change.cluster } }],
    users: [{ name: 'u', user: change.user ?? admin }],
    contexts: [{ name: 'it', context: { cluster: 'c', user: 'u' } }],
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

async function using<T>(file: string, run: (other: KubeClient) => Promise<T>): Promise<T> {
  const other = await connect({ kubeconfig: file });
  try {
    return await run(other);
  } finally {
    other.close();
  }
}

async function failure(promise: Promise<unknown>): Promise<KubeError> {
  const error = await promise.then(
    () => undefined,
    (thrown) => thrown,
  );
  expect(error).toBeInstanceOf(KubeError);
  return error as KubeError;
}

const configMap = (name: string, data: Record<string, string> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data,
});
const ref = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name });

const definition: KubeObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'lamps.shop.example.com' },
  spec: {
    group: 'shop.example.com',
    scope: 'Namespaced',
    names: { kind: 'Lamp', plural: 'lamps', singular: 'lamp' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                properties: { watts: { type: 'integer' } },
                'x-kubernetes-preserve-unknown-fields': true,
                'x-kubernetes-validations': [{ rule: 'self.watts < 100', message: 'a lamp has less than 100 watts' }],
              },
            },
          },
        },
      },
    ],
  },
};

describe.runIf(available)('a client', () => {
  beforeAll(async () => {
    cluster = await startCluster();
    parts = readParts(cluster.kubeconfig);
    client = await connect({ kubeconfig: cluster.kubeconfig });
    configMaps = (await client.resource('v1', 'ConfigMap')) as KubeResource;
    // A controller makes it some time after the namespace: watches of the namespace are to see what the tests do, and nothing else.
    await until(async () => (await client.get(ref('kube-root-ca.crt'))) !== undefined, 'the ConfigMap that each namespace has', 60_000);
  }, 240_000);

  afterAll(async () => {
    client?.close();
    await cluster?.stop();
    rmSync(folder, { recursive: true });
  });

  it('knows where it is, and what the cluster is', async () => {
    expect([client.context, client.server, client.namespace]).toEqual(['kubelab', cluster.server, 'default']);
    expect(await client.version()).toMatchObject({ major: '1', gitVersion: expect.stringMatching(/^v1\./) });
  });

  it('the short form of discovery says what the long one says', async () => {
    const plain = { request: (path: string, options = {}) => client.request(path, { ...options, accept: 'application/json' }) } as unknown as KubeClient;
    const texts = (all: readonly KubeResource[]): string[] =>
      all.map(({ verbs, ...resource }) => JSON.stringify({ ...resource, verbs: [...verbs].sort() })).sort();
    const short = await client.resources();
    expect(short.length).toBeGreaterThan(50);
    expect(texts(await discover(plain))).toEqual(texts(short));
  });

  it('keeps the rules of a CustomResourceDefinition, and they hold', async () => {
    await client.apply(definition);
    const back = await client.get({ apiVersion: definition.apiVersion, kind: definition.kind, name: 'lamps.shop.example.com' });
    const versionOf = (object: KubeObject | undefined): object => ((object?.spec as { versions?: object[] } | undefined)?.versions?.[0] ?? {}) as object;
    expect(versionOf(back)).toMatchObject(versionOf(definition));
    await expect.poll(() => client.resource('shop.example.com/v1', 'Lamp', { fresh: true }), { timeout: 60_000 }).toBeDefined();

    const lamp = (watts: number): KubeObject => ({
      apiVersion: 'shop.example.com/v1',
      kind: 'Lamp',
      metadata: { name: 'desk', namespace: 'default' },
      spec: { watts, other: 1 },
    });
    expect(await failure(client.apply(lamp(200)))).toMatchObject({
      reason: 'Invalid',
      message: expect.stringMatching(/^cannot apply Lamp default\/desk: .*a lamp has less than 100 watts/),
      causes: [{ field: 'spec', message: expect.stringContaining('a lamp has less than 100 watts') }],
    });
    expect((await client.apply(lamp(60))).spec).toEqual({ watts: 60, other: 1 });
    const list = await client.list((await client.resource('shop.example.com/v1', 'Lamp')) as KubeResource, { metadataOnly: true });
    expect(list.items).toMatchObject([{ apiVersion: 'shop.example.com/v1', kind: 'Lamp', metadata: { name: 'desk' } }]);
    expect(list.items[0]?.spec).toBeUndefined();
  });

  it('tells who owns the fields that an apply would change, and takes them over by force', async () => {
    await client.apply(configMap('conflict', { colour: 'red', size: '1' }), { fieldManager: 'paint' });
    const error = await failure(client.apply(configMap('conflict', { colour: 'blue', size: '1' })));
    expect(error).toMatchObject({
      reason: 'Conflict',
      status: 409,
      message: 'cannot apply ConfigMap default/conflict: paint owns .data.colour',
      help: 'Let the owner give these fields up, or take them over by force.',
      conflicts: [{ manager: 'paint', field: '.data.colour' }],
    });
    expect((await client.get(ref('conflict')))?.data).toEqual({ colour: 'red', size: '1' });
    expect((await client.apply(configMap('conflict', { colour: 'blue' }), { force: true, dryRun: true })).data).toEqual({ colour: 'blue', size: '1' });
    expect((await client.get(ref('conflict')))?.data).toEqual({ colour: 'red', size: '1' });
    const after = await client.apply(configMap('conflict', { colour: 'blue' }), { force: true });
    expect(after.data).toEqual({ colour: 'blue', size: '1' });
    // What was read can be applied, with the fields that the server adds.
    expect((await client.apply(after)).data).toEqual(after.data);
    expect((await client.apply(configMap('conflict'), { force: true })).data).toEqual({ size: '1' });
  });

  it('creates, replaces, changes and deletes', async () => {
    const made = await client.create(configMap('one', { a: '1' }));
    expect(await failure(client.create(configMap('one')))).toMatchObject({ reason: 'AlreadyExists', status: 409 });
    const second = await client.update({ ...made, data: { b: '2' } });
    expect(second.data).toEqual({ b: '2' });
    expect(await failure(client.update({ ...made, data: {} }))).toMatchObject({ reason: 'Conflict' });
    expect((await client.patch(ref('one'), { data: { c: '3' } })).data).toEqual({ b: '2', c: '3' });
    expect((await client.patch(ref('one'), [{ op: 'remove', path: '/data/b' }], { type: 'json' })).data).toEqual({ c: '3' });
    expect(await client.delete(ref('one'), { uid: 'another' })).toBe(false);
    expect(await client.delete(ref('one'), { uid: second.metadata.uid as string, propagation: 'Foreground' })).toBe(true);
    // The garbage collector ends what is deleted in the foreground.
    await until(async () => (await client.get(ref('one'))) === undefined, 'it is gone', 60_000);
    expect(await client.delete(ref('one'))).toBe(false);
  });

  it('changes a status apart from the rest', async () => {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', name: 'default' };
    const status = { conditions: [{ type: 'Tested', status: 'True', reason: 'R', message: 'm', lastTransitionTime: '2024-01-01T00:00:00Z' }] };
    const after = await client.patch(namespace, { status }, { subresource: 'status' });
    expect(after.status).toMatchObject({ conditions: [{ type: 'Tested' }] });
  });

  it('a user without rights is told what is not allowed, and nothing is tried again', async () => {
    const viewer = await connect({ kubeconfig: cluster.kubeconfig, context: 'viewer' });
    try {
      const started = performance.now();
      const help = 'Ask an administrator of the cluster for a Role that allows it, or choose another --context.';
      expect(await failure(viewer.list(configMaps))).toMatchObject({
        reason: 'Forbidden',
        status: 403,
        message: 'user viewer may not list configmaps in all namespaces',
        help,
      });
      expect(await failure(viewer.apply(configMap('x')))).toMatchObject({ message: 'user viewer may not apply ConfigMap default/x', help });
      const watch = viewer.watch(configMaps, { namespace: 'default', resourceVersion: '', signal: AbortSignal.timeout(60_000) });
      expect(await failure(watch[Symbol.asyncIterator]().next())).toMatchObject({ message: 'user viewer may not watch configmaps in namespace default' });
      expect(performance.now() - started).toBeLessThan(5_000);
      expect(await viewer.canI({ verb: 'list', group: '', resource: 'configmaps' })).toBe(false);
      expect(await client.canI({ verb: 'list', group: '', resource: 'configmaps' })).toBe(true);
    } finally {
      viewer.close();
    }
  });

  it('acts as somebody else', async () => {
    const as = async (options: object): Promise<KubeClient> => connect({ kubeconfig: cluster.kubeconfig, ...options });
    const [nobody, master] = await Promise.all([as({ as: 'löwe' }), as({ as: 'someone', asGroups: ['system:masters', 'system:authenticated'] })]);
    expect((await failure(nobody.get(ref('x')))).message).toBe('user löwe may not read ConfigMap default/x');
    expect((await failure(nobody.request('/api/v1/pods', { purpose: 'list pods' }))).message).toBe('user löwe may not list pods');
    expect(await master.canI({ verb: '*', group: '*', resource: '*' })).toBe(true);
    nobody.close();
    master.close();
  });

  it('lists 1,200 objects in three pages, each once', async () => {
    await client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'many' } });
    const names = Array.from({ length: 1_200 }, (_, index) => `many-${index}`);
    const left = [...names];
    const worker = async (): Promise<void> => {
      for (let name = left.pop(); name !== undefined; name = left.pop())
        await client.create({
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name, namespace: 'many', labels: { half: String(Number(name.slice(5)) % 2) } },
        });
    };
    await Promise.all(Array.from({ length: 16 }, worker));
    const pages: unknown[] = [];
    const request = (path: string, options: object): Promise<unknown> => {
      pages.push(path);
      return client.request(path, options);
    };
    const counting = { request } as unknown as KubeClient;
    const { items, resourceVersion } = await listObjects(counting, configMaps, { namespace: 'many', labelSelector: 'half', limit: 500 });
    expect(pages).toHaveLength(3);
    expect(new Set(items.map(({ metadata }) => metadata.name))).toEqual(new Set(names));
    expect([items.length, Number(resourceVersion) > 0, items[700]?.kind]).toEqual([1_200, true, 'ConfigMap']);
    expect((await client.list(configMaps, { labelSelector: 'half=1' })).items).toHaveLength(600);
    expect((await client.list(configMaps, { namespace: 'many', fieldSelector: 'metadata.name=many-7' })).items).toHaveLength(1);
  });

  it('credentials come from a plug-in, which is asked again when they are refused', async () => {
    const script = join(folder, 'login');
    const credential = (status: unknown): string =>
      `printf %s '${JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status })}'`;
    const pem = (text: string): string => Buffer.from(text, 'base64').toString();
    const plugin = (body: string): string => {
      writeFileSync(script, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
      return kubeconfig({ user: { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: './login', interactiveMode: 'Never' } } });
    };
    const certificate = { clientCertificateData: pem(parts.cert), clientKeyData: pem(parts.key) };
    expect(await using(plugin(credential(certificate)), (other) => other.canI({ verb: '*', group: '*', resource: '*' }))).toBe(true);

    const asked = join(folder, 'asked');
    const token = `printf x >> '${asked}'\n[ "$(cat '${asked}')" = x ] && ${credential({ token: 'old' })} || ${credential({ token: parts.viewerToken })}`;
    await using(plugin(token), async (other) => {
      // Within a second of its answer the plug-in is not asked again.
      const refusal = async (): Promise<string> => (await failure(other.request('/api/v1/pods', { purpose: 'list pods' }))).message;
      await until(async () => !(await refusal()).includes('does not accept the credentials'), 'other credentials are accepted');
      expect(await refusal()).toBe('user viewer may not list pods');
    });
    expect(readFileSync(asked, 'utf8')).toBe('xx');

    const broken = plugin('echo "session expired: run login" >&2; exit 1');
    const error = await failure(using(broken, (other) => other.version()));
    expect(error.message).toBe(`the credential plug-in ./login of user u (${broken}) fails with status 1: session expired: run login`);
  });

  it('trusts nobody but the authority of the cluster, by the name that was given', async () => {
    const version = (change: Record<string, unknown>): Promise<unknown> => using(kubeconfig({ cluster: change }), (other) => other.version());
    const prefix = `cannot ask for the version of the cluster: the API server ${parts.server} (context it) cannot be reached: `;
    // The client's own certificate is no authority.
    expect(await failure(version({ 'certificate-authority-data': parts.cert }))).toMatchObject({
      reason: 'Unreachable',
      message: `${prefix}no certificate authority that is trusted has signed its certificate`,
    });
    expect((await failure(version({ 'certificate-authority-data': undefined }))).message).toContain('no certificate authority that is trusted');
    const named = await failure(version({ 'tls-server-name': 'other.example.com' }));
    expect(named.message).toMatch(/its certificate is for other names \(.*DNS:kubernetes\.default\.svc/);
    await version({ 'tls-server-name': 'kubernetes.default.svc' });
    await version({ 'certificate-authority-data': undefined, 'insecure-skip-tls-verify': true });
    writeFileSync(join(folder, 'ca.crt'), Buffer.from(parts.ca, 'base64'));
    await version({ 'certificate-authority-data': undefined, 'certificate-authority': 'ca.crt' });
    expect(await failure(version({ server: parts.server.replace('https', 'http') }))).toMatchObject({
      message: expect.stringContaining('HTTP request to an HTTPS server'),
    });
  });

  it.each<[string, () => Promise<TestProxy>, number]>([
    ['HTTP, whose connections are kept', httpProxy, 2],
    ['SOCKS', socksProxy, 4],
  ])('goes through a proxy: %s', async (_, start, most) => {
    const proxy = await start();
    try {
      const file = kubeconfig({ cluster: { 'proxy-url': proxy.url } });
      await using(file, async (other) => {
        for (let n = 0; n < 3; n++) expect(await other.canI({ verb: '*', group: '*', resource: '*' })).toBe(true);
        const watch = other.watch(configMaps, { namespace: 'default', resourceVersion: '0', bookmarks: false, signal: AbortSignal.timeout(60_000) });
        expect((await watch.next()).value).toMatchObject({ type: 'ADDED' });
        await watch.return();
      });
      expect(new Set(proxy.connections)).toEqual(new Set([parts.server.slice('https://'.length)]));
      expect(proxy.connections.length).toBeLessThanOrEqual(most);
      proxy.close();
      expect((await failure(using(file, (other) => other.version()))).message).toContain(`cannot be reached through the proxy ${proxy.url}`);
    } finally {
      proxy.close();
    }
  });

  it('the service account of a pod', async () => {
    await client.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'pod', namespace: 'default' } });
    const { status } = await client.request<{ status: { token: string } }>('/api/v1/namespaces/default/serviceaccounts/pod/token', {
      method: 'POST',
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
    });
    for (const [name, content] of [
      ['ca.crt', Buffer.from(parts.ca, 'base64')],
      ['token', status.token],
      ['namespace', 'default'],
    ] as const)
      writeFileSync(join(folder, name), content);
    const { hostname, port } = new URL(parts.server);
    const pod = await inCluster({ KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port }, folder);
    if (!pod) throw new Error('no pod');
    const inPod = new KubeClient(new Transport(pod.endpoint, pod.credentials), { context: '', namespace: pod.namespace, timeoutMs: 60_000 });
    expect((await failure(inPod.list(configMaps))).message).toBe('user system:serviceaccount:default:pod may not list configmaps in all namespaces');
    writeFileSync(join(folder, 'token'), 'nonsense');
    await pod.credentials.renew();
    expect(await failure(inPod.list(configMaps))).toMatchObject({
      message: `cannot list configmaps in all namespaces: the API server ${parts.server} does not accept the credentials from the service account of this pod`,
    });
    inPod.close();
  });

  it('a watch ends with its server, and goes on from the last event after it came back', async () => {
    const signal = AbortSignal.timeout(240_000);
    const { resourceVersion } = await client.list(configMaps, { namespace: 'default' });
    const events: WatchEvent[] = [];
    const watch = async (from: string): Promise<unknown> => {
      try {
        for await (const event of client.watch(configMaps, { namespace: 'default', resourceVersion: from, signal })) {
          if (event.type === 'BOOKMARK') continue;
          events.push(event);
          if (event.object.metadata.name === 'last') return undefined;
        }
      } catch (error) {
        return error;
      }
    };
    const first = watch(resourceVersion);
    await client.apply(configMap('before', { text: 'ä€😀' }));
    await until(() => events.length > 0, 'an event');
    await cluster.kill();
    expect(await first).toMatchObject({ reason: 'Unreachable', status: 0 });
    expect(await failure(client.version())).toMatchObject({ reason: 'Unreachable', message: expect.stringContaining('nothing listens there') });

    await cluster.restart();
    await client.apply(configMap('after'));
    await client.delete(ref('before'));
    await client.apply(configMap('last'));
    expect(await watch(events.at(-1)?.object.metadata.resourceVersion as string)).toBeUndefined();
    expect(events.map(({ type, object }) => `${type} ${object.metadata.name}`)).toEqual(['ADDED before', 'ADDED after', 'DELETED before', 'ADDED last']);
    expect(events[0]?.object.data).toEqual({ text: 'ä€😀' });
  }, 300_000);

  it('a watch from what the server has forgotten says so', async () => {
    const watch = client.watch(configMaps, { resourceVersion: '1', signal: AbortSignal.timeout(60_000) });
    expect(await failure(watch[Symbol.asyncIterator]().next())).toMatchObject({ status: 410, message: expect.stringMatching(/^cannot watch configmaps: /) });
  });
});
