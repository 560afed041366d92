// Descriptions from a real cluster: the same as of the same objects in files, and files over the cluster.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connect.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { setup } from '../cli/setup.ts';
import { clusterAvailable, startCluster, type TestCluster } from '../kube/cluster.ts';
import { installMeshKinds } from '../kube/mesh-kinds.ts';
import { type Ran, runWeft } from '../kube/weft.ts';

const available = await clusterAvailable();

let cluster: TestCluster;
let client: KubeClient;
let folder: string;

const weft = (...args: string[]): Promise<Ran> => runWeft(args, { kubeconfig: cluster.kubeconfig, cwd: folder });

const platform = `apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: default, namespace: shop}
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec: {clusterIP: 10.96.7.7, selector: {app: cart}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Pod
metadata: {name: cart-1, namespace: shop, labels: {app: cart, version: v1}, annotations: {istio.io/rev: canary}}
spec:
  containers:
    - {name: app, image: app, ports: [{containerPort: 8080}]}
    - {name: istio-proxy, image: "weft:0.1.0", args: [proxy, run, --engine, embedded]}
`;
const rules = `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: cart, namespace: shop}
spec: {host: cart, subsets: [{name: v1, labels: {version: v1}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: cart, namespace: shop}
spec: {hosts: [cart], http: [{timeout: 2s, route: [{destination: {host: cart, subset: v1}}]}]}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: nobody, namespace: shop}
spec: {}
`;
const changed = rules.slice(0, rules.lastIndexOf('---')).replace('timeout: 2s', 'timeout: 9s').replace('subset: v1}', 'subset: v2}');

const objectsIn = (text: string): KubeObject[] => loadAll(text) as KubeObject[];

describe.skipIf(!available)('over a real cluster', () => {
  beforeAll(async () => {
    setup();
    folder = mkdtempSync(join(tmpdir(), 'weft-describe-'));
    cluster = await startCluster({ workloads: false });
    client = await connect({ kubeconfig: cluster.kubeconfig });
    await installMeshKinds(client);
    for (const object of [...objectsIn(platform), ...objectsIn(rules)]) await client.apply(object, { force: true });
    writeFileSync(join(folder, 'all.yaml'), `${platform}---\n${rules}`);
    writeFileSync(join(folder, 'changed.yaml'), changed);
  }, 300_000);
  afterAll(async () => {
    client?.close();
    await cluster?.stop();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  /** Values that a cluster sets, and places that only files have. */
  const comparable = (text: string): unknown =>
    JSON.parse(text, (key, value) => (key === 'file' || key === 'line' || key === 'phase' || key === 'endpoints' || key === 'failure' ? undefined : value));
  const withoutEndpoints = (described: unknown): unknown => {
    const { problems, ...rest } = described as { problems: { code: string }[] };
    return { ...rest, problems: problems.filter(({ code }) => code !== 'no-endpoints' && code !== 'not-running' && code !== 'empty-subset') };
  };

  test('a service is described as from files', async () => {
    const [ofCluster, ofFiles] = await Promise.all([
      weft('x', 'describe', 'svc', 'cart.shop', '-o', 'json'),
      weft('x', 'describe', 'svc', 'cart.shop', '-f', 'all.yaml', '-o', 'json'),
    ]);
    expect([ofCluster.status, ofFiles.status, ofCluster.stderr]).toEqual([0, 0, '']);
    expect(withoutEndpoints(comparable(ofCluster.stdout))).toEqual(withoutEndpoints(comparable(ofFiles.stdout)));
  });

  test('a pod: what matters first, and places by the names of objects', async () => {
    const { stdout, status } = await weft('x', 'describe', 'pod', 'cart-1', '-n', 'shop');
    expect(status).toBe(0);
    expect(stdout.split('\n')[0]).toMatch(/^\d problems with pod cart-1 in namespace shop:$/);
    for (const line of [
      '   WARNING: AuthorizationPolicy shop/nobody allows nothing: every request that no other policy allows is denied  (AuthorizationPolicy shop/nobody)',
      '   Pod Revision: canary',
      '   Sidecar: 0.1.0, engine embedded (weft:0.1.0)',
      'DestinationRule: cart for "cart"  (DestinationRule shop/cart)',
      'VirtualService: cart  (VirtualService shop/cart)',
      '   Timeout: 2s  (VirtualService shop/cart spec.http[0].timeout)',
    ]) {
      expect(stdout).toContain(`${line}\n`);
    }
  });

  test('files over the cluster', async () => {
    const { stdout } = await weft('x', 'describe', 'pod', 'cart-1.shop', '-k', '-f', 'changed.yaml');
    expect(stdout).toContain('   Timeout: 9s  (changed.yaml:9)\n');
    expect(stdout).toContain('subset v2 of cart.shop.svc.cluster.local, which no DestinationRule defines');
    expect(stdout).toContain('AuthorizationPolicy shop/nobody allows nothing');
  });

  test('what is not there, with the nearest name', async () => {
    const { stderr, status } = await weft('x', 'describe', 'pod', 'cart-2.shop');
    expect([status, stderr]).toEqual([1, 'Error: pods "cart-2" not found in namespace shop\nDid you mean cart-1.shop? They have: cart-1.shop.\n']);
  });

  test('a cluster that does not answer', async () => {
    const kubeconfig = join(folder, 'gone');
    writeFileSync(
      kubeconfig,
      'apiVersion: v1\nkind: Config\ncurrent-context: gone\nclusters: [{name: gone, cluster: {server: "https://127.0.0.1:1"}}]\ncontexts: [{name: gone, context: {cluster: gone, user: me}}]\nusers: [{name: me, user: {}}]\n',
    );
    const { stderr, status, stdout } = await weft('x', 'describe', 'svc', 'cart.shop', '--kubeconfig', kubeconfig);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^Error: .*127\.0\.0\.1:1/);
    expect(stderr).not.toContain('    at ');
  });
});
