import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import type { ConnectionInfo, Refusal, RequestHead, RequestListener } from '../stream.ts';
import { errors, type ProtocolError } from './protocol-error.ts';
import { reasonPhrase, statusLine } from './reason-phrases.ts';
import { RequestParser } from './request-parser.ts';
import type { ServerOptions } from './server-options.ts';
import { Http1ServerStream } from './server-stream.ts';
import { sweeper } from './sweeper.ts';
import { Transport } from './transport.ts';

const nothing = Buffer.alloc(0);

const headersTimedOut: ProtocolError = { status: 408, details: 'request_header_timeout', message: 'the head did not come in time' };

/**
 * A client's connection: its requests one after another. What a client sends ahead of its response waits; no more than one read
 * of it is kept. A client that ends its side is gone, as for Envoy: what it asked for is given up.
 */
export class ServerConnection {
  readonly transport: Transport;
  /** Request that is being answered. */
  current: Http1ServerStream | undefined = undefined;
  deadline = 0;
  private readonly info: ConnectionInfo;
  private readonly listener: RequestListener;
  private readonly options: ServerOptions;
  private readonly onClosed: (() => void) | undefined;
  private readonly parser: RequestParser;
  /** All of the current request has come. */
  private requestDone = true;
  private draining = false;
  /** After the current response. */
  private closeWanted = false;
  /** The last response is written, or there is none: whatever comes is dropped. */
  private closing = false;
  private consuming = false;
  /** Bytes after the current request, or of a tunnel that is not open yet. */
  private ahead: Buffer = nothing;
  private paused = false;
  private headDeadline = false;

  /**
   * @param bytes what was read from the socket already
   * @param onClosed once, when the connection is closed
   */
  constructor(socket: Socket, info: ConnectionInfo, listener: RequestListener, options: ServerOptions, bytes?: Buffer, onClosed?: () => void) {
    this.info = info;
    this.listener = listener;
    this.options = options;
    this.onClosed = onClosed;
    this.parser = new RequestParser(this, options, options.upgrades);
    this.transport = new Transport(socket, this, bytes);
    sweeper.add(this);
    this.expect(options.idleTimeoutMs);
  }

  /** No request is under way. */
  get isIdle(): boolean {
    return this.current === undefined && !this.parser.inHead && !this.closing;
  }

  /** The next response is the last one. */
  drain(): void {
    this.draining = true;
  }

  /** Closes the connection unless a request is under way. */
  closeIdle(): void {
    if (this.isIdle) this.shutDown();
  }

  destroy(): void {
    this.transport.destroy();
  }

  // --- what the transport tells

  onBytes(buffer: Buffer, start: number, end: number): void {
    if (this.closing) return;
    if (this.current?.isTunnel) {
      this.current.handler?.onData(Buffer.from(buffer.subarray(start, end)));
      return;
    }
    this.consume(buffer, start, end);
  }

  onEof(): void {
    const answered = this.current === undefined;
    this.gone();
    // It may still be taking its response.
    if (answered && this.transport.clogged) this.shutDown();
    else this.transport.destroy();
  }

  onDrain(): void {
    this.deadline = 0;
    if (this.closing) {
      this.expect(this.options.closeDelayMs);
      return;
    }
    if (this.current !== undefined) {
      if (!this.requestDone) this.expect(this.options.stallTimeoutMs);
      this.current.handler?.onDrain();
    } else {
      this.expect(this.options.idleTimeoutMs);
      this.goOn();
    }
  }

  onClose(): void {
    sweeper.delete(this);
    this.gone();
    this.closing = true;
    this.onClosed?.();
  }

  onDeadline(): void {
    if (this.closing || this.current !== undefined) {
      this.gone();
      this.transport.destroy();
    } else if (this.parser.inHead) this.refuse(headersTimedOut);
    else this.shutDown();
  }

  // --- what the parser tells

  onHead(): void {
    const { parser } = this;
    this.headDeadline = false;
    this.deadline = 0;
    if (parser.minorVersion === 0 && !(this.options.http10 && parser.version10)) {
      parser.stop();
      this.refuse(errors.version10);
      return;
    }
    const head: RequestHead = {
      method: parser.method,
      path: parser.path,
      authority: parser.authority,
      scheme: undefined,
      headers: parser.headers,
      version: parser.minorVersion === 0 ? 'HTTP/1.0' : 'HTTP/1.1',
    };
    const http10 = parser.minorVersion === 0;
    this.requestDone = !parser.hasBody;
    this.closeWanted = parser.closes || (http10 && !parser.keepsAlive);
    const stream = new Http1ServerStream(this, this.info, parser.method === 'HEAD', http10);
    this.current = stream;
    if (parser.hasBody && !parser.raw) this.expect(this.options.stallTimeoutMs);
    stream.handler = this.listener.onRequest(stream, head, this.requestDone);
  }

  onBody(chunk: Buffer): void {
    if (this.current === undefined) return;
    if (!this.paused) this.expect(this.options.stallTimeoutMs);
    this.current.handler?.onData(chunk);
  }

  onMessageEnd(): void {
    if (this.current === undefined) return;
    this.requestDone = true;
    this.deadline = 0;
    // Reading goes on, to learn when the client leaves.
    this.resumeBody();
    this.current.handler?.onEnd();
  }

