import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { until } from '../../test/until.ts';
import { KubeClient } from './client.ts';
import { FixedCredentials } from './credentials.ts';
import { openPodStream } from './port-forward.ts';
import { statusOf } from './testing.ts';
import { atEnd, cleanUp, echo, failure, kubelet, message, pod, refused } from './testing-kubelet.ts';
import { Transport } from './transport.ts';

afterEach(cleanUp);

describe('one stream', () => {
  it('is asked for with the port and the credentials, and carries both directions without the prefixes', async () => {
    const { client, asked, sockets } = await kubelet(echo);
    const stream = await openPodStream(client, pod, 15_000);
    stream.write('hello');
    expect(String(await once(stream, 'data'))).toBe('hello');
    expect(asked).toHaveLength(1);
    expect(asked[0]?.url).toBe('/api/v1/namespaces/shop/pods/cart-1/portforward?ports=15000');
    expect(asked[0]?.headers).toMatchObject({ authorization: 'Bearer secret', 'sec-websocket-protocol': 'v4.channel.k8s.io', 'user-agent': 'weft' });
    stream.destroy();
    await until(() => sockets.size === 0, 'the connection is closed');
  });

  it('ends when the pod has closed, after all that it has sent', async () => {
    const { client } = await kubelet((socket) => {
      for (let i = 0; i < 100; i++) socket.send(message(`${i},`));
      socket.close(1000);
    });
    const stream = await openPodStream(client, pod, 80);
    expect(await text(stream)).toBe(Array.from({ length: 100 }, (_, i) => `${i},`).join(''));
    await until(() => stream.destroyed, 'the stream is closed');
  });

  it('has an end of its own that the pod is not told of: the answer still comes', async () => {
    const { client } = await kubelet((socket) => {
      socket.once('message', () => setTimeout(() => socket.send(message('answer'), () => socket.close(1000)), 50));
    });
    const stream = await openPodStream(client, pod, 80);
    stream.end('question');
    expect(await text(stream)).toBe('answer');
  });

  it('goes on without what is written after the pod has closed', async () => {
    const { client } = await kubelet((socket) => {
      socket.send(message('413'));
      socket.close(1000);
    });
    const stream = await openPodStream(client, pod, 80);
    const sending = setInterval(() => stream.writable && stream.write(Buffer.alloc(1000)), 1);
    atEnd(() => clearInterval(sending));
    expect(await text(stream)).toBe('413');
  });

  it.each<[string, (socket: WebSocket) => void, string, RegExp]>([
    [
      'nothing listens on the port',
      (socket) => socket.send(message(refused, 1)),
      'PortRefused',
      /^cannot connect to port 15000 of pod shop\/cart-1: nothing listens there/,
    ],
    [
      'the runtime fails',
      (socket) =>
        socket.send(message('error forwarding port 15000 to pod 0af3, uid 12: read tcp 127.0.0.1:5->127.0.0.1:15000:\n read: connection reset by peer', 1)),
      'PodConnection',
      /^cannot connect to port 15000 of pod shop\/cart-1: read tcp 127\.0\.0\.1:5->127\.0\.0\.1:15000: read: connection reset by peer$/,
    ],
    ['the connection is cut', (socket) => setImmediate(() => socket.terminate()), 'Unreachable', /^the connection to port 15000 of pod shop\/cart-1 was cut$/],
    ['the kubelet goes away', (socket) => socket.close(1001, 'going'), 'Unreachable', /was cut: going$/],
  ])('fails when %s, which may be known with its first bytes', async (_, run, reason, words) => {
    const { client } = await kubelet(run);
    // Nobody has a chance to listen for errors before it is there.
    const stream = await openPodStream(client, pod, 15_000);
    await sleep(20);
    const error = await failure(text(stream));
    expect(error).toMatchObject({ name: 'KubeError', reason });
    expect(error.message).toMatch(words);
  });

  it('tells a failure after what came before it', async () => {
    const { client } = await kubelet((socket) => {
      for (let i = 0; i < 50; i++) socket.send(message(Buffer.alloc(10_000)));
      socket.send(message('error forwarding port 80 to pod x, uid : broken pipe', 1));
      socket.close(1000);
    });
    const stream = await openPodStream(client, pod, 80);
    let bytes = 0;
    const error = await failure(
      (async () => {
        for await (const chunk of stream) {
          bytes += (chunk as Buffer).length;
          await sleep(1);
        }
      })(),
    );
    expect(bytes).toBe(500_000);
    expect(error.message).toMatch(/broken pipe$/);
  });

  it.each([
    ['in pieces of a byte', (socket: WebSocket) => [0, 80, 0].map((byte) => socket.send(Buffer.from([0, byte].slice(0, byte === 0 ? 1 : 2))))],
    ['on a channel that nobody knows', (socket: WebSocket) => socket.send(message('x', 7))],
    ['empty', (socket: WebSocket) => socket.send(Buffer.alloc(0))],
  ])('passes over messages %s', async (_, run) => {
    const { client } = await kubelet((socket) => {
      run(socket);
      socket.send(message('end'));
      socket.close(1000);
    });
    expect(await text(await openPodStream(client, pod, 80))).toMatch(/^P?end$/);
  });

  it('carries 32 MB each way at once, byte for byte', async () => {
    const { client } = await kubelet(echo);
    const stream = await openPodStream(client, pod, 80);
    const [sent, received] = [createHash('sha256'), createHash('sha256')];
    const total = 32 << 20;
    let back = 0;
    const reading = (async () => {
      for await (const chunk of stream) {
        received.update(chunk as Buffer);
        back += (chunk as Buffer).length;
        if (back === total) break;
      }
    })();
    for (let i = 0; i < 32; i++) {
      // Longer than what is sent at once, and of a length that is no multiple of it.
      const part = randomBytes((1 << 20) + (i % 2 === 0 ? 7 : -7));
      sent.update(part);
      if (!stream.write(part)) await once(stream, 'drain');
    }
    await reading;
    expect(received.digest('hex')).toBe(sent.digest('hex'));
  });

  it('does not read on while nobody takes what is there', async () => {
    let sent = 0;
    const { client } = await kubelet((socket) => {
      const more = (): void => {
        // Until the network takes no more.
        if (socket.readyState !== socket.OPEN || sent >= 256) return;
        sent++;
        socket.send(message(Buffer.alloc(1 << 20)), () => setImmediate(more));
      };
      more();
    });
    const stream = await openPodStream(client, pod, 80);
    await once(stream, 'readable');
    await sleep(300);
    const stalled = sent;
    expect(stalled).toBeLessThan(64);
    expect(stream.readableLength).toBeLessThan(4 << 20);
    stream.resume();
    await until(() => sent > stalled, 'more is sent');
    stream.destroy();
  });

  it('holds back the writer while the pod does not read', async () => {
    const { client, connections } = await kubelet(() => {});
    const stream = await openPodStream(client, pod, 80);
    for (const socket of connections) socket.pause();
    let taken = 0;
    for (; taken < 256; taken++) {
      if (stream.write(Buffer.alloc(1 << 20))) continue;
      const drained = await Promise.race([once(stream, 'drain').then(() => true), sleep(300).then(() => false)]);
      if (!drained) break;
    }
    expect(taken).toBeLessThan(64);
    stream.destroy();
  });

  it('is given up by a signal, before it is there and after', async () => {
    const { client } = await kubelet(echo);
    const before = AbortSignal.abort();
    expect(await failure(openPodStream(client, pod, 80, { signal: before }))).toMatchObject({ reason: 'Aborted' });
    const later = new AbortController();
    const stream = await openPodStream(client, pod, 80, { signal: later.signal });
    later.abort();
    expect((await failure(text(stream))).message).toBe('cannot connect to port 80 of pod shop/cart-1: it was given up');
  });

  it('fails when the client is closed', async () => {
    const { client } = await kubelet(echo);
    const stream = await openPodStream(client, pod, 80);
    client.close();
    expect(await failure(text(stream))).toMatchObject({ reason: 'Aborted' });
  });

  it('is not waited for longer than the client does', async () => {
    const server = createServer().on('upgrade', () => {});
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    atEnd(() => server.close());
    atEnd(() => server.closeAllConnections());
    const endpoint = { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, context: 'test', origin: 'the test' };
    const client = new KubeClient(new Transport(endpoint, new FixedCredentials({ headers: {} })), { context: 'test', namespace: 'shop', timeoutMs: 100 });
    expect(await failure(openPodStream(client, pod, 80))).toMatchObject({ reason: 'Timeout', message: expect.stringMatching(/does not answer within 0.1 s/) });
    client.close();
  });
});

