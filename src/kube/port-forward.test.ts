import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../test/until.ts';
import { portForward } from './port-forward.ts';
import { statusOf } from './testing.ts';
import { atEnd, cleanUp, echo, failure, kubelet, message, pod, refused } from './testing-kubelet.ts';

afterEach(cleanUp);

describe('a forwarded port', () => {
  const open = async (port: number): Promise<Socket> => {
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    await once(socket, 'connect');
    return socket;
  };

  it('has a stream for each of fifty connections at once', async () => {
    const { client, sockets } = await kubelet(echo);
    const forward = await portForward(client, pod, 15_000);
    atEnd(() => forward.close());
    const answers = await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const socket = await open(forward.address.port);
        const sent = Buffer.alloc(20_000, `${i};`);
        socket.write(sent);
        const chunks: Buffer[] = [];
        for await (const chunk of socket as AsyncIterable<Buffer>) {
          chunks.push(chunk);
          if (Buffer.concat(chunks).length === sent.length) break;
        }
        return Buffer.concat(chunks).equals(sent);
      }),
    );
    expect(answers).toEqual(answers.map(() => true));
    // Whether a client will still read cannot be known for a while.
    await until(() => sockets.size === 0, 'all connections are closed');
    expect(forward.failure).toBeUndefined();
  });

  it('lets a client that has no more to send have its answer', async () => {
    const { client } = await kubelet((socket) => {
      socket.on('message', () => setTimeout(() => socket.send(message('answer'), () => socket.close(1000)), 50));
    });
    const forward = await portForward(client, pod, 15_000);
    atEnd(() => forward.close());
    const socket = await open(forward.address.port);
    socket.end('question');
    expect(await text(socket)).toBe('answer');
  });

  it('resets a connection whose stream fails, and says why', async () => {
    const { client } = await kubelet((socket) => socket.once('message', () => socket.send(message(refused, 1))));
    const forward = await portForward(client, pod, 15_000);
    atEnd(() => forward.close());
    const socket = await open(forward.address.port);
    socket.write('x');
    await expect(text(socket)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(forward.failure).toMatchObject({ reason: 'PortRefused' });
  });

  it('is there only where there is a way into the pod', async () => {
    const { client } = await kubelet(echo, () => statusOf(404, 'NotFound', 'pods "cart-1" not found'));
    expect(await failure(portForward(client, pod, 15_000))).toMatchObject({ reason: 'NotFound' });
  });

  it('stays when the pod goes, and says so to whoever comes', async () => {
    const { client } = await kubelet(echo, (count) => (count === 2 ? statusOf(404, 'NotFound', 'pods "cart-1" not found') : undefined));
    const forward = await portForward(client, pod, 15_000);
    atEnd(() => forward.close());
    await expect(text(await open(forward.address.port))).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(forward.failure).toMatchObject({ reason: 'NotFound' });
    // The pod is back.
    const socket = await open(forward.address.port);
    socket.write('x');
    expect(String(await once(socket, 'data'))).toBe('x');
    socket.destroy();
  });

  it.each<[string, (forward: { close(): Promise<void> }, controller: AbortController) => unknown]>([
    ['closed', (forward) => forward.close()],
    ['given up', (_, controller) => controller.abort()],
  ])('ends all connections when it is %s', async (_, end) => {
    const { client, sockets } = await kubelet(echo);
    const controller = new AbortController();
    const forward = await portForward(client, pod, 15_000, { signal: controller.signal });
    const socket = await open(forward.address.port);
    socket.write('x');
    await once(socket, 'data');
    const closed = once(socket, 'close');
    socket.on('error', () => {});
    await end(forward, controller);
    socket.resume();
    await Promise.race([closed, once(socket, 'end')]);
    socket.destroy();
    await until(() => sockets.size === 0, 'the connection is closed');
    await expect(open(forward.address.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await forward.close();
  });

  it('serves a client of HTTP, request after request', async () => {
    const { client } = await kubelet((socket) => {
      socket.on('message', () => socket.send(message('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok'), () => socket.close(1000)));
    });
    const forward = await portForward(client, pod, 15_000);
    atEnd(() => forward.close());
    for (let i = 0; i < 5; i++) {
      const answer = await new Promise<IncomingMessage>((resolve, reject) => void request({ port: forward.address.port }, resolve).on('error', reject).end());
      expect(await text(answer as unknown as Duplex)).toBe('ok');
    }
  });
});
