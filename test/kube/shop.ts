// A shop in a test cluster: two controllers, two sidecars and a real Envoy as gateway, whose requests all go where one VirtualService says.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connect.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { freePorts } from '../free-ports.ts';
import { backend, closeAll, toClose } from '../proxy/support.ts';
import { ask, WeftProcess } from '../proxy/weft-process.ts';
import { startCluster, type TestCluster } from './cluster.ts';
import { type LocalController, localController } from './controller.ts';
import { installMeshKinds } from './mesh-kinds.ts';
import { podWithPorts, running } from './pods.ts';
import { type Ran, runWeft } from './weft.ts';

export const shopHost = 'shop.example';

export const istio = (kind: string, name: string, spec: object, apiVersion = 'networking.istio.io/v1'): KubeObject => ({
  apiVersion,
  kind,
  metadata: { namespace: 'shop', name },
  spec,
});

/** The VirtualService `shop`: all requests go to version `v1` or `v2`. */
export const routesTo = (subset: string): KubeObject =>
  istio('VirtualService', 'shop', {
    hosts: [shopHost],
    gateways: ['mesh', 'edge'],
    http: [{ route: [{ destination: { host: shopHost, subset } }], retries: { attempts: 0 } }],
  });

export class Shop {
  readonly cluster: TestCluster;
  readonly client: KubeClient;
  readonly controllers: [LocalController, LocalController];
  /** Connected to the first controller, and to the second one. */
  cart!: WeftProcess;
  web!: WeftProcess;
  /** Connected to the second one; undefined without an Envoy. */
  private edge: WeftProcess | undefined;
  /** Where requests go in: cart, web, edge. */
  readonly entries: number[] = [];
  /** Names of the proxies. */
  readonly proxies: string[];

  private constructor(cluster: TestCluster, client: KubeClient, controllers: [LocalController, LocalController], proxies: string[]) {
    this.cluster = cluster;
    this.client = client;
    this.controllers = controllers;
    this.proxies = proxies;
  }

  /** @param envoy undefined: there is no gateway */
  static async open(envoy: string | undefined): Promise<Shop> {
    const cluster = await startCluster();
    const client = await connect({ kubeconfig: cluster.kubeconfig });
    await installMeshKinds(client);
    for (const name of ['shop', 'istio-system']) await client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    const replica = (): Promise<LocalController> => localController(cluster.kubeconfig, 'default', ['--no-leader-election']);
    const controllers: [LocalController, LocalController] = [await replica(), await replica()];
    const shop = new Shop(cluster, client, controllers, envoy === undefined ? ['cart-1', 'web-1'] : ['cart-1', 'edge-1', 'web-1']);
    await shop.start(envoy);
    return shop;
  }

  weft(...args: string[]): Promise<Ran> {
    return runWeft(args, { kubeconfig: this.cluster.kubeconfig });
  }

  /** `weft x wait …` */
  wait(...args: string[]): Promise<Ran> {
    return this.weft('x', 'wait', ...args);
  }

  async apply(...objects: KubeObject[]): Promise<void> {
    for (const object of objects) await this.client.apply(object, { force: true });
  }

  async delete(kind: string, name: string, apiVersion = 'networking.istio.io/v1'): Promise<void> {
    await this.client.delete({ apiVersion, kind, namespace: 'shop', name });
  }

  /** What each way in answers at this moment. */
  answers(): Promise<string[]> {
    return Promise.all(this.entries.map((port) => ask(port, shopHost)));
  }

  /** The same answer from all of them. */
  all(answer: string): string[] {
    return this.entries.map(() => answer);
  }

  async close(): Promise<void> {
    for (const sidecar of [this.cart, this.web]) sidecar?.signal('SIGCONT');
    // It ends with its Envoy when it is asked to.
    for (const signal of ['SIGTERM', 'SIGINT'] as const) this.edge?.signal(signal);
    await this.edge?.exited;
    closeAll();
    for (const controller of this.controllers) await controller.kill();
    this.client.close();
    await this.cluster.stop();
  }

  private async start(envoy: string | undefined): Promise<void> {
    const [first, second] = this.controllers;
    const [outbound1 = 0, agent1 = 0, health1 = 0, outbound2 = 0, agent2 = 0, health2 = 0, gateway = 0] = await freePorts(7);
    const endpoint = async (version: string): Promise<object> => ({
      address: '127.0.0.1',
      ports: { http: await backend((_, response) => response.end(version)) },
      labels: { version },
    });
    await this.apply(
      istio('ServiceEntry', 'shop', {
        hosts: [shopHost],
        location: 'MESH_INTERNAL',
        resolution: 'STATIC',
        ports: [{ number: 80, name: 'http', protocol: 'HTTP' }],
        endpoints: [await endpoint('v1'), await endpoint('v2')],
      }),
      istio('DestinationRule', 'shop', { host: shopHost, subsets: ['v1', 'v2'].map((name) => ({ name, labels: { version: name } })) }),
      istio('Gateway', 'edge', { selector: { app: 'edge' }, servers: [{ port: { number: gateway, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }] }),
      routesTo('v1'),
    );
    for (const controller of this.controllers) controller.start();
    for (const controller of this.controllers) await controller.ready();
    const labels = { app: 'weft-controller', 'istio.io/rev': 'default' };
    const injected = { annotations: { 'sidecar.istio.io/status': '{"revision":"default"}', 'istio.io/rev': 'default' } };
    await running(
      this.client,
      ...this.controllers.map(({ xdsPort }, i) => podWithPorts('istio-system', `weft-controller-${i + 1}`, { 15010: xdsPort }, { labels })),
      ...this.proxies.map((name) => podWithPorts('shop', name, {}, injected)),
    );
    this.cart = sidecar('cart-1', first, outbound1, agent1, health1);
    this.web = sidecar('web-1', second, outbound2, agent2, health2);
    this.entries.push(outbound1, outbound2);
    await Promise.all([this.cart, this.web].map((one) => one.says(/ serving /)));
    if (envoy === undefined) return;
    this.edge = await gatewayEnvoy(envoy, second);
    this.entries.push(gateway);
    await this.edge.says(/ serving\n/, 120_000);
  }
}

function sidecar(name: string, { xdsPort }: LocalController, outbound: number, agent: number, health: number): WeftProcess {
  return new WeftProcess(
    ...(['proxy', 'run', '--xds-address', `127.0.0.1:${xdsPort}`, '--proxy', `shop/${name}`, '--ip', '127.0.0.1'] as const),
    ...['--outbound-port', outbound, '--admin-port', 0, '--stats-port', 0, '--agent-port', agent, '--health-port', health, '--concurrency', 2].map(String),
  );
}

async function gatewayEnvoy(envoy: string, { xdsPort }: LocalController): Promise<WeftProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'weft-shop-'));
  toClose({ close: () => rmSync(folder, { recursive: true, force: true }) });
  mkdirSync(join(folder, 'run'));
  const [admin = 0, stats = 0, agent = 0, health = 0] = await freePorts(4);
  return new WeftProcess(
    { TMPDIR: join(folder, 'run') },
    ...['proxy', 'run', '--engine', 'envoy', '--envoy-path', envoy, '--xds-address', `127.0.0.1:${xdsPort}`, '--gateway', 'shop/edge-1', '--ip', '127.0.0.1'],
    ...['--admin-port', admin, '--stats-port', stats, '--agent-port', agent, '--health-port', health].map(String),
  );
}

/** Exit code and all that a command said. */
export const said = ({ stdout, stderr, status }: Ran): string => `${status}\n${stdout}${stderr}`;
