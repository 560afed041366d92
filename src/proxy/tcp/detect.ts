import type { Socket } from 'node:net';
import type { Clock, Timer } from '../core/clock.ts';
import { parseClientHello } from './client-hello.ts';

/** What the first bytes of a connection are. */
export interface Detection {
  /** `http/1.0`: and everything else that a request line of HTTP/1 says that is not HTTP/1.1. `raw`: none of them. */
  protocol: 'http/1.1' | 'http/1.0' | 'h2c' | 'tls' | 'raw';
  /** Of the ClientHello; empty without. */
  serverName: string;
  /** ALPN of the ClientHello, or what plain text was detected as; for the choice of the filter chain. */
  applicationProtocols: readonly string[];
}

export interface DetectionOptions {
  /** Plain text is looked at for HTTP (SEL-R44); `preface`: it can be nothing else, and only HTTP/2 is told apart. */
  http: boolean | 'preface';
  /** It is looked at for a ClientHello; `only`: it can be nothing else, and what is shorter than the header of a record is not judged. */
  tls: boolean | 'only';
  /** Then it is `raw` (TCP-R3); 0: the first bytes are waited for without an end. */
  timeoutMs: number;
  /** A client that has not said by then what it speaks is left; 0 or absent: never. */
  idleTimeoutMs?: number;
  /** A client that has begun a ClientHello has to end it in this time; absent: as long as it likes. */
  helloTimeoutMs?: number;
}

const recordHeaderBytes = 5;
/** The first byte of a ClientHello. */
const handshakeRecord = 0x16;

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
/** A request line that has not ended by then is none. */
const mostRequestLineBytes = 64 * 1024;

const raw: Detection = { protocol: 'raw', serverName: '', applicationProtocols: [] };
const http11: Detection = { protocol: 'http/1.1', serverName: '', applicationProtocols: ['http/1.1'] };
const http10: Detection = { protocol: 'http/1.0', serverName: '', applicationProtocols: ['http/1.0'] };
const h2c: Detection = { protocol: 'h2c', serverName: '', applicationProtocols: ['h2c'] };

/** What the bytes are as soon as it is certain; undefined: more are needed. */
export function classify(bytes: Uint8Array, options: Pick<DetectionOptions, 'http' | 'tls'>): Detection | undefined {
  if (bytes.length === 0) return options.http || options.tls ? undefined : raw;
  if (options.tls) {
    const result = parseClientHello(bytes);
    if (result.state === 'complete') {
      return { protocol: 'tls', serverName: result.hello.serverName, applicationProtocols: result.hello.alpn };
    }
    if (result.state === 'incomplete') return undefined;
    if (options.tls === 'only' && bytes.length < recordHeaderBytes) return undefined;
  }
  if (options.http === 'preface') return classifyPreface(bytes);
  return options.http ? classifyText(bytes) : raw;
}

function classifyPreface(bytes: Uint8Array): Detection | undefined {
  const same = sameAsPreface(bytes);
  return same === preface.length ? h2c : same === bytes.length ? undefined : raw;
}

function sameAsPreface(bytes: Uint8Array): number {
  let same = 0;
  const most = Math.min(bytes.length, preface.length);
  while (same < most && bytes[same] === preface[same]) same++;
  return same;
}

/**
 * A request line of HTTP/1 with any method, or the preface of HTTP/2 (TCP-R3). It is told apart as early as possible: a client of
 * another protocol may wait for an answer after a few bytes.
 */
function classifyText(bytes: Uint8Array): Detection | undefined {
  const same = sameAsPreface(bytes);
  if (same === preface.length) return h2c;
  if (same === bytes.length) return undefined;
  let at = 0;
  while (at < bytes.length && isToken[bytes[at] as number] === 1) at++;
  if (at === bytes.length) return at < mostRequestLineBytes ? undefined : raw;
  if (at === 0 || bytes[at] !== 0x20) return raw;
  const target = at + 1;
  let end = target;
  while (end < bytes.length && bytes[end] !== 0x0d && bytes[end] !== 0x0a) {
    const c = bytes[end] as number;
    // Neither a target nor a version has others.
    if ((c < 0x20 && c !== 0x09 && c !== 0x0c) || c > 0x7e) return raw;
    end++;
  }
  if (end === bytes.length) return end < mostRequestLineBytes ? undefined : raw;
  const line = Buffer.from(bytes.buffer, bytes.byteOffset + target, end - target).toString('latin1');
  const space = line.indexOf(' ');
  if (space < 0) return isTarget(line, false) ? http10 : raw;
  const connect = target === 8 && bytes[0] === 0x43 && Buffer.from(bytes.buffer, bytes.byteOffset, 7).toString('latin1') === 'CONNECT';
  if (!isTarget(line.slice(0, space), connect)) return raw;
  const version = line.slice(space + 1);
  if (version === 'HTTP/1.1') return http11;
  return /^HTTP\/[0-9]\.[0-9]$/.test(version) ? http10 : raw;
}

