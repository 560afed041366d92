import { expect, test } from 'vitest';
import type { KubeResource } from './discovery.ts';
import { KubeError } from './error.ts';
import type { KubeObject, ObjectRef } from './object.ts';
import type { Source } from './readiness.ts';
import { readinessOf, waitReady } from './wait.ts';

const apiVersions: Readonly<Record<string, string>> = {
  Deployment: 'apps/v1',
  DaemonSet: 'apps/v1',
  StatefulSet: 'apps/v1',
  Job: 'batch/v1',
  CustomResourceDefinition: 'apiextensions.k8s.io/v1',
};

function object(kind: string, spec: object, status: object | undefined, metadata: object = {}): KubeObject {
  return { apiVersion: apiVersions[kind] ?? 'v1', kind, metadata: { name: 'web', namespace: 'shop', generation: 2, ...metadata }, spec, status };
}

const selector = {
  matchLabels: { app: 'web' },
  matchExpressions: [
    { key: 'tier', operator: 'In', values: ['a', 'b'] },
    { key: 'old', operator: 'DoesNotExist' },
  ],
};
const is = (type: string, ok: boolean, reason?: string, message?: string): object => ({ type, status: ok ? 'True' : 'False', reason, message });
const seen = { observedGeneration: 2 };

const pod = (name: string, created: string, waiting?: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', creationTimestamp: created },
  status: {
    conditions: [is('PodScheduled', true), is('Ready', waiting === undefined)],
    containerStatuses: waiting === undefined ? [] : [{ name: 'app', state: { waiting: { reason: waiting } } }],
  },
});

const pods = [
  pod('web-old', '2026-01-01T00:00:00Z', 'ErrImagePull'),
  pod('web-good', '2026-01-03T00:00:00Z'),
  pod('web-new', '2026-01-02T00:00:00Z', 'ImagePullBackOff'),
];

const listed = (apiVersion: string, kind: string): KubeResource => {
  const [group = '', version = ''] = apiVersion.split('/');
  return { group, version, kind, plural: `${kind.toLowerCase()}s`, namespaced: true, verbs: ['list'], apiVersion };
};
const served = [listed('mesh.example/v1', 'Web'), listed('mesh.example/v1', 'Half')];
const established = { conditions: [is('NamesAccepted', true), is('Established', true)] };
const v1 = { name: 'v1', served: true };

function source(found: KubeObject | undefined, list: readonly KubeObject[] | KubeError = []): Source & { selectors: (string | undefined)[] } {
  const selectors: (string | undefined)[] = [];
  return {
    selectors,
    get: async () => found,
    resource: async (apiVersion, kind) => served.find((resource) => resource.apiVersion === apiVersion && resource.kind === kind),
    list: async (_, options) => {
      selectors.push(options?.labelSelector);
      if (list instanceof KubeError) throw list;
      return { items: [...list], resourceVersion: '1' };
    },
  };
}

const why = 'web-new: ImagePullBackOff in container app (and 1 more)';

