import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import type { ClientHandler, Failure, UpstreamConnection } from '../stream.ts';
import type { Http1ClientStream } from './client-stream.ts';
import type { MessageLimits } from './message-parser.ts';
import { ResponseParser } from './response-parser.ts';
import { sweeper } from './sweeper.ts';
import { Transport } from './transport.ts';

/** Whose connections they are. */
export interface ConnectionOwner {
  /** It can take a request. */
  ready(connection: ClientConnection): void;
  /** Its request is over, however it ended. */
  requestOver(): void;
  closed(connection: ClientConnection, why: 'idle' | 'duration' | 'other'): void;
}

/** A handler that is done with a chunk when `onData` returns, or has copied it: no copy is made for it. */
export interface Borrower extends ClientHandler {
  readonly borrows?: boolean;
}

const terminated: Failure = { reason: 'connection termination', transport: '' };
const protocolError: Failure = { reason: 'protocol error', transport: '' };

export interface ConnectionLimits extends MessageLimits {
  /** 0: none. */
  idleTimeoutMs: number;
  /** 0: none. */
  maxConnectionDurationMs: number;
  /** 0: none (DR-R56). */
  maxRequestsPerConnection: number;
}

/** A connection to an endpoint: one request at a time. */
export class ClientConnection implements UpstreamConnection {
  readonly protocol = 'HTTP/1.1';
  readonly localAddress: string;
  readonly localPort: number;
  readonly transport: Transport;
  deadline = 0;
  /** It takes no further request. */
  last = false;
  private readonly owner: ConnectionOwner;
  private readonly limits: ConnectionLimits;
  private readonly parser: ResponseParser;
  private stream: Http1ClientStream | undefined = undefined;
  private requests = 0;
  /** Time of the sweeper after which it takes no request; 0: none. */
  private readonly expires: number;
  private paused = false;
  /** It was closed from this side. */
  private given = false;
  private why: 'idle' | 'duration' | 'other' = 'other';

  constructor(socket: Socket, owner: ConnectionOwner, limits: ConnectionLimits) {
    this.owner = owner;
    this.limits = limits;
    this.localAddress = socket.localAddress ?? '';
    this.localPort = socket.localPort ?? 0;
    this.parser = new ResponseParser(this, limits);
    this.transport = new Transport(socket, this, undefined, true);
    sweeper.add(this);
    this.expires = limits.maxConnectionDurationMs > 0 ? sweeper.in(limits.maxConnectionDurationMs) : 0;
  }

  get idle(): boolean {
    return this.stream === undefined;
  }

  /**
   * It was ready.
   *
   * @returns this is the last request that it may take by its number
   */
  take(stream: Http1ClientStream): boolean {
    this.stream = stream;
    this.deadline = 0;
    this.requests++;
    const { maxRequestsPerConnection } = this.limits;
    const numberReached = maxRequestsPerConnection > 0 && this.requests >= maxRequestsPerConnection;
    if (numberReached) this.last = true;
    this.parser.expect(stream.head.method, stream.upgrade);
    this.parser.lends = (stream.handler as Borrower).borrows === true;
    stream.handler.onConnection(this);
    // The handler may have thought better of it.
    if (!stream.done) stream.start(this);
    return numberReached;
  }

  /** Waits for a request, for a time. */
  rest(): void {
    const { idleTimeoutMs } = this.limits;
    this.deadline = idleTimeoutMs > 0 ? sweeper.in(idleTimeoutMs) : 0;
    if (this.expires > 0 && (this.deadline === 0 || this.expires < this.deadline)) this.deadline = this.expires;
  }

  close(): void {
    this.given = true;
    this.transport.destroy();
  }

  giveUp(stream: Http1ClientStream): void {
    if (this.stream !== stream) return;
    this.stream = undefined;
    this.parser.stop();
    this.owner.requestOver();
    this.transport.destroy();
  }

  failBy(stream: Http1ClientStream, failure: Failure): void {
    this.giveUp(stream);
    stream.fail(failure);
  }

  pause(): void {
    this.paused = true;
    this.transport.pause();
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.transport.resume();
  }

  // --- what the transport tells

  onBytes(buffer: Buffer, start: number, end: number): void {
    const { stream, parser } = this;
    if (stream === undefined) {
      // Nobody asked: what it answers is not to be taken for the answer of the next request.
      this.transport.destroy();
      return;
    }
    if (parser.raw && parser.complete) {
      stream.handler.onData(Buffer.from(buffer.subarray(start, end)));
      return;
    }
    const at = parser.execute(buffer, start, end);
    if (this.stream !== stream) return;
    if (parser.error !== undefined) this.failBy(stream, protocolError);
    else if (parser.complete) {
      if (!parser.raw) this.responseOver(stream, at === end);
      else if (at < end) stream.handler.onData(Buffer.from(buffer.subarray(at, end)));
    }
  }

  onEof(): void {
    const { stream, parser } = this;
    if (stream === undefined) {
      this.transport.destroy();
      return;
    }
    if (parser.raw && parser.complete) {
      this.stream = undefined;
      this.owner.requestOver();
      stream.done = true;
      stream.handler.onEnd();
      this.transport.destroy();
      return;
    }
    parser.finish();
    if (this.stream !== stream) return;
    if (parser.complete) this.responseOver(stream, false);
    else this.failBy(stream, parser.begun ? protocolError : terminated);
  }

  onDrain(): void {
    const { stream } = this;
    if (stream !== undefined && !stream.done) stream.handler.onDrain();
  }

  onClose(): void {
    sweeper.delete(this);
    const { stream, parser } = this;
    this.stream = undefined;
    // Before anything is told: who hears of it may try again at once.
    if (stream !== undefined) this.owner.requestOver();
    this.owner.closed(this, stream === undefined ? this.why : 'other');
    if (stream === undefined) return;
    // What is cut short after it began is no message; a body without length is none only because of the reset.
    stream.fail(parser.begun && !parser.endsWithConnection && !this.given ? protocolError : terminated);
  }

  onDeadline(): void {
    if (this.stream !== undefined) return;
    this.why = this.expires > 0 && sweeper.time >= this.expires ? 'duration' : 'idle';
    this.transport.destroy();
  }

  // --- what the parser tells

  onHead(): void {
    const { stream, parser } = this;
    if (stream === undefined) return;
    if (parser.interimStatus) {
      stream.handler.onInformational(parser.status, parser.headers);
      return;
    }
    if (!parser.hasBody) stream.done = true;
    stream.handler.onHead(parser.status, parser.headers, !parser.hasBody, parser.raw);
  }

  onBody(chunk: Buffer): void {
    const { stream } = this;
    if (stream !== undefined && !stream.done) stream.handler.onData(chunk);
  }

  onMessageEnd(): void {
    const { stream } = this;
    if (stream === undefined || stream.done) return;
    stream.done = true;
    stream.handler.onEnd();
  }

  // ---

  private responseOver(stream: Http1ClientStream, clean: boolean): void {
    this.stream = undefined;
    this.owner.requestOver();
    if (this.expires > 0 && sweeper.time >= this.expires) this.last = true;
    // A service that answers before it has the whole request may go on reading, or not: the connection is of no more use.
    if (!clean || this.last || !stream.requestDone || !this.parser.reusable) {
      this.transport.destroy();
      return;
    }
    this.resume();
    this.owner.ready(this);
  }
}
