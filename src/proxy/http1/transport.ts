// A socket without what node's streams do for every read and write: all sockets read into one buffer, and what is written in one
// turn leaves in one write. Both together save about a seventh of the time of a small request.
import { Buffer } from 'node:buffer';
import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { rawSocket, resetAndDestroy } from '../tls/raw-socket.ts';
import { encryptsAtOnce, readInto } from './read-into.ts';

/** Whose socket it is. */
export interface TransportUser {
  /** The buffer is used again after this call. */
  onBytes(buffer: Buffer, start: number, end: number): void;
  /** The peer has ended its side. */
  onEof(): void;
  /** After `clogged`: all is written. */
  onDrain(): void;
  /** Once; `error`: reset, or failed. */
  onClose(error: NodeJS.ErrnoException | undefined): void;
}

interface Handle {
  /** Bytes that the kernel has not taken. */
  writeQueueSize?: number;
  readStop?(): number;
  useUserBuffer?(buffer: Uint8Array): void;
  reading?: boolean;
}

/** Fields of net.Socket that its types leave out. */
interface SocketInternals {
  _handle: Handle | null;
  /** Whose count of connections this one is in. */
  _server?: unknown;
}

const readBufferBytes = 64 * 1024;
const readBuffer = Buffer.allocUnsafeSlow(readBufferBytes);
/** Written from when a head and a body leave together; a read and what is added to it have room. */
const scratchBytes = 2 * readBufferBytes;
let scratch = Buffer.allocUnsafeSlow(scratchBytes);
/** A body up to this length is copied into the text of its head. */
const textBytes = 1024;

/** Transports with something to write when the current read is dealt with. */
const dirty: (Transport | undefined)[] = [];
/** Of `dirty`, which is not made shorter: that is slow. */
let dirtyCount = 0;
let reading = 0;
let tickPending = false;

function flushDirty(): void {
  for (let i = 0; i < dirtyCount; i++) {
    const transport = dirty[i] as Transport;
    dirty[i] = undefined;
    transport.flush();
  }
  dirtyCount = 0;
}

function onTick(): void {
  tickPending = false;
  if (reading === 0) flushDirty();
}

export class Transport {
  readonly socket: Socket;
  private readonly user: TransportUser;
  /** What is written is out of the buffer, or else the buffer is lost to whoever still reads from it. */
  private leavesBuffer: 'never' | 'unless-busy' | 'at-once' = 'never';
  /** Below TLS, which tells of every write only later that it is done. */
  private below: { writeQueueSize?: number } | undefined = undefined;
  /** Read before, and not told yet. */
  private first: Buffer | undefined = undefined;
  /** What is to be written: large chunks and texts in their order, then this text. */
  private text = '';
  private parts: (string | Uint8Array)[] = [];
  private queuedBytes = 0;
  private isDirty = false;
  /** The kernel has not taken all of the last write. */
  private busy = false;
  private starting = false;
  private drainWanted = false;
  private ending = false;
  private readonly readsOn: boolean;
  private writeFailed = false;
  private closed = false;
  private error: NodeJS.ErrnoException | undefined = undefined;
  /** `written`, bound once. */
  private readonly onWritten: (error?: Error | null) => void;

  /**
   * The socket is connected and has no listeners; nothing else reads from it any more.
   *
   * @param bytes what was read from it before; told first, but not within this call
   * @param readsOn when the peer takes no more, it may still have sent something
   */
  constructor(socket: Socket, user: TransportUser, bytes?: Buffer, readsOn = false) {
    this.user = user;
    this.readsOn = readsOn;
    if (bytes !== undefined && bytes.length > 0) this.first = bytes;
    this.onWritten = (error) => this.written(error);
    this.socket = this.adopt(socket);
    if (this.first !== undefined) process.nextTick(() => this.readFirst());
    this.socket.on('end', () => {
      if (!this.closed) this.user.onEof();
    });
    this.socket.on('error', (error: NodeJS.ErrnoException) => {
      this.error = error;
    });
    // Where it was closed while it was handed over, its `close` is past.
    if (socket.destroyed) process.nextTick(() => this.onSocketClose());
    else this.socket.on('close', () => this.onSocketClose());
  }

