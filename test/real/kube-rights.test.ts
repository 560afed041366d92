// A controller with the rights of its service account, and no other ones, can do all that it does.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Controller } from '../../src/controller/controller.ts';
import { mergeValues } from '../../src/install/merge.ts';
import { renderManifests } from '../../src/install/render/manifests.ts';
import { renderTag } from '../../src/install/render/revision-tag.ts';
import { installedNames } from '../../src/install/values.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connect.ts';
import type { KubeObject, ObjectRef } from '../../src/kube/object.ts';
import { waitReady } from '../../src/kube/wait.ts';
import { createLog } from '../../src/proxy/telemetry/log.ts';
import { clusterAvailable, startCluster, type TestCluster } from '../kube/cluster.ts';
import { controllerSettings } from '../kube/controller-settings.ts';
import { until } from '../proxy/support.ts';

const available = await clusterAvailable();
const revision = 'canary';
const names = installedNames(revision);

let cluster: TestCluster;
let admin: KubeClient;
let own: KubeClient;
let controller: Controller;
const lines: string[] = [];

const caBundles = async (kind: 'MutatingWebhookConfiguration' | 'ValidatingWebhookConfiguration', name: string): Promise<string[]> => {
  const found = await admin.get({ apiVersion: 'admissionregistration.k8s.io/v1', kind, name });
  return ((found?.webhooks ?? []) as { clientConfig: { caBundle?: string } }[]).map(({ clientConfig }) => clientConfig.caBundle ?? '');
};

beforeAll(async () => {
  if (!available) return;
  cluster = await startCluster();
  admin = await connect({ kubeconfig: cluster.kubeconfig });
  const { values } = mergeValues({ files: [], set: ['controller.statusConditions=true'], profile: 'minimal', revision });
  const options = { weftVersion: '1.2.3' };
  // Nobody runs its pods here.
  const objects = [...renderManifests(values, options), ...renderTag(values, 'prod', options)]
    .map(({ object }) => object)
    .filter(({ kind }) => kind !== 'Deployment');
  for (const object of objects) {
    if (object.kind === 'ServiceAccount')
      expect(
        await waitReady(
          admin,
          objects.filter(({ kind }) => kind === 'CustomResourceDefinition'),
          { timeoutMs: 100_000 },
        ),
      ).toEqual([]);
    await admin.apply(object);
  }
  const route: KubeObject = {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'route', namespace: 'default' },
    spec: { hosts: ['a'], http: [{ route: [{ destination: { host: 'a' } }] }] },
  };
  await admin.apply(route);

  const account = ['system', 'serviceaccount', values.namespace, names.controller];
  const asGroups = ['system:serviceaccounts', `system:serviceaccounts:${values.namespace}`, 'system:authenticated'];
  own = await connect({ kubeconfig: cluster.kubeconfig, as: account.join(':'), asGroups });
  controller = await Controller.create(
    controllerSettings({
      client: own,
      revision,
      istioNamespace: values.namespace,
      names,
      clusterId: values.clusterId,
      clusterDomain: values.clusterDomain,
      identity: 'one',
      debounceMs: 10,
      statusConditions: true,
      log: await createLog({ format: 'text', level: 'debug', write: (line) => lines.push(line) }),
    }),
  );
  await controller.start();
}, 300_000);

afterAll(async () => {
  await controller?.stop();
  own?.close();
  admin?.close();
  await cluster?.stop();
});

describe.skipIf(!available)('a controller with its own rights', () => {
  test('writes its Lease and its certificate', async () => {
    const refs: ObjectRef[] = [
      { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', namespace: 'istio-system', name: names.controller },
      { apiVersion: 'v1', kind: 'Secret', namespace: 'istio-system', name: names.servingCertificate },
    ];
    for (const ref of refs) await until(async () => (await admin.get(ref)) !== undefined, `there is its ${ref.kind}`, 60_000);
  });

  test('writes its certificate authority into its webhooks and into those of its tags', async () => {
    await until(
      async () => {
        const found = [
          await caBundles('MutatingWebhookConfiguration', names.mutatingWebhook),
          await caBundles('ValidatingWebhookConfiguration', names.validatingWebhook),
          await caBundles('MutatingWebhookConfiguration', names.tagWebhook('prod')),
        ];
        return found.every((bundles) => bundles.length > 0 && bundles.every((bundle) => bundle !== ''));
      },
      'all webhooks have an authority',
      60_000,
    );
  });

  test('writes conditions', async () => {
    await until(
      async () => {
        const found = await admin.get({ apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', namespace: 'default', name: 'route' });
        return ((found?.status as { conditions?: unknown[] } | undefined)?.conditions ?? []).length > 0;
      },
      'there are conditions',
      60_000,
    );
  });

  test('is refused nothing', () => {
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.filter((line) => /forbidden|may not|403/i.test(line))).toEqual([]);
  });
});
