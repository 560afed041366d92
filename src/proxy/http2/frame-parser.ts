import { FrameReader, type FrameSink } from './frame-reader.ts';
import { errorCode, flag, frameType, mostWindow } from './frames.ts';
import { HpackDecoder } from './hpack/decoder.ts';

/** Frames that one header block may be cut into, and what they may have in all: more than what is answered as too large. */
const mostContinuations = 64;
const mostBlockBytes = 512 * 1024;

export interface SessionLimits {
  /** Bytes of the names and values of one header block. */
  maxHeaderBytes: number;
  /** Header fields of one block. */
  maxHeaders: number;
}

/** A header block that was decoded. */
export interface HeaderBlock {
  /** name, value, name, value; pseudo headers among them. */
  list: string[];
  /** A name or a value has characters that it must not have. */
  invalid: boolean;
  /** Which limit it is beyond; the list is not complete then. */
  tooLarge: 'bytes' | 'fields' | undefined;
}

/** What frames say, checked on their own; whether they fit the state of their stream is for the session. */
export interface FrameEvents {
  /** @param size of the frame with its padding */
  onData(stream: number, size: number, bytes: Buffer, from: number, to: number, ends: boolean): void;
  onBlock(stream: number, block: HeaderBlock, ends: boolean): void;
  onWindowUpdate(stream: number, increment: number): void;
  onReset(stream: number, code: number): void;
  /** Pairs of number (2 bytes) and value (4 bytes). */
  onSettings(bytes: Buffer, from: number, to: number): void;
  /** Eight bytes that are to be sent back. */
  onPing(bytes: Buffer, from: number, to: number): void;
  onPong(): void;
  onGoaway(lastStream: number, code: number): void;
  /** A frame that is of no use. */
  onIdleFrame(): void;
  /** The connection cannot go on. Nothing is called after it. */
  onBroken(code: number, details: string): void;
}

/** Understands the frames of one direction of a connection: their form, header blocks over several frames, header compression. */
export class FrameParser implements FrameSink {
  private readonly events: FrameEvents;
  private readonly reader = new FrameReader(this);
  private readonly decoder: HpackDecoder;
  private settingsSeen = false;
  /** A header block that is not whole; 0: none. */
  private blockStream = 0;
  private blockEnds = false;
  private blockParts: Buffer[] = [];
  private blockBytes = 0;
  private stopped = false;

  constructor(events: FrameEvents, limits: SessionLimits) {
    this.events = events;
    this.decoder = new HpackDecoder({ maxBytes: limits.maxHeaderBytes, maxFields: limits.maxHeaders });
  }

  push(chunk: Buffer): void {
    this.reader.push(chunk);
  }

  stop(): void {
    this.stopped = true;
    this.reader.stop();
  }

  /** Keeps what follows the frame at hand until `resume`. */
  suspend(): void {
    this.reader.suspend();
  }

  resume(): void {
    this.reader.resume();
  }

  /** A header block began and is not whole. */
  get inHeaders(): boolean {
    return this.blockStream !== 0 || this.reader.partialType === frameType.headers;
  }

  onFrameTooLarge(): void {
    this.broken(errorCode.frameSizeError, 'a frame is too large');
  }

  onFrame(type: number, flags: number, id: number, bytes: Buffer, from: number, to: number): boolean {
    if (this.blockStream !== 0 && (type !== frameType.continuation || id !== this.blockStream)) {
      this.broken(errorCode.protocolError, 'a header block is not continued');
    } else if (!this.settingsSeen && type !== frameType.settings) {
      this.broken(errorCode.protocolError, 'the first frame is not SETTINGS');
    } else if (isMalformed(type, flags, id, to - from)) {
      this.broken(
        type === frameType.windowUpdate || isOfStream(type) === (id !== 0) ? errorCode.frameSizeError : errorCode.protocolError,
        'a frame is malformed',
      );
    } else {
      this.dispatch(type, flags, id, bytes, from, to);
    }
    return !this.stopped;
  }

