// What proxies in pods have, and what their controllers know of them: an embedded sidecar and a real Envoy, by way of a real API server.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connect.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { readinessOf } from '../../src/kube/readiness.ts';
import { freePorts } from '../free-ports.ts';
import { clusterAvailable, startCluster, type TestCluster } from '../kube/cluster.ts';
import { applyAll, ConnectedProxy, controlPlaneObjects, route, service, slice } from '../kube/control-plane.ts';
import { type LocalController, localController } from '../kube/controller.ts';
import { podWithPorts, running } from '../kube/pods.ts';
import { type Ran, runWeft } from '../kube/weft.ts';
import { closeAll, toClose, until } from '../proxy/support.ts';
import { WeftProcess } from '../proxy/weft-process.ts';
import { envoyProgram } from './envoy.ts';

// Each asks proxies in pods many times.
vi.setConfig({ testTimeout: 400_000 });

const available = await clusterAvailable();
const envoy = envoyProgram();

let cluster: TestCluster;
let client: KubeClient;
const controllers: LocalController[] = [];
/** They end with their Envoys when they are asked to. */
const gateways: WeftProcess[] = [];

const weft = (...args: string[]): Promise<Ran> => runWeft(args, { kubeconfig: cluster.kubeconfig });

/** What it prints, in lines whose columns are one space apart. */
async function lines(...args: string[]): Promise<string[]> {
  const { status, stdout, stderr } = await weft(...args);
  if (status !== 0) throw new Error(`weft ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.replaceAll(/ {2,}/g, ' ').trim());
}

afterAll(async () => {
  for (const gateway of gateways) for (const signal of ['SIGTERM', 'SIGINT'] as const) gateway.signal(signal);
  await Promise.all(gateways.map(({ exited }) => exited));
  closeAll();
  for (const controller of controllers) await controller.kill();
  client?.close();
  await cluster?.stop();
});

describe.skipIf(!available)('proxies in pods', () => {
  beforeAll(async () => {
    cluster = await startCluster();
    client = await connect({ kubeconfig: cluster.kubeconfig });
    await client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
    const secure = await freePorts(2);
    const replica = (i: number): Promise<LocalController> => localController(cluster.kubeconfig, 'default', ['--secure-port', String(secure[i])]);
    const [first, second] = [await replica(0), await replica(1)];
    controllers.push(first, second);
    await applyAll(client, controlPlaneObjects(first.target));
    await applyAll(client, [service('shop', 'cart'), slice('shop', 'cart', '10.0.0.1'), route('shop', 'cart', 'cart')]);
    const [outbound = 0, admin = 0, agent = 0, health = 0, gateway = 0] = await freePorts(5);
    const edge: KubeObject = {
      apiVersion: 'networking.istio.io/v1',
      kind: 'Gateway',
      metadata: { name: 'edge', namespace: 'shop' },
      spec: { selector: { app: 'edge' }, servers: [{ port: { number: gateway, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }] },
    };
    await client.apply(edge);
    await client.apply(route('shop', 'edge', 'cart', {}));
    await client.patch(
      { apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', namespace: 'shop', name: 'edge' },
      { spec: { hosts: ['shop.example'], gateways: ['edge'] } },
    );
    for (const controller of controllers) controller.start();
    for (const controller of controllers) await controller.ready();

    const [gatewayAdmin = 0, stats = 0, gatewayAgent = 0, gatewayHealth = 0] = await freePorts(4);
    const labels = { app: 'weft-controller', istio: 'weft-controller', 'istio.io/rev': 'default' };
    const ofController = ({ xdsPort, monitoringPort }: LocalController): Record<number, number> => ({ 15010: xdsPort, 15014: monitoringPort });
    const ports = (list: readonly (string | number)[]): string[] => list.map(String);
    await running(
      client,
      podWithPorts('istio-system', 'weft-controller-1', ofController(first), { labels }),
      podWithPorts('istio-system', 'weft-controller-2', ofController(second), { labels }),
      podWithPorts('shop', 'cart-1', { 15000: admin }),
      podWithPorts('shop', 'edge-1', { 15000: gatewayAdmin }),
      podWithPorts('shop', 'quiet'),
      podWithPorts('shop', 'bare', {}, { spec: { containers: [{ name: 'app', image: 'example/app' }] } }),
    );
    const stuck = await client.create(podWithPorts('shop', 'stuck', {}, { annotations: { 'kubelab/waiting': 'ImagePullBackOff' } }));
    await until(async () => (await readinessOf(client, stuck)).reason.startsWith('ImagePullBackOff'), 'the kubelet says why the pod does not run', 60_000);
    const sidecar = new WeftProcess(
      'proxy',
      'run',
      ...['--xds-address', `127.0.0.1:${first.xdsPort}`, '--proxy', 'shop/cart-1', '--ip', '127.0.0.1'],
      ...ports(['--outbound-port', outbound, '--admin-port', admin, '--stats-port', 0, '--agent-port', agent, '--health-port', health]),
    );
    await sidecar.says(/ serving /);
    if (envoy !== undefined) {
      const folder = mkdtempSync(join(tmpdir(), 'weft-port-forward-'));
      toClose({ close: () => rmSync(folder, { recursive: true, force: true }) });
      mkdirSync(join(folder, 'run'));
      const process = new WeftProcess(
        { TMPDIR: join(folder, 'run') },
        'proxy',
        'run',
        ...['--engine', 'envoy', '--envoy-path', envoy, '--xds-address', `127.0.0.1:${second.xdsPort}`, '--gateway', 'shop/edge-1', '--ip', '127.0.0.1'],
        ...ports(['--admin-port', gatewayAdmin, '--stats-port', stats, '--agent-port', gatewayAgent, '--health-port', gatewayHealth]),
      );
      gateways.push(process);
      await process.says(/ serving\n/, 120_000);
    }
    // A proxy that is connected, and whose pod has something else.
    const other = new ConnectedProxy(second.xdsPort, 'shop', 'other-1');
    await running(client, podWithPorts('shop', 'other-1', { 15000: gatewayAdmin }));
    await until(() => other.table !== undefined, 'the other proxy is connected', 60_000);
  }, 400_000);

  const engines = ['cart-1', ...(envoy === undefined ? [] : ['edge-1'])];

  test.each(engines)('the configuration of %s', async (name) => {
    const isEnvoy = name === 'edge-1';
    const expected = isEnvoy ? /^http\.\d+ \S+ shop\.example \/\* edge\.shop$/m : /^80 cart\.shop\.svc\.cluster\.local:80 cart, .* \/\* cart\.shop$/m;
    // Which objects are for a proxy is known to its controller some time after the pod runs, and to the proxy after that.
    let routes: string[] = [];
    const areThere = async (): Promise<boolean> => {
      routes = await lines('proxy-config', 'routes', `${name}.shop`);
      return expected.test(routes.slice(1).join('\n'));
    };
    await until(areThere, `${name} has the routes of its VirtualService`, 60_000).catch((error: Error) => {
      throw new Error(`${error.message}:\n${routes.join('\n')}`);
    });
    expect(routes[0]).toBe('NAME VHOST NAME DOMAINS MATCH VIRTUAL SERVICE');
    expect(await lines('pc', 'clusters', `pod/${name}`, '-n', 'shop', '--fqdn', 'cart')).toContain('cart.shop.svc.cluster.local 80 - outbound EDS');
    expect(await lines('pc', 'endpoints', name, '-n', 'shop')).toContainEqual(
      expect.stringMatching(/^10\.0\.0\.1:8080 HEALTHY OK outbound\|80\|\|cart\.shop\.svc\.cluster\.local$/),
    );
    expect((await lines('pc', 'listeners', `${name}.shop`)).length).toBeGreaterThan(1);
    expect(JSON.parse((await weft('pc', 'bootstrap', `${name}.shop`)).stdout)).toBeTypeOf('object');
    const logs = await lines('pc', 'log', `${name}.shop`, '--level', 'debug');
    expect(logs.slice(1).every((line) => line === '' || line.endsWith(': debug'))).toBe(true);
    await weft('pc', 'log', `${name}.shop`, '--reset');
    expect((await lines('pc', 'log', `${name}.shop`)).slice(1).some((line) => line.endsWith(': debug'))).toBe(false);
  });

  test('what has pods is named in the place of one, and labels for many', async () => {
    await client.patch({ apiVersion: 'v1', kind: 'Service', namespace: 'shop', name: 'cart' }, { spec: { selector: { app: 'cart' } } });
    // The pod becomes an endpoint of the Service, and its sidecar is told a moment later.
    const areAlike = async (): Promise<boolean> => {
      const [service, pod] = [await lines('pc', 'routes', 'svc/cart.shop'), await lines('pc', 'routes', 'cart-1.shop')];
      return service.join('\n') === pod.join('\n');
    };
    await until(areAlike, 'the Service has what its pod has', 60_000);
    // Nothing is under way when what proxies have is compared with what their controllers have.
    const { podIP = '' } = ((await client.get({ apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'cart-1' }))?.status ?? {}) as { podIP?: string };
    for (const name of engines) {
      const hasPod = async (): Promise<boolean> => (await lines('pc', 'endpoints', name, '-n', 'shop')).some((line) => line.startsWith(`${podIP}:8080 `));
      await until(hasPod, `the pod is an endpoint in ${name}`, 60_000);
    }
    const { stdout, status } = await weft('pc', 'log', '-n', 'shop', '-l', 'app in (cart, edge)', '--level', 'warning');
    expect(status).toBe(0);
    expect(stdout.split('\n').filter((line) => line.startsWith('pod '))).toEqual(engines.map((name) => `pod shop/${name}:`));
    await weft('pc', 'log', '-n', 'shop', '-l', 'app in (cart, edge)', '--reset');
  });

  test.each([
    [['nobody.shop'], /^Error: cannot connect to port 15000 of pod shop\/nobody: there is no such pod\nNamespace shop has: .*cart-1/],
    [['quiet.shop'], /^Error: cannot connect to port 15000 of pod shop\/quiet: nothing listens there \(connection refused\)\nContainer istio-proxy has/],
    [['bare.shop'], /nothing listens there .*\nThe pod has no sidecar: its containers are app\. weft x check-inject bare -n shop/],
    [['stuck.shop'], /the pod does not run\nThe pod is not ready: ImagePullBackOff in container app/],
    [['deploy/none.shop'], /^Error: there is no Deployment shop\/none\n/],
    [['svc/none.shop'], /^Error: there is no Service shop\/none\n/],
    [['cart-1.shop', '--context', 'viewer', '--as', 'nobody'], /may not/],
  ])('%j says why not', async (args, expected) => {
    const { status, stdout, stderr } = await weft('pc', 'routes', ...args);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(expected);
    expect(stderr).not.toMatch(/\n {4}at /);
  });

  test('who is connected to which controller', async () => {
    const [head, ...rows] = await lines('proxy-status');
    expect(head).toMatch(/^NAME PROXY .*CONTROLLER$/);
    expect(rows.map((row) => `${row.split(' ')[0]} ${row.split(' ').at(-1)}`)).toEqual([
      'cart-1.shop weft-controller-1',
      ...(envoy === undefined ? [] : ['edge-1.shop weft-controller-2']),
      'other-1.shop weft-controller-2',
    ]);
    expect(JSON.parse((await weft('ps', '-o', 'json')).stdout)[0]).toMatchObject({ name: 'cart-1', controller: 'weft-controller-1' });
    expect(await lines('ps', '--revision', 'default')).toHaveLength(rows.length + 1);
    expect((await weft('ps', '--revision', 'canary')).stderr).toMatch(/no control plane of weft of revision canary runs in namespace istio-system/);
  });

  test.each(engines)('%s has what its controller has for it', async (name) => {
    const { status, stdout, stderr } = await weft('proxy-status', `${name}.shop`);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^connected to weft-controller-\d$/m);
    expect(stdout).toMatch(/^Clusters match \([1-9]\d*\)\nListeners match \([1-9]\d*\)\nRoutes match \([1-9]\d*\)\n$/m);
  });

  test.skipIf(envoy === undefined)('what a proxy has not is named', async () => {
    const { status, stdout } = await weft('ps', 'other-1.shop');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Listeners do not match \(0 match\)\n {2}not in the proxy: .*80/m);
    const [{ comparison }] = JSON.parse((await weft('ps', 'other-1.shop', '-o', 'json')).stdout);
    expect(comparison.map(({ part }: { part: string }) => part)).toEqual(['clusters', 'listeners', 'routes']);
  });

  test('a replica that does not answer is told, and the others count', async () => {
    const labels = { app: 'weft-controller', 'istio.io/rev': 'default' };
    await running(client, podWithPorts('istio-system', 'weft-controller-3', {}, { labels }));
    const { status, stdout, stderr } = await weft('ps');
    expect(status).toBe(1);
    // The kubelet closes after its word of it: what is sent to it at that moment resets the connection, and the word may be lost.
    const why = [
      'cannot connect to port 15010 of pod istio-system/weft-controller-3: nothing listens there (connection refused)',
      'the connection to port 15010 of pod istio-system/weft-controller-3 was cut',
    ];
    expect(why.map((text) => `warning: ${text}\n`)).toContain(stderr);
    expect(stdout).toMatch(/^cart-1\.shop /m);
    await client.delete({ apiVersion: 'v1', kind: 'Pod', namespace: 'istio-system', name: 'weft-controller-3' });
  });
});
