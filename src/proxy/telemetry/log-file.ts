import { close, openSync, write, writeSync } from 'node:fs';
import { utf8Bytes } from './json-format.ts';
import type { LogOutput } from './log-buffer.ts';

/** What waits for a disk or a reader that is stuck; lines beyond are dropped. */
const mostPendingBytes = 8 * 1024 * 1024;
/** A pipe without a reader's attention, or a full disk, is tried again after this. */
const retryMs = 100;
const standard: Readonly<Record<string, number>> = { '/dev/stdout': 1, '/dev/stderr': 2 };

export interface LogFileOptions {
  /** For tests. */
  mostPendingBytes?: number;
  onError?: (error: Error) => void;
}

/**
 * Appends lines to a file, or to standard output or error, without ever making the caller wait: one write is under way, the rest
 * waits in memory up to a bound. One for each file of a process, so that lines of several threads do not mix.
 */
export class LogFile implements LogOutput {
  /** Lines that were not written because the file did not take them. */
  droppedLines = 0;
  private readonly path: string;
  private readonly most: number;
  private readonly onError: ((error: Error) => void) | undefined;
  private fd: number;
  /** Of a file that was rotated while a write to it was under way. */
  private stale: number | undefined;
  private queue: Buffer[] = [];
  private queuedBytes = 0;
  /** The queue's first buffer is with the system. */
  private writing = false;
  private failing = false;
  private closed = false;
  private idle: (() => void)[] = [];

  /** @throws the system's error where the file cannot be opened */
  constructor(path: string, options: LogFileOptions = {}) {
    this.path = path;
    this.most = options.mostPendingBytes ?? mostPendingBytes;
    this.onError = options.onError;
    this.fd = standard[path] ?? openSync(path, 'a', 0o644);
  }

  write(lines: string): void {
    const bytes = Buffer.from(wideAsUtf8(lines), 'latin1');
    if (this.closed || this.queuedBytes + bytes.length > this.most) {
      this.droppedLines += countLines(bytes);
      return;
    }
    this.queue.push(bytes);
    this.queuedBytes += bytes.length;
    this.next();
  }

  /**
   * Goes on in a new file of the same name: after the old one was moved away.
   *
   * @throws the system's error; the old file goes on then
   */
  reopen(): void {
    if (standard[this.path] !== undefined || this.closed) return;
    const fd = openSync(this.path, 'a', 0o644);
    if (this.writing && this.stale === undefined) this.stale = this.fd;
    else close(this.fd, () => {});
    this.fd = fd;
  }

  /** Bytes that wait. */
  get pendingBytes(): number {
    return this.queuedBytes;
  }

  /** Writes what waits and closes; what is not taken within `timeoutMs` is dropped. */
  async close(timeoutMs = 1000): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    if (this.queue.length > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        this.idle.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    for (const bytes of this.queue) this.droppedLines += countLines(bytes);
    this.queue = [];
    this.queuedBytes = 0;
    if (standard[this.path] === undefined && !this.writing) close(this.fd, () => {});
  }

  /** For the end of a process that cannot wait: one attempt at what is not under way. */
  flushNow(): void {
    const rest = this.queue.splice(this.writing ? 1 : 0);
    for (const bytes of rest) {
      this.queuedBytes -= bytes.length;
      try {
        writeSync(this.fd, bytes);
      } catch {
        this.droppedLines += countLines(bytes);
      }
    }
  }

  private next(): void {
    if (this.writing || this.failing) return;
    if (this.queue.length === 0) {
      for (const done of this.idle.splice(0)) done();
      return;
    }
    this.writing = true;
    const bytes = this.queue[0] as Buffer;
    const fd = this.fd;
    write(fd, bytes, 0, bytes.length, null, (error, written) => {
      this.writing = false;
      if (this.stale !== undefined) {
        close(this.stale, () => {});
        this.stale = undefined;
      }
      // Closed meanwhile: nothing waits any more.
      if (this.queue[0] !== bytes) return;
      if (error) return this.pause(error);
      this.queuedBytes -= written;
      if (written < bytes.length) this.queue[0] = bytes.subarray(written);
      else this.queue.shift();
      this.next();
    });
  }

  private pause(error: NodeJS.ErrnoException): void {
    this.failing = true;
    if (error.code !== 'EAGAIN') this.onError?.(error);
    setTimeout(() => {
      this.failing = false;
      this.next();
    }, retryMs).unref();
  }
}

function countLines(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) lines++;
  return lines;
}

/** Characters beyond a byte come from names in the configuration. */
function wideAsUtf8(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range of one byte
  return text.replace(/[^\u0000-\u00ff]+/g, utf8Bytes);
}
