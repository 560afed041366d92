import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../kube/object.ts';
import { fieldText } from './diff/path.ts';
import { conflictsOf, countsOf, fixedChanges, foreignObjects, isDone, type Plan, planOf } from './plan.ts';
import { applied, fieldsOf } from './testing.ts';

const options = { owner: 'istio-system', revision: 'default', version: '0.2.0' };

function object(yaml: string): KubeObject {
  return load(yaml) as KubeObject;
}

function deployment(change: { image?: string; cpu?: string; env?: string; more?: string; replicas?: number; annotations?: string } = {}): KubeObject {
  const { image = 'weft:1', cpu = '1000m', env = '', more = '', replicas = 2, annotations = '{}' } = change;
  return object(`
apiVersion: apps/v1
kind: Deployment
metadata:
  name: weft-controller
  namespace: istio-system
  labels: { weft.mesh/component: Controller, weft.mesh/owner: istio-system, istio.io/rev: default, empty: "" }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: weft-controller } }
  template:
    metadata: { labels: { app: weft-controller }, annotations: ${annotations} }
    spec:
      nodeSelector: {}
      tolerations: []
      containers:
        - name: controller
          image: ${image}
          resources: { requests: { cpu: ${cpu}, memory: 1024Mi }, limits: { cpu: 2 } }
          ports: [{ containerPort: 15010 }, { containerPort: 15014, name: monitoring }]
          env: [{ name: A, value: a }, ${env}]
          volumeMounts: [{ name: tmp, mountPath: /tmp }]
${more}
      volumes: [{ name: tmp, emptyDir: {} }]
`);
}

function service(ports: string): KubeObject {
  return object(`
apiVersion: v1
kind: Service
metadata: { name: weft-controller, namespace: istio-system }
spec: { selector: { app: weft-controller }, ports: ${ports} }
`);
}

function planned(desired: KubeObject, live: KubeObject | undefined, shared = false): Plan {
  return planOf([{ component: 'Controller', object: desired, shared }], live ? [live] : [], options);
}

/** `field: from -> to` of each change. */
function said(plan: Plan): string[] {
  return plan.objects.flatMap(({ changes }) => changes.map(({ path, from, to }) => `${fieldText(path)}: ${JSON.stringify(from)} -> ${JSON.stringify(to)}`));
}

describe('what was applied and is wanted again', () => {
  it.each([
    ['as it is', deployment(), deployment()],
    ['quantities written otherwise', deployment({ cpu: '1000m' }), deployment({ cpu: '"1"' })],
    ['a service with defaults of ports', service('[{ port: 443, targetPort: 15017 }]'), service('[{ port: 443, targetPort: 15017, protocol: TCP }]')],
    ['ports in another order', service('[{ port: 1 }, { port: 2 }]'), service('[{ port: 2 }, { port: 1 }]')],
  ])('%s is unchanged', (_, before, after) => {
    const plan = planned(after, applied(before));
    expect(said(plan)).toEqual([]);
    expect(isDone(plan)).toBe(true);
    expect(countsOf(plan)).toEqual({ create: 0, change: 0, remove: 0, unchanged: 1, kept: 0 });
  });

  it('does not mind what others added', () => {
    const live = applied(deployment());
    live.metadata.labels = { ...live.metadata.labels, team: 'mesh' };
    live.metadata.annotations = { 'deployment.kubernetes.io/revision': '4' };
    const [container] = (live.spec as { template: { spec: { containers: { env: unknown[] }[] } } }).template.spec.containers;
    container?.env.push({ name: 'THEIRS', value: '1' });
    expect(said(planned(deployment(), live))).toEqual([]);
  });
});

