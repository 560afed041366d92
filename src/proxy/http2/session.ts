import type { Socket } from 'node:net';
import type { Clock } from '../core/clock.ts';
import type { Headers } from '../core/headers.ts';
import { FloodGuard, idleFrames } from './flood-guard.ts';
import { type FrameEvents, FrameParser, type HeaderBlock, type SessionLimits } from './frame-parser.ts';
import { FramedSocket } from './framed-socket.ts';
import { defaultFrameSize, defaultWindow, errorCode, flag, frameType, mostWindow, setting } from './frames.ts';
import { HpackEncoder } from './hpack/encoder.ts';
import { readSettings } from './peer-settings.ts';
import { type Http2Stream, type StreamLoss, streamWindow } from './stream.ts';

/** Of the data of all streams that was received and not taken. */
const connectionWindow = 16 * 1024 * 1024;

/** As Envoy's: 60 KiB, 100 fields (RT-R50). */
export const defaultLimits: SessionLimits = { maxHeaderBytes: 60 * 1024, maxHeaders: 100 };

/** A connection of HTTP/2 (RFC 9113), from whichever side: streams, settings and flow control. */
export abstract class Session extends FramedSocket implements FrameEvents {
  protected readonly streams = new Map<number, Http2Stream>();
  /** Streams with data that does not fit into a window or the socket, in the order in which they get their turn. */
  readonly waiting = new Set<Http2Stream>();
  protected readonly encoder = new HpackEncoder();
  private readonly parser: FrameParser;
  private readonly idle: FloodGuard;
  private sendWindow = defaultWindow;
  private receiveWindow = connectionWindow;
  private unacknowledged = 0;
  /** Of new streams. */
  protected peerWindow = defaultWindow;
  private settingsSeen = false;

  constructor(socket: Socket, clock: Clock, limits: SessionLimits) {
    super(socket, clock);
    this.parser = new FrameParser(this, limits);
    this.idle = new FloodGuard(idleFrames, clock);
  }

  /** A header block of a stream that there is not: a request, or what belongs to a stream that is gone. */
  protected abstract onNewBlock(stream: number, block: HeaderBlock, ends: boolean): void;
  /** Settings of the peer. */
  protected abstract onPeerSettings(maxConcurrentStreams: number | undefined): void;
  abstract onGoaway(lastStream: number, code: number): void;
  abstract onPong(): void;
  /** Whether there was a stream of this number; it may have been reset. */
  protected abstract wasOpened(stream: number): boolean;
  /** The peer reset a stream; false: it does so too often. */
  protected abstract allowsReset(): boolean;
  protected abstract onStreamClosed(stream: Http2Stream): void;
  /** Once, before the streams that are left are told. */
  protected abstract onClosed(): void;

  // What comes in

  /** Bytes of the socket, after the preface. */
  protected read(chunk: Buffer): void {
    if (this.closed) return;
    this.beginBatch();
    this.parser.push(chunk);
    this.endBatch();
  }

  /** A header block began and is not whole. */
  protected get inHeaders(): boolean {
    return this.parser.inHeaders;
  }

  onBroken(code: number, details: string): void {
    this.fail(code, details);
  }

  onData(id: number, size: number, bytes: Buffer, from: number, to: number, ends: boolean): void {
    const stream = this.streams.get(id);
    if (stream === undefined && !this.wasOpened(id)) {
      this.fail(errorCode.protocolError, 'DATA for a stream that is not open');
      return;
    }
    this.receiveWindow -= size;
    if (this.receiveWindow < 0) {
      this.fail(errorCode.flowControlError, 'more data than the window of the connection');
      return;
    }
    if (from === to && !ends && !this.countIdle()) return;
    if (stream === undefined) {
      // It was reset, and the peer did not know yet.
      this.credit(size);
      if (size > 0) this.countIdle();
      return;
    }
    if (stream.remoteEnded) {
      this.fail(errorCode.streamClosed, 'DATA after the end of a stream');
      return;
    }
    if (stream.expectsHead) {
      this.violation('DATA before the head of a response');
      return;
    }
    stream.receiveWindow -= size;
    if (stream.receiveWindow < 0) {
      this.credit(size);
      this.resetStream(stream, errorCode.flowControlError, 'violation');
      return;
    }
    const length = to - from;
    if (size > length) this.consumed(stream, size - length);
    stream.bodyBytes += length;
    if (ends) stream.remoteEnded = true;
    if (stream.contentLength >= 0 && (stream.bodyBytes > stream.contentLength || (ends && stream.bodyBytes !== stream.contentLength))) {
      this.credit(length);
      this.resetStream(stream, errorCode.protocolError, 'violation');
      return;
    }
    if (length > 0) stream.take(bytes.subarray(from, to));
    if (!ends || stream.closed) return;
    this.settle(stream);
    stream.takeEnd(undefined);
  }

