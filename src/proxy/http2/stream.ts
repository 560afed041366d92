import type { Headers } from '../core/headers.ts';
import type { Session } from './session.ts';

/** Of the data that a peer may send before we take it; the peer of a slow reader waits then. */
export const streamWindow = 256 * 1024;

/** Why a stream is lost: the peer reset it, it broke a rule, or the connection went away. */
export type StreamLoss = 'reset' | 'violation' | 'disconnect';

/**
 * One stream of a session: what is queued for its peer, and what its peer sent. `local` is our side, `remote` the other. The
 * subclass says what becomes of what is received; none of its methods is called after the stream was closed, but for data that was
 * there before its end.
 */
export abstract class Http2Stream {
  /** 0 until it has a connection. */
  id = 0;
  protected session!: Session;
  sendWindow = 0;
  receiveWindow = streamWindow;
  /** Taken, and not yet given back by WINDOW_UPDATE. */
  unacknowledged = 0;
  localEnded = false;
  remoteEnded = false;
  /** Reset by either side, or done: nothing goes over it any more. */
  closed = false;
  /** Of a response: nothing else may come before its head. */
  expectsHead = false;
  /** Bytes of the body as content-length says; -1: it does not. */
  contentLength = -1;
  bodyBytes = 0;
  private sendQueue: Uint8Array[] | undefined;
  private endQueued = false;
  private queuedTrailers: Headers | undefined;
  private received: Buffer[] | undefined;
  private receivedEnd = false;
  private receivedTrailers: Headers | undefined;
  private paused = false;
  private delivering = false;

  /** Makes it a stream of this session. */
  attach(session: Session, id: number, sendWindow: number): void {
    this.session = session;
    this.id = id;
    this.sendWindow = sendWindow;
  }

  protected abstract onData(chunk: Buffer): void;
  /** The peer has sent everything. */
  protected abstract onEnd(trailers: Headers | undefined): void;
  /** What was queued is sent, and a write was told to wait. */
  protected abstract onDrain(): void;
  /** The header block after the body, or a response head; false: it breaks the rules of messages. */
  abstract onHeaders(list: string[], endStream: boolean): boolean;
  /** It is closed before its end; `code`: of RST_STREAM, either side's. */
  abstract onLost(loss: StreamLoss, code: number | undefined): void;

  /** @returns false when it has to wait: `onDrain` follows */
  sendData(chunk: Uint8Array): boolean {
    if (this.closed || this.localEnded || this.endQueued || chunk.length === 0) return true;
    const sent = this.sendQueue === undefined ? this.session.emitData(this, chunk, 0) : 0;
    if (sent === chunk.length) return true;
    const rest = sent === 0 ? chunk : chunk.subarray(sent);
    if (this.sendQueue === undefined) {
      this.sendQueue = [rest];
      this.session.waiting.add(this);
    } else this.sendQueue.push(rest);
    return false;
  }

  sendEnd(trailers: Headers | undefined): void {
    if (this.closed || this.localEnded || this.endQueued) return;
    if (this.sendQueue !== undefined) {
      this.endQueued = true;
      this.queuedTrailers = trailers;
      return;
    }
    this.session.emitEnd(this, trailers);
  }

  /**
   * Sends of the queue what windows and socket allow, one frame at most.
   *
   * @returns whether something was sent and more may be
   */
  pump(): boolean {
    const queue = this.sendQueue;
    if (queue === undefined) return false;
    const chunk = queue[0] as Uint8Array;
    const sent = this.session.emitData(this, chunk, 1);
    if (sent < chunk.length) {
      if (sent > 0) queue[0] = chunk.subarray(sent);
      return sent > 0;
    }
    queue.shift();
    if (queue.length > 0) return true;
    this.sendQueue = undefined;
    this.session.waiting.delete(this);
    if (this.endQueued) this.session.emitEnd(this, this.queuedTrailers);
    else this.onDrain();
    return true;
  }

  /** Holds what is received back; the peer's window closes with time. */
  pause(): void {
    this.paused = true;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    if (this.received === undefined && !this.receivedEnd) return;
    if (this.delivering) return;
    this.delivering = true;
    process.nextTick(deliver, this);
  }

  /** Data of the peer, without padding. */
  take(chunk: Buffer): void {
    if (this.paused || this.delivering) {
      if (this.received === undefined) this.received = [chunk];
      else this.received.push(chunk);
      return;
    }
    this.session.consumed(this, chunk.length);
    this.onData(chunk);
  }

  takeEnd(trailers: Headers | undefined): void {
    if (this.paused || this.delivering) {
      this.receivedEnd = true;
      this.receivedTrailers = trailers;
    } else this.onEnd(trailers);
  }

  /** Hands over what came while it was paused. */
  deliver(): void {
    this.delivering = false;
    while (this.received !== undefined && !this.paused) {
      const chunk = this.received.shift() as Buffer;
      if (this.received.length === 0) this.received = undefined;
      this.session.consumed(this, chunk.length);
      this.onData(chunk);
    }
    if (!this.receivedEnd || this.paused || this.received !== undefined) return;
    this.receivedEnd = false;
    this.onEnd(this.receivedTrailers);
  }

  /** Forgets everything that is queued; the window of what was not taken goes back to the connection. */
  drop(): void {
    this.sendQueue = undefined;
    this.endQueued = false;
    this.receivedEnd = false;
    const { received } = this;
    if (received === undefined) return;
    this.received = undefined;
    let bytes = 0;
    for (const chunk of received) bytes += chunk.length;
    this.session.consumed(this, bytes);
  }
}

function deliver(stream: Http2Stream): void {
  stream.deliver();
}
