// When what was applied is ready, and why not: with the controllers and the scheduler of a real cluster.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KubeClient, KubeResource } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connect.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { readinessOf, waitReady } from '../../src/kube/wait.ts';
import { clusterAvailable, startCluster, type TestCluster } from '../kube/cluster.ts';
import { until } from '../proxy/support.ts';

const available = await clusterAvailable();

/** For what comes to an end, however slow the machine is. */
const longMs = 100_000;

let cluster: TestCluster;
let client: KubeClient;

interface Workload {
  kind?: 'Deployment' | 'DaemonSet' | 'StatefulSet';
  annotations?: Record<string, string>;
  replicas?: number;
  spec?: Record<string, unknown>;
  pod?: Record<string, unknown>;
}

function workload(name: string, { kind = 'Deployment', annotations = {}, replicas = 2, spec = {}, pod = {} }: Workload): KubeObject {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, namespace: 'default' },
    spec: {
      ...(kind === 'DaemonSet' ? {} : { replicas }),
      ...(kind === 'StatefulSet' ? { serviceName: name } : {}),
      selector: { matchLabels: labels },
      template: { metadata: { labels, annotations }, spec: { containers: [{ name: 'app', image: 'example/app' }], ...pod } },
      ...spec,
    },
  };
}

const job = (name: string, annotations: Record<string, string>): KubeObject => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name, namespace: 'default' },
  spec: { backoffLimit: 0, template: { metadata: { annotations }, spec: { restartPolicy: 'Never', containers: [{ name: 'app', image: 'example/app' }] } } },
});