  onBlock(id: number, block: HeaderBlock, ends: boolean): void {
    const stream = this.streams.get(id);
    if (stream === undefined) {
      this.onNewBlock(id, block, ends);
      return;
    }
    if (stream.remoteEnded) this.fail(errorCode.streamClosed, 'HEADERS after the end of a stream');
    else if (block.invalid) this.violation('a header field is not allowed');
    else if (block.tooLarge !== undefined) this.resetStream(stream, errorCode.internalError, 'reset');
    else {
      if (ends) {
        stream.remoteEnded = true;
        if (stream.contentLength >= 0 && stream.bodyBytes !== stream.contentLength) {
          this.resetStream(stream, errorCode.protocolError, 'violation');
          return;
        }
      }
      if (!stream.onHeaders(block.list, ends)) this.violation('a message is malformed');
    }
  }

  onWindowUpdate(id: number, increment: number): void {
    if (id === 0) {
      this.sendWindow += increment;
      if (increment === 0) this.fail(errorCode.protocolError, 'WINDOW_UPDATE of nothing');
      else if (this.sendWindow > mostWindow) this.fail(errorCode.flowControlError, 'the window of the connection overflows');
      else if (this.waiting.size === 0) this.countIdle();
      else this.pump();
      return;
    }
    const stream = this.streams.get(id);
    if (stream === undefined) {
      if (this.wasOpened(id)) this.countIdle();
      else this.fail(errorCode.protocolError, 'WINDOW_UPDATE for a stream that is not open');
      return;
    }
    stream.sendWindow += increment;
    if (increment === 0) this.resetStream(stream, errorCode.protocolError, 'violation');
    else if (stream.sendWindow > mostWindow) this.resetStream(stream, errorCode.flowControlError, 'violation');
    else if (this.waiting.has(stream)) this.pump();
    else this.countIdle();
  }

  onReset(id: number, code: number): void {
    const stream = this.streams.get(id);
    if (stream === undefined && !this.wasOpened(id)) {
      this.fail(errorCode.protocolError, 'RST_STREAM for a stream that is not open');
      return;
    }
    if (!this.allowsReset()) {
      this.fail(errorCode.enhanceYourCalm, 'too many streams are reset');
      return;
    }
    if (stream === undefined) return;
    this.discard(stream);
    stream.onLost('reset', code);
  }

  onSettings(bytes: Buffer, from: number, to: number): void {
    if (this.settingsSeen && !this.countIdle()) return;
    this.settingsSeen = true;
    const settings = readSettings(bytes, from, to);
    if (typeof settings === 'number') {
      this.fail(settings, 'a setting is out of range');
      return;
    }
    const { headerTableSize, initialWindow, maxConcurrentStreams } = settings;
    if (headerTableSize !== undefined) this.encoder.setCapacity(headerTableSize);
    if (initialWindow !== undefined && !this.setInitialWindow(initialWindow)) return;
    this.output.frame(frameType.settings, flag.ack, 0, bytes, 0, 0);
    this.scheduleFlush();
    this.onPeerSettings(maxConcurrentStreams);
    this.pump();
  }

  private setInitialWindow(value: number): boolean {
    const change = value - this.peerWindow;
    this.peerWindow = value;
    for (const stream of this.streams.values()) {
      stream.sendWindow += change;
      if (stream.sendWindow <= mostWindow) continue;
      this.fail(errorCode.flowControlError, 'the window of a stream overflows');
      return false;
    }
    return true;
  }

  onPing(bytes: Buffer, from: number, to: number): void {
    if (!this.countIdle()) return;
    this.output.frame(frameType.ping, flag.ack, 0, bytes, from, to);
    this.scheduleFlush();
  }

  onIdleFrame(): void {
    this.countIdle();
  }

