// A real cluster as what is analyzed: the same as of the same objects in files, with and without rights, and as it would be.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dump, loadAll } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connect.ts';
import { KubeError } from '../../src/kube/error.ts';
import { servedAs } from '../../src/kube/load.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { allKindNames } from '../../src/manifest/kinds.ts';
import { setup } from '../cli/setup.ts';
import { clusterAvailable, startCluster, type TestCluster } from '../kube/cluster.ts';
import { installMeshKinds } from '../kube/mesh-kinds.ts';
import { type Rule, untilAllowed } from '../kube/rights.ts';
import { type Ran, runWeft } from '../kube/weft.ts';
import { meshIn } from '../meshes.ts';

const available = await clusterAvailable();
const root = join(import.meta.dirname, '../..');

let cluster: TestCluster;
let client: KubeClient;
let folder: string;

async function weft(args: readonly string[], environment: Record<string, string> = {}) {
  const { status: code, stdout, stderr } = await runWeft(args, { kubeconfig: cluster.kubeconfig, cwd: folder, environment });
  return { code, stdout, stderr };
}

interface Item {
  code: string;
  origin?: string;
  message: string;
  field?: string;
  reference?: string;
  source?: string;
  context?: string;
}

async function analyze(...args: string[]): Promise<{ items: Item[]; code: Ran['status']; stderr: string }> {
  const { stdout, stderr, code } = await weft(['analyze', '-o', 'json', ...args]);
  if (stdout === '') throw new Error(stderr);
  return { items: JSON.parse(stdout), code, stderr };
}

const said = (items: readonly Item[]): string[] => items.map(({ code, origin, field, message }) => `${code} ${origin} ${field}: ${message}`).sort();

const objectsIn = (path: string): KubeObject[] => meshIn(path).flatMap(({ text }) => loadAll(text) as KubeObject[]);

/** What others need comes first. Returns what the cluster refuses. */
async function apply(objects: readonly KubeObject[]): Promise<string[]> {
  const refused: string[] = [];
  // No controller makes the account of each namespace here, and pods need one.
  const accounts = objects.flatMap(({ kind, metadata: { name = '' } }) => (kind === 'Namespace' ? [account('default', name)] : []));
  const rank = ({ kind }: KubeObject): number => (kind === 'Namespace' ? 0 : kind === 'ServiceAccount' ? 1 : 2);
  for (const [, group] of [...Map.groupBy([...objects, ...accounts], rank)].sort(([x], [y]) => x - y)) {
    await Promise.all(
      group.map((object) =>
        client.apply(object, { force: true }).catch((error: unknown) => {
          if (!(error instanceof KubeError)) throw error;
          refused.push(error.message);
        }),
      ),
    );
  }
  return refused;
}

const account = (name: string, at: string): KubeObject => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: at } });
const namespace = (name: string): KubeObject => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { 'istio-injection': 'disabled' } } });
const routes = (name: string, host: string, at = 'shop'): KubeObject => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name, namespace: at },
  spec: { hosts: ['cart.example.com'], gateways: ['front'], http: [{ route: [{ destination: { host } }] }] },
});

