// Certificates of gateways by `credentialName` in a real cluster: read with the rights of the controller's own account, given to the pod
// of the gateway over the secured port, and to nobody else.
import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import { Client } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ControlPlane } from '../../src/agent/control-plane.ts';
import { usualRootTimes } from '../../src/controller/authority/root-rotation.ts';
import { nodeOf } from '../../src/envoy/node.ts';
import { typeUrls } from '../../src/envoy/type-urls.ts';
import { decodeDeltaResponse, encodeDeltaRequest } from '../../src/envoy/xds/client-messages.ts';
import { discoveryService } from '../../src/envoy/xds/services.ts';
import { mergeValues } from '../../src/install/merge.ts';
import { renderManifests } from '../../src/install/render/manifests.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connect.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { issueAuthority, issueServing } from '../../src/pki/issue.ts';
import { longestWorkloadLifetimeMs } from '../../src/pki/lifetimes.ts';
import type { KeyPair } from '../../src/pki/pem.ts';
import { namedProxy } from '../../src/translate/workload-identity.ts';
import { setup } from '../cli/setup.ts';
import { clusterAvailable, startCluster, type TestCluster } from '../kube/cluster.ts';
import { applyAll, get } from '../kube/control-plane.ts';
import { ControllerProgram, controllerName, createPod, Files, type GatewayPod, rootsIn, startGateway, stopGateways, tokenOf } from '../kube/mesh-proxies.ts';
import { backend, closeAll, freePorts, until } from '../proxy/support.ts';
import { envoyProgram } from './envoy.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const available = await clusterAvailable();
const envoy = envoyProgram();
const networking = 'networking.istio.io/v1';
const role = 'weft-controller-istio-system-secrets';

let cluster: TestCluster;
let client: KubeClient;
let controller: ControllerProgram;
let authority: KeyPair;
let web: number;
/** Every private key that was written into a Secret. */
const keys: string[] = [];

async function issue(name: string): Promise<KeyPair> {
  const made = await issueServing(authority, [name], Date.now());
  keys.push(made.key);
  return made;
}

async function writeSecret(namespace: string, name: string, { certificate, key }: KeyPair): Promise<void> {
  const data = { 'tls.crt': Buffer.from(certificate).toString('base64'), 'tls.key': Buffer.from(key).toString('base64') };
  await client.apply({ apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name }, type: 'kubernetes.io/tls', data });
}

/** Name in the certificate that is shown, with the status of the response; of no response, why. */
function ask(port: number): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connectTls({ host: '127.0.0.1', port, servername: 'web', ca: authority.certificate, checkServerIdentity: () => undefined }, () => {
      text = `${socket.getPeerCertificate().subjectaltname} `;
      socket.write('GET / HTTP/1.1\r\nhost: web\r\nconnection: close\r\n\r\n');
    });
    socket.setTimeout(20_000, () => socket.destroy(new Error('no answer')));
    socket.setEncoding('utf8').on('data', (data: string) => {
      text += data;
    });
    socket.on('error', (error) => resolve(error.message)).on('close', () => resolve(text.split('\r\n')[0] ?? ''));
  });
}

const edgePod = (namespace: string, name: string): GatewayPod => ({ namespace, name, account: 'edge', labels: { istio: `${namespace}-${name}` } });

/** A Gateway for one pod, on one port, with one certificate. */
async function writeGateway(pod: GatewayPod, port: number, certificate: object): Promise<void> {
  const { namespace, name } = pod;
  const servers = [{ port: { number: port, name: 'https', protocol: 'HTTPS' }, hosts: ['*'], tls: { mode: 'SIMPLE', ...certificate } }];
  const http = [{ route: [{ destination: { host: 'web.example' } }] }];
  await applyAll(client, [
    { apiVersion: networking, kind: 'Gateway', metadata: { namespace, name }, spec: { selector: { ...pod.labels }, servers } },
    { apiVersion: networking, kind: 'VirtualService', metadata: { namespace, name }, spec: { hosts: ['*'], gateways: [name], http } },
  ]);
}

