import { Duplex } from 'node:stream';
import type WebSocket from 'ws';
import type { KubeError } from './error.ts';

/** Of WebSockets whose messages begin with the number of a channel: the form that kubelets of all versions take for forwarded ports. */
export const channelProtocol = 'v4.channel.k8s.io';

const dataChannel = 0;
const errorChannel = 1;

/** Each channel begins with the number of the port, which whoever asked for it knows. */
const prefixBytes = 2;

/** Kubelets take messages of up to 32 MB, and keep each of them in memory. */
const maxSentBytes = 64 * 1024;

/** Texts of errors are some hundred characters long. */
const maxErrorText = 4_096;

/** A kubelet that does not say goodbye is not waited for. */
const closeMs = 1_000;

/** How an end that nobody wanted is told. */
export interface StreamErrors {
  /** @param text what the kubelet says of the connection into the pod */
  ofKubelet(text: string): KubeError;
  /** @param cause where there is more to say than that the connection ended */
  ofConnection(cause: Error | undefined): KubeError;
}

/**
 * One connection to a port of a pod, over a WebSocket of its own.
 *
 * The protocol cannot say that one side has no more to send. So `end()` tells the pod nothing, and reading goes on until the pod closes; when that
 * has closed, both directions have ended, and what is written then goes nowhere.
 */
export class PodStream extends Duplex {
  readonly #socket: WebSocket;
  readonly #errors: StreamErrors;
  /** Bytes of the prefix that each channel has still to send. */
  readonly #prefix = [prefixBytes, prefixBytes];
  #failure: KubeError | undefined;

  /** @param socket open, and nothing has been read from it */
  constructor(socket: WebSocket, errors: StreamErrors) {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    this.#errors = errors;
    // Until somebody reads, who then hears of errors, too.
    socket.pause();
    socket.on('message', (data) => this.#received(data as Buffer));
    socket.on('error', (error) => this.#fail(this.#errors.ofConnection(error)));
    socket.on('close', (code, reason) => this.#closed(code, reason.toString()));
  }

  override _read(): void {
    this.#socket.resume();
  }

  /** A failure is told after what came before it. */
  override read(size?: number): unknown {
    const chunk: unknown = super.read(size);
    if (this.#failure && this.readableLength === 0) this.#tellFailure();
    return chunk;
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error) => void): void {
    if (this.#socket.readyState !== this.#socket.OPEN) {
      done();
      return;
    }
    for (let from = 0; from < chunk.length; from += maxSentBytes) {
      const part = chunk.subarray(from, from + maxSentBytes);
      const message = Buffer.allocUnsafe(part.length + 1);
      message[0] = dataChannel;
      message.set(part, 1);
      // What fails is told by the socket itself; the last part was sent when all are.
      this.#socket.send(message, from + maxSentBytes < chunk.length ? () => {} : () => done());
    }
    if (chunk.length === 0) done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const socket = this.#socket;
    socket.removeAllListeners('message');
    socket.resume();
    socket.close(1000);
    const timer = setTimeout(() => socket.terminate(), closeMs);
    socket.once('close', () => clearTimeout(timer));
    done(error);
  }

  #received(message: Buffer): void {
    const channel = message[0] ?? -1;
    const prefix = this.#prefix[channel];
    // Of a channel that nobody knows nothing can be said.
    if (prefix === undefined) return;
    const skipped = Math.min(prefix, message.length - 1);
    this.#prefix[channel] = prefix - skipped;
    const payload = message.subarray(1 + skipped);
    if (payload.length === 0) return;
    if (channel === errorChannel) this.#fail(this.#errors.ofKubelet(payload.subarray(0, maxErrorText).toString()));
    else if (!this.#failure && !this.push(payload)) this.#socket.pause();
  }

  #closed(code: number, reason: string): void {
    if (this.destroyed || this.#failure) return;
    // 1005: it was closed without a reason, and 1006: it was cut.
    if (code === 1000 || code === 1005) this.push(null);
    else this.#fail(this.#errors.ofConnection(code === 1006 ? undefined : new Error(reason || `the WebSocket was closed with ${code}`)));
  }

  #fail(failure: KubeError): void {
    if (this.#failure || this.destroyed) return;
    this.#failure = failure;
    if (this.readableLength === 0) this.#tellFailure();
  }

  #tellFailure(): void {
    // After whoever reads has what he reads now.
    process.nextTick(() => this.destroy(this.#failure));
  }
}
