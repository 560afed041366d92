// What a user does, from an empty cluster to an empty cluster: install, verify, analyze, inject, upgrade by revision, tags, uninstall.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { KubeClient, KubeResource } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connect.ts';
import type { KubeError } from '../../src/kube/error.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { waitReady } from '../../src/kube/wait.ts';
import { setup } from '../cli/setup.ts';
import { clusterAvailable, startCluster, type TestCluster } from '../kube/cluster.ts';
import { type LocalController, localController } from '../kube/controller.ts';
import { type Gate, openGate } from '../kube/gate.ts';
import { inventory } from '../kube/inventory.ts';
import { type Ran, runWeft, weft } from '../kube/weft.ts';
import { until } from '../proxy/support.ts';

// Each test is a good part of the story.
vi.setConfig({ testTimeout: 400_000, hookTimeout: 400_000 });

/** For what comes to an end, however slow the machine is. */
const longMs = 100_000;

const available = await clusterAvailable();

const folder = mkdtempSync(join(tmpdir(), 'weft-story-'));
let cluster: TestCluster;
let gate: Gate;
let client: KubeClient;
let stable: LocalController;
let canary: LocalController;
let before: Map<string, KubeObject>;

const run = (...args: string[]): Promise<Ran> => weft(args, { kubeconfig: gate.kubeconfig });
const tryRun = (...args: string[]): Promise<Ran> => runWeft(args, { kubeconfig: gate.kubeconfig });

/** Values that route webhooks to a controller beside the cluster. */
function values(name: string, { target }: LocalController): string {
  const file = join(folder, `${name}.yaml`);
  writeFileSync(file, JSON.stringify({ controller: { serviceAnnotations: { 'kubelab/target': target } }, image: { hub: 'registry.example/mesh', tag: name } }));
  return file;
}

const namespace = (name: string, labels: Record<string, string> = {}): KubeObject => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });

const deployment = (name: string, ns: string): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: ns },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name, version: 'v1' } },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [
          {
            name: 'app',
            image: 'example/app',
            ports: [{ containerPort: 8080 }],
            readinessProbe: { httpGet: { path: '/ready', port: 8080 } },
          },
        ],
      },
    },
  },
});

const service = (name: string, ns: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: ns },
  spec: { selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
});

const virtualService = (name: string, spec: object): KubeObject => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name, namespace: 'shop' },
  spec,
});

interface Container {
  name: string;
  image: string;
  args?: string[];
  restartPolicy?: string;
  readinessProbe?: { httpGet?: { path: string; port: number } };
  securityContext?: { capabilities?: { add?: string[] }; runAsUser?: number };
}

interface PodSpec {
  initContainers?: Container[];
  containers: Container[];
}

/** The only pod of a Deployment that is not about to go. */
async function podOf(name: string): Promise<KubeObject & { spec: PodSpec }> {
  const pods = (await client.resource('v1', 'Pod')) as KubeResource;
  const found: KubeObject[] = [];
  await until(
    async () => {
      const { items } = await client.list(pods, { namespace: 'shop', labelSelector: `app=${name}` });
      found.splice(0, found.length, ...items.filter(({ metadata }) => !metadata.deletionTimestamp));
      return found.length === 1;
    },
    `there is one pod of ${name}`,
    60_000,
  );
  return found[0] as KubeObject & { spec: PodSpec };
}

/** New pods, as `kubectl rollout restart` makes them. */
async function restart(name: string): Promise<void> {
  const ref = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name };
  const object = await client.patch(ref, { spec: { template: { metadata: { annotations: { restarted: `${performance.now()}` } } } } });
  expect(await waitReady(client, [object], { timeoutMs: longMs, pollMs: 100 })).toEqual([]);
}

const revisionOf = async (name: string): Promise<unknown> => (await podOf(name)).metadata.annotations?.['istio.io/rev'];

/** Webhooks that the API server can call: the controller has written its certificate authority into them. */
async function trusted(kind: 'Mutating' | 'Validating', name: string): Promise<boolean> {
  const found = await client.get({ apiVersion: 'admissionregistration.k8s.io/v1', kind: `${kind}WebhookConfiguration`, name });
  const webhooks = (found?.webhooks ?? []) as { clientConfig: { caBundle?: string } }[];
  return webhooks.length > 0 && webhooks.every(({ clientConfig }) => clientConfig.caBundle);
}

/** What the API server answers to an object that it does not keep. */
async function tried(object: KubeObject): Promise<KubeObject | string> {
  return client.apply(object, { dryRun: true }).catch((error: Error) => error.message);
}

