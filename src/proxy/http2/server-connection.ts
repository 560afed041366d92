import type { Socket } from 'node:net';
import type { Clock, Timer } from '../core/clock.ts';
import type { Headers } from '../core/headers.ts';
import type { ConnectionInfo, RequestListener } from '../stream.ts';
import { FloodGuard, streamResets } from './flood-guard.ts';
import type { HeaderBlock, SessionLimits } from './frame-parser.ts';
import { anyStream, errorCode, frameType, preface, setting } from './frames.ts';
import { contentLengthOf, isConnectionHeader, type Malformed, readRequest } from './message-rules.ts';
import { Http2ServerStream } from './server-stream.ts';
import { defaultLimits, Session } from './session.ts';
import type { Http2Stream } from './stream.ts';

export interface Http2ServerOptions {
  /** Streams of the client at a time; more are refused, and may be tried again. Default 1024. */
  maxConcurrentStreams?: number | undefined;
  /** Default 60 KiB in 100 fields (RT-R50). */
  limits?: SessionLimits | undefined;
  /** Without a stream; default 1 h, 0: none (RT-R65). */
  idleTimeoutMs?: number | undefined;
  /** For the preface and for a frame or header block that began; default 30 s. */
  frameTimeoutMs?: number | undefined;
}

/** How long a client has, after it heard of the drain, to open streams that are on their way. */
const drainMs = 1000;
const ping = Buffer.alloc(8);

/** The server's side of a connection of HTTP/2. */
export class Http2ServerConnection extends Session {
  readonly info: ConnectionInfo;
  private readonly listener: RequestListener;
  private readonly onClose: () => void;
  private readonly maxStreams: number;
  private readonly resets: FloodGuard;
  private readonly idleTimeoutMs: number;
  private readonly frameTimeoutMs: number;
  /** The preface while it is not whole. */
  private beginning: Buffer | undefined = Buffer.alloc(0);
  private lastStream = 0;
  /** `told`: the client knows, and streams that are on their way are taken. `final`: none is. */
  private draining: 'no' | 'told' | 'final' = 'no';
  private idleTimer: Timer | undefined;
  private frameTimer: Timer | undefined;
  private drainTimer: Timer | undefined;
  /** When the last stream ended. */
  private idleSince: number;

  /**
   * @param socket not being read; bytes of it that were read already are `bytes`
   * @param onClose once, when it takes no more requests and all are done or lost
   */
  constructor(
    socket: Socket,
    bytes: Buffer,
    info: ConnectionInfo,
    listener: RequestListener,
    clock: Clock,
    options: Http2ServerOptions = {},
    onClose: () => void = () => {},
  ) {
    super(socket, clock, options.limits ?? defaultLimits);
    this.info = info;
    this.listener = listener;
    this.onClose = onClose;
    this.maxStreams = options.maxConcurrentStreams ?? 1024;
    this.idleTimeoutMs = options.idleTimeoutMs ?? 3_600_000;
    this.frameTimeoutMs = options.frameTimeoutMs ?? 30_000;
    this.resets = new FloodGuard(streamResets, clock);
    this.idleSince = clock.now();
    this.sendSettings([[setting.maxConcurrentStreams, this.maxStreams]]);
    this.scheduleFlush();
    this.armIdle(this.idleTimeoutMs);
    this.watchFrame();
    socket.on('data', (chunk: Buffer) => this.onBytes(chunk));
    if (bytes.length > 0) this.onBytes(bytes);
    socket.resume();
  }

  /** Streams that are being served. */
  get active(): number {
    return this.streams.size;
  }

  /** Takes no more requests, and closes when those that are there are done. The client is told before (GOAWAY). */
  drain(): void {
    if (this.closed || this.draining !== 'no') return;
    this.draining = 'told';
    this.output.goaway(anyStream, errorCode.noError);
    this.output.frame(frameType.ping, 0, 0, ping, 0, 8);
    this.scheduleFlush();
    this.drainTimer = this.clock.setTimer(drainMs, () => this.finishDrain());
  }

  /** The client has seen the first GOAWAY: what it sends from now on it sends knowingly. */
  onPong(): void {
    this.finishDrain();
  }

  private finishDrain(): void {
    if (this.closed || this.draining !== 'told') return;
    this.draining = 'final';
    this.drainTimer?.cancel();
    this.output.goaway(this.lastStream, errorCode.noError);
    this.scheduleFlush();
    if (this.streams.size === 0) this.close();
  }

