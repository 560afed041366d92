// Bytes of a socket, read on demand.
import type { Duplex } from 'node:stream';

/** How the other side ended a connection: in order (FIN), by a reset, or not yet. */
export type Ending = 'fin' | 'rst' | undefined;

const none = Buffer.alloc(0);

/** Collects what a socket receives, and hands it out in the portions that a parser asks for. */
export class SocketReader {
  readonly socket: Duplex;
  /** The error that ended the connection; a reset has the code ECONNRESET. */
  error: (Error & { code?: string }) | undefined;
  private chunks: Buffer[] = [];
  private size = 0;
  private ended: Ending;
  private wake: (() => void)[] = [];

  constructor(socket: Duplex) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.chunks.push(chunk);
      this.size += chunk.length;
      this.notify();
    });
    socket.on('end', () => this.end('fin'));
    socket.on('error', (error: Error) => {
      this.error ??= error;
      this.end('rst');
    });
    socket.on('close', () => this.end('fin'));
  }

  get ending(): Ending {
    return this.ended;
  }

  /** Bytes that have come and were not taken. */
  get available(): number {
    return this.size;
  }

  private end(how: Ending): void {
    this.ended ??= how;
    this.notify();
  }

  private notify(): void {
    const waiting = this.wake;
    this.wake = [];
    for (const resolve of waiting) resolve();
  }

  /** Waits for more bytes or the end. With a time, false when nothing came within it. */
  async more(withinMs?: number): Promise<boolean> {
    if (this.ended !== undefined) return true;
    let timer: NodeJS.Timeout | undefined;
    const happened = new Promise<boolean>((resolve) => {
      this.wake.push(() => resolve(true));
      if (withinMs !== undefined) timer = setTimeout(() => resolve(false), Math.max(0, withinMs));
    });
    const result = await happened;
    clearTimeout(timer);
    return result;
  }

  /** Looks at what is there without taking it. */
  peek(): Buffer {
    if (this.chunks.length > 1) this.chunks = [Buffer.concat(this.chunks)];
    return this.chunks[0] ?? none;
  }

  /** Takes `count` bytes of what is there. */
  take(count: number): Buffer {
    const all = this.peek();
    const taken = all.subarray(0, count);
    const rest = all.subarray(count);
    this.chunks = rest.length > 0 ? [rest] : [];
    this.size = rest.length;
    return taken;
  }

  takeAll(): Buffer {
    return this.take(this.size);
  }

  /** Takes exactly `count` bytes; undefined when the connection ends before. */
  async exactly(count: number): Promise<Buffer | undefined> {
    while (this.size < count) {
      if (this.ended !== undefined) return undefined;
      await this.more();
    }
    return this.take(count);
  }

  /** Takes all up to and with the delimiter; undefined when the connection ends before it came. */
  async through(delimiter: string): Promise<Buffer | undefined> {
    const mark = Buffer.from(delimiter, 'latin1');
    let from = 0;
    for (;;) {
      const all = this.peek();
      const at = all.indexOf(mark, from);
      if (at >= 0) return this.take(at + mark.length);
      if (this.ended !== undefined) return undefined;
      from = Math.max(0, all.length - mark.length + 1);
      await this.more();
    }
  }
}