/** Waits until pods of the shop are injected by a revision: the API server takes webhooks and labels of namespaces up some moments after they were written. */
async function untilInjectedBy(revision: string): Promise<void> {
  const { metadata, spec } = (deployment('probe', 'shop').spec as { template: KubeObject }).template;
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name: 'probe', namespace: 'shop' }, spec };
  let last = '';
  const isInjected = async (): Promise<boolean> => {
    const answer = await tried(pod);
    last = typeof answer === 'string' ? answer : `by ${answer.metadata.annotations?.['istio.io/rev'] ?? 'nobody'}`;
    return last === `by ${revision}`;
  };
  await until(isInjected, `pods are injected by revision ${revision}`, 60_000).catch((error: Error) => {
    throw new Error(`${error.message}; now: ${last}`);
  });
}

async function untilNone(left: () => Promise<string[]>): Promise<void> {
  let remains: string[] = [];
  const isNone = async (): Promise<boolean> => {
    remains = await left();
    return remains.length === 0;
  };
  await until(isNone, 'nothing is left', longMs).catch((error: Error) => {
    throw new Error(`${error.message}: ${remains.join(', ')}`);
  });
}

describe.runIf(available)('from install to uninstall', () => {
  beforeAll(async () => {
    setup();
    cluster = await startCluster();
    gate = await openGate(cluster);
    client = await connect({ kubeconfig: cluster.kubeconfig });
    stable = await localController(cluster.kubeconfig);
    canary = await localController(cluster.kubeconfig, 'canary');
    await client.apply(namespace('shop', { 'istio-injection': 'enabled' }));
    before = await inventory(client);
  });

  afterAll(async () => {
    await Promise.all([stable?.kill(), canary?.kill()]);
    client?.close();
    await gate?.close();
    await cluster?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('precheck, and dry runs, write nothing', async () => {
    gate.reset();
    await run('x', 'precheck');
    const { stdout } = await run('install', '--dry-run', '-f', values('v1', stable));
    expect(stdout).toMatch(/^\+ Deployment istio-system\/weft-controller$/m);
    expect(gate.requests).toBeGreaterThan(10);
    expect(gate.writes).toEqual([]);
    expect(new Set((await inventory(client)).keys())).toEqual(new Set(before.keys()));
  });

  test('install, verify, and the same again, which writes nothing', async () => {
    const { stderr } = await run('install', '-y', '-f', values('v1', stable));
    expect(stderr).toContain('✔ Installation complete');
    // The certificate authority comes with the controller.
    stable.start();
    await stable.ready();
    await until(() => trusted('Mutating', 'weft-sidecar-injector'), 'the webhooks can be called', 60_000);
    await until(() => trusted('Validating', 'weft-validator'), 'the webhook that validates can be called', 60_000);
    await untilInjectedBy('default');
    const verified = await run('verify-install');
    expect(verified.stdout + verified.stderr).toMatch(/✔ \d+ objects .* are as installed/);
    gate.reset();
    const again = await run('install', '-y', '-f', values('v1', stable));
    expect(again.stderr).toContain('Nothing to change');
    expect(gate.writes).toEqual([]);
  });

  test('verify-install says what somebody changed, and install brings it back', async () => {
    const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'istio-system', name: 'istio' };
    await client.delete(ref);
    const broken = await tryRun('verify-install');
    expect(broken.status).not.toBe(0);
    expect(broken.stdout + broken.stderr).toMatch(/ConfigMap istio-system\/istio\b/);
    gate.reset();
    await run('install', '-y', '-f', values('v1', stable));
    expect(gate.writes.map(({ path }) => path)).toContain('/api/v1/namespaces/istio-system/configmaps/istio');
    await run('verify-install');
  });

  test('the webhook puts a sidecar into the pods of a Deployment, as kube-inject does', async () => {
    const plain = deployment('cart', 'shop');
    await client.apply(service('cart', 'shop'));
    const applied = await client.apply(plain);
    expect(await waitReady(client, [applied], { timeoutMs: longMs, pollMs: 100 })).toEqual([]);
    const { metadata, spec } = await podOf('cart');
    const sidecar = (spec.initContainers ?? []).find(({ name }) => name === 'istio-proxy') as Container;
    // The nodes are of Kubernetes 1.36: it is a native sidecar.
    expect(sidecar.restartPolicy).toBe('Always');
    expect(sidecar.image).toBe('registry.example/mesh/weft:v1');
    expect(sidecar.args?.slice(0, 2)).toEqual(['proxy', 'run']);
    expect(sidecar.args).toContain('weft-controller.istio-system.svc:15012');
    const init = (spec.initContainers ?? []).find(({ name }) => name === 'istio-init') as Container;
    expect(init.securityContext?.capabilities?.add?.sort()).toEqual(['NET_ADMIN', 'NET_RAW']);
    const app = spec.containers.find(({ name }) => name === 'app') as Container;
    expect(app.readinessProbe?.httpGet).toMatchObject({ path: '/app-health/app/readyz', port: 15020 });
    expect(metadata.labels).toMatchObject({ 'security.istio.io/tlsMode': 'istio', 'service.istio.io/canonical-name': 'cart' });
    expect(metadata.annotations).toMatchObject({ 'istio.io/rev': 'default', 'sidecar.istio.io/status': expect.stringContaining('istio-proxy') });

    // The same by hand: into a namespace without the label.
    const file = join(folder, 'other.json');
    writeFileSync(file, JSON.stringify(deployment('cart', 'by-hand')));
    const injected = await run('kube-inject', '-f', file);
    await client.apply(namespace('by-hand'));
    const apply = spawnSync('kubectl', ['--kubeconfig', cluster.kubeconfig, 'apply', '-f', '-'], { input: injected.stdout, encoding: 'utf8', timeout: longMs });
    // There need not be a kubectl.
    if ((apply.error as NodeJS.ErrnoException | undefined)?.code !== 'ENOENT') {
      expect(apply.stderr).toBe('');
      const byHand = (await client.get({ apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'by-hand', name: 'cart' })) as KubeObject;
      const template = (byHand.spec as { template: { spec: PodSpec } }).template.spec;
      const shape = (pod: PodSpec): unknown => [...(pod.initContainers ?? []), ...pod.containers].map(({ name, image, args }) => ({ name, image, args }));
      expect(shape(template)).toEqual(shape(spec));
    }
    await client.delete({ apiVersion: 'v1', kind: 'Namespace', name: 'by-hand' });
    const check = await run('x', 'check-inject', 'deploy/cart', '-n', 'shop');
    expect(check.stdout).toMatch(/weft-sidecar-injector/);
  });

  test('analyze reads the cluster; the webhook refuses what is not valid, and analyze finds what is wrong together', async () => {
    await client.apply(virtualService('cart', { hosts: ['cart'], http: [{ route: [{ destination: { host: 'cart' } }] }] }));
    const clean = await run('analyze', '-n', 'shop');
    expect(clean.stdout).not.toMatch(/Error|Warning/);
    const bad = virtualService('bad', { hosts: ['cart'], http: [{ route: [{ destination: { host: 'cart' }, weight: -1 }] }] });
    await until(async () => typeof (await tried(bad)) === 'string', 'the API server asks the webhook', 60_000);
    const refused = await client.apply(bad).then(
      () => undefined,
      (error: KubeError) => error,
    );
    expect(refused?.message).toMatch(/validation\.istio\.io/);
    expect(refused?.message).toMatch(/VirtualService shop\/bad|bad/);
    // Valid by itself, and wrong in this cluster.
    await client.apply(virtualService('lost', { hosts: ['lost.example.com'], http: [{ route: [{ destination: { host: 'nowhere' } }] }] }));
    const wrong = await tryRun('analyze', '-n', 'shop');
    expect(wrong.status).toBe(79);
    expect(wrong.stdout).toMatch(/IST0101.*nowhere/);
    // What a file would change.
    const file = join(folder, 'fixed.json');
    writeFileSync(file, JSON.stringify(virtualService('lost', { hosts: ['lost.example.com'], http: [{ route: [{ destination: { host: 'cart' } }] }] })));
    const fixed = await tryRun('analyze', '-n', 'shop', '--use-kube', file);
    expect(fixed.stdout).not.toContain('IST0101');
    await client.delete({ apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', namespace: 'shop', name: 'lost' });
  });

  test('a second revision beside the first one, to which nothing moves by itself', async () => {
    await run('install', '-y', '--revision', 'canary', '-f', values('v2', canary));
    canary.start();
    await canary.ready();
    await until(() => trusted('Mutating', 'weft-sidecar-injector-canary'), 'the webhooks can be called', 60_000);
    await until(() => trusted('Validating', 'weft-validator-canary'), 'the webhook that validates can be called', 60_000);
    await run('verify-install', '--revision', 'canary');
    gate.reset();
    const dry = await run('upgrade', '--dry-run', '--reuse-values', '--set', 'controller.replicas=3');
    expect(dry.stdout).toMatch(/spec\.replicas: 2 → 3/);
    expect(gate.writes).toEqual([]);
    await restart('cart');
    expect(await revisionOf('cart')).toBe('default');
  });

  test('tags: where they lead, namespaces move with their next pods', async () => {
    await run('tag', 'set', 'prod', '--revision', 'default', '-y');
    await client.patch({ apiVersion: 'v1', kind: 'Namespace', name: 'shop' }, { metadata: { labels: { 'istio-injection': null, 'istio.io/rev': 'prod' } } });
    await until(() => trusted('Mutating', 'weft-revision-tag-prod'), 'the webhooks of the tag can be called', 60_000);
    await untilInjectedBy('default');
    await restart('cart');
    expect(await revisionOf('cart')).toBe('default');

    const refused = await tryRun('tag', 'set', 'prod', '--revision', 'canary', '-y');
    expect({ status: refused.status, text: refused.stderr }).toMatchObject({ status: 1, text: expect.stringContaining('--overwrite') });
    await run('tag', 'set', 'prod', '--revision', 'canary', '--overwrite', '-y');
    expect(JSON.parse((await run('tag', 'list', '-o', 'json')).stdout)).toEqual([
      expect.objectContaining({ tag: 'prod', revision: 'canary', namespaces: ['shop'] }),
    ]);
    await until(() => trusted('Mutating', 'weft-revision-tag-prod'), 'the webhooks of the tag can be called', 60_000);
    await untilInjectedBy('canary');
    await restart('cart');
    const pod = await podOf('cart');
    expect(pod.metadata.annotations?.['istio.io/rev']).toBe('canary');
    const sidecar = (pod.spec.initContainers ?? []).find(({ name }) => name === 'istio-proxy') as Container;
    expect(sidecar.image).toBe('registry.example/mesh/weft:v2');
    expect(sidecar.args).toContain('weft-controller-canary.istio-system.svc:15012');
  });

  test('a revision that is in use is not removed; one that is not goes, and the other one goes on', async () => {
    const refused = await tryRun('uninstall', '--revision', 'canary', '-y');
    expect({ status: refused.status, text: refused.stderr }).toMatchObject({ status: 1, text: expect.stringMatching(/prod[\s\S]*shop/) });
    await run('tag', 'set', 'prod', '--revision', 'default', '--overwrite', '-y');
    await until(() => trusted('Mutating', 'weft-revision-tag-prod'), 'the webhooks of the tag can be called', 60_000);
    await untilInjectedBy('default');
    await restart('cart');
    expect(await revisionOf('cart')).toBe('default');
    await canary.kill('SIGTERM');
    const root = { apiVersion: 'v1', kind: 'Secret', namespace: 'istio-system', name: 'istio-ca-secret' };
    const rootBefore = await client.get(root);
    expect(rootBefore?.data).toHaveProperty(['ca-key.pem']);
    await run('uninstall', '--revision', 'canary', '-y');
    // Both revisions have one.
    expect(await client.get(root)).toEqual(rootBefore);
    const ofCanary = ([key, { metadata }]: [string, KubeObject]): boolean => /canary/.test(key) || metadata.labels?.['istio.io/rev'] === 'canary';
    // Pods and EndpointSlices are collected some time after what they belong to.
    await untilNone(async () => [...(await inventory(client))].filter(ofCanary).map(([key]) => key));
    // What the canary had taken with it comes back with the other one.
    await run('install', '-y', '-f', values('v1', stable));
    await run('verify-install');
    await untilInjectedBy('default');
    await restart('cart');
    expect(await revisionOf('cart')).toBe('default');
    const mine = { apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', namespace: 'shop', name: 'cart' };
    expect(await client.get(mine)).toBeDefined();
  });

  test('uninstall --purge leaves nothing', async () => {
    gate.reset();
    const dry = await run('uninstall', '--purge', '--dry-run');
    expect(dry.stdout + dry.stderr).toMatch(/VirtualService|virtualservices/);
    expect(gate.writes).toEqual([]);
    // In a cluster it would end with its Deployment.
    await stable.kill('SIGTERM');
    await run('uninstall', '--purge', '-y');
    for (const [kind, apiVersion, name] of [
      ['Deployment', 'apps/v1', 'cart'],
      ['Service', 'v1', 'cart'],
    ] as const) {
      expect(await client.delete({ apiVersion, kind, namespace: 'shop', name })).toBe(true);
    }
    await untilNone(async () => [...(await inventory(client)).keys()].filter((key) => !before.has(key)).sort());
    const now = await inventory(client);
    expect([...before.keys()].filter((key) => !now.has(key))).toEqual([]);
    const unchanged = ([key, { metadata }]: [string, KubeObject]): boolean => now.get(key)?.metadata.uid === metadata.uid;
    expect([...before].filter((entry) => !unchanged(entry)).map(([key]) => key)).toEqual([]);
  });
});
