// `weft diff -k`: a real cluster, and what it would be with files over it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DiffDocument } from '../../src/cli/diff/document.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connect.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { setup } from '../cli/setup.ts';
import { clusterAvailable, startCluster, type TestCluster } from '../kube/cluster.ts';
import { installMeshKinds } from '../kube/mesh-kinds.ts';
import { type Ran, runWeft } from '../kube/weft.ts';
import { meshIn } from '../meshes.ts';
import { until } from '../proxy/support.ts';

const available = await clusterAvailable();
const root = join(import.meta.dirname, '../..');
const steps = join(root, 'fixtures/payment-steps');
const payment = join(root, 'fixtures/payment');

let cluster: TestCluster;
let client: KubeClient;
let folder: string;

const diff = (...args: string[]): Promise<Ran> => runWeft(['diff', '-k', ...args], { kubeconfig: cluster.kubeconfig });

/** @throws Error with what weft said, where it wrote no document */
async function documentOf(...args: string[]): Promise<DiffDocument> {
  const { stdout, stderr, status } = await diff(...args, '-o', 'json');
  if (stdout === '') throw new Error(`weft diff ended with ${status}: ${stderr}`);
  return JSON.parse(stdout);
}

/** Ready endpoints that the slices of the cluster have: a controller writes them some time after the pods run. */
async function readyEndpoints(): Promise<number> {
  const resource = await client.resource('discovery.k8s.io/v1', 'EndpointSlice');
  const { items } = resource ? await client.list(resource, { namespace: 'payment' }) : { items: [] };
  return items.flatMap(({ endpoints }) => (endpoints ?? []) as { conditions?: { ready?: boolean } }[]).filter(({ conditions }) => conditions?.ready).length;
}

beforeAll(async () => {
  if (!available) return;
  setup();
  folder = mkdtempSync(join(tmpdir(), 'weft-diff-'));
  cluster = await startCluster();
  client = await connect({ kubeconfig: cluster.kubeconfig });
  await installMeshKinds(client);
  const objects = meshIn('fixtures/payment').flatMap(({ text }) => loadAll(text) as KubeObject[]);
  objects.sort((a, b) => Number(b.kind === 'Namespace') - Number(a.kind === 'Namespace'));
  for (const object of objects) await client.apply(object);
  await until(async () => (await readyEndpoints()) === 5, 'five pods are endpoints of the Service', 60_000);
}, 300_000);

afterAll(async () => {
  client?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
  await cluster?.stop();
});

describe.skipIf(!available)('a cluster', () => {
  test('is the same with the files that it was made of', async () => {
    const files = ['virtual-service', 'destination-rule', 'service', 'namespace'].map((name) => join(payment, `${name}.yaml`));
    const { stdout, stderr, status } = await diff(...files, '--detailed-exitcode');
    expect([stderr, stdout, status]).toEqual(['', 'Nothing changes for traffic.\n', 0]);
  });

  test('with a canary over it sends a tenth to v2', async () => {
    const { stdout, status } = await diff(join(steps, 'canary.yaml'), '--detailed-exitcode');
    expect(stdout).toContain('payment-service.payment:8080  for all callers\n  ~ every request\n      v1 100% → v1 90%, v2 10%  (');
    // The mirror is in no file: the object is named.
    expect(stdout).toContain('mirrors: v2 100% → none  (VirtualService payment/payment-service)');
    expect(status).toBe(3);
  });

  test('with another circuit breaker over it', async () => {
    const { changes, findings } = await documentOf(join(steps, 'breaker.yaml'));
    expect(changes.map(({ place, fields }) => [place, fields.map(({ field }) => field)])).toEqual([
      ['subsets v1, v2', ['outlierDetection.interval', 'baseEjectionTime', 'maxEjectionPercent']],
    ]);
    expect(findings).toEqual({ new: [], resolved: [] });
  });

  test('with fewer labels over it loses endpoints', async () => {
    const file = join(folder, 'service.yaml');
    writeFileSync(
      file,
      `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: payment-service, namespace: payment}
spec:
  host: payment-service
  subsets:
    - {name: v1, labels: {version: v2}}
    - {name: v2, labels: {version: v2}}
`,
    );
    const { changes } = await documentOf(file, '--no-findings');
    const fields = changes.filter(({ place }) => place === 'subset v1').flatMap((change) => change.fields);
    expect(fields.find(({ field }) => field === 'endpoints')).toMatchObject({ old: { text: '3' }, new: { text: '2' } });
  });
});
