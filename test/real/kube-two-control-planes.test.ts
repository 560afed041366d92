// Two control planes in one cluster, each with a root of its own: the roots in a namespace are those of one of them, and stay so.
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connect.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { setup } from '../cli/setup.ts';
import { clusterAvailable, startCluster, type TestCluster } from '../kube/cluster.ts';
import { applyAll, controlPlaneObjects } from '../kube/control-plane.ts';
import { type LocalController, localController } from '../kube/controller.ts';
import { until } from '../proxy/support.ts';

const available = await clusterAvailable();
const namespaces = ['istio-system', 'mesh-b', 'shop', 'pay'];
const ownerAnnotation = 'weft.mesh/control-plane';

let cluster: TestCluster;
let client: KubeClient;
const controllers: LocalController[] = [];

const mapRef = (namespace: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'istio-ca-root-cert' });

async function mapsNow(): Promise<(KubeObject | undefined)[]> {
  return Promise.all(namespaces.map((namespace) => client.get(mapRef(namespace))));
}

const owners = async (): Promise<(string | undefined)[]> => (await mapsNow()).map((map) => map?.metadata.annotations?.[ownerAnnotation]);
const rootsOf = (map: KubeObject | undefined): string => ((map?.data ?? {}) as Record<string, string>)['root-cert.pem'] ?? '';

async function rootOf(namespace: string): Promise<string> {
  const secret = await client.get({ apiVersion: 'v1', kind: 'Secret', namespace, name: 'istio-ca-secret' });
  return Buffer.from(((secret?.data ?? {}) as Record<string, string>)['root-cert.pem'] ?? '', 'base64').toString();
}

/** By which they are known to each other. */
const service = (namespace: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace, name: 'weft-controller' },
  spec: { ports: [{ name: 'https-xds', port: 15012 }] },
});

beforeAll(async () => {
  if (!available) return;
  setup();
  cluster = await startCluster();
  client = await connect({ kubeconfig: cluster.kubeconfig });
  const first = await localController(cluster.kubeconfig);
  const second = await localController(cluster.kubeconfig, 'default', ['--istioNamespace', 'mesh-b']);
  controllers.push(first, second);
  await applyAll(client, controlPlaneObjects(first.target));
  for (const namespace of namespaces.slice(1)) await client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await client.apply(service('mesh-b'));
  first.start();
  await first.ready();
  await until(async () => (await mapsNow()).every((map) => rootsOf(map) !== ''), 'the roots of the first', 60_000);
}, 300_000);

afterAll(async () => {
  for (const controller of controllers) await controller.kill();
  client?.close();
  await cluster?.stop();
});

describe.skipIf(!available)('two control planes', () => {
  test('keep to their own, do not write over each other, and say who has the rest', async () => {
    const second = controllers[1] as LocalController;
    second.start();
    await second.ready();
    await until(async () => (await owners())[1] === 'mesh-b', 'the second has its own namespace', 60_000);
    await until(async () => second.log.includes('and stays as it is'), 'the second says who has the others', 60_000);
    expect(await owners()).toEqual(['istio-system', 'mesh-b', 'istio-system', 'istio-system']);
    const [mesh, other] = [await rootOf('istio-system'), await rootOf('mesh-b')];
    expect(other).not.toBe(mesh);
    const maps = await mapsNow();
    expect(maps.map(rootsOf)).toEqual([mesh, other, mesh, mesh]);
    expect(second.log).toContain('is that of the control plane of weft in namespace istio-system');
    // Nobody fights, also not over what comes later, or over what somebody breaks.
    await client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'late' } });
    await client.patch(mapRef('shop'), { data: { 'root-cert.pem': 'x' } }, { type: 'merge' });
    await until(async () => rootsOf(await client.get(mapRef('shop'))) === mesh, 'what was broken is put back by whose it is', 60_000);
    await until(async () => rootsOf(await client.get(mapRef('late'))) !== '', 'a later namespace has roots', 60_000);
    const versions = async (): Promise<(string | undefined)[]> => (await mapsNow()).map((map) => map?.metadata.resourceVersion);
    const before = await versions();
    await pause(5_000);
    expect(await versions()).toEqual(before);
  }, 400_000);

  test('take over what another one has left', async () => {
    await (controllers[0] as LocalController).kill();
    await client.delete({ apiVersion: 'v1', kind: 'Service', namespace: 'istio-system', name: 'weft-controller' });
    const other = await rootOf('mesh-b');
    await until(async () => (await mapsNow()).every((map) => rootsOf(map) === other), 'all have the roots of the one that is there', 60_000);
  }, 120_000);
});