test.each<[string, KubeObject, string]>([
  ['Deployment', object('Deployment', { replicas: 2, selector }, { ...seen, replicas: 2, updatedReplicas: 2, availableReplicas: 2 }), ''],
  ['Deployment of nothing', object('Deployment', { replicas: 0, selector }, seen), ''],
  [
    'Deployment that was just changed',
    object('Deployment', { selector }, { observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: 1 }),
    'no controller has taken the change up yet',
  ],
  ['Deployment without a status', object('Deployment', { selector }, undefined), 'no controller has taken the change up yet'],
  [
    'Deployment: old pods only',
    object('Deployment', { replicas: 2, selector }, { ...seen, replicas: 2, availableReplicas: 2 }),
    `0 of 2 pods are of the new version: ${why}`,
  ],
  [
    'Deployment: old pods left',
    object('Deployment', { replicas: 2, selector }, { ...seen, replicas: 3, updatedReplicas: 2, availableReplicas: 3 }),
    `1 pod of the old version left: ${why}`,
  ],
  [
    'Deployment: not available',
    object('Deployment', { replicas: 2, selector }, { ...seen, replicas: 2, updatedReplicas: 2, availableReplicas: 1 }),
    `1 of 2 pods are ready: ${why}`,
  ],
  [
    'Deployment: deadline',
    object('Deployment', { selector }, { ...seen, replicas: 1, updatedReplicas: 1, conditions: [is('Progressing', false, 'ProgressDeadlineExceeded')] }),
    `0 of 1 pods are ready: no progress within its deadline (ProgressDeadlineExceeded): ${why}`,
  ],
  [
    'Deployment: no pods may be made',
    object('Deployment', { selector }, { ...seen, conditions: [is('ReplicaFailure', true, 'FailedCreate', 'exceeded quota: small')] }),
    `0 of 1 pods are of the new version: pods cannot be made (exceeded quota: small): ${why}`,
  ],
  ['DaemonSet', object('DaemonSet', { selector }, { ...seen, desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 3 }), ''],
  ['DaemonSet without nodes', object('DaemonSet', { selector }, { ...seen, desiredNumberScheduled: 0 }), ''],
  [
    'DaemonSet: old pods',
    object('DaemonSet', { selector }, { ...seen, desiredNumberScheduled: 3, updatedNumberScheduled: 1, numberAvailable: 3 }),
    `1 of 3 pods are of the new version: ${why}`,
  ],
  [
    'DaemonSet: old pods that a person removes',
    object(
      'DaemonSet',
      { selector, updateStrategy: { type: 'OnDelete' } },
      { ...seen, desiredNumberScheduled: 3, updatedNumberScheduled: 1, numberAvailable: 3 },
    ),
    '',
  ],
  [
    'DaemonSet: not available',
    object('DaemonSet', { selector }, { ...seen, desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 2 }),
    `2 of 3 pods are ready: ${why}`,
  ],
  ['StatefulSet', object('StatefulSet', { replicas: 2, selector }, { ...seen, readyReplicas: 2, currentRevision: 'a', updateRevision: 'a' }), ''],
  [
    'StatefulSet: old pods',
    object('StatefulSet', { replicas: 2, selector }, { ...seen, readyReplicas: 2, updatedReplicas: 1, currentRevision: 'a', updateRevision: 'b' }),
    `1 of 2 pods are of the new version: ${why}`,
  ],
  [
    'StatefulSet: old pods below the partition',
    object(
      'StatefulSet',
      { replicas: 2, selector, updateStrategy: { rollingUpdate: { partition: 1 } } },
      { ...seen, readyReplicas: 2, updatedReplicas: 1, currentRevision: 'a', updateRevision: 'b' },
    ),
    '',
  ],
  [
    'StatefulSet: not ready',
    object('StatefulSet', { replicas: 2, selector }, { ...seen, readyReplicas: 1, currentRevision: 'a', updateRevision: 'a' }),
    `1 of 2 pods are ready: ${why}`,
  ],
  ['Job', object('Job', { selector }, { conditions: [is('Complete', true)] }), ''],
  ['Job: under way', object('Job', { selector, completions: 3 }, { succeeded: 1 }), `1 of 3 pods completed: ${why}`],
  [
    'Job: failed',
    object('Job', { selector }, { conditions: [is('Failed', true, 'BackoffLimitExceeded', 'too often')] }),
    'it failed: BackoffLimitExceeded (too often)',
  ],
  [
    'CustomResourceDefinition',
    object('CustomResourceDefinition', { group: 'mesh.example', names: { kind: 'Web' }, versions: [v1, { name: 'v2', served: false }] }, established),
    '',
  ],
  [
    'CustomResourceDefinition: established, and not listed',
    object('CustomResourceDefinition', { group: 'mesh.example', names: { kind: 'Late' }, versions: [v1] }, established),
    'the API server does not serve the kind yet',
  ],
  [
    'CustomResourceDefinition: one version is not listed',
    object('CustomResourceDefinition', { group: 'mesh.example', names: { kind: 'Half' }, versions: [v1, { name: 'v2', served: true }] }, established),
    'the API server does not serve the kind yet',
  ],
  ['CustomResourceDefinition: new', object('CustomResourceDefinition', {}, undefined), 'the API server does not serve the kind yet'],
  [
    'CustomResourceDefinition: names',
    object('CustomResourceDefinition', {}, { conditions: [is('NamesAccepted', false, 'ListKindConflict', '"A" is already in use')] }),
    'its names are taken ("A" is already in use)',
  ],
  ['Namespace', object('Namespace', {}, { phase: 'Active' }), ''],
  [
    'Namespace: removed',
    object(
      'Namespace',
      {},
      { phase: 'Terminating', conditions: [is('NamespaceContentRemaining', true, 'SomeResourcesRemain', 'pods. has 1 resource instances')] },
    ),
    'it is being removed (pods. has 1 resource instances)',
  ],
  ['Pod', object('Pod', {}, { phase: 'Running', conditions: [is('Ready', true)] }), ''],
  ['Pod that ended well', object('Pod', {}, { phase: 'Succeeded', conditions: [is('Ready', false)] }), ''],
  ['Pod: not ready', object('Pod', {}, pods[0]?.status as object), 'ErrImagePull in container app'],
])('%s', async (_, found, reason) => {
  expect(await readinessOf(source(found, pods), { ...found, status: undefined })).toEqual({ ready: reason === '', reason });
});

