import { defaultFrameSize, headerBytes } from './frames.ts';

export interface FrameSink {
  /**
   * A whole frame; its payload is `bytes` between the two offsets and is not used again.
   *
   * @returns false: nothing more is read
   */
  onFrame(type: number, flags: number, stream: number, bytes: Buffer, from: number, to: number): boolean;
  /** A frame is larger than SETTINGS_MAX_FRAME_SIZE allows. */
  onFrameTooLarge(): void;
}

/** Cuts what comes from a socket into frames. Only a frame that comes in several pieces is copied. */
export class FrameReader {
  private readonly sink: FrameSink;
  /** The beginning of a frame that is not whole. */
  private partial: Buffer | undefined;
  private held = 0;
  private readonly head: Buffer = Buffer.alloc(headerBytes);
  private stopped = false;
  private suspended = false;
  /** What came while it was suspended. */
  private rest: Buffer | undefined;

  constructor(sink: FrameSink) {
    this.sink = sink;
  }

  /** Type of a frame that began and is not whole; -1: there is none. */
  get partialType(): number {
    return this.held > 3 ? (this.head[3] as number) : -1;
  }

  stop(): void {
    this.stopped = true;
    this.partial = undefined;
    this.rest = undefined;
  }

  /** Keeps what follows the frame at hand until `resume`. */
  suspend(): void {
    this.suspended = true;
  }

  resume(): void {
    this.suspended = false;
    const { rest } = this;
    this.rest = undefined;
    if (rest !== undefined) this.push(rest);
  }

  push(chunk: Buffer): void {
    if (this.stopped) return;
    if (this.suspended) {
      this.rest = this.rest === undefined ? chunk : Buffer.concat([this.rest, chunk]);
      return;
    }
    let at = this.held > 0 ? this.complete(chunk) : 0;
    while (!this.stopped && !this.suspended && chunk.length - at >= headerBytes) {
      const length = lengthAt(chunk, at);
      if (length > defaultFrameSize) {
        this.tooLarge();
        return;
      }
      const end = at + headerBytes + length;
      if (end > chunk.length) break;
      this.emit(chunk, at, end);
      at = end;
    }
    if (this.stopped || at === chunk.length) return;
    if (this.suspended) this.rest = chunk.subarray(at);
    else this.hold(chunk, at);
  }

  /** Adds to the frame at hand. Returns how much of the chunk it took. */
  private complete(chunk: Buffer): number {
    let at = 0;
    if (this.held < headerBytes) {
      at = Math.min(headerBytes - this.held, chunk.length);
      chunk.copy(this.head, this.held, 0, at);
      this.held += at;
      if (this.held < headerBytes) return at;
    }
    const length = lengthAt(this.head, 0);
    if (length > defaultFrameSize) {
      this.tooLarge();
      return at;
    }
    if (this.partial === undefined) {
      this.partial = Buffer.allocUnsafe(headerBytes + length);
      this.head.copy(this.partial);
    }
    const missing = Math.min(headerBytes + length - this.held, chunk.length - at);
    chunk.copy(this.partial, this.held, at, at + missing);
    this.held += missing;
    if (this.held === headerBytes + length) {
      const whole = this.partial;
      this.partial = undefined;
      this.held = 0;
      this.emit(whole, 0, whole.length);
    }
    return at + missing;
  }

  private hold(chunk: Buffer, from: number): void {
    const left = chunk.length - from;
    this.held = left;
    chunk.copy(this.head, 0, from, Math.min(from + headerBytes, chunk.length));
    if (left < headerBytes) return;
    this.partial = Buffer.allocUnsafe(headerBytes + lengthAt(this.head, 0));
    chunk.copy(this.partial, 0, from);
  }

  private emit(bytes: Buffer, at: number, end: number): void {
    const stream = (((bytes[at + 5] as number) & 127) << 24) | ((bytes[at + 6] as number) << 16) | ((bytes[at + 7] as number) << 8) | (bytes[at + 8] as number);
    if (!this.sink.onFrame(bytes[at + 3] as number, bytes[at + 4] as number, stream, bytes, at + headerBytes, end)) this.stop();
  }

  private tooLarge(): void {
    this.stop();
    this.sink.onFrameTooLarge();
  }
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
}
