import type { Headers } from '../core/headers.ts';
import type { ClientHandler, ClientStream, Failure, FailureReason, OutgoingHead } from '../stream.ts';
import type { Http2ClientConnection } from './client-connection.ts';
import { errorCode } from './frames.ts';
import { areTrailers, contentLengthOf, readResponse } from './message-rules.ts';
import { Http2Stream, type StreamLoss } from './stream.ts';

/** Gives up a request that no connection has taken yet. */
export interface WaitingRoom {
  leave(stream: Http2ClientStream): void;
}

/** One request to an endpoint: waits for a connection, is sent, is answered. */
export class Http2ClientStream extends Http2Stream implements ClientStream {
  readonly head: OutgoingHead;
  /** There is no body. */
  readonly bodyless: boolean;
  /** An upgrade of HTTP/1, which is CONNECT with `:protocol` here (RFC 8441); undefined: none. */
  readonly upgrade: string | undefined;
  readonly handler: ClientHandler;
  declare protected session: Http2ClientConnection;
  private readonly room: WaitingRoom;
  private early: Uint8Array[] | undefined;
  private earlyEnd = false;
  private earlyTrailers: Headers | undefined;
  /** Nothing is told to the handler any more. */
  private over = false;

  constructor(room: WaitingRoom, head: OutgoingHead, bodyless: boolean, upgrade: string | undefined, handler: ClientHandler) {
    super();
    this.room = room;
    this.head = head;
    this.bodyless = bodyless;
    this.upgrade = upgrade;
    this.handler = handler;
    this.expectsHead = true;
  }

  /** It has been attached to a connection, and its head is sent. */
  begin(): void {
    if (this.bodyless) {
      this.localEnded = true;
      return;
    }
    const { early } = this;
    this.early = undefined;
    let ready = true;
    if (early !== undefined) for (const chunk of early) ready = this.sendData(chunk);
    if (this.earlyEnd) this.sendEnd(this.earlyTrailers);
    else if (early !== undefined && ready) this.handler.onDrain();
  }

  write(chunk: Uint8Array): boolean {
    if (this.over || this.bodyless) return true;
    if (this.id !== 0) return this.sendData(chunk);
    if (this.early === undefined) this.early = [chunk];
    else this.early.push(chunk);
    return false;
  }

  end(trailers?: Headers): void {
    if (this.over || this.bodyless) return;
    if (this.id !== 0) this.sendEnd(trailers);
    else {
      this.earlyEnd = true;
      this.earlyTrailers = trailers;
    }
  }

  /** With the code that Envoy sends. */
  reset(): void {
    this.over = true;
    if (this.id === 0) this.room.leave(this);
    else this.session.resetStream(this, errorCode.internalError, undefined);
  }

  fail(failure: Failure): void {
    if (this.over) return;
    this.over = true;
    this.early = undefined;
    this.handler.onFailure(failure);
  }

  onHeaders(list: string[], ends: boolean): boolean {
    if (!this.expectsHead) {
      if (!ends || !areTrailers(list)) return false;
      this.session.settle(this);
      this.takeEnd(list);
      return true;
    }
    const status = readResponse(list);
    // There is no 101 in HTTP/2, and an interim response is not the last.
    if (status < 0 || status === 101) return false;
    if (status < 200) {
      if (ends) return false;
      if (!this.over) this.handler.onInformational(status, list);
      return true;
    }
    const length = contentLengthOf(list);
    if (length === -2) return false;
    const hasBody = this.head.method !== 'HEAD' && status !== 204 && status !== 304 && this.head.method !== 'CONNECT';
    if (hasBody && ends && length > 0) return false;
    if (hasBody) this.contentLength = length;
    this.expectsHead = false;
    this.onResponse(status, list, ends);
    return true;
  }

  private onResponse(status: number, headers: Headers, ends: boolean): void {
    if (ends) this.session.settle(this);
    if (this.over) return;
    if (ends) this.over = true;
    if (this.upgrade !== undefined && status === 200 && !ends) {
      this.handler.onHead(101, ['upgrade', this.upgrade, 'connection', 'Upgrade', ...headers], false, true);
    } else this.handler.onHead(status, headers, ends, false);
    if (ends) this.abandon();
  }

  onLost(loss: StreamLoss, code: number | undefined): void {
    if (!this.over) this.fail({ reason: reasonOf(loss, code), transport: '', ...(code === undefined ? {} : { code }) });
  }

  protected onData(chunk: Buffer): void {
    if (!this.over) this.handler.onData(chunk);
  }

  protected onEnd(trailers: Headers | undefined): void {
    if (this.over) return;
    this.over = true;
    this.handler.onEnd(trailers);
    this.abandon();
  }

  protected onDrain(): void {
    if (!this.over) this.handler.onDrain();
  }

  /** Nobody needs the rest of a request that is answered. */
  private abandon(): void {
    if (!this.localEnded) this.session.resetStream(this, errorCode.cancel, undefined);
  }
}

function reasonOf(loss: StreamLoss, code: number | undefined): FailureReason {
  if (loss === 'disconnect') return 'connection termination';
  if (loss === 'violation' || code === errorCode.protocolError) return 'protocol error';
  return code === errorCode.refusedStream ? 'remote refused stream reset' : 'remote reset';
}
