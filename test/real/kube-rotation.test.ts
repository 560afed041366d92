// Certificates that live for seconds, under load: proxies of both engines speak mTLS with each other while their certificates and the root
// of the mesh are renewed, the controller dies, tokens change and files are replaced. No request fails.
import { X509Certificate } from 'node:crypto';
import { Agent, request } from 'node:http';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rootSecretData, rootStateIn } from '../../src/controller/authority/root-rotation.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connect.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { issueAuthority } from '../../src/pki/issue.ts';
import { certificatesOf } from '../../src/pki/pem.ts';
import { setup } from '../cli/setup.ts';
import { clusterAvailable, startCluster, type TestCluster } from '../kube/cluster.ts';
import { applyAll, controlPlaneObjects, metric } from '../kube/control-plane.ts';
import { ControllerProgram, type MeshGateway, rootsIn, startGateway, stopGateways } from '../kube/mesh-proxies.ts';
import { backend, closeAll, freePorts, pause, until } from '../proxy/support.ts';
import { envoyProgram } from './envoy.ts';

const available = await clusterAvailable();
const envoy = envoyProgram();
const networking = 'networking.istio.io/v1';
const rootRef = { apiVersion: 'v1', kind: 'Secret', namespace: 'istio-system', name: 'istio-ca-secret' };

/** Of roots: published 40 s after it was made, and signing 6 s later; what signed before is trusted for 20 s more. */
const rootTimes = { lifetimeMs: 60_000, overlapMs: 6_000, formerMs: 20_000 };
const leafMs = 20_000;
/** The first root is so old when everything begins. */
const ageMs = 34_000;

let cluster: TestCluster;
let client: KubeClient;
let controller: ControllerProgram;
/** By the name of the gateway: where it takes plain text, and mTLS. */
const ports: Record<string, { plain: number; secure: number }> = {};
const gateways: Record<string, MeshGateway> = {};

/** A gateway that sends what it gets in plain text to the other one over mTLS, and what it gets over mTLS to the backend. */
function meshOf(name: string, other: string): KubeObject[] {
  const { plain, secure } = ports[name] as { plain: number; secure: number };
  const namespace = 'mesh';
  const servers = [
    { port: { number: plain, name: 'http', protocol: 'HTTP' }, hosts: ['*'] },
    { port: { number: secure, name: 'https', protocol: 'HTTPS' }, hosts: ['*'], tls: { mode: 'ISTIO_MUTUAL' } },
  ];
  // Whatever fails, fails: nothing is tried again.
  const route = (host: string, match: object): object => ({ match: [match], route: [{ destination: { host } }], retries: { attempts: 0 } });
  const http = [
    route(`once-${other}.example`, { port: plain, authority: { exact: 'once' } }),
    route(`kept-${other}.example`, { port: plain }),
    route('web.example', { port: secure }),
  ];
  const tls = { mode: 'ISTIO_MUTUAL', subjectAltNames: [`spiffe://cluster.local/ns/mesh/sa/${other}`] };
  const peers = ['once', 'kept'].flatMap((kind): KubeObject[] => {
    const host = `${kind}-${other}.example`;
    const pool = kind === 'once' ? { connectionPool: { http: { maxRequestsPerConnection: 1 } } } : {};
    return [
      entry(host, ports[other]?.secure ?? 0),
      {
        apiVersion: networking,
        kind: 'DestinationRule',
        metadata: { namespace, name: `${kind}-${other}` },
        spec: { host, trafficPolicy: { tls, ...pool } },
      },
    ];
  });
  return [
    { apiVersion: networking, kind: 'Gateway', metadata: { namespace, name }, spec: { selector: { istio: name }, servers } },
    { apiVersion: networking, kind: 'VirtualService', metadata: { namespace, name }, spec: { hosts: ['*'], gateways: [name], http } },
    ...peers,
  ];
}

function entry(host: string, targetPort: number): KubeObject {
  const spec = {
    hosts: [host],
    resolution: 'STATIC',
    ports: [{ number: 80, name: 'http', protocol: 'HTTP', targetPort }],
    endpoints: [{ address: '127.0.0.1' }],
  };
  return { apiVersion: networking, kind: 'ServiceEntry', metadata: { namespace: 'mesh', name: host.split('.')[0] ?? '' }, spec };
}

beforeAll(async () => {
  if (!available || envoy === undefined) return;
  setup();
  cluster = await startCluster();
  client = await connect({ kubeconfig: cluster.kubeconfig });
  const objects = controlPlaneObjects('127.0.0.1:1').filter(({ kind }) => !kind.endsWith('WebhookConfiguration'));
  await applyAll(client, objects);
  await client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'mesh' } });
  await until(async () => (await client.resource(networking, 'ServiceEntry', { fresh: true })) !== undefined, 'ServiceEntries are served', 20_000);
  const [a = 0, b = 0, c = 0, d = 0] = await freePorts(4);
  ports.embedded = { plain: a, secure: b };
  ports.envoy = { plain: c, secure: d };
  const web = await backend((_request, response) => response.end('hello'));
  await applyAll(client, [entry('web.example', web), ...meshOf('embedded', 'envoy'), ...meshOf('envoy', 'embedded')]);
  const root = await issueAuthority('first', Date.now() - ageMs, rootTimes.lifetimeMs);
  const data = rootSecretData({ authority: root, former: '' });
  await client.apply({ apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'istio-system', name: rootRef.name }, type: 'Opaque', data });
  controller = await ControllerProgram.on({ kubeconfig: cluster.kubeconfig, rootTimes, maxWorkloadLifetimeMs: leafMs });
  await controller.start();
  await until(async () => (await rootsIn(client, 'mesh')) !== '', 'the roots are in the namespace', 20_000);
  for (const [name, engine] of Object.entries({ embedded: 'embedded', envoy })) {
    const pod = { namespace: 'mesh', name: `${name}-1`, account: name, labels: { istio: name } };
    gateways[name] = await startGateway(client, pod, engine, controller.securePort);
  }
}, 120_000);

