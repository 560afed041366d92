// Identities of the mesh with a real API server: its tokens, the controller's authority, and proxies of both engines that have
// certificates from there and speak mTLS with them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ControlPlane } from '../../src/agent/control-plane.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connect.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { requestIdentity, type SignedIdentity } from '../../src/pki/signing/client.ts';
import { setup } from '../cli/setup.ts';
import { clusterAvailable, startCluster, type TestCluster } from '../kube/cluster.ts';
import { applyAll, controlPlaneObjects } from '../kube/control-plane.ts';
import { type LocalController, localController } from '../kube/controller.ts';
import { backend, closeAll, freePorts, until } from '../proxy/support.ts';
import { WeftProcess } from '../proxy/weft-process.ts';
import { envoyProgram } from './envoy.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const available = await clusterAvailable();
const envoy = envoyProgram();
const name = 'weft-controller.istio-system.svc';
const rootsName = 'istio-ca-root-cert';
const rootsRef = (namespace: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: rootsName });

let cluster: TestCluster;
let client: KubeClient;
let controller: LocalController;
let folder: string;
let gatewayPort: number;

const file = (path: string, text: string): string => {
  const whole = join(folder, path);
  writeFileSync(whole, text);
  return whole;
};

async function rootsIn(namespace: string): Promise<string> {
  const found = await client.get(rootsRef(namespace));
  return ((found?.data ?? {}) as Record<string, string>)['root-cert.pem'] ?? '';
}

/** As the kubelet gets it for a pod. */
async function tokenOf(namespace: string, account: string, audience = 'istio-ca'): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
  const spec = { audiences: [audience], expirationSeconds: 3600 };
  const answer = await client.request<KubeObject>(path, { method: 'POST', body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec } });
  return (answer.status as { token: string }).token;
}

async function identityFor(token: string): Promise<SignedIdentity> {
  const rootsFile = file('roots.pem', await rootsIn('shop'));
  const address = `127.0.0.1:${controller.securePort}`;
  const way = new ControlPlane({ address, name, tokenFile: file('one-token', token), rootsFile });
  return requestIdentity({ address, ...(await way.safe()), token: () => way.token(), spiffeId: 'spiffe://a/ns/b/sa/c', lifetimeSeconds: 0, timeoutMs: 60_000 });
}

beforeAll(async () => {
  if (!available) return;
  setup();
  folder = mkdtempSync(join(tmpdir(), 'weft-identity-'));
  cluster = await startCluster();
  client = await connect({ kubeconfig: cluster.kubeconfig });
  controller = await localController(cluster.kubeconfig);
  await applyAll(client, controlPlaneObjects(controller.target));
  const [port = 0] = await freePorts(1);
  gatewayPort = port;
  const web = await backend((_request, response) => response.end('hello'));
  for (const namespace of ['shop', 'pay']) await client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  for (const account of ['edge', 'cart']) await client.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace: 'shop', name: account } });
  const networking = 'networking.istio.io/v1';
  const servers = [{ port: { number: gatewayPort, name: 'https', protocol: 'HTTPS' }, hosts: ['*'], tls: { mode: 'ISTIO_MUTUAL' } }];
  const http = [{ route: [{ destination: { host: 'web.example' } }] }];
  const entry = {
    hosts: ['web.example'],
    resolution: 'STATIC',
    ports: [{ number: 80, name: 'http', protocol: 'HTTP', targetPort: web }],
    endpoints: [{ address: '127.0.0.1' }],
  };
  await applyAll(client, [
    { apiVersion: networking, kind: 'ServiceEntry', metadata: { namespace: 'shop', name: 'web' }, spec: entry },
    { apiVersion: networking, kind: 'Gateway', metadata: { namespace: 'shop', name: 'edge' }, spec: { selector: { istio: 'edge' }, servers } },
    { apiVersion: networking, kind: 'VirtualService', metadata: { namespace: 'shop', name: 'web' }, spec: { hosts: ['*'], gateways: ['edge'], http } },
  ]);
  controller.start();
  await controller.ready();
  for (const namespace of ['shop', 'pay']) await until(async () => (await rootsIn(namespace)) !== '', `the roots are in namespace ${namespace}`, 60_000);
});

afterAll(async () => {
  await closeAll();
  await controller?.kill();
  client?.close();
  await cluster?.stop();
  if (folder) rmSync(folder, { recursive: true });
});