  sendResponse(stream: Http2ServerStream, status: number, headers: Headers, ends: boolean): void {
    const { encoder } = this;
    encoder.begin();
    encoder.add(':status', String(status));
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i] as string;
      if (!isConnectionHeader(name)) encoder.add(name, headers[i + 1] as string);
    }
    this.output.headers(stream.id, encoder.end(), ends);
    this.scheduleFlush();
    if (!ends) return;
    stream.localEnded = true;
    this.settle(stream);
  }

  onGoaway(): void {
    // A client that opens no more streams; those that are there go on.
  }

  protected override onNewBlock(id: number, block: HeaderBlock, ends: boolean): void {
    if (id % 2 === 0 || id <= this.lastStream) {
      // Trailers of a stream that was reset may still come; anything else is for a stream that was never there.
      if (id % 2 === 0) this.fail(errorCode.protocolError, 'HEADERS for a stream of the server');
      else this.onIdleFrame();
      return;
    }
    // The client knows that it is not served.
    if (this.draining === 'final') return;
    this.lastStream = id;
    if (block.tooLarge !== undefined || this.streams.size >= this.maxStreams) {
      this.refuseStream(id, block);
      return;
    }
    const head = block.invalid ? 'field' : readRequest(block.list);
    if (typeof head === 'string') {
      this.refuse(head);
      return;
    }
    const length = contentLengthOf(head.headers);
    if (length === -2 || (ends && length > 0)) {
      this.refuse(length === -2 ? 'field' : 'message');
      return;
    }
    const stream = this.newStream(id);
    stream.remoteEnded = ends;
    stream.contentLength = length;
    const handler = this.listener.onRequest(stream, head, ends);
    if (!stream.closed) stream.handler = handler;
    this.throttle();
  }

  private newStream(id: number): Http2ServerStream {
    const stream = new Http2ServerStream();
    stream.attach(this, id, this.peerWindow);
    this.streams.set(id, stream);
    return stream;
  }

  /** The others go on. */
  private refuseStream(id: number, { tooLarge }: HeaderBlock): void {
    if (tooLarge !== undefined) {
      const details = tooLarge === 'bytes' ? 'http2.header_list_size_too_large' : 'http2.too_many_headers';
      this.listener.onRefused(this.info, { status: 0, flags: 'DR', details, bytesSent: 0 });
    }
    this.resetStream(this.newStream(id), tooLarge === undefined ? errorCode.refusedStream : errorCode.internalError, undefined);
    if (!this.resets.allows()) this.fail(errorCode.enhanceYourCalm, 'too many streams are refused');
  }

  /** A request that breaks the rules ends the connection. */
  private refuse(what: Malformed): void {
    const details = what === 'field' ? 'http2.invalid.header.field' : 'http2.violation.of.messaging.rule';
    this.listener.onRefused(this.info, { status: 0, flags: 'DPE', details, bytesSent: 0 });
    this.violation(details);
  }

  protected override onPeerSettings(): void {}

  protected override wasOpened(stream: number): boolean {
    return stream % 2 === 1 && stream <= this.lastStream;
  }

  protected override allowsReset(): boolean {
    return this.resets.allows();
  }

  protected override lastPeerStream(): number {
    return this.lastStream;
  }

  protected override flushSoon(): void {
    process.nextTick(this.flush);
  }

  protected override onStreamClosed(_stream: Http2Stream): void {
    if (this.streams.size > 0) return;
    this.idleSince = this.clock.now();
    if (this.draining === 'final' && !this.closed) process.nextTick(closeIfDone, this);
  }

  /** After the last stream of a drained connection; what it sent goes out before. */
  closeIfDone(): void {
    if (this.draining === 'final' && this.streams.size === 0) this.close();
  }

  protected override onClosed(): void {
    this.idleTimer?.cancel();
    this.frameTimer?.cancel();
    this.drainTimer?.cancel();
    this.onClose();
  }

  private onBytes(chunk: Buffer): void {
    if (this.beginning === undefined) this.read(chunk);
    else this.onPreface(chunk, this.beginning);
    if (this.frameTimer !== undefined || this.inHeaders) this.watchFrame();
  }

  private onPreface(chunk: Buffer, before: Buffer): void {
    const bytes = before.length === 0 ? chunk : Buffer.concat([before, chunk]);
    const length = Math.min(bytes.length, preface.length);
    if (bytes.compare(preface, 0, length, 0, length) !== 0) {
      this.fail(errorCode.protocolError, 'the connection does not begin with the preface');
    } else if (length < preface.length) this.beginning = bytes;
    else {
      this.beginning = undefined;
      if (bytes.length > length) this.read(bytes.subarray(length));
    }
  }

  /** The preface, and headers that began, must come to an end. */
  private watchFrame(): void {
    const begun = !this.closed && (this.beginning !== undefined || this.inHeaders);
    if (!begun) {
      this.frameTimer?.cancel();
      this.frameTimer = undefined;
    } else if (this.frameTimeoutMs > 0) {
      this.frameTimer ??= this.clock.setTimer(this.frameTimeoutMs, () => this.fail(errorCode.enhanceYourCalm, 'headers do not end'));
    }
  }

  /** The timer is not moved with every stream: when it fires it looks how long there was none. */
  private armIdle(ms: number): void {
    if (this.idleTimeoutMs <= 0) return;
    this.idleTimer = this.clock.setTimer(ms, () => {
      const left = this.streams.size > 0 ? this.idleTimeoutMs : this.idleTimeoutMs - (this.clock.now() - this.idleSince);
      if (left < 1) this.close();
      else this.armIdle(left);
    });
  }
}

function closeIfDone(connection: Http2ServerConnection): void {
  connection.closeIfDone();
}
