// The controller with a real API server: what it watches, what proxies get, and what the API server asks it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connect.ts';
import { KubeError } from '../../src/kube/error.ts';
import type { KubeObject, ObjectRef } from '../../src/kube/object.ts';
import { setup } from '../cli/setup.ts';
import { clusterAvailable, startCluster, type TestCluster } from '../kube/cluster.ts';
import { applyAll, ConnectedProxy, controlPlaneObjects, get, metric, pod, route, service, slice } from '../kube/control-plane.ts';
import { type LocalController, localController } from '../kube/controller.ts';
import { untilAccount } from '../kube/pods.ts';
import { closeAll, pause, toClose, until } from '../proxy/support.ts';

const available = await clusterAvailable();

let cluster: TestCluster;
let client: KubeClient;
let controller: LocalController;
let objects: KubeObject[];

const ofKind = (kind: string): KubeObject[] => objects.filter((object) => object.kind === kind);
const namespaces = ['shop', 'pay', 'plain'];
/** What is told to proxies, or is in force, takes well below a second where nothing else is to do. */
const limitMs = 40_000;

/** What the API server says of an object that is refused; empty: it takes it. */
async function refusal(object: KubeObject): Promise<string> {
  try {
    await client.create(object);
    return '';
  } catch (error) {
    if (error instanceof KubeError) return error.message;
    throw error;
  }
}

async function injectorMap(change: (config: string) => string): Promise<void> {
  const map = ofKind('ConfigMap').find(({ metadata }) => metadata.name === 'istio-sidecar-injector') as KubeObject;
  const data = map.data as Record<string, string>;
  await client.apply({ ...map, data: { ...data, config: change(data.config as string) } }, { force: true });
}

/** Nodes of this cluster have native sidecars: init containers that are restarted. */
const containersOf = ({ spec }: KubeObject): { name: string; image: string }[] => {
  const { containers, initContainers = [] } = spec as Record<string, { name: string; image: string }[]>;
  return [...(containers ?? []), ...initContainers];
};

beforeAll(async () => {
  if (!available) return;
  setup();
  cluster = await startCluster();
  client = await connect({ kubeconfig: cluster.kubeconfig });
  controller = await localController(cluster.kubeconfig, 'default', ['--status-conditions']);
  objects = controlPlaneObjects(controller.target);
  // Kinds of the mesh come later.
  await applyAll(
    client,
    objects.filter(({ kind }) => kind !== 'CustomResourceDefinition'),
  );
  for (const name of namespaces) {
    const labels = name === 'shop' ? { 'istio-injection': 'enabled' } : undefined;
    await client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, ...(labels ? { labels } : {}) } });
    await untilAccount(client, name);
  }
  for (const name of ['cart', 'web']) await applyAll(client, [service('shop', name), slice('shop', name, '10.0.0.1')]);
  controller.start();
  await controller.ready();
}, 300_000);

afterAll(async () => {
  await closeAll();
  await controller?.kill();
  client?.close();
  await cluster?.stop();
});

