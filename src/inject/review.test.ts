import { expect, it } from 'vitest';
import type { Operation } from './json-patch.ts';
import { type AdmissionReview, reviewInjection } from './review.ts';
import { applyPatch, configWith, injected, podFrom } from './testing.ts';

const pod = (changes: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    generateName: 'web-7d4b9-',
    labels: { app: 'web', 'pod-template-hash': '7d4b9' },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-7d4b9', controller: true }],
  },
  spec: { containers: [{ name: 'app', image: 'nginx' }] },
  ...changes,
});

const review = (request: object = {}): object => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: { uid: 'abc', operation: 'CREATE', namespace: 'shop', object: pod(), ...request },
});

const deps = { config: configWith() };

function answered(value: unknown, with_ = deps): AdmissionReview['response'] {
  const { status, body } = reviewInjection(value, with_);
  expect(status).toBe(200);
  return (body as AdmissionReview).response;
}

const patchOf = ({ patch = '' }: AdmissionReview['response']): Operation[] => JSON.parse(Buffer.from(patch, 'base64').toString());

it('answers with the patch that injects', () => {
  const response = answered(review());
  expect(response).toMatchObject({ uid: 'abc', allowed: true, patchType: 'JSONPatch' });
  const after = applyPatch(pod(), patchOf(response)) as { metadata: object; spec: { containers: { name: string }[] } };
  expect(after.spec.containers.map(({ name }) => name)).toEqual(['app', 'istio-proxy']);
  expect(after.metadata).toMatchObject({ labels: { 'service.istio.io/canonical-name': 'web' } });
});

it('changes only what is new', () => {
  const paths = patchOf(answered(review())).map(({ op, path }) => `${op} ${path}`);
  expect(paths).toEqual([
    'add /metadata/labels/security.istio.io~1tlsMode',
    'add /metadata/labels/service.istio.io~1canonical-name',
    'add /metadata/labels/service.istio.io~1canonical-revision',
    'add /metadata/annotations',
    'add /spec/containers/1',
    'add /spec/initContainers',
    'add /spec/volumes',
  ]);
});

it('says the same for a dry run', () => {
  expect(reviewInjection(review({ dryRun: true }), deps)).toEqual(reviewInjection(review(), deps));
});

it('finds nothing to change in a pod that is injected already', () => {
  const { metadata, spec } = injected(podFrom());
  expect(patchOf(answered(review({ object: pod({ metadata, spec }) })))).toEqual([]);
});

it('knows the pod, for who logs', () => {
  expect(reviewInjection(review(), deps)).toMatchObject({ outcome: 'injected', pod: 'shop/web-7d4b9-…', reason: '' });
});

it.each([
  ['hostNetwork', { object: pod({ spec: { hostNetwork: true, containers: [] } }) }, 'hostNetwork'],
  ['an update', { operation: 'UPDATE' }, 'only new pods'],
  ['a namespace of the cluster', { namespace: 'kube-system' }, 'kube-system'],
])('lets %s in as it is', (_, request, reason) => {
  const reply = reviewInjection(review(request), deps);
  expect(reply).toMatchObject({ status: 200, outcome: 'skipped', reason: expect.stringContaining(reason) });
  expect((reply.body as AdmissionReview).response).toEqual({ uid: 'abc', allowed: true });
});

it.each([
  ['no object', { object: undefined }, 'no object'],
  ['another kind', { object: { ...pod(), kind: 'Service' } }, 'Service'],
  ['no containers', { object: pod({ spec: {} }) }, 'spec.containers is missing'],
  [
    'an annotation that makes no sense',
    { object: pod({ metadata: { name: 'p', annotations: { 'sidecar.istio.io/proxyCPU': 'x' } } }) },
    'sidecar.istio.io/proxyCPU',
  ],
])('refuses %s, with the reason', (_, request, text) => {
  const response = answered(review(request));
  expect(response).toMatchObject({ uid: 'abc', allowed: false, status: { code: 400, message: expect.stringContaining(text) } });
  expect(response.patch).toBeUndefined();
});

it('refuses a review of another version', () => {
  expect(answered({ ...review(), apiVersion: 'admission.k8s.io/v1beta1' })).toMatchObject({ allowed: false, uid: 'abc' });
});

it.each([
  undefined,
  null,
  'x',
  [],
  {},
  { kind: 'AdmissionReview' },
  { kind: 'AdmissionReview', request: {} },
  { kind: 'AdmissionReview', request: { uid: 1 } },
])('%j is no review', (value) => {
  expect(reviewInjection(value, deps)).toMatchObject({ status: 400, outcome: 'failed', body: { message: expect.stringContaining('AdmissionReview') } });
});

it('asks for the mesh and the nodes of that pod', () => {
  const asked: unknown[] = [];
  const response = answered(review(), {
    ...deps,
    mesh: (of: unknown) => {
      asked.push(of);
      return { enablePrometheusMerge: false };
    },
    nodeVersions: () => ['v1.33.0'],
  } as typeof deps);
  expect(asked).toEqual([{ namespace: 'shop', labels: { app: 'web', 'pod-template-hash': '7d4b9' } }]);
  const after = applyPatch(pod(), patchOf(response)) as { metadata: { annotations: object }; spec: { initContainers: { name: string }[] } };
  expect(after.spec.initContainers.map(({ name }) => name)).toEqual(['istio-init', 'istio-proxy']);
  expect(after.metadata.annotations).not.toHaveProperty('prometheus.io/port');
});

it.each([
  ['sidecar.istio.io/userVolume', '[{"name": "v", "__proto__": {"name": "w"}}]', true],
  ['sidecar.istio.io/userVolume', '{"v": {"constructor": {"x": 1}, "toString": [{}]}}', true],
  ['sidecar.istio.io/userVolume', `{"v": {"emptyDir": ${'['.repeat(9_000)}${']'.repeat(9_000)}}}`, false],
  ['sidecar.istio.io/userVolumeMount', `[{"name": "v", "mountPath": "/v", "x": ${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)}}]`, false],
  ['proxy.istio.io/overrides', `{"containers": [{"name": "istio-proxy", "x": ${'['.repeat(9_000)}${']'.repeat(9_000)}}]}`, true],
])('answers for a hostile %s', (name, value, allowed) => {
  const annotations = { [name]: value, 'sidecar.istio.io/status': '{"containers": ["istio-proxy"]}' };
  const response = answered(review({ object: pod({ metadata: { name: 'web', annotations } }) }));
  expect(response.allowed).toBe(allowed);
  expect({}).not.toHaveProperty('name');
});