describe.skipIf(!available)('an identity of the mesh', () => {
  test('the roots are in every namespace, also in one that comes later, and come back where somebody takes them away', async () => {
    expect(await rootsIn('pay')).toBe(await rootsIn('shop'));
    await client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'late' } });
    await until(async () => (await rootsIn('late')) !== '', 'the roots in a later namespace', 60_000);
    await client.patch(rootsRef('late'), { data: { 'root-cert.pem': 'x' } }, { type: 'merge' });
    await until(async () => (await rootsIn('late')) === (await rootsIn('shop')), 'the roots are put back', 60_000);
    await client.delete(rootsRef('late'));
    await until(async () => (await rootsIn('late')) !== '', 'the roots are made again', 60_000);
  });

  test('is that of the service account whose token Kubernetes knows', async () => {
    expect((await identityFor(await tokenOf('shop', 'cart'))).spiffeId).toBe('spiffe://cluster.local/ns/shop/sa/cart');
  });

  test.each([
    ['a token for the API server', () => tokenOf('shop', 'cart', 'https://kubernetes.default.svc')],
    ['a token that somebody made', async () => `${(await tokenOf('shop', 'cart')).slice(0, -8)}AAAAAAAA`],
    ['a text', async () => 'token'],
  ])('is not given for %s', async (_, token) => {
    await expect(identityFor(await token())).rejects.toThrow('refused');
  });

  test('the root is written again where somebody deletes or breaks it', async () => {
    const before = await rootsIn('shop');
    const secret = { apiVersion: 'v1', kind: 'Secret', namespace: 'istio-system', name: 'istio-ca-secret' };
    const data = async (): Promise<Record<string, string>> => ((await client.get(secret))?.data ?? {}) as Record<string, string>;
    const written = await data();
    expect(Object.keys(written)).toContain('ca-key.pem');
    await client.delete(secret);
    await until(async () => (await data())['ca-key.pem'] === written['ca-key.pem'], 'the Secret is there again', 60_000);
    await client.patch(secret, { data: { 'ca-cert.pem': 'eA==' } }, { type: 'merge' });
    await until(async () => (await data())['ca-cert.pem'] === written['ca-cert.pem'], 'the certificate is there again', 60_000);
    expect(await rootsIn('shop')).toBe(before);
  });

  describe.each(['embedded', 'envoy'])('of a gateway by %s', (engine) => {
    test.skipIf(engine === 'envoy' && envoy === undefined)('is what it shows to clients, whom it asks for theirs', async () => {
      const [admin = 0, stats = 0, agent = 0, health = 0] = await freePorts(4);
      const tokenFile = file(`token-${engine}`, await tokenOf('shop', 'edge'));
      const rootsFile = file(`roots-${engine}`, await rootsIn('shop'));
      const labels = file(`labels-${engine}`, 'istio="edge"\n');
      const safe = ['--xds-address', `127.0.0.1:${controller.securePort}`, '--xds-name', name, '--token-file', tokenFile, '--roots-file', rootsFile];
      const who = ['--gateway', 'shop/edge-1', '--ip', '127.0.0.1', '--labels-file', labels, '--service-account', 'edge', '--bind', '127.0.0.1'];
      const ports = ['--admin-port', admin, '--stats-port', stats, '--agent-port', agent, '--health-port', health].map(String);
      const program = engine === 'envoy' ? ['--envoy-path', String(envoy)] : ['--concurrency', '1'];
      const proxy = new WeftProcess({}, 'proxy', 'run', '--engine', engine, ...program, ...safe, ...who, ...ports);
      const identity = await identityFor(await tokenOf('shop', 'cart'));
      let shown: string | undefined;
      const ask = (withOwn: boolean): Promise<string> =>
        new Promise((resolve) => {
          const own = withOwn ? { cert: identity.certificateChain, key: identity.privateKey } : {};
          const options = { ...own, ca: identity.roots, ALPNProtocols: ['http/1.1'], servername: 'web', checkServerIdentity: () => undefined };
          let text = '';
          const socket = connectTls({ host: '127.0.0.1', port: gatewayPort, ...options }, () => {
            shown = socket.getPeerCertificate().subjectaltname;
            socket.write('GET / HTTP/1.1\r\nhost: web\r\nconnection: close\r\n\r\n');
          });
          socket.setTimeout(20_000, () => socket.destroy(new Error('no answer')));
          socket.setEncoding('utf8').on('data', (data: string) => {
            text += data;
          });
          socket.on('error', (error) => resolve(error.message)).on('close', () => resolve(text));
        });
      await until(async () => (await ask(true)).startsWith('HTTP/1.1 200'), 'the gateway answers over mTLS', 60_000);
      expect(shown).toBe('URI:spiffe://cluster.local/ns/shop/sa/edge');
      expect(await ask(false)).not.toContain('HTTP/1.1 200');
      proxy.signal('SIGTERM');
      await proxy.exited;
    });
  });
});
