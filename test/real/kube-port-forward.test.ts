// Ports of pods by way of a real API server and the real server of a kubelet.
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect as connectTo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connect.ts';
import { KubeError } from '../../src/kube/error.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { openPodStream, portForward } from '../../src/kube/port-forward.ts';
import { clusterAvailable, startCluster, type TestCluster } from '../kube/cluster.ts';
import { podWithPorts, running } from '../kube/pods.ts';
import { closeAll, toClose, until } from '../proxy/support.ts';
import { httpProxy, socksProxy } from './kube-proxies.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const available = await clusterAvailable();

let cluster: TestCluster;
let client: KubeClient;

/** It sends back what comes to port 7. */
const echo = { namespace: 'shop', name: 'echo' };

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  toClose({ close: () => void server.close() });
  return (server.address() as AddressInfo).port;
}

async function failure(promise: Promise<unknown>): Promise<KubeError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof KubeError) return error;
  throw error ?? new Error('it did not fail');
}

beforeAll(async () => {
  if (!available) return;
  cluster = await startCluster();
  client = await connect({ kubeconfig: cluster.kubeconfig });
  await client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  const port = await listening(createServer({ allowHalfOpen: true }, (socket) => void socket.on('error', () => {}).pipe(socket)));
  await running(client, podWithPorts('shop', 'echo', { 7: port }));
});

afterAll(async () => {
  closeAll();
  client?.close();
  await cluster?.stop();
});

describe.skipIf(!available)('a port of a pod', () => {
  test('carries what is sent, both ways at once', async () => {
    const stream = await openPodStream(client, echo, 7);
    const part = Buffer.from(Uint8Array.from({ length: 1 << 20 }, (_, i) => (i * 31 + (i >> 8)) & 255));
    const parts = 16;
    let received = 0;
    const reading = (async () => {
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        for (let i = 0; i < chunk.length; i++) if (chunk[i] !== part[(received + i) % part.length]) throw new Error(`byte ${received + i} is another one`);
        received += chunk.length;
        if (received === parts * part.length) break;
      }
    })();
    for (let i = 0; i < parts; i++) if (!stream.write(part)) await once(stream, 'drain');
    await reading;
    expect(received).toBe(parts * part.length);
  });

  test('is forwarded for fifty connections at once', async () => {
    const forward = await portForward(client, echo, 7);
    const answers = await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const socket = connectTo(forward.address.port, '127.0.0.1');
        socket.write(`connection ${i}`);
        const [answer] = (await once(socket, 'data')) as [Buffer];
        socket.destroy();
        return answer.toString();
      }),
    );
    expect(answers).toEqual(Array.from({ length: 50 }, (_, i) => `connection ${i}`));
    await forward.close();
  });

  test('a pod is told nothing by the end of one side, and its answer comes', async () => {
    const port = await listening(
      createServer({ allowHalfOpen: true }, (socket) => void socket.once('data', () => setTimeout(() => socket.end('answer'), 300))),
    );
    await running(client, podWithPorts('shop', 'answers', { 80: port }));
    const stream = await openPodStream(client, { namespace: 'shop', name: 'answers' }, 80);
    stream.end('question');
    expect(await text(stream)).toBe('answer');
  });

  test('says where nothing listens, as a stream and as a forwarded port', async () => {
    const stream = await openPodStream(client, echo, 8);
    expect(await failure(text(stream))).toMatchObject({
      reason: 'PortRefused',
      message: 'cannot connect to port 8 of pod shop/echo: nothing listens there (connection refused)',
    });
    const forward = await portForward(client, echo, 8);
    const socket = connectTo(forward.address.port, '127.0.0.1');
    socket.write('x');
    await expect(once(socket, 'close').then(() => forward.failure?.reason)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(forward.failure?.reason).toBe('PortRefused');
    await forward.close();
  });

  test('says why there is no way into a pod', async () => {
    await client.create({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'silent' } });
    const status = { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }], daemonEndpoints: { kubeletEndpoint: { Port: 1 } } };
    await client.patch({ apiVersion: 'v1', kind: 'Node', name: 'silent' }, { status }, { subresource: 'status' });
    await client.create(podWithPorts('shop', 'waits', {}, { annotations: { 'kubelab/waiting': 'ImagePullBackOff' } }));
    await client.create(podWithPorts('shop', 'nowhere', {}, { spec: { nodeSelector: { there: 'is-none' } } }));
    await running(client, podWithPorts('shop', 'cut-off', {}, { spec: { nodeName: 'silent' } }));
    const why = async (name: string): Promise<string> => {
      const { reason, message } = await failure(openPodStream(client, { namespace: 'shop', name }, 7));
      return `${reason}: ${message}`;
    };
    const cannot = (name: string): string => `cannot connect to port 7 of pod shop/${name}:`;
    expect(await why('nobody')).toBe(`NotFound: ${cannot('nobody')} there is no such pod`);
    expect(await why('waits')).toBe(`PodNotRunning: ${cannot('waits')} the pod does not run`);
    expect(await why('nowhere')).toBe(`PodNotRunning: ${cannot('nowhere')} the pod does not run`);
    // Pods of nodes that are not there are removed after 40 s.
    await client.create(podWithPorts('shop', 'lost', {}, { spec: { nodeName: 'gone' } }));
    expect(await why('lost')).toBe(`NodeUnreachable: ${cannot('lost')} its node gone is not in the cluster`);
    expect(await why('cut-off')).toMatch(/^NodeUnreachable: .* the API server does not reach the kubelet of its node \(.*connection refused.*\)$/);
  });

  test('takes the rights to get and to create it, and says so', async () => {
    const viewer = await connect({ kubeconfig: cluster.kubeconfig, context: 'viewer' });
    toClose({ close: () => viewer.close() });
    const group = 'rbac.authorization.k8s.io';
    const role = (verbs: readonly string[]): KubeObject => ({
      apiVersion: `${group}/v1`,
      kind: 'Role',
      metadata: { name: 'forwards', namespace: 'shop' },
      rules: verbs.length === 0 ? [] : [{ apiGroups: [''], resources: ['pods/portforward'], verbs }],
    });
    const subjects = [{ kind: 'User', name: 'viewer', apiGroup: group }];
    const binding = { apiVersion: `${group}/v1`, kind: 'RoleBinding', metadata: { name: 'forwards', namespace: 'shop' } };
    await client.apply(role([]));
    await client.apply({ ...binding, roleRef: { apiGroup: group, kind: 'Role', name: 'forwards' }, subjects } as KubeObject);
    for (const verbs of [[], ['create'], ['get']]) {
      await client.apply(role(verbs));
      const error = await failure(openPodStream(viewer, echo, 7));
      expect(error).toMatchObject({ reason: 'Forbidden', help: expect.stringMatching(/verbs get and create on pods\/portforward in namespace shop/) });
      expect(error.message).toMatch(/user( viewer)? may not connect to port 7 of pod shop\/echo$/);
    }
    await client.apply(role(['get', 'create']));
    await until(
      () =>
        openPodStream(viewer, echo, 7).then(
          (stream) => Boolean(stream.destroy()),
          () => false,
        ),
      'the new rights',
      60_000,
    );
  });
});