/** Origin form, `*`, absolute form, and for CONNECT an authority. */
function isTarget(target: string, connect: boolean): boolean {
  if (target === '') return false;
  if (target[0] === '/' || target[0] === '*') return true;
  const rest = connect ? target : /^[A-Za-z][A-Za-z0-9+.-]*:\/\/(.*)$/.exec(target)?.[1];
  return rest !== undefined && /^(?!.*@@)[A-Za-z0-9!$%&'()*+,\-.:;=@[\]_~]*(?:[/?].*)?$/.test(rest);
}

const isControl = (c: number): boolean => c < 0x20;

const isToken = new Uint8Array(256);
for (const c of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") isToken[c.charCodeAt(0)] = 1;

/** The first bytes of a connection, being waited for. */
export class Detector {
  private readonly socket: Socket;
  private readonly options: DetectionOptions;
  private readonly clock: Clock;
  private readonly done: (detection: Detection | undefined, bytes: Buffer) => void;
  private bytes: Buffer = Buffer.alloc(0);
  private timer: Timer | undefined;
  private idleTimer: Timer | undefined;
  private helloTimer: Timer | undefined;
  private finished = false;

  private constructor(socket: Socket, options: DetectionOptions, clock: Clock, done: (detection: Detection | undefined, bytes: Buffer) => void) {
    this.socket = socket;
    this.options = options;
    this.done = done;
    if (options.timeoutMs > 0) this.timer = clock.setTimer(options.timeoutMs, () => this.finish(raw));
    if (options.idleTimeoutMs !== undefined && options.idleTimeoutMs > 0) this.idleTimer = clock.setTimer(options.idleTimeoutMs, this.onGone);
    this.clock = clock;
    socket.on('data', this.onData);
    socket.on('end', this.onGone);
    socket.on('close', this.onGone);
    socket.on('error', this.onError);
  }

  /**
   * Reads as much of the socket as it takes to tell its protocol. Then the socket is paused, without listeners of this, and `bytes`
   * is all that was read: whoever takes the connection over begins with these and resumes the socket. It is called with undefined
   * when the client went away before (the socket is destroyed then), and within this call when nothing needs to be read.
   *
   * @returns takes it back: `done` will not be called
   */
  static detect(socket: Socket, options: DetectionOptions, clock: Clock, done: (detection: Detection | undefined, bytes: Buffer) => void): { cancel(): void } {
    if (!options.http && !options.tls) {
      done(raw, Buffer.alloc(0));
      return { cancel: () => {} };
    }
    return new Detector(socket, options, clock, done);
  }

  cancel(): void {
    if (!this.finished) this.detach();
  }

  private readonly onData = (chunk: Buffer): void => {
    const before = this.bytes.length;
    this.bytes = before === 0 ? chunk : Buffer.concat([this.bytes, chunk]);
    // A long request line that comes in small pieces is not read from its beginning again for each of them.
    if (before > 64 && before < mostRequestLineBytes && this.bytes[0] !== 0x16 && !chunk.some(isControl)) return;
    const detection = classify(this.bytes, this.options);
    if (detection) this.finish(detection);
    else if (this.options.helloTimeoutMs !== undefined && this.options.tls && this.bytes[0] === handshakeRecord) {
      this.helloTimer ??= this.clock.setTimer(this.options.helloTimeoutMs, this.onGone);
    }
  };

  private readonly onGone = (): void => {
    this.finish(undefined);
    this.socket.destroy();
  };

  // Without a listener an error would end the process; `close` follows it.
  private readonly onError = (): void => {};

  private finish(detection: Detection | undefined): void {
    if (this.finished) return;
    this.detach();
    this.done(detection, this.bytes);
  }

  private detach(): void {
    this.finished = true;
    this.timer?.cancel();
    this.idleTimer?.cancel();
    this.helloTimer?.cancel();
    const { socket } = this;
    socket.pause();
    socket.off('data', this.onData);
    socket.off('end', this.onGone);
    socket.off('close', this.onGone);
    socket.off('error', this.onError);
  }
}
