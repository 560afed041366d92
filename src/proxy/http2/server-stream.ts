import type { Headers } from '../core/headers.ts';
import type { ConnectionInfo, ServerHandler, ServerStream } from '../stream.ts';
import { errorCode } from './frames.ts';
import { areTrailers } from './message-rules.ts';
import type { Http2ServerConnection } from './server-connection.ts';
import { Http2Stream, type StreamLoss } from './stream.ts';

/** One request of a client, and its answer. */
export class Http2ServerStream extends Http2Stream implements ServerStream {
  declare protected readonly session: Http2ServerConnection;
  /** Undefined until the request was taken. */
  handler: ServerHandler | undefined;
  private headSent = false;

  get connection(): ConnectionInfo {
    return this.session.info;
  }

  writeInformational(status: number, headers: Headers): void {
    if (this.closed || this.headSent) return;
    this.session.sendResponse(this, status, headers, false);
  }

  writeHead(status: number, headers: Headers, end: boolean): void {
    if (this.closed || this.headSent) return;
    this.headSent = true;
    this.session.sendResponse(this, status, headers, end);
    if (end) this.ended();
  }

  /** An answer to CONNECT: the stream itself carries the bytes. */
  writeUpgrade(status: number, headers: Headers): void {
    this.writeHead(status, headers, false);
  }

  write(chunk: Uint8Array): boolean {
    return this.sendData(chunk);
  }

  end(trailers?: Headers): void {
    if (this.closed || this.localEnded) return;
    this.sendEnd(trailers);
    this.ended();
  }

  reset(code: number = errorCode.internalError): void {
    this.session.resetStream(this, code, undefined);
  }

  closeAfter(): void {
    this.session.drain();
  }

  onHeaders(list: string[], ends: boolean): boolean {
    // After the body nothing but trailers can come.
    if (!ends || !areTrailers(list)) return false;
    this.session.settle(this);
    this.takeEnd(list);
    return true;
  }

  onLost(loss: StreamLoss, code: number | undefined): void {
    this.handler?.onReset(loss === 'violation' ? 'protocol-error' : loss, code);
  }

  protected onData(chunk: Buffer): void {
    this.handler?.onData(chunk);
  }

  protected onEnd(trailers: Headers | undefined): void {
    this.handler?.onEnd(trailers);
  }

  protected onDrain(): void {
    this.handler?.onDrain();
  }

  /** The client need not send the rest of a request that is answered (RFC 9113, 8.1). */
  private ended(): void {
    if (this.localEnded && !this.remoteEnded) this.session.resetStream(this, errorCode.noError, undefined);
  }
}
