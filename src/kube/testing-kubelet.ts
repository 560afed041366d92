// A kubelet behind an API server, for what a real one does rarely.
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { KubeClient } from './client.ts';
import { FixedCredentials } from './credentials.ts';
import type { KubeError } from './error.ts';
import { Transport } from './transport.ts';

export const pod = { namespace: 'shop', name: 'cart-1' };
const cleanups: (() => unknown)[] = [];

/** Ends what tests have started; for afterEach. */
export async function cleanUp(): Promise<void> {
  for (const clean of cleanups.splice(0).reverse()) await clean();
}

/** Called by `cleanUp`. */
export function atEnd(clean: () => unknown): void {
  cleanups.push(clean);
}

/** A kubelet behind an API server. */
export interface Kubelet {
  client: KubeClient;
  /** Requests for a stream, as they came. */
  asked: IncomingMessage[];
  /** Streams that are open. */
  sockets: Set<WebSocket>;
  /** Connections that are open, with or without a stream. */
  connections: Set<Socket>;
}

/**
 * An API server that turns connections over to a kubelet.
 *
 * @param run what the kubelet does with a stream, after the prefix of each channel
 * @param refuse what it says in place of that to a request, by how many there were
 */
export async function kubelet(run: (socket: WebSocket) => void, refuse?: (count: number) => Record<string, unknown> | string | undefined): Promise<Kubelet> {
  const asked: IncomingMessage[] = [];
  const webSockets = new WebSocketServer({ noServer: true, handleProtocols: (offered) => (offered.has('v4.channel.k8s.io') ? 'v4.channel.k8s.io' : false) });
  const server = createServer();
  const connections = new Set<Socket>();
  server.on('connection', (socket: Socket) => void connections.add(socket.once('close', () => connections.delete(socket))));
  server.on('upgrade', (one, socket, head) => {
    asked.push(one);
    const refusal = refuse?.(asked.length);
    if (refusal !== undefined) {
      const body = typeof refusal === 'string' ? refusal : JSON.stringify(refusal);
      const status = typeof refusal === 'string' ? 500 : refusal.code;
      // As an API server that passes on what a kubelet says: it does not tell that it closes.
      socket.end(`HTTP/1.1 ${status} Refused\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
      return;
    }
    const port = Number(new URL(one.url ?? '', 'http://localhost').searchParams.get('ports'));
    // The prefixes may come in one packet with the answer, and what follows, too.
    socket.cork();
    webSockets.handleUpgrade(one, socket, head, (own) => {
      for (const channel of [0, 1]) own.send(Buffer.from([channel, port & 255, port >> 8]));
      run(own);
      socket.uncork();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, context: 'test', origin: 'the test' };
  const credentials = new FixedCredentials({ headers: { authorization: 'Bearer secret' } });
  const client = new KubeClient(new Transport(endpoint, credentials), { context: 'test', namespace: 'shop', timeoutMs: 5_000 });
  atEnd(() => {
    client.close();
    for (const socket of connections) socket.destroy();
    server.close();
  });
  return { client, asked, sockets: webSockets.clients, connections };
}

/** One message of a channel: 0 for data, 1 for errors. */
export const message = (bytes: string | Buffer, channel = 0): Buffer => Buffer.concat([Buffer.from([channel]), Buffer.from(bytes)]);

/** Sends back what comes. */
export const echo = (socket: WebSocket): void => void socket.on('message', (received: Buffer) => socket.send(received));

/** What a kubelet says where nothing listens. */
export const refused =
  'error forwarding port 15000 to pod 0af3, uid : failed to execute portforward in network namespace "/var/run/netns/cni-1": failed to connect to localhost:15000 inside namespace "0af3", IPv4: dial tcp4 127.0.0.1:15000: connect: connection refused IPv6 dial tcp6 [::1]:15000: connect: connection refused ';

/** What a promise fails with. */
export async function failure(promise: Promise<unknown>): Promise<KubeError> {
  const result = await promise.then(
    () => undefined,
    (error) => error as KubeError,
  );
  if (!result) throw new Error('it did not fail');
  return result;
}