  /** The peer takes less than it is sent: `onDrain` follows. */
  get clogged(): boolean {
    if (!this.busy && this.queuedBytes > readBufferBytes) this.flush();
    if (!this.busy || (this.below?.writeQueueSize === 0 && this.queuedBytes <= readBufferBytes)) return false;
    this.drainWanted = true;
    return true;
  }

  /** Latin1 text, with what comes in the same turn. */
  send(text: string): void {
    this.text += text;
    this.queuedBytes += text.length;
    this.flushLater();
  }

  /** Nobody changes the chunk any more; or it is lent, from the common buffer of all reads. */
  sendBytes(chunk: Uint8Array): void {
    if (chunk.length <= textBytes) {
      this.send(latin1(chunk));
      return;
    }
    // It would be written after the next read.
    if (this.busy && isLent(chunk)) {
      this.sendBytes(Buffer.from(chunk));
      return;
    }
    if (this.text !== '') {
      this.parts.push(this.text);
      this.text = '';
    }
    this.parts.push(chunk);
    this.queuedBytes += chunk.length;
    this.flushLater();
  }

  flush(): void {
    this.isDirty = false;
    if (!this.busy && !this.closed) this.writeOut();
  }

  private keepLent(): void {
    for (let i = 0; i < this.parts.length; i++) {
      const part = this.parts[i] as string | Uint8Array;
      if (typeof part !== 'string' && isLent(part)) this.parts[i] = Buffer.from(part);
    }
  }

  private writeOut(): void {
    if (this.writeFailed) {
      this.text = '';
      this.parts.length = 0;
      this.queuedBytes = 0;
      return;
    }
    if (this.parts.length === 0) {
      if (this.text !== '') {
        const text = this.text;
        this.text = '';
        this.queuedBytes = 0;
        // A text would be copied once more before it is encrypted.
        if (this.leavesBuffer === 'at-once' && text.length <= scratch.length) {
          this.write(scratch.subarray(0, scratch.write(text, 0, 'latin1')), 'buffer');
        } else this.write(text, 'latin1');
      }
    } else if (this.queuedBytes <= scratch.length) this.writeGathered();
    else {
      // They are handed to the kernel, or stay here, until after the next read.
      this.keepLent();
      if (this.text !== '') {
        this.parts.push(this.text);
        this.text = '';
      }
      const parts = this.parts;
      let sent = 0;
      while (sent < parts.length && !this.busy && !this.closed) {
        const part = parts[sent++] as string | Uint8Array;
        this.queuedBytes -= part.length;
        this.write(part, typeof part === 'string' ? 'latin1' : 'buffer');
      }
      parts.splice(0, sent);
    }
    if (this.ending && !this.busy && this.queuedBytes === 0 && !this.closed) this.socket.end();
  }