beforeAll(async () => {
  if (!available) return;
  setup();
  cluster = await startCluster();
  client = await connect({ kubeconfig: cluster.kubeconfig });
  authority = await issueAuthority('servers', Date.now());
  web = await backend((_request, response) => response.end('hello'));
  for (const name of ['edge', 'dark', 'keys', 'istio-system']) await client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  const { values } = mergeValues({ files: [], set: ['gateways[0].namespace=edge'], profile: 'default' });
  const objects = renderManifests(values, { weftVersion: '1.2.3' }).map(({ object }) => object);
  await applyAll(
    client,
    objects.filter(({ kind }) => !/Deployment|WebhookConfiguration|Autoscaler/.test(kind)),
  );
  const entry = {
    hosts: ['web.example'],
    resolution: 'STATIC',
    ports: [{ number: 80, name: 'http', protocol: 'HTTP', targetPort: web }],
    endpoints: [{ address: '127.0.0.1' }],
  };
  await until(async () => (await client.resource(networking, 'ServiceEntry', { fresh: true })) !== undefined, 'ServiceEntries are served', 60_000);
  await client.apply({ apiVersion: networking, kind: 'ServiceEntry', metadata: { namespace: 'istio-system', name: 'web' }, spec: entry });
  controller = await ControllerProgram.on({
    kubeconfig: cluster.kubeconfig,
    account: 'istio-system/weft-controller',
    rootTimes: usualRootTimes,
    maxWorkloadLifetimeMs: longestWorkloadLifetimeMs,
  });
  await controller.start();
  await until(async () => (await rootsIn(client, 'dark')) !== '' && (await rootsIn(client, 'edge')) !== '', 'the roots are in the namespaces', 60_000);
});

afterAll(async () => {
  await stopGateways();
  closeAll();
  await controller?.kill();
  client?.close();
  await cluster?.stop();
});

