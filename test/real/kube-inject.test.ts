// Injection against a real API server: what it makes of pods is accepted as it is, and what a cluster says of injection is found.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { InjectionConfig } from '../../src/inject/config.ts';
import type { PodTemplate } from '../../src/inject/pod.ts';
import { annotated, injected, podFrom } from '../../src/inject/testing.ts';
import { profileValues } from '../../src/install/profiles.ts';
import { renderManifests } from '../../src/install/render/manifests.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connect.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { clusterAvailable, startCluster, type TestCluster } from '../kube/cluster.ts';
import { untilAccount } from '../kube/pods.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const main = join(import.meta.dirname, '../../src/cli/main.ts');
const available = await clusterAvailable();
const folder = mkdtempSync(join(tmpdir(), 'weft-kube-inject-'));

let cluster: TestCluster;
let client: KubeClient;

interface Outcome {
  stdout: string;
  stderr: string;
  code: number | null;
}

/** The command from its sources. */
function weft(args: readonly string[], kubeconfig = cluster.kubeconfig): Promise<Outcome> {
  const program = `import(${JSON.stringify(main)}).then((m) => m.main(process.argv))`;
  const env = { ...process.env, KUBECONFIG: kubeconfig, NO_COLOR: '1' };
  const child = spawn(process.execPath, ['--no-warnings', '-e', program, 'weft', ...args], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 120_000,
  });
  const out: Outcome = { stdout: '', stderr: '', code: null };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      out[name] += text;
    });
  }
  return new Promise((resolve, reject) => child.on('error', reject).on('close', (code) => resolve({ ...out, code })));
}

