// A report about a real cluster with a controller and a proxy in it, and secrets in all places that have some.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { dump, loadAll } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connect.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { waitReady } from '../../src/kube/wait.ts';
import { disguises, unfolded } from '../../src/redact/testing.ts';
import { setup } from '../cli/setup.ts';
import { clusterAvailable, startCluster, type TestCluster } from '../kube/cluster.ts';
import { type LocalController, localController } from '../kube/controller.ts';
import { installMeshKinds } from '../kube/mesh-kinds.ts';
import { podWithPorts, running } from '../kube/pods.ts';
import { untilAllowed } from '../kube/rights.ts';
import { runWeft, startWeft } from '../kube/weft.ts';
import { partsOf, planted, plantedLog } from '../planted-secrets.ts';
import { until } from '../proxy/support.ts';

const available = await clusterAvailable();

let cluster: TestCluster;
let client: KubeClient;
let controller: LocalController;
let folder: string;
const servers: Server[] = [];
const namespaces = ['default', 'shop', 'istio-system', 'other'];

const { log, secrets: inLog } = plantedLog();
const inDump = 'dump-only-Secret-51f3';
const certificate = '-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n';

/** The administration of a proxy, as far as its pages are read. */
const pages: Readonly<Record<string, string>> = {
  '/server_info': '{"version": "some envoy", "state": "LIVE"}',
  '/config_dump?include_eds': JSON.stringify({
    configs: [
      {
        '@type': 'type.googleapis.com/envoy.admin.v3.SecretsConfigDump',
        dynamic_active_secrets: [
          {
            name: 'kubernetes://web-cert',
            secret: {
              tls_certificate: {
                certificate_chain: { inline_bytes: Buffer.from(certificate).toString('base64') },
                private_key: { inline_bytes: Buffer.from(inDump).toString('base64') },
              },
            },
          },
        ],
      },
    ],
  }),
  '/clusters?format=json': '{"cluster_statuses": [{"name": "outbound|80||cart.shop.svc.cluster.local"}]}',
  '/listeners?format=json': '{"listener_statuses": []}',
  '/certs': '{"certificates": []}',
  '/stats': `cluster.outbound|80||auth-token.shop.svc.cluster.local.upstream_rq_200: 5\nhttp.x.${inDump.length}: 1\n`,
  '/memory': '{"allocated": "1"}',
};

