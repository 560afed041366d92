import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { KubeClient } from './client.ts';
import { KubeError } from './error.ts';
import { errorOfOpening, purposeOf, streamErrors } from './pod-errors.ts';
import { channelProtocol, PodStream } from './pod-stream.ts';
import { dialWebSocket } from './web-socket.ts';

export interface PodName {
  namespace: string;
  name: string;
}

export interface PodStreamOptions {
  /** Gives the attempt up, and ends the stream. */
  signal?: AbortSignal | undefined;
  /** Until the stream is there, in milliseconds. Default: that of a request of the client. */
  timeoutMs?: number;
}

/**
 * One connection to a port of a pod, by way of the API server and the kubelet. It takes the right to get and create `pods/portforward`.
 *
 * @returns a stream whose errors are KubeErrors: `PortRefused` where nothing listens there, which shows only after the stream is open, when it is read
 * @throws KubeError `NotFound`, `Forbidden`, `PodNotRunning`, `NodeUnreachable`, and what requests throw
 */
export async function openPodStream(client: KubeClient, pod: PodName, port: number, options: PodStreamOptions = {}): Promise<Duplex> {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new KubeError(`${port} is no port of a pod`, { reason: 'Invalid' });
  const errors = streamErrors(pod, port);
  const path = `/api/v1/namespaces/${encodeURIComponent(pod.namespace)}/pods/${encodeURIComponent(pod.name)}/portforward`;
  try {
    return await client.upgrade(
      path,
      { query: { ports: port }, purpose: purposeOf(pod, port), ...options },
      dialWebSocket(channelProtocol, (socket) => new PodStream(socket, errors)),
    );
  } catch (error) {
    throw errorOfOpening(error, pod, port);
  }
}

/** A port of this machine whose connections end in a pod. */
export interface Forward {
  readonly address: { host: '127.0.0.1'; port: number };
  /** Why the last connection failed, of which its user sees no more than that it was reset; undefined where none has. */
  readonly failure: KubeError | undefined;
  /** Ends all connections. */
  close(): Promise<void>;
}

export interface ForwardOptions {
  /** Closes it. */
  signal?: AbortSignal | undefined;
}

/** A pod is not told that a client has no more to send: when nothing comes for so long, nothing will. Container runtimes wait a second. */
const lingerMs = 2_000;

/**
 * Forwards a free port of this machine to a port of a pod, a stream for each connection. For HTTP requests `openPodStream` is enough, and its
 * errors say why.
 *
 * @throws KubeError where there is no pod, it does not run, or it may not be reached. Whether something listens there shows with the connections.
 */
export async function portForward(client: KubeClient, pod: PodName, port: number, { signal }: ForwardOptions = {}): Promise<Forward> {
  // Where there is no way into the pod, the caller hears of it, and not the first who connects.
  (await openPodStream(client, pod, port, { signal })).destroy();
  const sockets = new Set<Socket>();
  let failure: KubeError | undefined;
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).once('close', () => sockets.delete(socket));
    const fail = (error: Error): void => {
      failure = error as KubeError;
      socket.resetAndDestroy();
    };
    openPodStream(client, pod, port, { signal }).then((stream) => join(socket, stream.once('error', fail)), fail);
  });
  const close = async (): Promise<void> => {
    signal?.removeEventListener('abort', close);
    for (const socket of sockets) socket.destroy();
    if (!server.listening) return;
    server.close();
    await once(server, 'close');
  };
  try {
    await once(server.listen(0, '127.0.0.1'), 'listening', { signal });
  } catch (error) {
    server.close();
    const why = signal?.aborted ? 'it was given up' : (error as Error).message;
    throw new KubeError(`cannot ${purposeOf(pod, port)}: ${why}`, { reason: 'Aborted', cause: error });
  }
  signal?.addEventListener('abort', close, { once: true });
  return {
    address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    get failure() {
      return failure;
    },
    close,
  };
}

/** The end of either is that of the other. */
function join(socket: Socket, stream: Duplex): void {
  socket.once('close', () => stream.destroy());
  if (socket.destroyed) stream.destroy();
  stream.pipe(socket).pipe(stream);
  socket.once('end', () => socket.setTimeout(lingerMs, () => socket.destroy()));
}
