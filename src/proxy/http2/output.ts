import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { defaultFrameSize, flag, frameType, headerBytes } from './frames.ts';

const size = 64 * 1024;
/** Buffers whose bytes the system has taken; a connection has one only while it has something to send. */
const free: Buffer[] = [];
const mostFree = 32;
const empty = new Uint8Array(0);

/** Puts frames together, so that many go out with one write. */
export class Output {
  private readonly socket: Socket;
  private buffer: Buffer | undefined;
  private at = 0;
  /** Stream of the last HEADERS or DATA that is not written yet, and where its flags are; 0: there is none. */
  private lastStream = 0;
  private lastFlags = 0;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** Bytes that the peer has not taken. */
  get unsent(): number {
    return this.at + this.socket.writableLength;
  }

  /** Bytes that `flush` will write. */
  get pending(): number {
    return this.at;
  }

  /** Writes what is there. */
  flush(): void {
    const { buffer, at, socket } = this;
    if (buffer === undefined || at === 0) return;
    this.at = 0;
    this.lastStream = 0;
    this.buffer = undefined;
    if (socket.destroyed || socket.writableEnded) {
      recycle(buffer);
      return;
    }
    const bytes = at === buffer.length ? buffer : buffer.subarray(0, at);
    // TLS tells only later that it has encrypted them.
    if (socket instanceof TLSSocket) socket.write(bytes, () => recycle(buffer));
    else {
      socket.write(bytes);
      // Nothing is left of it: the system has a copy, and the buffer can be used again.
      if (socket.writableLength === 0) recycle(buffer);
    }
  }

  frame(type: number, flags: number, stream: number, payload: Uint8Array, from: number, to: number): void {
    const length = to - from;
    const buffer = this.header(type, flags, stream, length);
    if (length > 0) {
      buffer.set(from === 0 && to === payload.length ? payload : payload.subarray(from, to), this.at);
      this.at += length;
    }
  }

  data(stream: number, chunk: Uint8Array, from: number, to: number): void {
    this.frame(frameType.data, 0, stream, chunk, from, to);
    this.remember(stream, to - from);
  }

  /** END_STREAM: on the last frame of the stream while it is not written yet, else on an empty one. */
  end(stream: number): void {
    const { buffer } = this;
    if (this.lastStream === stream && buffer !== undefined) buffer[this.lastFlags] = (buffer[this.lastFlags] as number) | flag.endStream;
    else this.frame(frameType.data, flag.endStream, stream, empty, 0, 0);
  }

  private remember(stream: number, payload: number): void {
    this.lastStream = stream;
    this.lastFlags = this.at - payload - headerBytes + 4;
  }

  /** A header block, cut into frames of the size that every peer takes. */
  headers(stream: number, block: Uint8Array, endStream: boolean): void {
    const maxFrame = defaultFrameSize;
    const end = endStream ? flag.endStream : 0;
    if (block.length <= maxFrame) {
      this.frame(frameType.headers, flag.endHeaders | end, stream, block, 0, block.length);
      this.remember(stream, block.length);
      return;
    }
    this.frame(frameType.headers, end, stream, block, 0, maxFrame);
    for (let from = maxFrame; from < block.length; from += maxFrame) {
      const to = Math.min(from + maxFrame, block.length);
      this.frame(frameType.continuation, to === block.length ? flag.endHeaders : 0, stream, block, from, to);
    }
  }

  /** A frame whose payload is one number of 32 bits: RST_STREAM, WINDOW_UPDATE. */
  number(type: number, stream: number, value: number): void {
    const buffer = this.header(type, 0, stream, 4);
    this.at = buffer.writeUInt32BE(value, this.at);
  }

  settings(pairs: readonly (readonly [id: number, value: number])[]): void {
    const buffer = this.header(frameType.settings, 0, 0, pairs.length * 6);
    for (const [id, value] of pairs) {
      this.at = buffer.writeUInt16BE(id, this.at);
      this.at = buffer.writeUInt32BE(value, this.at);
    }
  }

  goaway(lastStream: number, code: number): void {
    const buffer = this.header(frameType.goaway, 0, 0, 8);
    this.at = buffer.writeUInt32BE(lastStream, this.at);
    this.at = buffer.writeUInt32BE(code, this.at);
  }

  /** Writes the header of a frame and makes room for its payload, which follows at `at`. */
  private header(type: number, flags: number, stream: number, length: number): Buffer {
    if (this.buffer !== undefined && this.at + headerBytes + length > this.buffer.length) this.flush();
    if (this.buffer === undefined) this.buffer = free.pop() ?? Buffer.allocUnsafeSlow(size);
    const { buffer } = this;
    let at = this.at;
    buffer[at++] = length >> 16;
    buffer[at++] = (length >> 8) & 255;
    buffer[at++] = length & 255;
    buffer[at++] = type;
    buffer[at++] = flags;
    buffer[at++] = (stream >>> 24) & 127;
    buffer[at++] = (stream >> 16) & 255;
    buffer[at++] = (stream >> 8) & 255;
    buffer[at++] = stream & 255;
    this.at = at;
    return buffer;
  }
}

function recycle(buffer: Buffer): void {
  if (free.length < mostFree) free.push(buffer);
}