describe('changes', () => {
  const image = 'spec.template.spec.containers[name=controller].image';
  it.each([
    ['a value', deployment({ image: 'weft:2' }), [`${image}: "weft:1" -> "weft:2"`]],
    ['a quantity', deployment({ cpu: '900m' }), ['spec.template.spec.containers[name=controller].resources.requests.cpu: "1" -> "900m"']],
    [
      'an item that is new',
      deployment({ env: '{ name: B, value: b }' }),
      ['spec.template.spec.containers[name=controller].env[name=B]: undefined -> {"name":"B","value":"b"}'],
    ],
    ['a map that is new', deployment({ annotations: '{ a/b: c }' }), ['spec.template.metadata.annotations: undefined -> {"a/b":"c"}']],
  ])('%s', (_, desired, changes) => {
    const plan = planned(desired, applied(deployment()));
    expect(said(plan)).toEqual(changes);
    expect(plan.objects[0]?.action).toBe('change');
    expect(conflictsOf(plan)).toEqual([]);
  });

  it.each([
    [
      'an item that goes',
      deployment({ env: '{ name: B, value: b }' }),
      ['spec.template.spec.containers[name=controller].env[name=B]: {"name":"B","value":"b"} -> undefined'],
    ],
    [
      'a container that goes',
      deployment({ more: '        - { name: helper, image: helper }' }),
      ['spec.template.spec.containers[name=helper]: {"name":"helper","image":"helper"} -> undefined'],
    ],
    ['a key of a map that goes', deployment({ annotations: '{ a/b: c }' }), ['spec.template.metadata.annotations["a/b"]: "c" -> undefined']],
  ])('%s', (_, before, changes) => {
    expect(said(planned(deployment(), applied(before)))).toEqual(changes);
  });

  it('sees an empty value of a label that is missing', () => {
    const live = applied(deployment());
    delete live.metadata.labels?.empty;
    expect(said(planned(deployment(), live))).toEqual(['metadata.labels.empty: undefined -> ""']);
  });

  it('sees what somebody put into a list that is one value', () => {
    const role = object(`
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: weft }
rules: [{ apiGroups: [""], resources: [pods], verbs: [get] }]
`);
    const live = applied(role);
    live.metadata.managedFields = [
      { manager: 'weft', operation: 'Apply', fieldsV1: {} },
      { manager: 'kubectl-edit', operation: 'Update', fieldsV1: { 'f:rules': {} } },
    ];
    live.rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'], resourceNames: ['a'] }];
    const plan = planned(role, live);
    expect(plan.objects[0]?.changes).toMatchObject([{ path: ['rules'], owners: ['kubectl-edit'] }]);
    live.rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }];
    expect(isDone(planned(role, live))).toBe(true);
  });

  it('names what cannot be changed', () => {
    const desired = deployment();
    (desired.spec as { selector: object }).selector = { matchLabels: { app: 'other' } };
    expect(fixedChanges(planned(desired, applied(deployment())))).toMatchObject([{ field: 'spec.selector', ref: { name: 'weft-controller' } }]);
  });
});

describe('fields of others', () => {
  it('is a conflict where the value differs', () => {
    const live = applied(deployment());
    (live.spec as { replicas: number }).replicas = 5;
    const [ours] = live.metadata.managedFields ?? [];
    const spec = ours?.fieldsV1?.['f:spec'] as Record<string, unknown>;
    delete spec['f:replicas'];
    live.metadata.managedFields?.push({
      manager: 'kubectl',
      operation: 'Update',
      subresource: 'scale',
      fieldsV1: fieldsOf({ spec: { replicas: 5 } }, 'Deployment', []),
    });
    const conflicts = conflictsOf(planned(deployment(), live));
    expect(conflicts.map(({ path, owners }) => `${fieldText(path)} ${owners}`)).toEqual(['spec.replicas kubectl']);
    expect(conflictsOf(planned(deployment({ replicas: 5 }), live))).toEqual([]);
  });

  it('stays where somebody else has set it, too', () => {
    const live = applied(deployment({ annotations: '{ a/b: c }' }));
    const theirs = { spec: { template: { metadata: { annotations: { 'a/b': 'c' } } } } };
    live.metadata.managedFields?.push({ manager: 'helm', operation: 'Update', fieldsV1: fieldsOf(theirs, 'Deployment', []) });
    expect(said(planned(deployment(), live))).toEqual([]);
  });

  it('keeps the certificate authority that the controller puts into webhooks, and takes webhooks away all the same', () => {
    const hooks = (...names: string[]): KubeObject =>
      object(`
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: { name: weft-sidecar-injector }
webhooks: [${names.map((name) => `{ name: ${name}, sideEffects: None, rules: [{ operations: [CREATE] }], clientConfig: { service: { name: weft } } }`).join(', ')}]
`);
    const live = applied(hooks('a.istio.io', 'b.istio.io'));
    for (const hook of live.webhooks as { clientConfig: { caBundle?: string }; rules: { scope?: string }[] }[]) {
      hook.clientConfig.caBundle = 'Q0E=';
      for (const rule of hook.rules) rule.scope = '*';
    }
    const caBundle = (name: string): object => ({ [`k:${JSON.stringify({ name })}`]: { 'f:clientConfig': { 'f:caBundle': {} } } });
    live.metadata.managedFields?.push({
      manager: 'weft-controller',
      operation: 'Update',
      fieldsV1: { 'f:webhooks': { ...caBundle('a.istio.io'), ...caBundle('b.istio.io') } },
    });
    expect(said(planned(hooks('a.istio.io', 'b.istio.io'), live))).toEqual([]);
    expect(planned(hooks('a.istio.io'), live).objects[0]?.changes.map(({ path, to }) => `${fieldText(path)} ${to}`)).toEqual([
      'webhooks[name=b.istio.io] undefined',
    ]);
  });
});

