// Two revisions beside each other, tags, and removing them, against a real API server.
import { load } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { KubeObject } from '../../src/kube/object.ts';
import { clusterAvailable } from '../kube/cluster.ts';
import { hooksOf, type Installing, injector, startInstalling } from '../kube/installing.ts';
import { inventory, written } from '../kube/inventory.ts';
import { startWeft } from '../kube/weft.ts';
import { until } from '../until.ts';

// Some of the tests install and remove several times, and each time wait for pods and for what goes.
vi.setConfig({ testTimeout: 400_000, hookTimeout: 400_000 });

const available = await clusterAvailable();

let at: Installing;
let untouched: Record<string, unknown>;
const minimal = ['--profile', 'minimal'];

async function namespace(name: string, labels: Record<string, string>): Promise<void> {
  await at.client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }, { fieldManager: 'test' });
}

beforeAll(async () => {
  if (!available) return;
  at = await startInstalling();
  untouched = written(await inventory(at.client));
  await at.succeed('install', '-y', ...minimal);
});

afterAll(() => at?.stop());

describe.runIf(available)('two revisions', () => {
  test('are beside each other', async () => {
    const before = await at.versions();
    await at.succeed('install', '-y', ...minimal, '--revision', 'canary');
    const added = await at.changed(before);
    expect(added.filter((key) => !key.includes('canary'))).toEqual([]);
    expect(added).toContain('apps/Deployment istio-system/weft-controller-canary');
    expect((await at.run('verify-install', '--revision', 'canary')).status).toBe(0);
    expect((await at.succeed('install', '-y', ...minimal)).stderr).toContain('✔ Nothing to change');
  });

  test('a tag leads to one, and then to the other', async () => {
    await namespace('shop', { 'istio.io/rev': 'prod' });
    await at.succeed('tag', 'set', 'prod', '--revision', 'default', '-y');
    const serviceOf = async (): Promise<unknown> =>
      hooksOf(await at.client.get({ ...injector, name: 'weft-revision-tag-prod' }))[0]?.clientConfig.service?.name;
    expect(await serviceOf()).toBe('weft-controller');
    expect((await at.succeed('tag', 'set', 'prod', '--revision', 'default', '-y')).stderr).toContain('leads to revision default already');
    const refused = await at.run('tag', 'set', 'prod', '--revision', 'canary', '-y');
    expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining('tag prod leads to revision default\n--overwrite')]);
    await at.succeed('tag', 'set', 'prod', '--revision', 'canary', '--overwrite', '-y');
    expect(await serviceOf()).toBe('weft-controller-canary');
    expect((await at.succeed('tag', 'list')).stdout).toBe('TAG      REVISION     NAMESPACES\nprod     canary       shop\n');
    expect(JSON.parse((await at.succeed('tag', 'list', '-o', 'json')).stdout)).toEqual([{ tag: 'prod', revision: 'canary', namespaces: ['shop'] }]);
    // Installing does not touch tags.
    expect((await at.succeed('install', '-y', ...minimal, '--revision', 'canary')).stderr).toContain('✔ Nothing to change');
    const generated = (await at.succeed('tag', 'generate', 'next', '--revision', 'canary')).stdout.split('---\n').map((text) => load(text) as KubeObject);
    expect(generated.map(({ kind }) => kind)).toContain('MutatingWebhookConfiguration');
    expect(await at.client.get({ ...injector, name: 'weft-revision-tag-next' })).toBeUndefined();
  });

  test('the default goes to another one, and comes back', async () => {
    const refused = await at.run('tag', 'set', 'default', '--revision', 'canary', '-y');
    expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining('--overwrite gives that to revision canary')]);
    await at.succeed('tag', 'set', 'default', '--revision', 'canary', '--overwrite', '-y');
    expect(await at.client.get(injector)).toBeUndefined();
    expect((await at.succeed('install', '-y', ...minimal)).stderr).toContain('✔ Nothing to change');
    expect((await at.run('verify-install', '-r', 'default')).status).toBe(0);
    await at.succeed('tag', 'remove', 'default', '-y');
    await at.succeed('install', '-y', ...minimal);
    expect(await at.client.get(injector)).toBeDefined();
  });

  test('one that is in use stays', async () => {
    at.gate.reset();
    const { status, stderr } = await at.run('uninstall', '--revision', 'canary', '-y');
    expect(stderr).toContain('revision canary is in use:\n  1 tag: prod\n  1 namespace: shop\n');
    expect(status).toBe(1);
    expect(at.gate.writes).toEqual([]);
    const removed = await at.succeed('tag', 'remove', 'prod', '-y');
    expect(removed.stderr).toContain('Warning: 1 namespace uses tag prod: shop.');
    expect((await at.run('tag', 'remove', 'prod', '-y')).stderr).toContain('there is no tag prod');
  });

  test('one goes, and all of the other stays', async () => {
    const before = await at.versions();
    at.gate.reset();
    expect((await at.succeed('uninstall', '--revision', 'canary', '--dry-run')).stdout).toMatch(/\n\d+ to remove\n$/);
    expect(at.gate.writes).toEqual([]);
    expect((await at.succeed('uninstall', '--revision', 'canary', '-y')).stderr).toContain('✔ Uninstall complete');
    const gone = await at.changed(before);
    expect(gone.length).toBeGreaterThan(10);
    expect(gone.filter((key) => !key.includes('canary'))).toEqual([]);
    expect((await at.succeed('verify-install')).status).toBe(0);
  });

  test('a first one with a name serves what names none', async () => {
    await at.succeed('uninstall', '--revision', 'default', '-y');
    await at.succeed('install', '-y', ...minimal, '--revision', 'v2');
    expect((await at.succeed('tag', 'list')).stdout).toContain('default     v2');
    expect((await at.succeed('install', '-y', ...minimal, '--revision', 'v2')).stderr).toContain('✔ Nothing to change');
    expect((await at.succeed('verify-install')).status).toBe(0);
  });
});