test('pods are found by the selector of the workload', async () => {
  const client = source(object('Deployment', { selector }, seen), pods);
  await readinessOf(client, object('Deployment', {}, {}));
  expect(client.selectors).toEqual(['app=web,tier in (a,b),!old']);
});

test('where pods may not be read, the rest is told', async () => {
  const client = source(object('Deployment', { selector }, seen), new KubeError('no', { reason: 'Forbidden', status: 403 }));
  expect((await readinessOf(client, object('Deployment', {}, {}))).reason).toBe('0 of 1 pods are of the new version');
});

test('what is not there is not ready, and other kinds are not asked for', async () => {
  expect(await readinessOf(source(undefined), object('Deployment', {}, {}))).toEqual({ ready: false, reason: 'it is not there' });
  const refuse = (): Promise<never> => Promise.reject(new Error('asked'));
  const never: Source = { get: refuse, list: refuse, resource: refuse };
  for (const kind of ['ConfigMap', 'Service']) expect(await readinessOf(never, object(kind, {}, {}))).toEqual({ ready: true, reason: '' });
});

/** A cluster whose n-th look at an object has the n-th of these; the last one stays. */
function changing(looks: Readonly<Record<string, readonly (KubeObject | KubeError)[]>>): Source & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    async get(ref: ObjectRef) {
      const states = looks[ref.name] ?? [];
      const state = states[Math.min(asked.filter((name) => name === ref.name).length, states.length - 1)];
      asked.push(ref.name);
      if (state instanceof KubeError) throw state;
      return state;
    },
    list: async () => ({ items: [], resourceVersion: '1' }),
    resource: async (apiVersion, kind) => listed(apiVersion, kind),
  };
}

const crd = (name: string, established: boolean): KubeObject =>
  object('CustomResourceDefinition', {}, { conditions: [is('Established', established)] }, { name, namespace: undefined });

test('waits until all are ready, and asks only for what is not; a server that is away is waited for', async () => {
  const away = new KubeError('nobody listens', { reason: 'Unreachable' });
  const client = changing({ a: [crd('a', true)], b: [crd('b', false), away, crd('b', false), crd('b', true)] });
  const told: string[][] = [];
  const pending = await waitReady(client, [crd('a', false), crd('b', false)], {
    timeoutMs: 60_000,
    pollMs: 1,
    onProgress: (waiting) => told.push(waiting.map(({ ref, reason }) => `${ref.name}: ${reason}`)),
  });
  expect(pending).toEqual([]);
  expect(client.asked).toEqual(['a', 'b', 'b', 'b', 'b']);
  const unserved = 'b: the API server does not serve the kind yet';
  expect(told).toEqual([[unserved], ['b: nobody listens'], [unserved], []]);
});

test('says what is not ready when the time is over', async () => {
  const started = performance.now();
  const pending = await waitReady(changing({ a: [crd('a', false)], b: [crd('b', true)] }), [crd('a', false), crd('b', false)], {
    timeoutMs: 60,
    pollMs: 600_000,
  });
  expect(performance.now() - started).toBeLessThan(20_000);
  expect(pending).toEqual([
    {
      ref: { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', namespace: undefined, name: 'a' },
      reason: 'the API server does not serve the kind yet',
    },
  ]);
});

test('ends when the signal aborts', async () => {
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 20);
  const pending = await waitReady(changing({ a: [crd('a', false)] }), [crd('a', false)], { timeoutMs: 60_000, pollMs: 60_000, signal: stop.signal });
  expect(pending.map(({ ref }) => ref.name)).toEqual(['a']);
});

test('nothing is waited for, and nothing is told, where there is nothing to wait for', async () => {
  let told = 0;
  expect(await waitReady(changing({}), [object('ConfigMap', {}, {})], { timeoutMs: 1000, onProgress: () => told++ })).toEqual([]);
  expect(told).toBe(0);
});
