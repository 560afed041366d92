import type { Socket } from 'node:net';
import type { Clock } from '../core/clock.ts';
import { errorCode } from './frames.ts';
import { Output } from './output.ts';

/** What a peer may leave of what it asked for before it is not read any more. */
const mostUnsent = 1024 * 1024;
/** A closed connection is given this long to take what is still to be sent. */
const closeDelayMs = 1000;

/** The socket of a session: what goes out goes out together, a peer that takes nothing is not read, and the end. */
export abstract class FramedSocket {
  protected readonly socket: Socket;
  protected readonly clock: Clock;
  protected readonly output: Output;
  protected closed = false;
  private batching = false;
  private flushScheduled = false;
  private throttled = false;

  constructor(socket: Socket, clock: Clock) {
    this.socket = socket;
    this.clock = clock;
    this.output = new Output(socket);
    const gone = (): void => this.onSocketGone();
    socket.on('drain', () => this.onSocketDrain());
    socket.on('error', gone);
    socket.on('end', gone);
    socket.on('close', gone);
  }

  /** Calls `flush` after what is being done now. */
  protected abstract flushSoon(): void;
  /** The socket takes more: sends what waits for it. */
  protected abstract pump(): void;
  /** Highest stream of the peer that was taken. */
  protected abstract lastPeerStream(): number;
  /** Keeps what was read and not looked at yet. */
  protected abstract suspendReading(): void;
  protected abstract resumeReading(): void;
  /** Once, when nothing goes over it any more. `details`: what the peer did wrong; undefined: nothing. */
  protected abstract shut(details: string | undefined): void;

  /** What is written until `endBatch` is flushed then. */
  protected beginBatch(): void {
    this.batching = true;
  }

  protected endBatch(): void {
    this.batching = false;
    this.flush();
  }

  protected scheduleFlush(): void {
    if (this.batching || this.flushScheduled || this.closed) return;
    this.flushScheduled = true;
    this.flushSoon();
  }

  protected readonly flush = (): void => {
    this.flushScheduled = false;
    if (this.closed) return;
    this.output.flush();
    this.throttle();
  };

  /** A peer that takes nothing of what it asked for is not listened to. */
  protected throttle(): void {
    if (this.throttled || this.output.unsent <= mostUnsent) return;
    this.throttled = true;
    this.suspendReading();
    this.socket.pause();
  }

  private onSocketDrain(): void {
    if (this.closed) return;
    this.beginBatch();
    this.pump();
    if (this.throttled && this.output.unsent <= mostUnsent) {
      this.throttled = false;
      this.resumeReading();
    }
    this.endBatch();
    if (!this.throttled) this.socket.resume();
  }

  /** Ends the connection with GOAWAY, for what the peer did wrong. */
  protected fail(code: number, details: string): void {
    this.end(code, details);
  }

  /** A message breaks the rules: as with Envoy that ends the connection, not just the stream, and without a word. */
  protected violation(details: string): void {
    this.end(undefined, details);
  }

  /** Ends the connection in order. */
  protected close(): void {
    this.end(errorCode.noError, undefined);
  }

  private end(code: number | undefined, details: string | undefined): void {
    if (this.closed) return;
    if (code !== undefined) this.output.goaway(this.lastPeerStream(), code);
    this.output.flush();
    const { socket } = this;
    socket.resume();
    socket.end();
    this.clock.setTimer(closeDelayMs, () => socket.destroy());
    this.closed = true;
    this.shut(details);
  }

  private onSocketGone(): void {
    if (!this.closed) {
      this.closed = true;
      this.shut(undefined);
    }
    if (!this.socket.destroyed && !this.socket.writableEnded) this.socket.destroy();
  }

  /** Closes at once. */
  destroy(): void {
    if (!this.closed) {
      this.closed = true;
      this.shut(undefined);
    }
    this.socket.destroy();
  }
}