describe.skipIf(!available)('the way to a pod', () => {
  test.each([
    ['an HTTP proxy', httpProxy],
    ['a SOCKS proxy', socksProxy],
  ])('may lead through %s', async (_, start) => {
    const proxy = toClose(await start());
    const kubeconfig = join(cluster.dir, 'kubeconfig-proxy');
    writeFileSync(kubeconfig, readFileSync(cluster.kubeconfig, 'utf8').replace('cluster: {', `cluster: {proxy-url: ${JSON.stringify(proxy.url)}, `));
    const there = await connect({ kubeconfig });
    const stream = await openPodStream(there, echo, 7);
    stream.write('through');
    expect(String(await once(stream, 'data'))).toBe('through');
    expect(proxy.connections).toEqual([cluster.server.replace('https://', '')]);
    stream.destroy();
    there.close();
  });

  test('is cut when the API server goes, and is there again with it', async () => {
    const stream = await openPodStream(client, echo, 7);
    stream.write('x');
    await once(stream, 'data');
    const failed = failure(text(stream));
    await cluster.kill();
    expect(await failed).toMatchObject({ reason: 'Unreachable', message: expect.stringMatching(/^the connection to port 7 of pod shop\/echo was cut/) });
    expect(await failure(openPodStream(client, echo, 7))).toMatchObject({ reason: 'Unreachable', message: expect.stringMatching(/nothing listens there/) });
    await cluster.restart();
    const again = await openPodStream(client, echo, 7);
    again.write('y');
    expect(String(await once(again, 'data'))).toBe('y');
    again.destroy();
  });
});