const definition = (plural: string, kind: string): KubeObject => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.x.weft.test` },
  spec: {
    group: 'x.weft.test',
    scope: 'Cluster',
    names: { kind, plural },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
});

async function applied(...objects: KubeObject[]): Promise<KubeObject[]> {
  for (const object of objects) await client.apply(object);
  return objects;
}

async function podsOf(app: string): Promise<string[]> {
  const pods = (await client.resource('v1', 'Pod')) as KubeResource;
  return (await client.list(pods, { namespace: 'default', labelSelector: `app=${app}` })).items.map(({ metadata }) => metadata.name ?? '');
}

/** What its kubelet would say of it, had it not been told that the pod never becomes ready. */
async function becomeReady(name: string): Promise<void> {
  const conditions = ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({ type, status: 'True' }));
  await client.patch({ apiVersion: 'v1', kind: 'Pod', namespace: 'default', name }, { status: { conditions } }, { subresource: 'status' });
}

/** @throws Error with the last reason, where it does not become that */
async function untilReason(object: KubeObject, reason: RegExp): Promise<void> {
  let last = '';
  await until(
    async () => {
      last = (await readinessOf(client, object)).reason;
      return reason.test(last);
    },
    `the reason is ${reason}`,
    60_000,
  ).catch((error: Error) => {
    throw new Error(`${error.message}; it is: ${last}`);
  });
}

describe.runIf(available)('readiness', () => {
  beforeAll(async () => {
    cluster = await startCluster({ nodes: 2 });
    client = await connect({ kubeconfig: cluster.kubeconfig });
  }, 300_000);

  afterAll(async () => {
    client?.close();
    await cluster?.stop();
  });

  test('workloads, jobs, namespaces and definitions become ready', async () => {
    const objects: KubeObject[] = [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
      definition('looms', 'Loom'),
      definition('wefts', 'Weft'),
      workload('web', {}),
      workload('agent', { kind: 'DaemonSet' }),
      workload('db', { kind: 'StatefulSet' }),
      job('migrate', {}),
      { apiVersion: 'v1', kind: 'Service', metadata: { name: 'edge', namespace: 'default' }, spec: { type: 'LoadBalancer', ports: [{ port: 80 }] } },
    ];
    const told: number[] = [];
    const waiting = waitReady(client, objects, { timeoutMs: longMs, pollMs: 200, onProgress: (pending) => told.push(pending.length) });
    // Else all might be ready at the first look already.
    await until(() => told.length > 0, 'it says what is not there yet');
    await applied(...objects);
    expect(await waiting).toEqual([]);
    expect(told.at(-1)).toBe(0);
    // A definition that is ready is served.
    expect(await client.resource('x.weft.test/v1', 'Loom', { fresh: true })).toBeDefined();
  });

  test('what takes its time is waited for', async () => {
    const objects = await applied(workload('slow', { annotations: { 'kubelab/never-ready': 'true' } }));
    const reasons: string[] = [];
    let isOver = false;
    const waiting = waitReady(client, objects, {
      timeoutMs: longMs,
      pollMs: 200,
      onProgress: (pending) => reasons.push(...pending.map(({ reason }) => reason)),
    }).finally(() => {
      isOver = true;
    });
    const unready = /^0 of 2 pods are ready: slow-[a-z0-9]+-[a-z0-9]+: container app is running and not ready/;
    await until(() => reasons.some((reason) => unready.test(reason)), 'it says which pod is not ready', 60_000);
    expect(isOver).toBe(false);
    for (const name of await podsOf('slow')) await becomeReady(name);
    expect(await waiting).toEqual([]);
  });

  test('a change is not ready because the pods of before are', async () => {
    expect(await waitReady(client, await applied(workload('changed', {})), { timeoutMs: longMs })).toEqual([]);
    const [changed] = (await applied(workload('changed', { annotations: { 'kubelab/waiting': 'ErrImagePull' } }))) as [KubeObject];
    expect(await waitReady(client, [changed], { timeoutMs: 1500, pollMs: 200 })).toHaveLength(1);
    await untilReason(changed, /pods? (are )?of the (new|old) version.*ErrImagePull in container app/);
    // Back to what it was.
    expect(await waitReady(client, await applied(workload('changed', {})), { timeoutMs: longMs, pollMs: 200 })).toEqual([]);
  });

  test.each<[string, () => KubeObject, RegExp]>([
    [
      'an image that cannot be pulled',
      () => workload('image', { annotations: { 'kubelab/waiting': 'ImagePullBackOff' } }),
      /^0 of 2 pods are ready: image-\S+: ImagePullBackOff in container app \(asked for by annotation\) \(and 1 more\)$/,
    ],
    [
      'no progress within the deadline',
      () => workload('late', { annotations: { 'kubelab/never-ready': 'true' }, replicas: 1, spec: { progressDeadlineSeconds: 1 } }),
      /^0 of 1 pods are ready: no progress within its deadline \(ProgressDeadlineExceeded\): late-\S+: container app is running and not ready$/,
    ],
    [
      'no node',
      () => workload('homeless', { replicas: 1, pod: { nodeSelector: { disk: 'fast' } } }),
      /^0 of 1 pods are ready: homeless-\S+: not scheduled \(0\/2 nodes are available/,
    ],
    [
      'pods that are refused',
      () => workload('refused', { replicas: 1, pod: { serviceAccountName: 'nobody' } }),
      /^0 of 1 pods are of the new version: pods cannot be made \(.*serviceaccount "nobody" not found/,
    ],
    [
      'a DaemonSet',
      () => workload('agents', { kind: 'DaemonSet', annotations: { 'kubelab/waiting': 'CreateContainerConfigError' } }),
      /^0 of 2 pods are ready: agents-\S+: CreateContainerConfigError/,
    ],
    [
      'a StatefulSet',
      () => workload('dbs', { kind: 'StatefulSet', annotations: { 'kubelab/never-ready': 'true' } }),
      /^0 of 2 pods are ready: dbs-0: container app is running and not ready/,
    ],
    ['a Job that failed', () => job('broken', { 'kubelab/exit-code': '3' }), /^it failed: BackoffLimitExceeded/],
    ['a definition whose names are taken', () => ({ ...definition('others', 'Loom') }), /^its names are taken/],
    ['what is not there', () => ({ ...workload('none', {}), metadata: { name: 'not-there', namespace: 'default' } }), /^it is not there$/],
  ])('why not: %s', async (name, make, reason) => {
    const object = make();
    if (name !== 'what is not there') await client.apply(object);
    await untilReason(object, reason);
  });

  test('a namespace that goes', async () => {
    const namespace: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'going' } };
    await client.apply(namespace);
    // With this in it, it does not go before somebody looks.
    await client.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'going', name: 'held', finalizers: ['weft.test/held'] } });
    await client.delete({ apiVersion: 'v1', kind: 'Namespace', name: 'going' });
    await untilReason(namespace, /^it is being removed \(.*configmaps/);
  });

  test('the API server goes away while one waits, and comes back', async () => {
    const objects = await applied(workload('patient', { annotations: { 'kubelab/never-ready': 'true' } }));
    const reasons: string[] = [];
    const waiting = waitReady(client, objects, {
      timeoutMs: 2 * longMs,
      pollMs: 300,
      onProgress: (pending) => reasons.push(...pending.map(({ reason }) => reason)),
    });
    await cluster.kill();
    await until(() => reasons.some((reason) => /cannot be reached/.test(reason)), 'it says that the server is away', 60_000);
    await cluster.restart();
    await applied(workload('patient', {}));
    expect(await waiting).toEqual([]);
  }, 300_000);
});
