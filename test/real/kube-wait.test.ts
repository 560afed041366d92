// When what was applied is ready, and why not: with the controllers and the scheduler of a real cluster.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connect.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { readinessOf, waitReady } from '../../src/kube/wait.ts';
import { clusterAvailable, startCluster, type TestCluster } from '../kube/cluster.ts';
import { until } from '../proxy/support.ts';

const available = await clusterAvailable();

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

describe.runIf(available)('readiness', () => {
  beforeAll(async () => {
    cluster = await startCluster({ nodes: 2 });
    client = await connect({ kubeconfig: cluster.kubeconfig });
  });

  afterAll(async () => {
    client?.close();
    await cluster?.stop();
  });

  test('workloads, jobs, namespaces and definitions become ready', async () => {
    const objects = await applied(
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
      definition('looms', 'Loom'),
      definition('wefts', 'Weft'),
      workload('web', {}),
      workload('agent', { kind: 'DaemonSet' }),
      workload('db', { kind: 'StatefulSet' }),
      job('migrate', {}),
      { apiVersion: 'v1', kind: 'Service', metadata: { name: 'edge', namespace: 'default' }, spec: { type: 'LoadBalancer', ports: [{ port: 80 }] } },
    );
    const told: number[] = [];
    expect(await waitReady(client, objects, { timeoutMs: 30_000, pollMs: 200, onProgress: (pending) => told.push(pending.length) })).toEqual([]);
    expect(told.at(-1)).toBe(0);
    // A definition that is ready is served.
    expect(await client.resource('x.weft.test/v1', 'Loom', { fresh: true })).toBeDefined();
  });

  test('what takes its time is waited for', async () => {
    const objects = await applied(workload('slow', { annotations: { 'kubelab/ready-after': '1500ms' } }));
    const reasons: string[] = [];
    const started = performance.now();
    const pending = await waitReady(client, objects, {
      timeoutMs: 30_000,
      pollMs: 200,
      onProgress: (waiting) => reasons.push(...waiting.map(({ reason }) => reason)),
    });
    expect(pending).toEqual([]);
    expect(performance.now() - started).toBeGreaterThan(1000);
    // At the last look they may be ready before their Deployment says so.
    expect(reasons).toContainEqual(expect.stringMatching(/^\d of 2 pods are ready: slow-[a-z0-9]+-[a-z0-9]+: container app is running and not ready/));
  });

  test('a change is not ready because the pods of before are', async () => {
    await waitReady(client, await applied(workload('changed', {})), { timeoutMs: 30_000 });
    const [changed] = await applied(workload('changed', { annotations: { 'kubelab/waiting': 'ErrImagePull' } }));
    const [pending] = await waitReady(client, [changed as KubeObject], { timeoutMs: 1500, pollMs: 200 });
    expect(pending?.reason).toMatch(/pods? (are )?of the (new|old) version.*ErrImagePull in container app/);
    // Back to what it was.
    expect(await waitReady(client, await applied(workload('changed', {})), { timeoutMs: 30_000, pollMs: 200 })).toEqual([]);
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
    let last = '';
    await until(
      async () => {
        last = (await readinessOf(client, object)).reason;
        return reason.test(last);
      },
      `the reason is ${reason}`,
      15_000,
    ).catch((error: Error) => {
      throw new Error(`${error.message}; it is: ${last}`);
    });
  });

  test('a namespace that goes', async () => {
    const namespace: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'going' } };
    await client.apply(namespace);
    await client.delete({ apiVersion: 'v1', kind: 'Namespace', name: 'going' });
    expect((await readinessOf(client, namespace)).reason).toMatch(/^it is being removed/);
  });

  test('the API server goes away while one waits, and comes back', async () => {
    const objects = await applied(workload('patient', { annotations: { 'kubelab/ready-after': '2s' } }));
    const reasons: string[] = [];
    const waiting = waitReady(client, objects, {
      timeoutMs: 60_000,
      pollMs: 300,
      onProgress: (pending) => reasons.push(...pending.map(({ reason }) => reason)),
    });
    await cluster.kill();
    await until(() => reasons.some((reason) => /cannot be reached/.test(reason)), 'it says that the server is away', 20_000);
    await cluster.restart();
    expect(await waiting).toEqual([]);
  }, 90_000);
});