describe('no stream', () => {
  it.each<[string, Record<string, unknown> | string, string, string]>([
    [
      'the user may not',
      statusOf(403, 'Forbidden', 'pods "cart-1" is forbidden: User "ann" cannot get resource "pods/portforward" in API group "" in the namespace "shop"'),
      'Forbidden',
      'user ann may not connect to port 80 of pod shop/cart-1',
    ],
    [
      'a right of the second kind is missing',
      statusOf(403, 'Forbidden', 'pods "cart-1" is forbidden: '),
      'Forbidden',
      'this user may not connect to port 80 of pod shop/cart-1',
    ],
    ['there is no pod', statusOf(404, 'NotFound', 'pods "cart-1" not found'), 'NotFound', 'cannot connect to port 80 of pod shop/cart-1: there is no such pod'],
    [
      'its node is gone',
      statusOf(404, 'NotFound', 'pods "node-7" not found'),
      'NodeUnreachable',
      'cannot connect to port 80 of pod shop/cart-1: its node node-7 is not in the cluster',
    ],
    [
      'no node has it',
      statusOf(400, 'BadRequest', 'pod cart-1 does not have a host assigned'),
      'PodNotRunning',
      'cannot connect to port 80 of pod shop/cart-1: the pod does not run',
    ],
    ['it does not run', 'pod not found ("cart-1_shop")', 'PodNotRunning', 'cannot connect to port 80 of pod shop/cart-1: the pod does not run'],
    [
      'its node does not answer',
      statusOf(500, 'InternalError', 'error dialing backend: dial tcp 10.1.2.3:10250: i/o timeout'),
      'NodeUnreachable',
      'cannot connect to port 80 of pod shop/cart-1: the API server does not reach the kubelet of its node (dial tcp 10.1.2.3:10250: i/o timeout)',
    ],
    ['the kubelet fails', 'no space left', 'InternalError', 'cannot connect to port 80 of pod shop/cart-1: its kubelet refuses (no space left)'],
  ])('where %s', async (_, refusal, reason, words) => {
    const { client, asked } = await kubelet(echo, (count) => (count === 1 ? refusal : undefined));
    const error = await failure(openPodStream(client, pod, 80));
    expect(error).toMatchObject({ name: 'KubeError', reason, message: words });
    if (reason === 'Forbidden') expect(error.help).toMatch(/get and create on pods\/portforward in namespace shop/);
    // The connection of the refusal is closed without a word: the next stream has another one.
    const stream = await openPodStream(client, pod, 80);
    stream.destroy();
    expect(asked).toHaveLength(2);
  });

  it.each([0, -1, 65_536, 1.5, Number.NaN])('on port %d', async (port) => {
    const { client, asked } = await kubelet(echo);
    expect(await failure(openPodStream(client, pod, port))).toMatchObject({ reason: 'Invalid' });
    expect(asked).toHaveLength(0);
  });

  it('where a proxy in between answers as if nothing had been asked', async () => {
    const server = createServer((_, response) => response.end('<html>welcome</html>'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    atEnd(() => server.close());
    const endpoint = { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, context: 'test', origin: 'the test' };
    const client = new KubeClient(new Transport(endpoint, new FixedCredentials({ headers: {} })), { context: 'test', namespace: 'shop', timeoutMs: 5_000 });
    expect(await failure(openPodStream(client, pod, 80))).toMatchObject({ reason: 'BadAnswer', message: expect.stringMatching(/lets no WebSocket through/) });
    client.close();
  });
});
