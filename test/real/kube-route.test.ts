// `weft route explain` on a real cluster: its endpoints, its objects, and files over it.
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connect.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import type { Simulation } from '../../src/simulate/simulation.ts';
import { setup } from '../cli/setup.ts';
import { clusterAvailable, startCluster, type TestCluster } from '../kube/cluster.ts';
import { installMeshKinds } from '../kube/mesh-kinds.ts';
import { type Ran, runWeft } from '../kube/weft.ts';
import { meshIn } from '../meshes.ts';
import { until } from '../proxy/support.ts';

const available = await clusterAvailable();
const canary = join(import.meta.dirname, '../../fixtures/payment-steps/canary.yaml');
const service = join(import.meta.dirname, '../../fixtures/payment/service.yaml');

let cluster: TestCluster;
let client: KubeClient;

const explain = (...args: string[]): Promise<Ran> => runWeft(['route', 'explain', ...args, '-k'], { kubeconfig: cluster.kubeconfig });

async function explained(...args: string[]): Promise<Simulation> {
  const { stdout, stderr, status } = await explain(...args, '-o', 'json');
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Simulation;
}

/** Pods that the slices of the cluster name as ready endpoints: a controller writes them some time after the pods run. */
async function readyEndpoints(): Promise<string[]> {
  const resource = await client.resource('discovery.k8s.io/v1', 'EndpointSlice');
  const { items } = resource ? await client.list(resource, { namespace: 'payment' }) : { items: [] };
  return items
    .flatMap(({ endpoints }) => (endpoints ?? []) as { conditions?: { ready?: boolean }; targetRef?: { name?: string } }[])
    .filter(({ conditions }) => conditions?.ready)
    .map(({ targetRef }) => targetRef?.name ?? '');
}

beforeAll(async () => {
  if (!available) return;
  setup();
  cluster = await startCluster();
  client = await connect({ kubeconfig: cluster.kubeconfig });
  await installMeshKinds(client);
  const objects = meshIn('fixtures/payment').flatMap(({ text }) => loadAll(text) as KubeObject[]);
  objects.sort((a, b) => Number(b.kind === 'Namespace') - Number(a.kind === 'Namespace'));
  for (const object of objects) await client.apply(object);
  await until(async () => (await readyEndpoints()).length === 5, 'five pods are endpoints of the Service', 60_000);
}, 300_000);

afterAll(async () => {
  client?.close();
  await cluster?.stop();
});

describe.skipIf(!available)('a cluster', () => {
  test('has endpoints, and places without files', async () => {
    const { outcome, destinations, mirrors, proxy, forwarding } = await explained(
      'GET',
      'http://payment-service.payment:8080/pay',
      '--from',
      'deploy/payment-service-v1.payment',
    );
    expect(outcome).toEqual({ kind: 'routed' });
    expect(proxy).toMatchObject({ namespace: 'payment', name: 'payment-service-v1', labels: { version: 'v1' } });
    expect(destinations).toMatchObject([{ subset: 'v1', percent: 100, upstream: { endpoints: { total: 3, healthy: 3 } } }]);
    expect(mirrors).toMatchObject([{ subset: 'v2', percent: 100, upstream: { endpoints: { total: 2 } } }]);
    expect(destinations[0]?.failure).toBeUndefined();
    expect(destinations[0]?.source).toMatchObject({ kind: 'written', origin: { kind: 'VirtualService', path: ['spec', 'http', 0, 'route', 0] } });
    expect(destinations[0]?.source).not.toHaveProperty('origin.file');
    expect(forwarding?.timeoutMs).toEqual({ value: 0, source: { kind: 'default' } });
    const { stdout } = await explain('GET', 'http://payment-service.payment:8080/pay');
    expect(stdout).toContain('→ payment-service.payment v1 100%, a copy of each to v2\n');
    expect(stdout).toContain('VirtualService payment/payment-service spec.http[0].route[0]');
    expect(stdout).toContain('3 endpoints');
  });

  test('is asked as it would be with files over it', async () => {
    const { destinations, mirrors } = await explained('http://payment-service.payment:8080/pay', '-f', canary);
    expect(destinations.map(({ subset, percent }) => [subset, percent])).toEqual([
      ['v1', 90],
      ['v2', 10],
    ]);
    expect(destinations[0]?.source).toMatchObject({ origin: { file: canary } });
    expect(mirrors).toEqual([]);
  });

  test('keeps the address that it gave a service, where a file with the service lies over it', async () => {
    const resource = await client.resource('v1', 'Service');
    const { items } = resource ? await client.list(resource, { namespace: 'payment' }) : { items: [] };
    const { clusterIP = '' } = (items[0]?.spec ?? {}) as { clusterIP?: string };
    const { trail } = await explained('GET', `http://${clusterIP}:8080/pay`, '-f', service);
    expect(trail?.virtualHost).toMatchObject({ name: 'payment-service.payment.svc.cluster.local:8080', domain: clusterIP });
  });

  test('without endpoints of a subset says what clients get', async () => {
    await client.apply(scaled('payment-service-v1', 0));
    const ofFirst = async (): Promise<string[]> => (await readyEndpoints()).filter((name) => name.startsWith('payment-service-v1-'));
    await until(async () => (await ofFirst()).length === 0, 'no pod of v1 is an endpoint', 60_000);
    const { destinations } = await explained('http://payment-service.payment:8080/pay');
    expect(destinations[0]?.failure?.reason).toBe('no-endpoints');
    const { stdout } = await explain('http://payment-service.payment:8080/pay');
    expect(stdout).toContain('it has no endpoints: 503 UH');
  });

  test('names callers that there are', async () => {
    const { status, stderr } = await explain('http://payment-service.payment:8080/', '--from', 'deploy/payment-servic-v1.payment');
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringContaining('Did you mean payment-service-v1.payment?'),
    });
  });
});

/** A Deployment of the fixture with another number of pods. */
function scaled(name: string, replicas: number): KubeObject {
  const all = meshIn('fixtures/payment').flatMap(({ text }) => loadAll(text) as KubeObject[]);
  const found = all.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === name);
  if (!found) throw new Error(`no Deployment ${name}`);
  return { ...found, spec: { ...(found.spec as object), replicas } };
}