const deployment = (name: string, pod = '{ containers: [{ name: app, image: nginx }] }', labels = ''): string =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: ${name}, namespace: shop }\nspec: { selector: { matchLabels: { app: ${name} } }, template: { metadata: { labels: { app: ${name}${labels} } }, spec: ${pod} } }\n`;

/** The API server's own judgement of a pod, with unknown fields as errors. */
async function accepted({ metadata, spec }: PodTemplate): Promise<unknown> {
  return client.request('/api/v1/namespaces/shop/pods', {
    method: 'POST',
    query: { dryRun: 'All', fieldValidation: 'Strict' },
    body: { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name: 'p' }, spec },
  });
}

async function installed(revision: string): Promise<void> {
  const values = { ...profileValues('minimal'), revision };
  const parts = renderManifests(values, { weftVersion: '1.0.0' }).filter(
    ({ object }) => object.kind === 'ConfigMap' || object.kind === 'MutatingWebhookConfiguration',
  );
  // Nobody answers here: what is not asked for stays as it is.
  for (const { object } of parts) await client.apply(object, { force: true });
}

beforeAll(async () => {
  if (!available) return;
  cluster = await startCluster({ kubeletVersion: 'v1.33.2' });
  client = await connect({ kubeconfig: cluster.kubeconfig });
  for (const [name, labels] of [
    ['istio-system', {}],
    ['shop', {}],
    ['enabled', { 'istio-injection': 'enabled' }],
    ['canary', { 'istio.io/rev': 'canary' }],
  ] as const)
    await client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
  await untilAccount(client, 'shop');
  await installed('default');
  await installed('canary');
});

afterAll(async () => {
  client?.close();
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(!available)('what is injected is a pod', () => {
  const probes =
    '{containers: [{name: app, image: nginx, ports: [{name: web, containerPort: 80}], livenessProbe: {httpGet: {path: /, port: web, scheme: HTTPS}}, readinessProbe: {grpc: {port: 90}}, startupProbe: {tcpSocket: {port: 80}}}]}';
  const own =
    '{volumes: [{name: certs, emptyDir: {}}], containers: [{name: app, image: nginx}, {name: istio-proxy, image: auto, env: [{name: POD_NAME, value: fixed}], readinessProbe: {exec: {command: [ok]}}, volumeMounts: [{name: certs, mountPath: /certs}], securityContext: {runAsUser: 2000}}]}';
  const template =
    'spec: {volumes: [{name: extra, emptyDir: {}}], containers: [{name: logs, image: "${image}", volumeMounts: [{name: extra, mountPath: /x}]}, {name: istio-proxy, startupProbe: null}]}';

  const pods: [string, PodTemplate, Partial<InjectionConfig>][] = [
    ['as it is by default', podFrom(undefined, '{containers: [{name: app, image: nginx}]}'), { imagePullSecrets: ['s'], imagePullPolicy: 'Always' }],
    ['native', podFrom(undefined, '{initContainers: [{name: first, image: x}], containers: [{name: app, image: nginx}]}'), { nativeSidecar: true }],
    ['holding', podFrom(undefined, probes), { holdApplicationUntilProxyStarts: true }],
    ['by CNI', podFrom(undefined, probes), { capture: 'cni' }],
    ['without redirection', podFrom(undefined, probes), { capture: 'none' }],
    ['an Envoy', podFrom(undefined, probes), { engine: 'envoy' }],
    ['with a container of the user', podFrom(undefined, own), {}],
    ['native, with a container of the user', podFrom(undefined, own), { nativeSidecar: true }],
    ['a gateway', annotated('inject.istio.io/templates: gateway', '{containers: [{name: istio-proxy, image: auto, ports: [{containerPort: 8080}]}]}'), {}],
    ['with a template', podFrom(), { templates: { mine: template }, defaultTemplates: ['sidecar', 'mine'] }],
    [
      'with annotations',
      annotated(
        `sidecar.istio.io/userVolume: '{"u": {"emptyDir": {}}}', sidecar.istio.io/userVolumeMount: '{"u": {"mountPath": "/u"}}', sidecar.istio.io/proxyCPULimit: "1", readiness.status.sidecar.istio.io/initialDelaySeconds: "3"`,
      ),
      {},
    ],
  ];

  test.each(pods)('%s', async (_, pod, config) => {
    await expect(accepted(injected(pod, config))).resolves.toMatchObject({ kind: 'Pod' });
  });

  test('and the judgement is strict', async () => {
    const pod = injected(podFrom());
    Object.assign(pod.spec.containers[1] ?? {}, { livenesProbe: {} });
    await expect(accepted(pod)).rejects.toThrow('livenesProbe');
  });
});

describe.skipIf(!available)('weft kube-inject', () => {
  test('takes what the cluster says: image, address, versions of the nodes', async () => {
    writeFileSync(join(folder, 'web.yaml'), deployment('web'));
    const { stdout, stderr, code } = await weft(['kube-inject', '-f', 'web.yaml']);
    expect([code, stderr]).toEqual([0, '']);
    const [object] = loadAll(stdout) as [KubeObject & { spec: { template: PodTemplate } }];
    const { spec, metadata } = object.spec.template;
    // All kubelets are of 1.33.
    expect(spec.initContainers?.map(({ name, image }) => [name, image])).toEqual([
      ['istio-init', 'localhost/weft:1.0.0'],
      ['istio-proxy', 'localhost/weft:1.0.0'],
    ]);
    expect(spec.initContainers?.[1]?.args).toContain('weft-controller.istio-system.svc:15012');
    expect(metadata.annotations?.['istio.io/rev']).toBe('default');
    await expect(
      client.request('/apis/apps/v1/namespaces/shop/deployments', { method: 'POST', query: { dryRun: 'All', fieldValidation: 'Strict' }, body: object }),
    ).resolves.toBeDefined();
  });

  test('takes another revision, and that of a webhook', async () => {
    for (const args of [
      ['-r', 'canary'],
      ['--webhookConfig', 'weft-sidecar-injector-canary'],
    ]) {
      const { stdout, code } = await weft(['kube-inject', '-f', 'web.yaml', ...args]);
      expect(code).toBe(0);
      expect(stdout).toContain('istio.io/rev: canary');
      expect(stdout).toContain('weft-controller-canary.istio-system.svc:15012');
    }
  });

  test.each([
    [['-r', 'nowhere'], 'there is no ConfigMap istio-system/istio-sidecar-injector-nowhere'],
    [['--webhookConfig', 'nowhere'], 'there is no MutatingWebhookConfiguration nowhere'],
    [['--injectConfigMapName', 'istio'], 'the ConfigMap istio-system/istio has no key config'],
    [['-i', 'elsewhere'], 'there is no ConfigMap elsewhere/istio-sidecar-injector'],
    [['--context', 'viewer'], 'may not'],
  ])('%j', async (args, said) => {
    const { stdout, stderr, code } = await weft(['kube-inject', '-f', 'web.yaml', ...args]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(said);
  });

  test('a cluster that does not answer is no reason to wait for ever', async () => {
    const gone = join(folder, 'gone.yaml');
    const cluster_ = '{name: c, cluster: {server: "https://127.0.0.1:1", insecure-skip-tls-verify: true}}';
    writeFileSync(gone, `apiVersion: v1\nkind: Config\nclusters: [${cluster_}]\ncontexts: [{name: c, context: {cluster: c}}]\ncurrent-context: c\n`);
    const began = performance.now();
    const { stderr, code } = await weft(['kube-inject', '-f', 'web.yaml', '--kubeclient-timeout', '3s'], gone);
    expect(code).toBe(1);
    expect(stderr).toContain('--injectConfigFile');
    expect(performance.now() - began).toBeLessThan(100_000);
  });
});

describe.skipIf(!available)('weft x check-inject', () => {
  const rows = ({ stdout }: Outcome): string[][] =>
    stdout
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(/ {2,}/));

  test('by the labels of the namespace', async () => {
    expect(rows(await weft(['x', 'check-inject', '-n', 'enabled', '-l', 'app=web']))).toEqual([
      ['weft-sidecar-injector', 'default', '✔', 'the namespace has istio-injection=enabled'],
      ['weft-sidecar-injector-canary', 'canary', '✘', expect.stringContaining('needs istio.io/rev=canary')],
    ]);
    expect(rows(await weft(['x', 'check-inject', '-n', 'canary', '-l', 'app=web'])).map(([, , injects]) => injects)).toEqual(['✘', '✔']);
  });

  test('by a workload, with what the injector itself decides', async () => {
    const [object] = loadAll(deployment('host', '{ hostNetwork: true, containers: [{ name: app, image: nginx }] }', ', istio.io/rev: canary')) as [KubeObject];
    await client.apply({ ...object, spec: { ...(object.spec as object), replicas: 0 } });
    const found = await weft(['x', 'check-inject', '-n', 'shop', 'deployment/host']);
    expect(rows(found)[1]).toEqual(['weft-sidecar-injector-canary', 'canary', '✘', expect.stringContaining('asked, but it uses the network of its node')]);
  });

  test.each([
    [['nobody.shop'], 'there is no Pod shop/nobody'],
    [['-n', 'nowhere', '-l', 'a=b'], 'there is no namespace nowhere'],
  ])('%j', async (args, said) => {
    const { stderr, code } = await weft(['x', 'check-inject', ...args]);
    expect([code, stderr]).toEqual([1, expect.stringContaining(said)]);
  });
});