  /** A frame that is of no use to anybody; false: there were too many of them, and the connection is closed. */
  private countIdle(): boolean {
    if (this.idle.allows()) return true;
    this.fail(errorCode.enhanceYourCalm, 'too many frames carry nothing');
    return false;
  }

  // Flow control

  /** Data of the stream was taken, or dropped: the peer may send as much again. */
  consumed(stream: Http2Stream, bytes: number): void {
    this.credit(bytes);
    if (stream.remoteEnded || stream.closed) return;
    stream.unacknowledged += bytes;
    if (stream.unacknowledged < streamWindow / 2) return;
    this.output.number(frameType.windowUpdate, stream.id, stream.unacknowledged);
    stream.receiveWindow += stream.unacknowledged;
    stream.unacknowledged = 0;
    this.scheduleFlush();
  }

  private credit(bytes: number): void {
    this.unacknowledged += bytes;
    if (this.unacknowledged < connectionWindow / 2 || this.closed) return;
    this.output.number(frameType.windowUpdate, 0, this.unacknowledged);
    this.receiveWindow += this.unacknowledged;
    this.unacknowledged = 0;
    this.scheduleFlush();
  }

  /**
   * Sends as much of the chunk as windows and socket allow.
   *
   * @param mostFrames 0: any number
   * @returns bytes that were sent
   */
  emitData(stream: Http2Stream, chunk: Uint8Array, mostFrames: number): number {
    let sent = 0;
    let frames = 0;
    while (sent < chunk.length && !this.socket.writableNeedDrain) {
      const size = Math.min(chunk.length - sent, defaultFrameSize, stream.sendWindow, this.sendWindow);
      if (size <= 0) break;
      this.output.data(stream.id, chunk, sent, sent + size);
      stream.sendWindow -= size;
      this.sendWindow -= size;
      sent += size;
      if (++frames === mostFrames) break;
    }
    if (sent > 0) this.scheduleFlush();
    return sent;
  }

  emitEnd(stream: Http2Stream, trailers: Headers | undefined): void {
    if (trailers !== undefined && trailers.length > 0) {
      this.encoder.begin();
      for (let i = 0; i < trailers.length; i += 2) this.encoder.add(trailers[i] as string, trailers[i + 1] as string);
      this.output.headers(stream.id, this.encoder.end(), true);
    } else this.output.end(stream.id);
    stream.localEnded = true;
    this.scheduleFlush();
    this.settle(stream);
  }

  /** Gives the streams that wait their turns, a frame each. */
  protected override pump(): void {
    let moving = this.waiting.size > 0;
    while (moving && !this.closed) {
      moving = false;
      for (const stream of this.waiting) if (stream.pump()) moving = true;
    }
  }

  // The end of streams and of the connection

  /** The stream is done when both sides have ended. */
  settle(stream: Http2Stream): void {
    if (!stream.localEnded || !stream.remoteEnded || stream.closed) return;
    stream.closed = true;
    this.streams.delete(stream.id);
    this.onStreamClosed(stream);
  }

  /** The stream is over, without a word to the peer. */
  protected discard(stream: Http2Stream): void {
    stream.closed = true;
    stream.drop();
    this.waiting.delete(stream);
    this.streams.delete(stream.id);
    this.onStreamClosed(stream);
  }

  /** Sends RST_STREAM; `loss`: what the user of the stream is told, undefined: nothing. */
  resetStream(stream: Http2Stream, code: number, loss: StreamLoss | undefined): void {
    if (stream.closed) return;
    this.output.number(frameType.rstStream, stream.id, code);
    this.scheduleFlush();
    this.discard(stream);
    if (loss !== undefined) stream.onLost(loss, code);
  }

  protected override suspendReading(): void {
    this.parser.suspend();
  }

  protected override resumeReading(): void {
    this.parser.resume();
  }

  protected override shut(details: string | undefined): void {
    this.parser.stop();
    this.onClosed();
    this.waiting.clear();
    for (const stream of [...this.streams.values()]) {
      this.discard(stream);
      stream.onLost(details === undefined ? 'disconnect' : 'violation', undefined);
    }
  }

  protected sendSettings(pairs: readonly (readonly [id: number, value: number])[]): void {
    this.output.settings([...pairs, [setting.initialWindowSize, streamWindow]]);
    this.output.number(frameType.windowUpdate, 0, connectionWindow - defaultWindow);
  }
}