describe('what is there and not wanted', () => {
  const map = (name: string, labels: object, more: object = {}): KubeObject => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name,
      namespace: 'istio-system',
      labels: { 'weft.mesh/component': 'Controller', 'weft.mesh/owner': 'istio-system', 'istio.io/rev': 'default', ...labels },
      ...more,
    },
  });
  const removed = (...live: KubeObject[]): string[] =>
    planOf([], live, options)
      .objects.filter(({ action }) => action === 'remove')
      .map(({ ref }) => ref.name);

  it('is removed where it is ours, of this revision', () => {
    const otherKind = applied({ ...map('kind', {}), kind: 'CustomResourceDefinition', apiVersion: 'apiextensions.k8s.io/v1' });
    const going = applied(map('going', {}, { deletionTimestamp: '2025-06-01T00:00:00Z' }));
    going.metadata.deletionTimestamp = '2025-06-01T00:00:00Z';
    expect(
      removed(
        applied(map('ours', {})),
        applied(map('canary', { 'istio.io/rev': 'canary' })),
        applied(map('other', { 'weft.mesh/owner': 'mesh-b' })),
        applied(map('tag', { 'istio.io/tag': 'prod' })),
        applied(map('made-by-controller', {}), 'weft-controller'),
        otherKind,
        going,
      ),
    ).toEqual(['ours']);
  });

  it('removes webhooks first', () => {
    const webhook = applied({ ...map('hook', {}), apiVersion: 'admissionregistration.k8s.io/v1', kind: 'MutatingWebhookConfiguration' });
    const account = applied({ ...map('account', {}), kind: 'ServiceAccount' });
    expect(removed(account, applied(map('config', {})), webhook)).toEqual(['hook', 'config', 'account']);
  });
});

it('keeps shared objects of a newer version', () => {
  const definition = (version: string, field: string): KubeObject =>
    object(`
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: sidecars.networking.istio.io, labels: { weft.mesh/version: ${version}, weft.mesh/owner: mesh-b } }
spec: { group: ${field} }
`);
  const older = planned(definition('0.2.0', 'a'), applied(definition('0.3.0', 'b')), true);
  expect(older.objects[0]?.action).toBe('kept');
  expect(isDone(older)).toBe(true);
  expect(planned(definition('0.2.0', 'a'), applied(definition('0.1.0', 'b')), true).objects[0]?.action).toBe('change');
  const desired = [{ component: 'Base', object: definition('0.2.0', 'a'), shared: false }];
  const live = [applied(definition('0.1.0', 'a'))];
  expect(foreignObjects(planOf(desired, live, options), desired, 'istio-system')).toMatchObject([{ owner: 'mesh-b' }]);
  expect(foreignObjects(planOf([{ ...desired[0], shared: true } as never], live, options), [{ ...desired[0], shared: true } as never], 'istio-system')).toEqual(
    [],
  );
});

it('creates again what is being deleted', () => {
  const live = applied(deployment());
  live.metadata.deletionTimestamp = '2025-06-01T00:00:00Z';
  expect(planned(deployment(), live).objects[0]?.action).toBe('create');
});