const madeByController = { 'app.kubernetes.io/managed-by': 'weft-controller' };

describe.runIf(available)('everything', () => {
  test('goes, with what users made of its kinds, and leaves nothing', async () => {
    const entry = { hosts: ['a.example.com'], ports: [{ number: 80, name: 'http', protocol: 'HTTP' }], resolution: 'DNS' };
    await at.client.resource('networking.istio.io/v1', 'ServiceEntry', { fresh: true });
    await at.client.apply({ apiVersion: 'networking.istio.io/v1', kind: 'ServiceEntry', metadata: { name: 'a', namespace: 'shop' }, spec: entry });
    // As the controller makes them.
    for (const object of [
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'weft-controller-serving-v2', namespace: 'istio-system' } },
      { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'weft-controller-v2', namespace: 'istio-system' } },
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'istio-ca-secret', namespace: 'istio-system', labels: madeByController } },
      ...['istio-system', 'shop'].map((ns) => ({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'istio-ca-root-cert', namespace: ns, labels: madeByController },
      })),
    ]) {
      await at.client.create(object);
    }
    const shown = await at.succeed('uninstall', '--purge', '--dry-run');
    expect(shown.stdout).toContain('1 object of users goes, in all namespaces:\n  1 serviceentries.networking.istio.io\n');
    expect(shown.stdout).toContain('- Namespace istio-system\n');
    expect(shown.stdout).toContain('- Secret istio-system/istio-ca-secret\n');
    await at.succeed('uninstall', '--purge', '-y');
    expect(await at.client.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'shop', name: 'istio-ca-root-cert' })).toBeUndefined();
    await at.client.delete({ apiVersion: 'v1', kind: 'Namespace', name: 'shop' });
    const left = (): Promise<string[]> =>
      inventory(at.client).then((all) => Object.keys(written(all)).filter((key) => !(key in untouched) && !key.endsWith(' shop')));
    // What is owned by what has gone is collected some time later.
    let remains: string[] = [];
    const isEmpty = async (): Promise<boolean> => {
      remains = await left();
      return remains.length === 0;
    };
    await until(isEmpty, 'nothing is left', 60_000).catch((error: Error) => {
      throw new Error(`${error.message}: ${remains.join(', ')}`);
    });
    expect((await at.succeed('uninstall', '--purge', '-y')).stderr).toContain('There is nothing of weft in this cluster.');
  });

  test('leaves a namespace that was there before, or that others use', async () => {
    await namespace('mesh-a', {});
    // An authority of the user, and what another control plane has made of that name.
    const cacerts = { apiVersion: 'v1', kind: 'Secret', namespace: 'mesh-a', name: 'cacerts' };
    const foreign = { ...cacerts, name: 'istio-ca-secret' };
    for (const { namespace: ns, name, ...kind } of [cacerts, foreign]) await at.client.create({ ...kind, metadata: { namespace: ns, name } });
    await at.succeed('install', '-y', ...minimal, '-i', 'mesh-a');
    const before = await at.succeed('uninstall', '--purge', '--dry-run');
    expect(before.stdout).toContain('Namespace mesh-a stays: it was there before weft');
    at.gate.reset();
    const elsewhere = await at.run('uninstall', '--purge', '-y', '-i', 'mesh-b');
    expect(elsewhere.stderr).toContain('not only that of mesh-b: there is default in mesh-a\n');
    expect(elsewhere.status).toBe(1);
    expect(at.gate.writes).toEqual([]);
    const { child, ended } = startWeft(['uninstall', '--purge', '-y', '-i', 'mesh-a'], { kubeconfig: at.gate.kubeconfig });
    // It comes to the signal long before the last of its requests.
    const interrupt = async (): Promise<'go on'> => {
      child.kill('SIGINT');
      return 'go on';
    };
    at.gate.arrange({ write: 3, when: 'before', act: interrupt });
    const { status, stderr } = await ended;
    expect(stderr).toMatch(/Error: interrupted by SIGINT, in the middle: [1-9]\d* objects? removed\nThe same again removes what is left\.\n$/);
    expect(status).toBe(1);
    await at.succeed('uninstall', '--purge', '-y', '-n', 'shop');
    for (const ref of [{ apiVersion: 'v1', kind: 'Namespace', name: 'mesh-a' }, cacerts, foreign]) expect(await at.client.get(ref)).toBeDefined();
    await at.client.delete({ apiVersion: 'v1', kind: 'Namespace', name: 'mesh-a' });
    expect([...(await at.versions()).keys()].filter((key) => !key.includes('mesh-a'))).toEqual([]);
  });
});
