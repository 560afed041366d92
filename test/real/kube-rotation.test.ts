// Certificates that live for seconds, under load: proxies of both engines speak mTLS with each other while their certificates and the root
// of the mesh are renewed, the controller dies, tokens change and files are replaced. No request fails.
import 'reflect-metadata';
import { webcrypto, X509Certificate } from 'node:crypto';
import { Agent, request } from 'node:http';
import { connect as connectTls } from 'node:tls';
import { X509Certificate as Certificate, X509CertificateGenerator } from '@peculiar/x509';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rootSecretData, rootStateIn } from '../../src/controller/authority/root-rotation.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connect.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { issueAuthority } from '../../src/pki/issue.ts';
import { importKey, ownAlgorithm } from '../../src/pki/keys.ts';
import { backdatedMs } from '../../src/pki/lifetimes.ts';
import { certificatesOf, type KeyPair } from '../../src/pki/pem.ts';
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

/** Of roots: a new one signs 12 s after it was published; what signed before is trusted for 40 s more. Only one is renewed in the time of the test. */
const rootTimes = { lifetimeMs: 30 * 60_000, overlapMs: 12_000, formerMs: 40_000 };
const leafMs = 40_000;
/** Of the first root, when everything runs: two thirds of its life are over in 6 s, and what it signs until then does not outlive it. */
const firstTimes = { ageMs: 154_000, lifetimeMs: 240_000 };

let cluster: TestCluster;
let client: KubeClient;
let controller: ControllerProgram;
/** The first one. */
let root: KeyPair;
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

async function writeRoot(authority: KeyPair): Promise<void> {
  const data = rootSecretData({ authority, former: '' });
  const metadata = { namespace: 'istio-system', name: rootRef.name };
  await client.apply({ apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', data }, { force: true });
}

/** The same root, with the same key, as one that was made earlier: however long the start of everything took, it is due a while from now. */
async function aged({ certificate, key }: KeyPair): Promise<KeyPair> {
  const former = new Certificate(certificate);
  const { key: privateKey } = await importKey(key);
  const made = Date.now() - firstTimes.ageMs;
  const again = await X509CertificateGenerator.createSelfSigned(
    {
      name: former.subjectName,
      notBefore: new Date(made - backdatedMs),
      notAfter: new Date(made + firstTimes.lifetimeMs),
      keys: { privateKey, publicKey: await former.publicKey.export() },
      signingAlgorithm: ownAlgorithm,
      extensions: former.extensions,
    },
    webcrypto,
  );
  return { certificate: `${again.toString('pem').trim()}\n`, key };
}

beforeAll(async () => {
  if (!available || envoy === undefined) return;
  setup();
  cluster = await startCluster();
  client = await connect({ kubeconfig: cluster.kubeconfig });
  const objects = controlPlaneObjects('127.0.0.1:1').filter(({ kind }) => !kind.endsWith('WebhookConfiguration'));
  await applyAll(client, objects);
  await client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'mesh' } });
  const [a = 0, b = 0, c = 0, d = 0] = await freePorts(4);
  ports.embedded = { plain: a, secure: b };
  ports.envoy = { plain: c, secure: d };
  const web = await backend((_request, response) => response.end('hello'));
  await applyAll(client, [entry('web.example', web), ...meshOf('embedded', 'envoy'), ...meshOf('envoy', 'embedded')]);
  root = await issueAuthority('first', Date.now(), rootTimes.lifetimeMs);
  await writeRoot(root);
  controller = await ControllerProgram.on({ kubeconfig: cluster.kubeconfig, rootTimes, maxWorkloadLifetimeMs: leafMs });
  await controller.start();
  await until(async () => (await rootsIn(client, 'mesh')) !== '', 'the roots are in the namespace', 60_000);
  for (const [name, engine] of Object.entries({ embedded: 'embedded', envoy })) {
    const pod = { namespace: 'mesh', name: `${name}-1`, account: name, labels: { istio: name } };
    gateways[name] = await startGateway(client, pod, engine, controller.securePort);
  }
}, 400_000);

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
    const sent = request({ host: '127.0.0.1', port, headers: { host }, agent, timeout: 60_000 }, (response) => {
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

/** PEM of the root that signs, as the Secret has it. */
async function signing(): Promise<string> {
  return rootStateIn((await client.get(rootRef))?.data)?.authority.certificate ?? '';
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
      for (const host of ['once', 'kept'])
        await until(async () => (await send(plain, host, agent)) === '200 hello', 'requests get through', 100_000).catch((error: Error) => {
          throw new Error(`${error.message}\n${Object.values(gateways).map(({ process }) => process.stderr)}\n${controller.log}`);
        });
    }
    const first = await aged(root);
    const isBy = (root: string, certificate: X509Certificate | undefined): boolean => certificate?.verify(new X509Certificate(root).publicKey) ?? false;
    for (const { secure } of Object.values(ports)) expect(isBy(first.certificate, await shownBy(secure))).toBe(true);

    const load = new Load();
    const began = Date.now();
    for (const { plain } of Object.values(ports)) for (const host of ['once', 'kept']) for (const keep of [true, false]) load.start(plain, host, keep);

    await writeRoot(first);
    expect(await signing()).toBe(first.certificate);
    await until(async () => certificatesOf(await rootsIn(client, 'mesh')).length === 2, 'the next root is published', 60_000);
    await until(async () => (await signing()) !== first.certificate, 'the next root signs', 60_000);
    // The worst moment: some have certificates of the one root, and some of the other.
    await controller.kill();
    for (const gateway of Object.values(gateways)) await gateway.renewToken();
    await controller.start();
    const second = await signing();
    for (const { secure } of Object.values(ports)) await until(async () => isBy(second, await shownBy(secure)), 'its certificate is by the new root', 60_000);
    await until(async () => (await rootsIn(client, 'mesh')) === second, 'nobody has to trust the first root any more', 100_000);
    const renewals = (): number => Math.min(...Object.values(gateways).map(({ process }) => process.stderr.match(/the certificate was renewed/g)?.length ?? 0));
    await until(() => renewals() >= 2, 'each certificate was renewed twice', 100_000);
    await pause(1_000);
    await load.end();
    stop();

    const logs = Object.values(gateways).map(({ process }) => process.stderr.slice(-3_000));
    expect(load.failures.slice(0, 10), logs.join('\n')).toEqual([]);
    expect(load.count).toBeGreaterThan(100);
    expect(await metric(controller.monitoringPort, 'weft_certificates_signed_total')).toBeGreaterThanOrEqual(2);
    console.info(`${load.count} requests in ${Math.round((Date.now() - began) / 1000)} s, ${load.failures.length} failed`);
  }, 600_000);
});