afterAll(async () => {
  await stopGateways();
  closeAll();
  await controller?.kill();
  client?.close();
  await cluster?.stop();
});

/** Requests one after the other, until it is told to end. */
class Load {
  readonly failures: string[] = [];
  count = 0;
  private ended = false;
  private readonly loops: Promise<void>[] = [];

  /** @param keep connections of the client are used again */
  start(port: number, host: string, keep: boolean): void {
    const agent = new Agent({ keepAlive: keep, maxSockets: 1 });
    const run = async (): Promise<void> => {
      while (!this.ended) {
        const outcome = await send(port, host, agent);
        this.count++;
        if (outcome !== '200 hello') this.failures.push(`${new Date().toISOString()} ${port} ${host}: ${outcome}`);
        await pause(10);
      }
      agent.destroy();
    };
    this.loops.push(run());
  }

  async end(): Promise<void> {
    this.ended = true;
    await Promise.all(this.loops);
  }
}

function send(port: number, host: string, agent: Agent): Promise<string> {
  return new Promise((resolve) => {
    const sent = request({ host: '127.0.0.1', port, headers: { host }, agent, timeout: 10_000 }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve(`${response.statusCode} ${body}`)).on('error', (error) => resolve(error.message));
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer')));
    sent.on('error', (error) => resolve(error.message)).end();
  });
}

/** Certificate that a gateway shows over mTLS. */
function shownBy(port: number): Promise<X509Certificate | undefined> {
  return new Promise((resolve) => {
    const socket = connectTls({ host: '127.0.0.1', port, servername: 'web', rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] }, () => {
      resolve(socket.getPeerX509Certificate());
      socket.destroy();
    });
    socket.on('error', () => resolve(undefined));
  });
}

/** What the kubelet does with the ConfigMap of the namespace: files are what it has, some time later. @returns ends it */
function syncRoots(): () => void {
  let last = '';
  const sync = async (): Promise<void> => {
    const roots = await rootsIn(client, 'mesh').catch(() => '');
    if (roots === '' || roots === last) return;
    last = roots;
    for (const { files } of Object.values(gateways)) files.write('roots', roots);
  };
  const timer = setInterval(() => void sync(), 500);
  return () => clearInterval(timer);
}

describe.skipIf(!available || envoy === undefined)('mTLS under load', () => {
  test('no request fails while certificates and the root are renewed, and the controller dies', async () => {
    const stop = syncRoots();
    const agent = new Agent();
    for (const { plain } of Object.values(ports)) {
      await until(async () => (await send(plain, 'kept', agent)) === '200 hello', 'requests get through', 30_000).catch((error: Error) => {
        throw new Error(`${error.message}\n${Object.values(gateways).map(({ process }) => process.stderr)}\n${controller.log}`);
      });
    }
    const first = rootStateIn(((await client.get(rootRef))?.data ?? {}) as Record<string, unknown>)?.authority.certificate ?? '';
    const isBy = (root: string, certificate: X509Certificate | undefined): boolean => certificate?.verify(new X509Certificate(root).publicKey) ?? false;
    for (const { secure } of Object.values(ports)) expect(isBy(first, await shownBy(secure))).toBe(true);

    const load = new Load();
    const began = Date.now();
    for (const { plain } of Object.values(ports)) for (const host of ['once', 'kept']) for (const keep of [true, false]) load.start(plain, host, keep);

    await until(async () => certificatesOf(await rootsIn(client, 'mesh')).length === 2, 'the next root is published', 20_000);
    await until(() => (controller.log.match(/the root of the mesh was written signing=new/g) ?? []).length >= 1, 'the next root signs', 20_000);
    // The worst moment: some have certificates of the one root, and some of the other.
    await controller.kill();
    for (const gateway of Object.values(gateways)) await gateway.renewToken();
    await controller.start();
    const second = rootStateIn(((await client.get(rootRef))?.data ?? {}) as Record<string, unknown>)?.authority.certificate ?? '';
    expect(second).not.toBe(first);
    for (const { secure } of Object.values(ports)) await until(async () => isBy(second, await shownBy(secure)), 'its certificate is by the new root', 20_000);
    await until(async () => (await rootsIn(client, 'mesh')) === second, 'nobody has to trust the first root any more', 40_000);
    const renewals = (): number => Math.min(...Object.values(gateways).map(({ process }) => process.stderr.match(/the certificate was renewed/g)?.length ?? 0));
    await until(() => renewals() >= 2, 'each certificate was renewed twice', 30_000);
    await pause(1_000);
    await load.end();
    stop();

    expect(load.failures.slice(0, 10)).toEqual([]);
    expect(load.count).toBeGreaterThan(1_000);
    expect(await metric(controller.monitoringPort, 'weft_certificates_signed_total')).toBeGreaterThanOrEqual(2);
    console.info(`${load.count} requests in ${Math.round((Date.now() - began) / 1000)} s, ${load.failures.length} failed`);
  });
});