  /** Ends this side when all is written. */
  end(): void {
    if (this.ending) return;
    this.ending = true;
    this.flush();
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** The peer is to see that this is no orderly end. */
  reset(): void {
    resetAndDestroy(this.socket);
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  private onSocketClose(): void {
    if (this.closed) return;
    this.closed = true;
    this.user.onClose(this.error);
  }

  private flushLater(): void {
    if (this.isDirty || this.busy) return;
    this.isDirty = true;
    dirty[dirtyCount++] = this;
    if (reading > 0 || tickPending) return;
    tickPending = true;
    process.nextTick(onTick);
  }

  private writeGathered(): void {
    const target = this.leavesBuffer === 'never' ? Buffer.allocUnsafe(this.queuedBytes) : scratch;
    let at = 0;
    for (const part of this.parts) {
      if (typeof part === 'string') target.write(part, at, 'latin1');
      else target.set(part, at);
      at += part.length;
    }
    if (this.text !== '') {
      target.write(this.text, at, 'latin1');
      at += this.text.length;
      this.text = '';
    }
    this.parts.length = 0;
    this.queuedBytes = 0;
    this.write(target.subarray(0, at), 'buffer');
    // The kernel still reads from it.
    if (this.busy && this.leavesBuffer === 'unless-busy') scratch = Buffer.allocUnsafeSlow(scratchBytes);
  }

  /** One write at a time: node's own queue of writes is not needed, and its bookkeeping costs as much as the call itself. */
  private write(data: string | Uint8Array, encoding: 'latin1' | 'buffer'): void {
    this.busy = true;
    this.starting = true;
    this.socket._write(data, encoding as BufferEncoding, this.onWritten);
    this.starting = false;
  }

  private written(error: Error | null | undefined): void {
    this.busy = false;
    if (error) {
      this.error ??= error;
      this.writeFailed = true;
      if (!this.readsOn || this.socket.isPaused()) this.socket.destroy();
      return;
    }
    if (this.starting) return;
    this.flush();
    if (this.busy || !this.drainWanted || this.closed) return;
    this.drainWanted = false;
    this.user.onDrain();
  }

  private readFirst(): void {
    const { first } = this;
    this.first = undefined;
    if (first !== undefined) this.read(first, first.length);
  }

  private read(buffer: Buffer, end: number): void {
    if (this.first !== undefined) this.readFirst();
    if (this.closed) return;
    reading++;
    try {
      this.user.onBytes(buffer, 0, end);
    } finally {
      if (--reading === 0 && dirtyCount > 0) flushDirty();
    }
  }

  private adoptSecure(socket: TLSSocket): TLSSocket {
    socket.allowHalfOpen = true;
    // What came while nobody had it.
    const waiting = socket.read() as Buffer | null;
    if (waiting !== null) this.first = this.first === undefined ? waiting : Buffer.concat([this.first, waiting]);
    if (readInto(socket, readBuffer, (bytes) => this.read(readBuffer, bytes))) socket.resume();
    else socket.on('data', (chunk: Buffer) => this.read(chunk, chunk.length));
    const raw = rawSocket(socket);
    this.below = (raw as unknown as SocketInternals | undefined)?._handle ?? undefined;
    if (encryptsAtOnce) this.leavesBuffer = 'at-once';
    return socket;
  }

  /** Moves the connection to a socket that reads into the common buffer, where it is a plain one. */
  private adopt(socket: Socket): Socket {
    if (socket.destroyed) return socket;
    if (socket instanceof TLSSocket) return this.adoptSecure(socket);
    const internals = socket as unknown as SocketInternals;
    const handle = internals._handle;
    if (socket.constructor !== Socket || handle === null || typeof handle?.useUserBuffer !== 'function' || socket.readableLength > 0) {
      socket.allowHalfOpen = true;
      socket.on('data', (chunk: Buffer) => this.read(chunk, chunk.length));
      return socket;
    }
    socket.pause();
    handle.readStop?.();
    handle.reading = false;
    internals._handle = null;
    const adopted = new Socket({
      handle,
      allowHalfOpen: true,
      onread: {
        buffer: readBuffer,
        callback: (bytes: number, buffer: Uint8Array) => {
          this.read(buffer as Buffer, bytes);
          return true;
        },
      },
    } as unknown as ConstructorParameters<typeof Socket>[0]);
    this.leavesBuffer = 'unless-busy';
    (adopted as unknown as SocketInternals)._server = internals._server;
    internals._server = null;
    // Whoever holds the socket that was accepted can still close it, and hears of its end.
    adopted.once('close', () => socket.destroy());
    socket.once('close', () => adopted.destroy());
    return adopted;
  }
}

/** Only good until the read that brought it is dealt with. */
function isLent(chunk: Uint8Array): boolean {
  return chunk.buffer === readBuffer.buffer;
}

function latin1(chunk: Uint8Array): string {
  return Buffer.isBuffer(chunk) ? chunk.toString('latin1') : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1');
}