async function serving(answer: (path: string) => string | undefined | 'never'): Promise<number> {
  const server = createServer((request, response) => {
    const body = answer(request.url ?? '');
    if (body === 'never') return;
    response.statusCode = body === undefined ? 404 : 200;
    response.end(body ?? 'not found');
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

interface Unpacked {
  /** By path below the folder of the report. */
  files: Map<string, string>;
  status: unknown;
  stdout: string;
  stderr: string;
}

async function report(name: string, args: readonly string[], kubeconfig = cluster.kubeconfig): Promise<Unpacked> {
  const out = join(folder, name);
  const ran = await runWeft(['bug-report', '--output-dir', out, ...args], { kubeconfig });
  const files = new Map<string, string>();
  if (existsSync(join(out, 'bug-report.tar.gz'))) {
    execFileSync('tar', ['xzf', join(out, 'bug-report.tar.gz'), '-C', out]);
    for (const entry of readdirSync(join(out, 'bug-report'), { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile()) files.set(relative(join(out, 'bug-report'), path), readFileSync(path, 'utf8'));
    }
  }
  return { files, ...ran };
}

beforeAll(async () => {
  if (!available) return;
  setup();
  folder = mkdtempSync(join(tmpdir(), 'weft-bug-report-'));
  cluster = await startCluster();
  client = await connect({ kubeconfig: cluster.kubeconfig });
  await installMeshKinds(client);
  for (const name of namespaces.slice(1)) await client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  for (const { object } of planted) await client.apply(object, { force: true });
  controller = await localController(cluster.kubeconfig);
  controller.start();
  const proxy = await serving((path) => pages[path]);
  await running(
    client,
    podWithPorts('shop', 'cart-1', { 15000: proxy }, { annotations: { 'kubelab/log-istio-proxy': log, 'kubelab/log-app': 'a log of the application' } }),
    podWithPorts('other', 'pay-1', { 15000: proxy }),
    podWithPorts(
      'istio-system',
      'weft-controller-1',
      { 15014: controller.monitoringPort },
      {
        labels: { app: 'weft-controller' },
        annotations: { 'kubelab/log-controller': 'info serving\n' },
        spec: { containers: [{ name: 'controller', image: 'example/weft:1' }] },
      },
    ),
  );
  await controller.ready();
  // What controllers write by themselves is there before the first report: two reports are compared.
  const planned = planted.map(({ object }) => object).filter(({ kind }) => kind === 'Deployment');
  expect(await waitReady(client, planned, { timeoutMs: 60_000 })).toEqual([]);
  for (const namespace of namespaces)
    for (const name of ['kube-root-ca.crt', 'istio-ca-root-cert'])
      await until(
        async () => (await client.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name })) !== undefined,
        `ConfigMap ${namespace}/${name}`,
        60_000,
      );
}, 300_000);

afterAll(async () => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
  client?.close();
  await controller?.kill();
  await cluster?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(!available)('a report about a cluster', () => {
  test('has everything in it, and no secret', async () => {
    const { files, status, stdout, stderr } = await report('all', []);
    expect([status, stdout]).toEqual([0, `${join(folder, 'all', 'bug-report.tar.gz')}\n`]);
    expect(stderr).toMatch(/✔ \d+ files, .* unpacked; \d+ secrets taken out\./);
    expect(statSync(join(folder, 'all', 'bug-report.tar.gz')).mode & 0o777).toBe(0o600);

    const all = unfolded([...files].map(([path, text]) => `${path}\n${text}`).join('\n'));
    const leaks = [...planted, ...inLog, { where: 'the dump of a proxy', secret: inDump }].flatMap(({ where, secret }) =>
      partsOf(secret).flatMap((part) => disguises(part).flatMap((form) => (all.includes(form) ? [`${where}: ${form}`] : []))),
    );
    expect(leaks).toEqual([]);
    // Tokens of service accounts, and what lets the user of the kubeconfig in.
    const [{ users }] = loadAll(readFileSync(cluster.kubeconfig, 'utf8')) as [{ users: { user: Record<string, string> }[] }];
    for (const value of users.flatMap(({ user }) => Object.entries(user).flatMap(([key, own]) => (/cert/.test(key) ? [] : [own]))))
      expect(all).not.toContain(value);

    expect([...files.keys()]).toEqual(
      expect.arrayContaining([
        'README.txt',
        'index.json',
        'versions.json',
        'analysis/findings.json',
        'analysis/findings.txt',
        'resources/_cluster/Namespace.yaml',
        'resources/_cluster/Node.yaml',
        'resources/_cluster/CustomResourceDefinition.yaml',
        'resources/shop/VirtualService.yaml',
        'resources/shop/Pod.yaml',
        'resources/shop/Secret.yaml',
        'resources/istio-system/ConfigMap.yaml',
        'control-planes/istio-system/weft-controller-1/metrics.txt',
        'control-planes/istio-system/weft-controller-1/mesh.json',
        'control-planes/istio-system/weft-controller-1/controller.log',
        'proxies/shop/cart-1/config_dump.json',
        'proxies/shop/cart-1/stats.txt',
        'proxies/shop/cart-1/istio-proxy.log',
        'proxies/other/pay-1/stats.txt',
        'routing/shop/cart-1.json',
      ]),
    );
    // Logs of applications are nobody's business here.
    expect([...files.keys()].filter((path) => path.includes('app.log'))).toEqual([]);
  });

  test('keeps what is no secret', async () => {
    const { files } = await report('kept', []);
    const text = (path: string): string => files.get(path) ?? '';
    const secrets = loadAll(text('resources/shop/Secret.yaml')) as KubeObject[];
    expect(secrets.map(({ metadata }) => metadata.name)).toEqual(
      planted.flatMap(({ object }) => (object.kind === 'Secret' ? [object.metadata.name] : [])).sort(),
    );
    expect(secrets[0]?.data).toEqual({ value: expect.stringMatching(/^<redacted \d+ bytes/) });
    expect(text('resources/shop/VirtualService.yaml')).toContain('authorization: Bearer <redacted credentials>');
    const config = loadAll(text('resources/istio-system/ConfigMap.yaml')).find(
      (one) => (one as KubeObject).metadata.name === planted.find(({ where }) => where === 'password in properties in a ConfigMap')?.object.metadata.name,
    ) as KubeObject;
    expect(config.data).toEqual({
      'app.properties': 'user=shop\ndb.password=<redacted value in ConfigMap istio-system/planted-14-password>\nport=5432\n',
      plain: 'nothing',
    });
    const log = text('proxies/shop/cart-1/istio-proxy.log');
    expect(log).toMatch(/"GET \/pay\?order=77&access_token=<redacted [^>]*> HTTP\/1\.1" 200 - "-" 0 12/);
    expect(log).toContain('order 79 is paid');
    expect(log).toMatch(/warn it says "<redacted Secret shop\/planted-\d+-password value>"/);
    expect(text('proxies/shop/cart-1/stats.txt')).toBe(pages['/stats']);
    const dumped = JSON.parse(text('proxies/shop/cart-1/config_dump.json')) as {
      configs: { dynamic_active_secrets: { secret: { tls_certificate: object } }[] }[];
    };
    expect(dumped.configs[0]?.dynamic_active_secrets[0]?.secret.tls_certificate).toEqual({
      certificate_chain: { inline_bytes: Buffer.from(certificate).toString('base64') },
      private_key: { inline_bytes: '<redacted value>' },
    });
    expect(text('control-planes/istio-system/weft-controller-1/metrics.txt')).toMatch(/^weft_mesh_commits_total \d+/m);
    const versions = JSON.parse(text('versions.json')) as { nodes: object[]; controlPlanes: object[]; proxies: object };
    expect(versions.nodes).toEqual([expect.objectContaining({ name: 'node-0', kubeletVersion: expect.stringMatching(/^v1/) })]);
    expect(versions.controlPlanes).toEqual([{ pod: 'istio-system/weft-controller-1', revision: 'default', images: ['example/weft:1'] }]);
    expect(versions.proxies).toEqual({ 'example/proxy': 2 });
    const index = JSON.parse(text('index.json')) as {
      files: { path: string; redacted?: Record<string, number> }[];
      redacted: Record<string, number>;
      knownValues: number;
    };
    expect(index.files.find(({ path }) => path === 'resources/shop/Secret.yaml')?.redacted?.['secret-data']).toBe(secrets.length);
    expect(index.redacted['secret-value']).toBeGreaterThan(10);
    expect(index.knownValues).toBeGreaterThan(5);
    expect(text('README.txt')).toMatch(/^ {2}proxies +configuration/m);
  });

  test('is the same when it is made again, but for what has changed since', async () => {
    const [first, second] = [await report('one', ['--include', 'nowhere']), await report('two', ['--include', 'nowhere'])];
    expect([...first.files.keys()]).toEqual([...second.files.keys()]);
    for (const path of ['resources/shop/Secret.yaml', 'resources/shop/Deployment.yaml', 'analysis/findings.json'])
      expect(second.files.get(path)).toBe(first.files.get(path));
    const listed = execFileSync('tar', ['tzf', join(folder, 'one', 'bug-report.tar.gz')], { encoding: 'utf8' });
    expect(execFileSync('tar', ['tzf', join(folder, 'two', 'bug-report.tar.gz')], { encoding: 'utf8' })).toBe(listed);
  });

  test('of pods that are chosen, with files over the cluster and a proxy here', async () => {
    const mesh = join(folder, 'mesh');
    mkdirSync(mesh);
    const secret = 'only-In-A-File-7311';
    const text = `# a comment that stays\n${dump({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'own', namespace: 'shop' }, stringData: { password: secret } })}---\n# the second one\n${dump({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'own', namespace: 'istio-system' }, data: { note: `see ${secret}` } })}`;
    writeFileSync(join(mesh, 'own.yaml'), text);
    const port = await serving((path) => (path === '/stats' ? `here: 1\n${secret}: 2\n` : pages[path]));
    const { files, status } = await report('some', ['--include', 'shop', '-k', '-f', mesh, '--proxy-admin-address', `127.0.0.1:${port}`, '-o', 'json']);
    expect(status).toBe(0);
    const paths = [...files.keys()];
    expect(paths).toEqual(expect.arrayContaining(['proxies/shop/cart-1/stats.txt', 'local-proxy/config_dump.json']));
    expect(paths.filter((path) => path.startsWith('proxies/other'))).toEqual([]);
    const own = files.get(paths.find((path) => path.endsWith('/own.yaml')) ?? '') ?? '';
    expect(own).toBe(text.replaceAll(secret, '<redacted Secret shop/own password>'));
    expect(files.get('local-proxy/stats.txt')).toBe('here: 1\n<redacted Secret shop/own password>: 2\n');
    for (const content of files.values()) for (const form of disguises(secret)) expect(content).not.toContain(form);
  });

  test('a dry run asks nobody and writes nothing', async () => {
    const { files, stdout, stderr, status } = await report('dry', ['--dry-run']);
    expect([status, files.size, existsSync(join(folder, 'dry'))]).toEqual([0, 0, false]);
    expect(stdout).toContain('proxies/shop/cart-1/istio-proxy.log  (pod shop/cart-1)\n');
    expect(stderr).toMatch(/\d+ files would be in .*bug-report\.tar\.gz; nothing was written\.\n$/);
  });

  test('of logs the wanted part', async () => {
    const { files } = await report('window', ['--include', 'shop', '--end-time', '2000-01-01T00:00:00Z', '--max-log-size', '0.001']);
    expect(files.get('proxies/shop/cart-1/istio-proxy.log')).toBeDefined();
    expect(files.get('proxies/shop/cart-1/istio-proxy.log')?.length).toBeLessThan(1300);
  });
});

describe.skipIf(!available)('what cannot be read', () => {
  test('without the right to it is told, and the rest is there', async () => {
    const rules = [
      { apiGroups: [''], resources: ['pods', 'namespaces', 'services', 'configmaps'], verbs: ['get', 'list'] },
      { apiGroups: ['networking.istio.io'], resources: ['*'], verbs: ['get', 'list'] },
    ];
    await client.apply({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'little' }, rules });
    await client.apply({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'little' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'little' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'ana' }],
    });
    await untilAllowed(client, 'ana', rules);
    const { files, status, stderr } = await report('little', ['--as', 'ana']);
    expect(status).toBe(0);
    expect(stderr).toContain('‼ not in it: ');
    const text = files.get('README.txt') ?? '';
    expect(text).toContain('- all of kind Deployment\n');
    expect(text).toContain('user ana may not list deployments.apps');
    expect(text).toContain('Secrets could not be read, so their values are not known');
    expect(text).toMatch(/- proxies\/shop\/cart-1\/istio-proxy\.log\n/);
    expect(files.has('resources/shop/VirtualService.yaml')).toBe(true);
    // Of what nobody knows that it is a value of a Secret, names and forms tell.
    const all = [...files.values()].join('\n');
    for (const { secret, object, where } of planted) {
      if (object.kind === 'Secret' || object.kind === 'Deployment') continue;
      for (const part of partsOf(secret)) expect(all.includes(part), where).toBe(false);
    }
  });

  test('a user without any rights, and a cluster that is not there', async () => {
    const viewer = await report('viewer', ['--context', 'viewer']);
    expect([viewer.status, viewer.stdout, viewer.files.size]).toEqual([1, '', 0]);
    expect(viewer.stderr).toMatch(/^Error: nothing can be read from the cluster \(context viewer\): /m);
    const kubeconfig = join(folder, 'gone');
    const named = { name: 'gone', cluster: { server: 'https://127.0.0.1:1' }, context: { cluster: 'gone', user: 'gone' }, user: {} };
    writeFileSync(kubeconfig, dump({ apiVersion: 'v1', kind: 'Config', 'current-context': 'gone', clusters: [named], contexts: [named], users: [named] }));
    const gone = await report('gone-away', [], kubeconfig);
    expect([gone.status, gone.files.size]).toEqual([1, 0]);
    expect(gone.stderr).toContain('https://127.0.0.1:1 (context gone) cannot be reached');
    expect(gone.stderr).not.toContain('    at ');
    writeFileSync(join(folder, 'a.yaml'), dump({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } }));
    const beside = await report('beside', ['-k', '-f', join(folder, 'a.yaml')], kubeconfig);
    expect(beside.status).toBe(0);
    expect(beside.files.get('README.txt')).toContain('- the cluster\n');
  });

  test('a proxy that does not answer takes no longer than it may', async () => {
    let asked = 0;
    const port = await serving(() => {
      asked++;
      return 'never';
    });
    await running(client, podWithPorts('other', 'slow-1', { 15000: port }));
    // Several times as long as it takes without that proxy, and shorter than weft waits for the answer of one.
    const started = performance.now();
    expect((await report('quick', ['--include', 'nowhere'])).status).toBe(0);
    const quickMs = performance.now() - started;
    const seconds = Math.ceil(Math.max(6_000, Math.min(4 * quickMs, quickMs + 20_000)) / 1000);
    const began = performance.now();
    const { files, status } = await report('slow', ['--include', 'other//slow-1', '--timeout', `${seconds}s`]);
    expect(status).toBe(0);
    expect(performance.now() - began).toBeLessThan(seconds * 1000 + Math.max(14_000, 5 * quickMs));
    expect(asked).toBeGreaterThan(0);
    expect(files.get('README.txt')).toMatch(/- proxies\/other\/slow-1 \(pod other\/slow-1\)\n {4}the time of --timeout was over/);
    expect(files.has('resources/shop/Pod.yaml')).toBe(true);
    // Interrupted in the middle of it, there is nothing.
    asked = 0;
    const out = join(folder, 'interrupted');
    const { child, ended } = startWeft(['bug-report', '--include', 'other//slow-1', '--output-dir', out], { kubeconfig: cluster.kubeconfig });
    await until(() => asked > 0, 'the proxy is asked', 60_000);
    expect(readdirSync(out)).toHaveLength(1);
    child.kill('SIGINT');
    const ran = await ended;
    expect([ran.status, ran.stdout, readdirSync(out)]).toEqual([130, '', []]);
    expect(ran.stderr).toContain('Interrupted by SIGINT: nothing was written.\n');
  }, 300_000);
});