  private dispatch(type: number, flags: number, id: number, bytes: Buffer, from: number, to: number): void {
    const { events } = this;
    switch (type) {
      case frameType.data:
        this.onData(flags, id, bytes, from, to);
        return;
      case frameType.headers:
        this.onHeaders(flags, id, bytes, from, to);
        return;
      case frameType.continuation:
        this.onContinuation(flags, id, bytes, from, to);
        return;
      case frameType.windowUpdate:
        events.onWindowUpdate(id, bytes.readUInt32BE(from) & mostWindow);
        return;
      case frameType.rstStream:
        events.onReset(id, bytes.readUInt32BE(from));
        return;
      case frameType.settings:
        this.settingsSeen = true;
        if ((flags & flag.ack) === 0) events.onSettings(bytes, from, to);
        return;
      case frameType.ping:
        if ((flags & flag.ack) !== 0) events.onPong();
        else events.onPing(bytes, from, to);
        return;
      case frameType.goaway:
        events.onGoaway(bytes.readUInt32BE(from) & mostWindow, bytes.readUInt32BE(from + 4));
        return;
      case frameType.pushPromise:
        this.broken(errorCode.protocolError, 'PUSH_PROMISE is not allowed');
        return;
      default:
        events.onIdleFrame();
    }
  }

  private onData(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    let from = start;
    let to = end;
    if ((flags & flag.padded) !== 0) {
      to -= start < end ? (bytes[start] as number) : 1;
      from++;
      if (from > to) {
        this.broken(errorCode.protocolError, 'the padding is longer than the frame');
        return;
      }
    }
    this.events.onData(id, end - start, bytes, from, to, (flags & flag.endStream) !== 0);
  }

  private onHeaders(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    let from = start;
    let to = end;
    if ((flags & flag.padded) !== 0) {
      to -= start < end ? (bytes[start] as number) : 1;
      from++;
    }
    if ((flags & flag.priority) !== 0) from += 5;
    if (from > to) {
      this.broken(errorCode.protocolError, 'the padding is longer than the frame');
      return;
    }
    const ends = (flags & flag.endStream) !== 0;
    if ((flags & flag.endHeaders) !== 0) {
      this.decode(id, ends, bytes, from, to);
      return;
    }
    this.blockStream = id;
    this.blockEnds = ends;
    this.blockParts = [bytes.subarray(from, to)];
    this.blockBytes = to - from;
  }

  private onContinuation(flags: number, id: number, bytes: Buffer, from: number, to: number): void {
    if (this.blockStream === 0) {
      this.broken(errorCode.protocolError, 'CONTINUATION without a header block');
      return;
    }
    this.blockParts.push(bytes.subarray(from, to));
    this.blockBytes += to - from;
    if (this.blockBytes > mostBlockBytes || this.blockParts.length > mostContinuations) {
      this.broken(errorCode.enhanceYourCalm, 'a header block does not end');
      return;
    }
    if ((flags & flag.endHeaders) === 0) return;
    const block = Buffer.concat(this.blockParts);
    this.blockStream = 0;
    this.blockParts = [];
    this.decode(id, this.blockEnds, block, 0, block.length);
  }

  private decode(id: number, ends: boolean, bytes: Buffer, from: number, to: number): void {
    const list: string[] = [];
    const { decoder } = this;
    if (!decoder.decode(bytes, from, to, list)) this.broken(errorCode.compressionError, 'a header block cannot be decoded');
    else this.events.onBlock(id, { list, invalid: decoder.invalid, tooLarge: decoder.tooLarge }, ends);
  }

  private broken(code: number, details: string): void {
    this.stop();
    this.events.onBroken(code, details);
  }
}

/** Frames that belong to a stream; the others belong to the connection. */
function isOfStream(type: number): boolean {
  return type !== frameType.settings && type !== frameType.ping && type !== frameType.goaway;
}

function isMalformed(type: number, flags: number, id: number, length: number): boolean {
  switch (type) {
    case frameType.data:
    case frameType.headers:
    case frameType.continuation:
      return id === 0;
    case frameType.priority:
      return id === 0 || length !== 5;
    case frameType.rstStream:
      return id === 0 || length !== 4;
    case frameType.windowUpdate:
      return length !== 4;
    case frameType.settings:
      return id !== 0 || length % 6 !== 0 || ((flags & flag.ack) !== 0 && length > 0);
    case frameType.ping:
      return id !== 0 || length !== 8;
    case frameType.goaway:
      return id !== 0 || length < 8;
    default:
      return false;
  }
}