describe.skipIf(!available)('a Secret of a Gateway', () => {
  test.each(['embedded', 'envoy'])('is shown by a gateway by %s, and each new one without a restart', async (engine) => {
    if (engine === 'envoy' && envoy === undefined) return;
    const [port = 0] = await freePorts(1);
    const pod = edgePod('edge', engine);
    await writeSecret('edge', `web-${engine}`, await issue('one'));
    await writeGateway(pod, port, { credentialName: `web-${engine}` });
    const { process } = await startGateway(client, pod, engine === 'envoy' ? String(envoy) : engine, controller.securePort);
    await until(async () => (await ask(port)) === 'DNS:one HTTP/1.1 200 OK', 'the gateway answers', 60_000).catch((error: Error) => {
      throw new Error(`${error.message}\n${process.stderr}\n${controller.log}`);
    });
    await writeSecret('edge', `web-${engine}`, await issue('two'));
    await until(async () => (await ask(port)) === 'DNS:two HTTP/1.1 200 OK', 'the new certificate', 60_000);
    // Half of a change is not taken.
    await writeSecret('edge', `web-${engine}`, { certificate: (await issue('three')).certificate, key: (await issue('four')).key });
    await until(() => controller.log.includes(`Secret edge/web-${engine}: the private key is not that of the certificate`), 'it is told', 60_000);
    expect(await ask(port)).toBe('DNS:two HTTP/1.1 200 OK');
    expect(process.stderr).not.toContain('PRIVATE KEY');
  });

  test.each(['embedded', 'envoy'])('may be files instead, which a gateway by %s reads itself', async (engine) => {
    if (engine === 'envoy' && envoy === undefined) return;
    const [port = 0] = await freePorts(1);
    const pod = edgePod('edge', `files-${engine}`);
    const files = new Files();
    const write = async (name: string): Promise<object> => {
      const { certificate, key } = await issue(name);
      return { privateKey: files.write('tls.key', key), serverCertificate: files.write('tls.crt', certificate) };
    };
    await writeGateway(pod, port, await write('one'));
    await startGateway(client, pod, engine === 'envoy' ? String(envoy) : engine, controller.securePort);
    await until(async () => (await ask(port)) === 'DNS:one HTTP/1.1 200 OK', 'the gateway answers', 60_000);
    await write('two');
    await until(async () => (await ask(port)) === 'DNS:two HTTP/1.1 200 OK', 'the new certificate', 60_000);
  });

  test('of a namespace that the controller may not read is told once, and taken up when it may', async () => {
    const [port = 0] = await freePorts(1);
    const pod = edgePod('dark', 'one');
    await writeSecret('dark', 'web', await issue('dark'));
    await writeGateway(pod, port, { credentialName: 'web' });
    await startGateway(client, pod, 'embedded', controller.securePort);
    await until(() => /the Secrets of namespace dark cannot be read.*controller\.secretNamespaces/.test(controller.log), 'it is told', 60_000);
    await until(async () => (await ask(port)) !== 'connect ECONNREFUSED 127.0.0.1:'.concat(String(port)), 'the gateway listens', 60_000);
    expect(await ask(port)).not.toContain('HTTP/1.1 200');
    const about = JSON.parse((await get(controller.monitoringPort, '/debug/controller')).body) as { secrets: { namespace: string; problem?: string }[] };
    expect(about.secrets.find(({ namespace }) => namespace === 'dark')?.problem).toMatch(/forbidden|may not/);
    expect(about.secrets.find(({ namespace }) => namespace === 'edge')?.problem).toBeUndefined();

    const copies = ['Role', 'RoleBinding'].map(async (kind): Promise<KubeObject> => {
      const found = (await client.get({ apiVersion: 'rbac.authorization.k8s.io/v1', kind, namespace: 'edge', name: role })) as KubeObject;
      const { metadata: _, status: __, ...rest } = found;
      return { ...rest, metadata: { namespace: 'dark', name: role } } as KubeObject;
    });
    await applyAll(client, await Promise.all(copies));
    await until(async () => (await ask(port)) === 'DNS:dark HTTP/1.1 200 OK', 'the certificate is there', 60_000);
    expect(controller.log.match(/the Secrets of namespace dark cannot be read/g)).toHaveLength(1);
  });

  /** What a control plane says of Secrets to a proxy with this token. */
  async function askedBy(token: string, pod: GatewayPod, names: readonly string[]): Promise<{ given: string[]; refused: string[] }> {
    const files = new Files();
    const address = `127.0.0.1:${controller.securePort}`;
    const rootsFile = files.write('roots', await rootsIn(client, 'edge'));
    const way = new ControlPlane({ address, name: controllerName, tokenFile: files.write('token', token), rootsFile });
    const { credentials, options, metadata } = await way.channel();
    const grpc = new Client(address, credentials, options);
    const method = discoveryService.DeltaAggregatedResources;
    const stream = grpc.makeBidiStreamRequest(method.path, encodeDeltaRequest, method.responseDeserialize, metadata);
    stream.on('error', () => {});
    const identity = { ...namedProxy('gateway', pod.namespace, pod.name), labels: pod.labels, serviceAccount: pod.account };
    stream.write({ node: nodeOf({ identity, options: { meshTls: 'sds' } }), typeUrl: typeUrls.secret, subscribe: names });
    const [message] = (await once(stream, 'data')) as [Buffer];
    stream.cancel();
    grpc.close();
    const { resources, removed } = decodeDeltaResponse(message);
    return { given: resources.map(({ name }) => name), refused: removed };
  }

  test('is not given to other pods, whatever they say that they are', async () => {
    const pod = edgePod('edge', 'embedded');
    const own = await createPod(client, pod);
    const names = ['kubernetes://web-embedded', 'kubernetes://istio-ca-secret', 'kubernetes://web-envoy'];
    const [mine = '', ...others] = names;
    const bound = await tokenOf(client, 'edge', 'edge', { pod: own });
    expect(await askedBy(bound, pod, names)).toEqual({ given: [mine], refused: others });
    // Another pod of the same account, with the labels that the Gateway selects in what it says of itself.
    const spy: GatewayPod = { ...pod, name: 'spy', labels: {} };
    const spied = await tokenOf(client, 'edge', 'edge', { pod: await createPod(client, spy) });
    expect(await askedBy(spied, { ...spy, labels: pod.labels }, names)).toEqual({ given: [], refused: names });
    // A token of that account which is bound to no pod.
    expect(await askedBy(await tokenOf(client, 'edge', 'edge'), pod, names)).toEqual({ given: [], refused: names });
  });

  test('of another namespace is not given for a name alone', async () => {
    const [port = 0] = await freePorts(1);
    const pod = edgePod('edge', 'foreign');
    await writeSecret('keys', 'shared', await issue('shared'));
    await writeGateway(pod, port, { credentialName: 'kubernetes-gateway://keys/shared' });
    const token = await tokenOf(client, 'edge', 'edge', { pod: await createPod(client, pod) });
    const names = ['kubernetes-gateway://keys/shared'];
    const isTold = async (): Promise<boolean> => {
      expect(await askedBy(token, pod, names)).toEqual({ given: [], refused: names });
      return controller.log.includes('Secret keys/shared is not given to gateways of namespace edge');
    };
    await until(isTold, 'the pod and its Gateway are known, and it is told', 60_000);
  });

  test('is nowhere but in memory and with its gateway', async () => {
    const pages = ['/metrics', '/debug', '/debug/controller', '/debug/mesh', '/debug/resources', '/debug/proxies', '/debug/config'];
    pages.push('/debug/table?proxy=edge/embedded', '/debug/table?gateway=edge/embedded');
    const bodies = await Promise.all(pages.map(async (path) => (await get(controller.monitoringPort, path)).body));
    const said = [controller.log, ...bodies].join('\n');
    expect(said).not.toMatch(/BEGIN [A-Z ]*PRIVATE KEY|LS0tLS1CRUdJTi/);
    for (const key of keys) {
      const [, line = ''] = key.split('\n');
      expect(line.length).toBeGreaterThan(40);
      expect(said).not.toContain(line);
    }
  });
});