describe.runIf(available)('a cluster', () => {
  beforeAll(async () => {
    setup();
    folder = mkdtempSync(join(tmpdir(), 'weft-kube-analyze-'));
    // Nothing runs here: what is compared stays as it is.
    cluster = await startCluster({ workloads: false });
    client = await connect({ kubeconfig: cluster.kubeconfig });
    await installMeshKinds(client);
  }, 300_000);

  afterAll(async () => {
    client?.close();
    await cluster?.stop();
    if (folder) rmSync(folder, { recursive: true });
  });

  test.each(['fixtures/payment-broken', 'fixtures/payment'])('has the findings that its files have: %s', async (path) => {
    expect(await apply(objectsIn(path))).toEqual([]);
    const ofFiles = await analyze('-n', 'payment', '--assume', 'complete', join(root, path));
    const ofCluster = await analyze('-n', 'payment');
    expect(said(ofCluster.items)).toEqual(said(ofFiles.items));
    expect([ofCluster.items.length > 0, ofCluster.code]).toEqual([path.endsWith('broken'), ofFiles.code]);
    for (const item of ofCluster.items) expect(item).toMatchObject({ source: 'cluster', context: 'kubelab' });
    expect(ofCluster.items.every(({ reference }) => reference === undefined)).toBe(true);
    expect(ofCluster.stderr).toContain('cluster kubelab, namespace payment');
    expect(ofCluster.stderr).not.toContain('Not read');
  });

  test('tells what it would be with files that are not applied', async () => {
    expect(await apply(objectsIn('fixtures/payment-broken'))).toEqual([]);
    const before = await analyze('-n', 'payment');
    // The repair.
    const repaired = await analyze('-k', '-n', 'payment', join(root, 'fixtures/payment/virtual-service.yaml'));
    expect(repaired.items.length).toBeLessThan(before.items.length);
    expect(repaired.items.map(({ code, source }) => [code, source])).toEqual([['WFT1003', 'cluster']]);
    const nothingNew = await analyze('--context', 'kubelab', '--only-new', '-n', 'payment', join(root, 'fixtures/payment/virtual-service.yaml'));
    expect([nothingNew.items, nothingNew.code]).toEqual([[], 0]);
    expect(nothingNew.stderr).toContain('2 findings of the cluster would be gone.');
    // Another mistake, in a file without a namespace.
    writeFileSync(join(folder, 'new.yaml'), dump({ ...routes('another', 'nowhere'), metadata: { name: 'another' } }));
    const worse = await analyze('-k', '--only-new', '-n', 'payment', 'new.yaml');
    expect(worse.code).toBe(79);
    expect(said(worse.items)).toEqual([
      'IST0101 VirtualService payment/another spec.gateways[0]: gateway "front" does not exist',
      'IST0101 VirtualService payment/another spec.http[0].route[0].destination.host: host "nowhere" does not exist',
    ]);
    expect(worse.items.map(({ source, reference }) => [source, reference?.startsWith('new.yaml:')])).toEqual([
      ['file', true],
      ['file', true],
    ]);
    // Files alone are what they were.
    expect((await analyze('-n', 'payment', 'new.yaml')).items.every((item) => item.source === undefined)).toBe(true);
  });

  test('shows nothing of Secrets, and checks what gateways refer to', async () => {
    const secret = (name: string, data: Record<string, string>): KubeObject => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: 'tls' },
      type: 'Opaque',
      data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])),
    });
    const server = (name: string, credentialName: string) => ({
      port: { number: 443, name, protocol: 'HTTPS' },
      hosts: [`${name}.example.com`],
      tls: { mode: 'SIMPLE', credentialName },
    });
    const gateway: KubeObject = {
      apiVersion: 'networking.istio.io/v1',
      kind: 'Gateway',
      metadata: { name: 'front', namespace: 'tls' },
      spec: { selector: { app: 'edge' }, servers: [server('a', 'bad'), server('b', 'halved'), server('c', 'missing')] },
    };
    const edge: KubeObject = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'edge', namespace: 'tls', labels: { app: 'edge' } },
      spec: { containers: [{ name: 'istio-proxy', image: 'proxy' }] },
    };
    const secrets = [secret('bad', { 'tls.crt': 'PUBLIC-PART', 'tls.key': 'PRIVATE-PART' }), secret('halved', { password: 'PRIVATE-PART' })];
    expect(await apply([namespace('tls'), gateway, edge, ...secrets])).toEqual([]);
    const { stdout, stderr } = await weft(['analyze', '-n', 'tls', '-o', 'json', '-v', '--analyzer', 'gateway.SecretAnalyzer']);
    expect((JSON.parse(stdout) as Item[]).map(({ code, message }) => [code, /bad|halved|missing/.exec(message)?.[0]])).toEqual([
      ['IST0101', 'missing'],
      ['IST0161', 'bad'],
      ['IST0161', 'halved'],
    ]);
    const shown = stdout + stderr;
    for (const value of ['PRIVATE-PART', 'PUBLIC-PART']) {
      expect(shown).not.toContain(value);
      expect(shown).not.toContain(Buffer.from(value).toString('base64'));
    }
  });

  test('is read entirely with the rights that the documentation tells', async () => {
    const page = readFileSync(join(root, 'docs/cluster.md'), 'utf8');
    const role = loadAll(/^```yaml\n(apiVersion: rbac.*?)^```/ms.exec(page)?.[1] ?? '')[0] as KubeObject;
    const { name = '' } = role.metadata;
    const group = 'rbac.authorization.k8s.io';
    const binding: KubeObject = {
      apiVersion: `${group}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      subjects: [{ kind: 'User', name: 'reader', apiGroup: group }],
      roleRef: { apiGroup: group, kind: 'ClusterRole', name },
    };
    expect(await apply([role, binding])).toEqual([]);
    await untilAllowed(client, 'reader', role.rules as Rule[]);
    const { items, stderr } = await analyze('-A', '--preset', 'strict', '--as', 'reader');
    expect(stderr).not.toMatch(/Not read|Not checked/);
    expect(said(items)).toEqual(said((await analyze('-A', '--preset', 'strict')).items));
    const translated = await weft(['translate', '-k', '-n', 'payment', '--as', 'reader']);
    expect([translated.code, translated.stderr]).toEqual([0, expect.not.stringContaining('not read')]);
  });

  describe('of which not everything may be read', () => {
    beforeAll(async () => {
      const group = 'rbac.authorization.k8s.io';
      const subjects = [{ kind: 'User', name: 'viewer', apiGroup: group }];
      const role = (kind: string, name: string, rules: unknown, at?: string): KubeObject[] => [
        { apiVersion: `${group}/v1`, kind, metadata: { name, ...(at ? { namespace: at } : {}) }, rules },
        {
          apiVersion: `${group}/v1`,
          kind: `${kind}Binding`,
          metadata: { name, ...(at ? { namespace: at } : {}) },
          subjects,
          roleRef: { apiGroup: group, kind, name },
        },
      ];
      const read = (apiGroup: string, ...resources: string[]): Rule => ({ apiGroups: [apiGroup], resources, verbs: ['get', 'list'] });
      const everywhere = [read('networking.istio.io', 'virtualservices', 'destinationrules')];
      const inRights = [read('', 'services')];
      const weighted: KubeObject = {
        ...routes('cart', 'cart', 'rights'),
        spec: {
          hosts: ['cart'],
          http: [
            {
              route: [
                { destination: { host: 'cart' }, weight: 90 },
                { destination: { host: 'nowhere' }, weight: 5 },
              ],
            },
          ],
        },
      };
      const refused = await apply([
        namespace('rights'),
        ...role('ClusterRole', 'routes', everywhere),
        ...role('Role', 'services', inRights, 'rights'),
        routes('front', 'nowhere.rights.svc.cluster.local', 'rights'),
        weighted,
      ]);
      expect(refused).toEqual([]);
      await untilAllowed(client, 'viewer', everywhere);
      await untilAllowed(client, 'viewer', inRights, 'rights');
    });

    test('tells what is missing for each kind, and never takes what it does not see for what is not there', async () => {
      const whole = await analyze('-n', 'rights');
      expect(whole.items.map(({ code }) => code)).toContain('IST0101');
      const { items, stderr, code } = await analyze('-n', 'rights', '--context', 'viewer');
      expect(items.map((item) => [item.code, item.origin])).toEqual([['WFT1005', 'VirtualService rights/cart']]);
      expect(code).toBe(0);
      expect(stderr).toContain('  Not read: Service: user viewer may not list services in all namespaces; read in namespace rights only.\n');
      expect(stderr).toContain('  Not read: Pod: user viewer may not list pods in all namespaces.\n');
      expect(stderr).toMatch(/Not read: ConfigMap: user viewer may not list configmaps in namespace istio-system; the mesh configuration is taken to be/);
      expect(stderr).toMatch(/Not checked, because not all of the kind could be read: .*Gateway/);
      expect(stderr).not.toContain('VirtualService: ');
    });

    test('is an error where nothing may be read', async () => {
      expect(await weft(['analyze', '-A', '--as', 'nobody'])).toEqual({
        code: 1,
        stdout: '',
        stderr: expect.stringMatching(
          /^Error: nothing can be read from the cluster \(context kubelab\): user nobody may not list pods in all namespaces, and \d+ more\n/,
        ),
      });
    });

    test('does not tell whether a namespace is there to who may not know', async () => {
      expect((await weft(['analyze', '-n', 'none', '--context', 'viewer'])).stderr).not.toContain('has no namespace');
    });
  });

  test('gives the manifests of translate, bootstraps and proxies', async () => {
    expect(await apply(objectsIn('fixtures/payment'))).toEqual([]);
    const args = ['translate', '--to', 'ir', '--type', 'routes', '--proxy', 'payment/payment-service-v1'];
    // A cluster gives the Service an address.
    const withoutAddress = (text: string): string => text.replace(/^ *- 10\.\d+\.\d+\.\d+\n/gm, '');
    const payment = (text: string): string[] =>
      withoutAddress(text)
        .split(/^ {2}- /m)
        .filter((part) => part.includes('payment-service.payment'));
    const [ofFiles, ofCluster] = await Promise.all([weft([...args, '-f', join(root, 'fixtures/payment')]), weft([...args, '-k'])]);
    expect([ofCluster.code, ofFiles.code]).toEqual([0, 0]);
    expect(ofCluster.stderr).not.toMatch(/payment|left out|not read/);
    expect(payment(ofCluster.stdout)).toEqual(payment(ofFiles.stdout));
    expect(payment(ofCluster.stdout).length).toBeGreaterThan(0);
    // What somebody else breaks is left out, and told.
    await apply([
      namespace('broken'),
      { ...routes('bad', 'cart', 'broken'), spec: { hosts: ['not a host'], http: [{ route: [{ destination: { host: 'a' } }] }] } },
    ]);
    const again = await weft(['proxy', 'bootstrap', '-k', '--proxy', 'payment/payment-service-v1']);
    expect(again.stderr).toMatch(/^warning: left out: VirtualService broken\/bad: .*\(IST0106\)$/m);
    expect([again.code, JSON.parse(again.stdout).node.metadata.NAMESPACE]).toEqual([0, 'payment']);
    // In the place of the same object in the cluster.
    writeFileSync(join(folder, 'broken.yaml'), dump({ ...routes('bad', 'cart', 'broken'), spec: { hosts: 5 } }));
    expect((await weft(['translate', '-k', '-f', 'broken.yaml'])).code).toBe(65);
  });

  test('has the findings of everything in it, written to files', async () => {
    const meshes = meshIn('test/meshes').flatMap(({ text }) => loadAll(text) as KubeObject[]);
    const used = new Set(meshes.map(({ metadata }) => metadata?.namespace ?? 'default'));
    const accounts = meshes.flatMap(({ kind, metadata, spec }) => {
      const name = kind === 'Pod' && (spec as { serviceAccountName?: string }).serviceAccountName;
      return name ? [account(name, metadata.namespace ?? 'default')] : [];
    });
    await apply([...[...used].map(namespace), ...accounts]);
    const refused = await apply(meshes.filter((object) => object.metadata?.name !== undefined));
    // Most of a mesh is accepted, mistakes and all; there are no kinds of the Gateway API here.
    expect(refused.filter((text) => !text.includes('gateway.networking.k8s.io')).length).toBeLessThan(meshes.length / 4);
    const served = await client.resources();
    mkdirSync(join(folder, 'dump'));
    for (const kind of allKindNames) {
      const resource = servedAs(served, kind);
      if (!resource || resource instanceof Error) continue;
      const { items } = await client.list(resource);
      for (const { metadata } of items) delete metadata.managedFields;
      writeFileSync(join(folder, 'dump', `${resource.plural}.${resource.group}.yaml`), dump({ apiVersion: 'v1', kind: 'List', items }));
    }
    for (const preset of ['recommended', 'strict']) {
      const ofCluster = await analyze('-A', '--preset', preset);
      const ofFiles = await analyze('-A', '--preset', preset, '--use-kube=false', '--assume', 'complete', 'dump');
      // What a server filled in is not looked at as if somebody had written it.
      const written = new Set(['WFT0004', 'WFT0006', 'WFT1030']);
      expect(said(ofCluster.items)).toEqual(said(ofFiles.items.filter(({ code }) => !written.has(code))));
      expect(new Set(ofCluster.items.map(({ code }) => code)).size).toBeGreaterThan(20);
    }
    // The reference reads more of a cluster than of files: the networks of the mesh, and gateways that are really there.
    const asReference = await analyze('-A', '--preset', 'reference');
    expect(said(asReference.items).join('\n')).toMatch(/^IST0126 MeshNetworks /m);
    // Whoever may read less gets less, and nothing else; the words may be others.
    const about = ({ code, origin, field }: Item): string => `${code} ${origin} ${field}`;
    const whole = new Set((await analyze('-A')).items.map(about));
    const viewed = await analyze('-A', '--context', 'viewer');
    expect(viewed.items.map(about).filter((line) => !whole.has(line))).toEqual([]);
    expect(viewed.items.length).toBeGreaterThan(5);
  }, 300_000);

  test.each<[string, string[], Record<string, string>, RegExp]>([
    ['no kubeconfig', [], { KUBECONFIG: '/none' }, /^Error: there is no kubeconfig: .*\n.*\nOr name files or directories/],
    ['no kubeconfig beside files', ['-k', 'new.yaml'], { KUBECONFIG: '/none' }, /\nLeave --use-kube out to analyze the files alone\.\n$/],
    ['another context', ['--context', 'nope'], {}, /^Error: there is no context nope in .*\nContexts there: kubelab, viewer\.\n$/],
    ['a namespace that is not there', ['-n', 'paymen'], {}, /^Error: cluster kubelab has no namespace "paymen"\nDid you mean payment\? It has: /],
    ['too little time', ['--timeout', '1ms'], {}, /^Error: gave up after 1ms, while reading cluster kubelab/],
    ['files that are not there', ['-k', 'none.yaml'], { KUBECONFIG: '/none' }, /^Error: no such file or directory: none\.yaml\n$/],
  ])('is an error: %s', async (_, args, environment, message) => {
    writeFileSync(join(folder, 'new.yaml'), dump(routes('another', 'nowhere')));
    const { code, stdout, stderr } = await weft(['analyze', ...args], environment);
    expect([code, stdout, stderr]).toEqual([1, '', expect.stringMatching(message)]);
  });

  test('has a namespace that a file is about to make', async () => {
    writeFileSync(join(folder, 'soon.yaml'), dump(namespace('soon')));
    expect((await analyze('-k', '-n', 'soon', 'soon.yaml')).code).toBe(0);
  });

  test('can be accepted as it is, so that only what is new fails', async () => {
    await apply(objectsIn('fixtures/payment-broken'));
    expect((await weft(['baseline', 'create', '-n', 'payment'])).stderr).toMatch(/^weft-baseline\.json: \d+ findings\./);
    expect((await analyze('-n', 'payment', '--baseline', 'weft-baseline.json')).code).toBe(0);
    expect(readFileSync(join(folder, 'weft-baseline.json'), 'utf8')).toContain('VirtualService payment/payment-service');
  });

  test('that does not answer is an error, soon', async () => {
    await cluster.kill();
    const start = performance.now();
    const { code, stdout, stderr } = await weft(['analyze', '--kubeclient-timeout', '3s']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^Error: .*https:\/\/127\.0\.0\.1:\d+.*\n/);
    expect(performance.now() - start).toBeLessThan(20_000);
  });
});