  // --- what the stream asks for

  /** Whether this is the last response. Its request has to be complete by now, or the connection cannot go on. */
  closesAfterResponse(mustClose: boolean): boolean {
    if (mustClose || this.draining || !this.requestDone) this.closeWanted = true;
    return this.closeWanted;
  }

  closeLater(): void {
    this.closeWanted = true;
  }

  isClogged(): boolean {
    if (!this.transport.clogged) return false;
    this.expect(this.options.stallTimeoutMs);
    return true;
  }

  responseDone(): void {
    this.current = undefined;
    if (this.closeWanted) {
      this.shutDown();
      return;
    }
    this.transport.flush();
    this.expect(this.transport.clogged ? this.options.stallTimeoutMs : this.options.idleTimeoutMs);
    if (!this.consuming) this.goOn();
  }

  /** Ends the connection with the response as it is. */
  abort(): void {
    const stream = this.current;
    this.current = undefined;
    if (stream?.showsTruncation === false) this.transport.reset();
    else this.shutDown();
  }

  openTunnel(): void {
    this.closeWanted = true;
    this.transport.flush();
    const ahead = this.ahead;
    this.ahead = nothing;
    this.resumeBody();
    if (ahead.length > 0) this.current?.handler?.onData(ahead);
  }

  pauseBody(): void {
    if (this.paused || (this.requestDone && !this.current?.isTunnel)) return;
    this.paused = true;
    // A client that leaves meanwhile is not noticed.
    this.expect(this.current?.isTunnel ? 0 : this.options.heldTimeoutMs);
    this.transport.pause();
  }

  resumeBody(): void {
    if (!this.paused || this.ahead.length > 0) return;
    this.paused = false;
    if (!this.requestDone && !this.parser.raw) this.expect(this.options.stallTimeoutMs);
    this.transport.resume();
  }

  // ---

  private expect(ms: number): void {
    this.deadline = ms > 0 ? sweeper.in(ms) : 0;
  }

  private consume(buffer: Buffer, start: number, end: number): void {
    const { parser } = this;
    let at = start;
    this.consuming = true;
    while (at < end && !this.closing) {
      if ((this.current !== undefined && (this.requestDone || parser.raw)) || (this.current === undefined && this.transport.clogged)) {
        this.keepAhead(buffer, at, end);
        break;
      }
      if (this.current === undefined && parser.complete) parser.next();
      at = parser.execute(buffer, at, end);
      if (parser.error !== undefined && !this.closing) this.broken(parser.error);
      else if (this.current?.isTunnel) {
        if (at < end) this.current.handler?.onData(Buffer.from(buffer.subarray(at, end)));
        break;
      }
    }
    this.consuming = false;
    if (parser.inHead && !this.headDeadline && !this.closing) {
      this.headDeadline = true;
      this.expect(this.options.headersTimeoutMs);
    }
  }

  private keepAhead(buffer: Buffer, start: number, end: number): void {
    this.ahead = Buffer.concat([this.ahead, buffer.subarray(start, end)]);
    this.paused = true;
    this.transport.pause();
  }

  /** To the next request, when the client takes its responses. */
  private goOn(): void {
    if (this.ahead.length > 0) {
      const ahead = this.ahead;
      this.ahead = nothing;
      this.consume(ahead, 0, ahead.length);
    }
    if (this.current === undefined || !this.requestDone) this.resumeBody();
  }

  private broken(error: ProtocolError): void {
    const stream = this.current;
    if (stream === undefined) {
      this.refuse(error);
      return;
    }
    const answered = stream.headWritten;
    this.current = undefined;
    if (answered) {
      if (stream.showsTruncation) this.shutDown();
      else this.transport.reset();
    } else this.answer(error.status);
    stream.handler?.onReset('protocol-error');
  }

  private refuse(error: ProtocolError): void {
    const { parser } = this;
    this.answer(error.status);
    const refusal: Refusal = {
      status: error.status,
      flags: error === headersTimedOut ? '' : 'DPE',
      details: error.details,
      bytesSent: reasonPhrase(error.status).length,
    };
    if (error === errors.version10) {
      refusal.head = { method: parser.method, path: parser.path, authority: parser.authority, scheme: undefined, headers: parser.headers, version: 'HTTP/1.0' };
    }
    this.listener.onRefused(this.info, refusal);
  }

  private answer(status: number): void {
    const body = reasonPhrase(status);
    const date = new Date().toUTCString();
    this.transport.send(
      `${statusLine(status)}content-length: ${body.length}\r\ncontent-type: text/plain\r\ndate: ${date}\r\nserver: ${this.options.serverName}\r\nconnection: close\r\n\r\n${body}`,
    );
    this.shutDown();
  }

  /** Ends this side when all is written, and gives the client a moment to do so too: what it still sends is not to reset it. */
  private shutDown(): void {
    if (this.closing) return;
    this.closing = true;
    this.ahead = nothing;
    this.transport.end();
    // A client that is slow has its time for the response; the delay begins after that.
    this.expect(this.transport.clogged ? this.options.stallTimeoutMs : this.options.closeDelayMs);
    if (this.paused) this.transport.resume();
  }

  private gone(): void {
    const stream = this.current;
    if (stream === undefined) return;
    this.current = undefined;
    stream.handler?.onReset('disconnect');
  }
}
