import type { Socket } from 'node:net';
import type { Clock, Timer } from '../core/clock.ts';
import type { UpstreamConnection } from '../stream.ts';
import type { Http2ClientStream } from './client-stream.ts';
import type { HeaderBlock, SessionLimits } from './frame-parser.ts';
import { errorCode, mostWindow, preface, setting } from './frames.ts';
import { isConnectionHeader } from './message-rules.ts';
import { Session } from './session.ts';
import type { Http2Stream } from './stream.ts';

export interface ConnectionLimits {
  /** Without a stream; 0: none. */
  idleTimeoutMs: number;
  /** Then it takes no more streams; 0: none. */
  maxConnectionDurationMs: number;
  /** Streams in all; 0: any number (DR-R56). */
  maxRequestsPerConnection: number;
  /** Streams at a time, if the peer does not allow less. */
  maxConcurrentStreams: number;
  headers: SessionLimits;
}

export type CloseReason = 'idle' | 'duration' | 'other';

/** What a connection tells its pool. */
export interface ConnectionOwner {
  /** It may take (more) streams: the peer's settings came, or a stream ended. */
  onCapacity(connection: Http2ClientConnection): void;
  onStreamClosed(): void;
  onMaxRequests(): void;
  onConnectionClosed(connection: Http2ClientConnection, why: CloseReason): void;
}

/** The client's side of a connection of HTTP/2. */
export class Http2ClientConnection extends Session {
  readonly info: UpstreamConnection;
  private readonly owner: ConnectionOwner;
  private readonly limits: ConnectionLimits;
  private nextStream = 1;
  /** Before the peer's settings are known, one stream is all that is risked. */
  private peerStreams = 1;
  /** The settings of the peer came. */
  settled = false;
  /** It takes no more streams, and closes when those that it has are done. */
  private draining = false;
  private closeReason: CloseReason = 'other';
  private idleSince: number;
  private idleTimer: Timer | undefined;
  private durationTimer: Timer | undefined;

  /** @param socket connected, without listeners */
  constructor(socket: Socket, clock: Clock, owner: ConnectionOwner, limits: ConnectionLimits) {
    super(socket, clock, limits.headers);
    this.owner = owner;
    this.limits = limits;
    this.info = { protocol: 'HTTP/2', localAddress: socket.localAddress ?? '', localPort: socket.localPort ?? 0 };
    this.idleSince = clock.now();
    socket.write(preface);
    this.sendSettings([[setting.enablePush, 0]]);
    this.scheduleFlush();
    this.armIdle(limits.idleTimeoutMs);
    if (limits.maxConnectionDurationMs > 0) this.durationTimer = clock.setTimer(limits.maxConnectionDurationMs, () => this.retire('duration'));
    socket.on('data', (chunk: Buffer) => this.read(chunk));
    socket.resume();
  }

  /** Streams that it can take now. */
  get capacity(): number {
    if (this.draining || this.closed) return 0;
    const { maxRequestsPerConnection: most, maxConcurrentStreams } = this.limits;
    const left = most > 0 ? most - (this.nextStream - 1) / 2 : Number.POSITIVE_INFINITY;
    return Math.min(Math.min(this.peerStreams, maxConcurrentStreams) - this.streams.size, left);
  }

  /** Sends a request; there must be capacity for it. */
  take(stream: Http2ClientStream): void {
    const id = this.nextStream;
    this.nextStream += 2;
    stream.attach(this, id, this.peerWindow);
    this.streams.set(id, stream);
    const { maxRequestsPerConnection: most } = this.limits;
    if (most > 0 && (id + 1) / 2 >= most) {
      this.draining = true;
      this.owner.onMaxRequests();
    } else if (this.nextStream > mostWindow) this.draining = true;
    this.sendRequest(stream);
    stream.handler.onConnection(this.info);
    if (!stream.closed) stream.begin();
  }

  private sendRequest(stream: Http2ClientStream): void {
    const { head, upgrade } = stream;
    const { headers } = head;
    const { encoder } = this;
    encoder.begin();
    const connect = head.method === 'CONNECT';
    encoder.add(':method', upgrade === undefined ? head.method : 'CONNECT');
    if (upgrade !== undefined) encoder.add(':protocol', upgrade);
    if (!connect) {
      encoder.add(':scheme', head.scheme);
      encoder.add(':path', head.path);
    }
    if (head.authority !== '') encoder.add(':authority', head.authority);
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i] as string;
      const value = headers[i + 1] as string;
      if (isConnectionHeader(name) || name === 'host' || (name === 'te' && value !== 'trailers')) continue;
      encoder.add(name, value);
    }
    this.output.headers(stream.id, encoder.end(), stream.bodyless);
    this.scheduleFlush();
  }

  /** Takes no more streams, and closes when those that it has are done. */
  retire(why: CloseReason): void {
    if (this.closed) return;
    this.closeReason = why;
    this.draining = true;
    if (this.streams.size === 0) this.close();
  }

  onGoaway(lastStream: number, _code: number): void {
    this.draining = true;
    for (const stream of [...this.streams.values()]) {
      // The peer has not looked at them, and will not: they may be tried again.
      if (stream.id > lastStream) this.resetLocally(stream);
    }
    if (this.streams.size === 0) this.close();
    else this.owner.onCapacity(this);
  }

  private resetLocally(stream: Http2Stream): void {
    this.discard(stream);
    stream.onLost('reset', errorCode.refusedStream);
  }

  onPong(): void {}

  protected override onNewBlock(id: number, _block: HeaderBlock, _ends: boolean): void {
    if (this.wasOpened(id)) this.onIdleFrame();
    else this.fail(errorCode.protocolError, 'HEADERS for a stream that is not open');
  }

  protected override onPeerSettings(maxConcurrentStreams: number | undefined): void {
    if (maxConcurrentStreams !== undefined) this.peerStreams = maxConcurrentStreams;
    else if (!this.settled) this.peerStreams = Number.POSITIVE_INFINITY;
    this.settled = true;
    this.owner.onCapacity(this);
  }

  protected override wasOpened(stream: number): boolean {
    return stream % 2 === 1 && stream < this.nextStream;
  }

  /** A service may reset what it wants. */
  protected override allowsReset(): boolean {
    return true;
  }

  /** Servers open no streams. */
  protected override lastPeerStream(): number {
    return 0;
  }

  /** Requests that come over many connections in one round of the event loop go out with one write. */
  protected override flushSoon(): void {
    setImmediate(this.flush);
  }

  protected override onStreamClosed(_stream: Http2Stream): void {
    if (this.streams.size === 0) {
      this.idleSince = this.clock.now();
      if (this.draining && !this.closed) setImmediate(closeIfDone, this);
    }
    this.owner.onStreamClosed();
    if (!this.draining && !this.closed) this.owner.onCapacity(this);
  }

  closeIfDone(): void {
    if (this.draining && this.streams.size === 0) this.close();
  }

  protected override onClosed(): void {
    this.draining = true;
    this.idleTimer?.cancel();
    this.durationTimer?.cancel();
    this.owner.onConnectionClosed(this, this.closeReason);
  }

  /** The timer is not moved with every stream: when it fires it looks how long there was none. */
  private armIdle(ms: number): void {
    if (ms <= 0) return;
    this.idleTimer = this.clock.setTimer(ms, () => {
      const most = this.limits.idleTimeoutMs;
      const left = this.streams.size > 0 ? most : most - (this.clock.now() - this.idleSince);
      if (left < 1) this.retire('idle');
      else this.armIdle(left);
    });
  }
}

function closeIfDone(connection: Http2ClientConnection): void {
  connection.closeIfDone();
}