describe.skipIf(!available)('a controller', () => {
  test('serves health and metrics to all, and what is inside to its own machine', async () => {
    const port = controller.monitoringPort;
    for (const path of ['/healthz', '/readyz']) expect(await get(port, path, 'weft-controller.istio-system:15014')).toEqual({ status: 200, body: 'ok\n' });
    expect(await metric(port, 'weft_watched_objects', 'kind="Service"')).toBeGreaterThanOrEqual(3);
    expect(await metric(port, 'weft_ready')).toBe(1);
    expect((await get(port, '/debug')).body).toContain('/debug/proxies');
    expect((await get(port, '/debug/mesh', 'evil.example')).status).toBe(403);
    const about = JSON.parse((await get(port, '/debug/controller')).body) as { leads: boolean; certificates: { serving: string } };
    expect(about).toMatchObject({ revision: 'default', istioNamespace: 'istio-system', injector: 'configured' });
    expect(Date.parse(about.certificates.serving) - Date.now()).toBeGreaterThan(89 * 86_400_000);
    expect(JSON.parse((await get(port, '/debug/config')).body)).toMatchObject({ enablePrometheusMerge: true });
  });

  test('configures a proxy, and tells it what changes', async () => {
    const proxy = new ConnectedProxy(controller.xdsPort, 'shop');
    const host = 'cart.shop.svc.cluster.local';
    await until(() => proxy.endpointsOf(host).join() === '10.0.0.1:8080', 'the endpoint', limitMs);
    await client.apply(slice('shop', 'cart', '10.0.0.1', '10.0.0.2'), { force: true });
    await until(() => proxy.endpointsOf(host).join() === '10.0.0.1:8080,10.0.0.2:8080', 'another endpoint', limitMs);
    const { body } = await get(controller.monitoringPort, '/debug/table?proxy=shop/none');
    expect(JSON.parse(body).clusters.map(({ name }: { name: string }) => name)).toContain(`outbound|80||${host}`);
    expect(JSON.parse((await get(controller.monitoringPort, '/debug/proxies')).body)).toMatchObject([{ namespace: 'shop', protocol: 'delta' }]);
    expect(await metric(controller.monitoringPort, 'weft_connected_proxies')).toBe(1);
  });

  test('injects pods that the API server asks it about, as its ConfigMap says at that moment', async () => {
    let image = '';
    await until(
      async () => {
        const made = await client.create(pod('shop', `first-${Date.now()}`)).catch(() => undefined);
        image = made === undefined ? '' : (containersOf(made).find(({ name }) => name === 'istio-proxy')?.image ?? '');
        return image !== '';
      },
      'a pod is injected',
      limitMs,
    );
    expect(image).toBe('registry.example/mesh/weft:1.2.3');
    expect(containersOf(await client.create(pod('plain', 'plain'))).map(({ name }) => name)).toEqual(['app']);
    await injectorMap((config) => config.replace('mesh/weft:1.2.3', 'mesh/weft:next'));
    const imageNow = async (): Promise<string | undefined> =>
      containersOf(await client.create(pod('shop', `pod-${Math.random().toString(36).slice(2)}`))).find(({ name }) => name === 'istio-proxy')?.image;
    await until(async () => (await imageNow())?.endsWith(':next') === true, 'another configuration is in force', limitMs);
    await injectorMap(() => 'image: [');
    await until(() => controller.log.includes('istio-sidecar-injector is refused, and the one before goes on'), 'the broken one is refused', limitMs);
    expect(await imageNow()).toMatch(/:next$/);
    expect(await metric(controller.monitoringPort, 'weft_injection_config_rejected_total')).toBe(1);
    await injectorMap((config) => config);
    const failed = await refusal(pod('shop', 'bad', { annotations: { 'sidecar.istio.io/agentLogLevel': 'x', 'proxy.istio.io/config': 'a: [' } }));
    expect(failed).toMatch(/sidecar-injector\.istio\.io.*cannot be injected/);
  });

  test('takes up a mesh configuration that changes, and refuses one that is broken', async () => {
    const map = ofKind('ConfigMap').find(({ metadata }) => metadata.name === 'istio') as KubeObject;
    const file = async (): Promise<string> => JSON.parse((await get(controller.monitoringPort, '/debug/config')).body).accessLogFile;
    const set = (mesh: string): Promise<KubeObject> => client.apply({ ...map, data: { mesh } }, { force: true });
    await set('accessLogFile: /dev/stdout');
    await until(async () => (await file()) === '/dev/stdout', 'the new one is in force', limitMs);
    await set('accessLogFile: [');
    await until(
      () => /mesh configuration in ConfigMap istio-system\/istio is refused: .*; the one before goes on/.test(controller.log),
      'the broken one is refused',
      limitMs,
    );
    expect(await file()).toBe('/dev/stdout');
    const late = await localController(cluster.kubeconfig, 'default', ['--pod-name', 'late']);
    late.start();
    toClose({ close: () => late.kill() });
    const missing = async (): Promise<string> => (await get(late.monitoringPort, '/readyz').catch(() => ({ body: '' }))).body;
    await until(async () => (await missing()).includes('mesh configuration in ConfigMap istio-system/istio is refused'), 'a replica that starts waits', 60_000);
    await client.apply(map, { force: true });
    await late.ready();
    await late.kill();
    await until(async () => (await file()) === '', 'the first one is in force again', limitMs);
  });

  test('takes up kinds that are defined later, and validates what is written of them', async () => {
    const proxy = new ConnectedProxy(controller.xdsPort, 'shop');
    await applyAll(client, ofKind('CustomResourceDefinition'));
    await client.resource('networking.istio.io/v1', 'VirtualService', { fresh: true });
    await client.apply(route('shop', 'web', 'cart'));
    await until(() => proxy.routesOf('web.shop.svc.cluster.local').join() === 'cart.shop.svc.cluster.local', 'the route', 90_000);
    const bad = route('shop', 'bad', 'cart', { weight: -1 });
    // The API server takes a moment to know whom to ask and to trust; until then nobody validates.
    const isRefused = (): Promise<boolean> =>
      client.apply(bad, { dryRun: true }).then(
        () => false,
        (error: KubeError) => error.message.includes('validation.istio.io'),
      );
    await until(isRefused, 'the API server asks the controller', limitMs);
    const refusals = async (): Promise<number> => (await metric(controller.monitoringPort, 'weft_validations_total', 'result="refused"')) ?? 0;
    const before = await refusals();
    expect(await refusal(bad)).toMatch(
      /validation\.istio\.io.*VirtualService shop\/bad is not valid: spec\.http\[0\]\.route\[0\]\.weight: weight -1 is less than 0/s,
    );
    expect(await refusal(route('shop', 'good', 'cart', { weight: 1 }))).toBe('');
    await client.delete({ apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', namespace: 'shop', name: 'web' });
    await until(() => proxy.routesOf('web.shop.svc.cluster.local').join() === 'web.shop.svc.cluster.local', 'no route', limitMs);
    expect((await refusals()) - before).toBe(1);
  }, 240_000);

  test('writes conditions, once', async () => {
    const ref = (namespace: string, name: string): ObjectRef => ({ apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', namespace, name });
    const conditions = async (namespace: string, name: string): Promise<string> => {
      const { status, metadata } = (await client.get(ref(namespace, name))) as KubeObject;
      const all = ((status as { conditions?: Record<string, unknown>[] } | undefined)?.conditions ?? []).filter(
        ({ observedGeneration }) => Number(observedGeneration) === metadata.generation,
      );
      return all.map((one) => `${one.type}=${one.status} ${one.reason}`).join(', ');
    };
    const good = 'weft.mesh/Accepted=True Accepted, weft.mesh/Reconciled=True Reconciled';
    await applyAll(client, [service('pay', 'web'), service('pay', 'cart'), route('pay', 'web', 'nowhere')]);
    const missing = 'weft.mesh/Accepted=True Accepted, weft.mesh/Reconciled=False UnknownHost';
    await until(async () => (await conditions('pay', 'web')) === missing, 'the host is missing', limitMs);
    await client.apply(route('pay', 'web', 'cart'), { force: true });
    await until(async () => (await conditions('pay', 'web')) === good, 'the host is there', limitMs);
    // Others have theirs, too. Statuses are written one after the other: when the last one is there, those before it were counted.
    await until(async () => (await conditions('shop', 'good')) === good, 'the other one has its conditions', limitMs);
    await client.apply(route('pay', 'last', 'cart'));
    await until(async () => (await conditions('pay', 'last')) === good, 'the last one has its conditions', limitMs);
    const names = ['web', 'last'];
    const versions = (): Promise<unknown[]> => Promise.all(names.map(async (name) => (await client.get(ref('pay', name)))?.metadata.resourceVersion));
    const before = await versions();
    let writes: number | undefined;
    const proxy = new ConnectedProxy(controller.xdsPort, 'shop');
    // Something else changes, over and over.
    for (let i = 0; i < 5; i++) {
      await client.apply(slice('shop', 'cart', `10.0.1.${i}`), { force: true });
      await until(() => proxy.endpointsOf('cart.shop.svc.cluster.local').join() === `10.0.1.${i}:8080`, 'the mesh has changed', limitMs);
      await pause(300);
      if (i === 0) writes = await metric(controller.monitoringPort, 'weft_status_writes_total');
    }
    expect(await versions()).toEqual(before);
    expect(await metric(controller.monitoringPort, 'weft_status_writes_total')).toBe(writes);
  }, 240_000);

  test('leaves out what breaks the rules where nobody validated it, and says so', async () => {
    await client.delete({ apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingWebhookConfiguration', name: 'weft-validator' });
    const proxy = new ConnectedProxy(controller.xdsPort, 'pay');
    const host = 'web.pay.svc.cluster.local';
    await until(() => proxy.routesOf(host).join() === 'cart.pay.svc.cluster.local', 'the route', limitMs);
    // The API server takes a moment to forget the webhook.
    await until(
      async () =>
        client.apply(route('pay', 'web', 'cart', { weight: -1 }), { force: true }).then(
          () => true,
          () => false,
        ),
      'nobody validates',
      limitMs,
    );
    await until(() => proxy.routesOf(host).join() === host, 'it is left out', limitMs);
    const told = 'VirtualService pay/web breaks the rules of its kind, and is left out: spec.http[0].route[0].weight';
    await until(() => controller.log.includes(told), 'it is told');
    expect(await metric(controller.monitoringPort, 'weft_invalid_objects', 'kind="VirtualService"')).toBe(1);
    await client.apply(route('pay', 'web', 'cart'), { force: true });
    await until(() => proxy.routesOf(host).join() === 'cart.pay.svc.cluster.local', 'it is back', limitMs);
  });
});
