// Installing, changing and checking one revision, against a real API server.
import { setTimeout as pause } from 'node:timers/promises';
import { load } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { KubeObject, ObjectRef } from '../../src/kube/object.ts';
import { clusterAvailable } from '../kube/cluster.ts';
import { admission, controller, hooksOf, type Installing, injector, record, startInstalling } from '../kube/installing.ts';
import { untilAllowed } from '../kube/rights.ts';
import { startWeft } from '../kube/weft.ts';
import { until } from '../until.ts';

// Some of the tests install six times, and each time wait for pods.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 300_000 });

const available = await clusterAvailable();

let at: Installing;
/** Gateways take time, and one test has them. */
const minimal = ['--profile', 'minimal'];

/** As somebody with kubectl does. */
async function edit(ref: ObjectRef, patch: unknown): Promise<void> {
  await at.client.patch(ref, patch, { type: 'merge', fieldManager: 'kubectl-edit' });
}

beforeAll(async () => {
  if (available) at = await startInstalling();
});

afterAll(() => at?.stop());

describe.runIf(available)('before anything is installed', () => {
  test('a plan is shown, and nothing is written', async () => {
    const { stdout, stderr } = await at.succeed('install', '--dry-run');
    expect(stdout).toContain('+ Deployment istio-system/weft-controller\n');
    expect(stdout).toMatch(/\n\d+ to create, 0 to change, 0 to remove, 0 unchanged\n$/);
    expect(stderr).toContain('profile default, revision default, in namespace istio-system of kubelab');
    expect(stderr).toMatch(/\nWarning: the image is localhost\/weft:\S+, which no registry has\./);
    expect((await at.succeed('install', '--dry-run', '--set', 'image.hub=registry.example/mesh', '-n', 'shop')).stderr).toMatch(
      /^Warning: --namespace \(-n\) has no meaning here; [^\n]*\nweft [^\n]*\n\n$/,
    );
    const { summary } = JSON.parse((await at.succeed('install', '--dry-run', '-o', 'json')).stdout) as { summary: { create: number } };
    expect(summary.create).toBeGreaterThan(30);
    expect(at.gate.writes).toEqual([]);
  });

  test('without a terminal it does not ask, nor wait', async () => {
    at.gate.reset();
    for (const args of [['install'], ['upgrade'], ['uninstall', '--purge'], ['tag', 'set', 'a', '-r', 'b'], ['tag', 'remove', 'a']]) {
      const { status, stderr } = await at.run(...args);
      expect([args[0], status]).toEqual([args[0], 64]);
      expect(stderr).toContain('-y to go on');
    }
    expect(at.gate.requests).toBe(0);
  });

  test.each([
    [['install', '-y', '--set', 'controler.replicas=3'], 'did you mean controller?'],
    [['install', '-y', '-f', '/nonexistent.yaml'], 'there is no such file'],
    [['upgrade', '-y'], 'there is no revision default in namespace istio-system to upgrade\nweft install installs it'],
    [['uninstall', '-y', '-r', 'default'], 'there is no revision default to remove'],
    [['verify-install'], 'revision default is not installed'],
    [['tag', 'set', 'prod', '-r', 'default', '-y'], 'there is no revision default'],
    [['install', '-y', '--set', 'gateways[0].namespace=edge'], 'there is no namespace edge'],
  ])('%j says what is wrong', async (args, text) => {
    const { status, stderr } = await at.run(...args);
    expect(stderr).toContain(text);
    expect(status).toBe(1);
    expect(at.gate.writes).toEqual([]);
  });

  test('rights are checked before the first write', async () => {
    const rules = [{ apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list'] }];
    await at.client.apply({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'reads' }, rules });
    await at.client.apply({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'reads' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'reads' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'reader' }],
    });
    await untilAllowed(at.client, 'reader', rules);
    at.gate.reset();
    const { status, stderr } = await at.run('install', '-y', '--as', 'reader');
    expect(stderr).toContain('you may not do all that is needed:\n  create namespaces');
    expect(stderr).toContain('  patch deployments.apps in namespace istio-system\n');
    expect(status).toBe(1);
    expect((await at.run('install', '--dry-run', '--as', 'reader')).status).toBe(0);
    expect(at.gate.writes).toEqual([]);
    const precheck = await at.run('x', 'precheck', '--as', 'reader');
    expect(precheck.stdout).toContain('Error [IST0141] you may not create and patch clusterroles.rbac.authorization.k8s.io');
    expect(precheck.status).toBe(1);
    expect(await at.succeed('x', 'precheck')).toMatchObject({ stdout: '', status: 0 });
    await at.client.delete({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name: 'reads' });
    await at.client.delete({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', name: 'reads' });
  });

  test('another mesh that injects the same pods is told', async () => {
    const istio = {
      apiVersion: admission,
      kind: 'MutatingWebhookConfiguration',
      metadata: { name: 'istio-sidecar-injector', labels: { 'istio.io/rev': 'default' } },
      webhooks: [
        {
          name: 'namespace.sidecar-injector.istio.io',
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
          clientConfig: { url: 'https://127.0.0.1:1/inject' },
          failurePolicy: 'Ignore',
          namespaceSelector: { matchLabels: { 'istio-injection': 'enabled' } },
          rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
        },
      ],
    };
    await at.client.apply(istio, { fieldManager: 'istio-operator' });
    at.gate.reset();
    const { status, stderr } = await at.run('install', '-y');
    expect(stderr).toContain('pods would be injected twice:');
    expect(stderr).toContain('istio-sidecar-injector/namespace.sidecar-injector.istio.io');
    expect(status).toBe(1);
    expect(at.gate.writes).toEqual([]);
    await at.client.delete({ apiVersion: admission, kind: 'MutatingWebhookConfiguration', name: 'istio-sidecar-injector' });
  });
});

describe.runIf(available)('one revision', () => {
  test('that was never complete has no values to upgrade with', async () => {
    at.gate.reset();
    // The namespace, the mark, and a part of what comes then.
    const { child, ended } = startWeft(['install', '-y', ...minimal], { kubeconfig: at.gate.kubeconfig });
    const interrupt = async (): Promise<'go on'> => {
      child.kill('SIGINT');
      await pause(200);
      return 'go on';
    };
    at.gate.arrange({ write: 5, when: 'before', act: interrupt });
    const { status, stderr } = await ended;
    expect(stderr).toContain('What is done stays done; weft install again, with the same values, goes on from here.');
    expect(status).toBe(1);
    const upgrade = await at.run('upgrade', '-y');
    expect(upgrade.stderr).toContain('has not ended yet, and its values are not known\nweft install again, with the same values, completes it.');
    expect(upgrade.status).toBe(1);
  });

  test('is installed, and then as it should be', async () => {
    const { stderr } = await at.succeed('install', '-y');
    for (const line of [
      '✔ Definitions of kinds installed',
      '✔ Controller installed',
      '✔ Webhooks installed',
      '✔ Gateways installed',
      '✔ Installation complete',
    ]) {
      expect(stderr).toContain(`${line}\n`);
    }
    expect(stderr).toContain('kubectl label namespace NAME istio-injection=enabled');
    const data = await at.dataOf(record);
    expect(Object.keys(data).sort()).toEqual(['overrides', 'values', 'version']);
    expect((load(data.values ?? '') as { profile: string }).profile).toBe('default');
    expect((await at.client.get(controller))?.status).toMatchObject({ readyReplicas: 2 });
    expect((await at.succeed('verify-install')).stdout).toMatch(/✔ \d+ objects of weft \S+, revision default, in namespace istio-system are as installed/);
  });

  test('precheck says what is old in the cluster', async () => {
    expect(await at.succeed('x', 'precheck')).toMatchObject({ stdout: '', status: 0 });
    const { client } = at;
    const name = 'gateways.gateway.networking.k8s.io';
    const definition = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name, annotations: { 'gateway.networking.k8s.io/bundle-version': 'v0.8.1', 'api-approved.kubernetes.io': 'https://example.com' } },
      spec: {
        group: 'gateway.networking.k8s.io',
        scope: 'Namespaced',
        names: { kind: 'Gateway', plural: 'gateways' },
        versions: [{ name: 'v1beta1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
    };
    await client.apply(definition, { fieldManager: 'others' });
    await client.resource('networking.istio.io/v1', 'VirtualService', { fresh: true });
    const service = { apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', metadata: { name: 'slow', namespace: 'default' } };
    const http = [{ fault: { delay: { percent: 5, fixedDelay: '1s' } }, route: [{ destination: { host: 'a' } }] }];
    await client.apply({ ...service, spec: { hosts: ['a'], http } }, { fieldManager: 'others' });
    const { status, stdout } = await at.run('x', 'precheck', '-o', 'json');
    const found = JSON.parse(stdout) as { code: string; origin?: string }[];
    expect(found.map(({ code, origin }) => `${code} ${origin}`)).toEqual([`IST0156 CustomResourceDefinition ${name}`, 'IST0002 VirtualService default/slow']);
    expect(status).toBe(1);
    await client.delete({ ...definition, name });
    await client.delete({ ...service, name: 'slow', namespace: 'default' });
  });

  test('the same again writes nothing', async () => {
    const before = await at.versions();
    at.gate.reset();
    expect((await at.succeed('install', '-y')).stderr).toContain('✔ Nothing to change');
    expect((await at.succeed('upgrade', '-y')).stderr).toContain('✔ Nothing to change');
    expect(at.gate.writes).toEqual([]);
    expect(await at.changed(before)).toEqual([]);
  });

  test('another profile brings what it has, and takes what it has not', async () => {
    expect((await at.succeed('install', '-y', '--profile', 'demo')).stderr).toContain('+ Deployment istio-system/istio-egressgateway');
    expect((await at.succeed('install', '-y', '--profile', 'demo')).stderr).toContain('✔ Nothing to change');
    const others = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'others', namespace: 'istio-system' }, data: { a: 'b' } };
    await at.client.apply(others, { fieldManager: 'others' });
    const { stderr } = await at.succeed('install', '-y', ...minimal);
    expect(stderr).toMatch(/✔ \d+ objects removed that are not wanted any more/);
    expect([...(await at.versions()).keys()].filter((key) => key.includes('gateway'))).toEqual([
      'apiextensions.k8s.io/CustomResourceDefinition gateways.networking.istio.io',
    ]);
    expect(await at.dataOf({ ...record, name: 'others' })).toEqual({ a: 'b' });
    await at.client.delete({ ...record, name: 'others' });
  });

  test('a value changes what it is about', async () => {
    const before = await at.versions();
    const { stderr } = await at.succeed('install', '-y', ...minimal, '--set', 'meshConfig.accessLogFile=/dev/stdout');
    expect(stderr).toContain('~ ConfigMap istio-system/istio\n    data.mesh:');
    expect(stderr).toContain('+accessLogFile: /dev/stdout');
    expect(await at.changed(before)).toEqual(['/ConfigMap istio-system/istio', '/ConfigMap istio-system/weft-values']);
    expect((await at.dataOf({ ...record, name: 'istio' })).mesh).toContain('accessLogFile: /dev/stdout');
  });

  test('an upgrade keeps the values of the installation, lays others over them, or forgets them', async () => {
    const overrides = async (): Promise<unknown> => load((await at.dataOf(record)).overrides ?? '');
    expect((await at.succeed('upgrade', '-y')).stderr).toContain('✔ Nothing to change');
    await at.succeed('upgrade', '-y', '--reuse-values', '--set', 'controller.logLevel=debug');
    expect(await overrides()).toEqual({ profile: 'minimal', meshConfig: { accessLogFile: '/dev/stdout' }, controller: { logLevel: 'debug' } });
    await at.succeed('upgrade', '-y', ...minimal, '--set', 'controller.logLevel=warning');
    expect(await overrides()).toEqual({ profile: 'minimal', controller: { logLevel: 'warning' } });
    expect((await at.succeed('upgrade', '--dry-run', '--reset-values')).stdout).toContain('+ Deployment istio-system/istio-ingressgateway');
    await at.succeed('install', '-y', ...minimal);
  });

  test('what somebody else has set is not taken over silently', async () => {
    await edit(controller, { spec: { replicas: 1 } });
    await edit({ ...record, name: 'istio' }, { metadata: { labels: { team: 'mesh' } } });
    at.gate.reset();
    const { status, stderr } = await at.run('install', '-y', ...minimal);
    expect(stderr).toContain('Deployment istio-system/weft-controller: spec.replicas is set by kubectl-edit\n');
    expect(stderr).toContain('--force-conflicts');
    expect(status).toBe(1);
    expect(at.gate.writes).toEqual([]);
    expect((await at.run('verify-install')).stdout).toContain('✘ Deployment istio-system/weft-controller: spec.replicas is 1, not 2 (set by kubectl-edit)');
    await at.succeed('install', '-y', ...minimal, '--force-conflicts');
    expect((await at.client.get(controller))?.spec).toMatchObject({ replicas: 2 });
    // What nobody asked for stays.
    expect((await at.client.get({ ...record, name: 'istio' }))?.metadata.labels).toMatchObject({ team: 'mesh' });
  });

  test('what the controller writes into webhooks stays, and webhooks that are not wanted any more go', async () => {
    const hooks = async (): Promise<string[]> =>
      hooksOf(await at.client.get(injector)).map(({ name, clientConfig }) => `${name.replace('.istio.io', '')} ${clientConfig.caBundle}`);
    const byDefault = [...minimal, '--set', 'injector.enableNamespacesByDefault=true'];
    await at.succeed('install', '-y', ...byDefault);
    const authority = [0, 1, 2, 3, 4].map((index) => ({ op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value: 'Q0E=' }));
    await at.client.patch(injector, authority, { type: 'json', fieldManager: 'weft-controller' });
    expect((await at.succeed('install', '-y', ...byDefault)).stderr).toContain('✔ Nothing to change');
    await at.succeed('install', '-y', ...minimal);
    expect(await hooks()).toEqual(['rev.namespace', 'rev.object', 'namespace', 'object'].map((name) => `${name}.sidecar-injector Q0E=`));
    expect((await at.succeed('install', '-y', ...minimal)).stderr).toContain('✔ Nothing to change');
  });

  test('what is not ready is told, the old pods go on, and the same again completes it', async () => {
    const broken = [...minimal, '--set', 'controller.podAnnotations.kubelab/waiting=ImagePullBackOff', '--set', 'injector.failurePolicy=Ignore'];
    const { status, stderr } = await at.run('install', '-y', ...broken, '--readiness-timeout', '15s');
    expect(stderr).toMatch(
      /✘ Controller\nError: not ready after 15s:\n {2}Deployment istio-system\/weft-controller: .*ImagePullBackOff in container controller/,
    );
    expect(stderr).toContain('weft install again, with the same values, goes on from here.');
    expect(status).toBe(1);
    expect((await at.client.get(controller))?.status).toMatchObject({ availableReplicas: 2 });
    // Webhooks come after the controller.
    expect((await at.client.get(injector))?.webhooks).toMatchObject([{ failurePolicy: 'Fail' }, {}, {}, {}]);
    expect(await at.dataOf(record)).toMatchObject({ phase: 'installing', version: expect.any(String) });
    expect((await at.run('verify-install')).stdout).toContain('ended in the middle');
    const precheck = await at.run('x', 'precheck');
    expect([precheck.status, precheck.stdout]).toEqual([1, expect.stringContaining('Warning [WFT0021]')]);
    const repaired = await at.succeed('install', '-y', ...minimal);
    expect(repaired.stderr).toContain('ended in the middle here; this goes on.');
    expect(await at.dataOf(record)).not.toHaveProperty('phase');
    expect((await at.succeed('install', '-y', ...minimal)).stderr).toContain('✔ Nothing to change');
  });

  test('a signal ends it, and the same again completes it', async () => {
    const args = ['install', '-y', ...minimal, '--set', 'controller.podAnnotations.kubelab/ready-after=30s'];
    const { child, ended } = startWeft(args, { kubeconfig: at.gate.kubeconfig });
    const readyAfter = async (): Promise<string | undefined> => {
      const spec = (await at.client.get(controller))?.spec as { template?: KubeObject } | undefined;
      return spec?.template?.metadata.annotations?.['kubelab/ready-after'];
    };
    await until(async () => (await readyAfter()) === '30s', 'the Deployment is another one, and its pods are waited for', 60_000);
    child.kill('SIGINT');
    const { status, stderr } = await ended;
    expect(stderr).toContain('Error: interrupted by SIGINT, in the middle\n');
    expect(status).toBe(1);
    await at.succeed('install', '-y', ...minimal);
    expect((await at.succeed('verify-install')).status).toBe(0);
  });

  test('what was deleted by hand is seen, and made again', async () => {
    await at.client.delete(injector);
    await edit({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', namespace: 'istio-system', name: 'weft-controller' }, { rules: [] });
    const { status, stdout } = await at.run('verify-install');
    expect(stdout).toContain('✘ MutatingWebhookConfiguration weft-sidecar-injector is missing\n');
    expect(stdout).toContain('✘ Role istio-system/weft-controller: rules is');
    expect(status).toBe(1);
    await at.succeed('install', '-y', ...minimal, '--force-conflicts');
    expect((await at.succeed('verify-install')).status).toBe(0);
  });

  test('a newer version is not replaced by an older one', async () => {
    const { version = '' } = await at.dataOf(record);
    await at.client.patch(record, { data: { version: '99.1.0' } }, { fieldManager: 'weft' });
    at.gate.reset();
    const { status, stderr } = await at.run('install', '-y', ...minimal);
    expect(stderr).toContain(`is weft 99.1.0, which is newer than this weft (${version})`);
    expect(status).toBe(1);
    expect((await at.run('upgrade', '-y')).status).toBe(1);
    expect((await at.run('x', 'precheck')).stdout).toContain('Error [WFT0020]');
    expect(at.gate.writes).toEqual([]);
    await at.succeed('install', '-y', ...minimal, '--force', '--force-conflicts');
    expect(await at.dataOf(record)).toMatchObject({ version });
  });

  test('a second one of the same name in another namespace is refused', async () => {
    at.gate.reset();
    const { status, stderr } = await at.run('install', '-y', ...minimal, '-i', 'mesh2');
    expect(stderr).toMatch(/belongs? to the control plane in namespace istio-system\n/);
    expect(status).toBe(1);
    expect(at.gate.writes).toEqual([]);
  });
});
