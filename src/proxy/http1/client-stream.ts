import type { Headers } from '../core/headers.ts';
import type { ClientHandler, ClientStream, Failure, OutgoingHead } from '../stream.ts';
import type { ClientConnection } from './client-connection.ts';
import { withHeader } from './header-line.ts';

const Body = { none: 0, fixed: 1, chunked: 2, raw: 3 } as const;
type Body = (typeof Body)[keyof typeof Body];

/** What is kept of a body while there is no connection to send it on. */
const waitingBytes = 64 * 1024;

/** Gives up a request that no connection has taken yet. */
export interface WaitingRoom {
  leave(stream: Http1ClientStream): void;
}

/** One request to an endpoint: waits for a connection, is sent, is answered. */
export class Http1ClientStream implements ClientStream {
  readonly head: OutgoingHead;
  readonly upgrade: boolean;
  readonly handler: ClientHandler;
  /** All of it is handed to the connection. */
  requestDone = false;
  /** Nothing is told to the handler any more. */
  done = false;
  private readonly room: WaitingRoom;
  private readonly endStream: boolean;
  private connection: ClientConnection | undefined = undefined;
  private body: Body = Body.none;
  private remaining = 0;
  private waiting: Uint8Array[] | undefined = undefined;
  private waitingBytes = 0;
  private ended = false;
  private drainWanted = false;

  constructor(room: WaitingRoom, head: OutgoingHead, endStream: boolean, upgrade: boolean, handler: ClientHandler) {
    this.room = room;
    this.head = head;
    this.endStream = endStream;
    this.upgrade = upgrade;
    this.handler = handler;
    this.ended = endStream;
  }

  /** The connection takes this request. */
  start(connection: ClientConnection): void {
    this.connection = connection;
    connection.transport.send(this.headText());
    this.requestDone = this.endStream && !this.upgrade;
    const { waiting } = this;
    if (waiting === undefined) {
      if (this.ended && !this.requestDone) this.finish();
      return;
    }
    this.waiting = undefined;
    for (const chunk of waiting) this.send(connection, chunk);
    if (this.ended) this.finish();
    else if (this.drainWanted && !connection.transport.clogged) this.handler.onDrain();
  }

  write(chunk: Uint8Array): boolean {
    if (this.done || this.requestDone || chunk.length === 0) return true;
    if (this.connection === undefined) {
      this.waiting ??= [];
      this.waiting.push(chunk);
      this.waitingBytes += chunk.length;
      this.drainWanted = this.waitingBytes >= waitingBytes;
      return !this.drainWanted;
    }
    this.send(this.connection, chunk);
    return !this.connection.transport.clogged;
  }

  /** Trailers are not passed on (RT-R47). */
  end(_trailers?: Headers): void {
    if (this.ended) return;
    this.ended = true;
    if (this.connection !== undefined && !this.done) this.finish();
  }

  reset(): void {
    if (this.done) return;
    this.done = true;
    this.waiting = undefined;
    if (this.connection === undefined) this.room.leave(this);
    else this.connection.giveUp(this);
  }

  pause(): void {
    if (!this.done) this.connection?.pause();
  }

  resume(): void {
    if (!this.done) this.connection?.resume();
  }

  fail(failure: Failure): void {
    if (this.done) return;
    this.done = true;
    this.waiting = undefined;
    this.handler.onFailure(failure);
  }

  private headText(): string {
    const { method, path, authority, headers } = this.head;
    const connect = method === 'CONNECT';
    let text = method;
    text += ' ';
    text += connect ? authority : path;
    text += ' HTTP/1.1\r\n';
    text = withHeader(text, 'host', authority);
    let length = -1;
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i] as string;
      switch (name.length) {
        case 4:
          if (name === 'host') continue;
          break;
        case 10:
          if (name === 'connection' && !this.upgrade) continue;
          break;
        case 14:
          if (name !== 'content-length') break;
          // A length without that body would have the service wait for it.
          if (this.upgrade || connect || (this.endStream && headers[i + 1] !== '0')) continue;
          length = Number(headers[i + 1]);
          break;
        case 17:
          if (name === 'transfer-encoding') continue;
          break;
      }
      text = withHeader(text, name, headers[i + 1] as string);
    }
    if (this.upgrade || connect) this.body = Body.raw;
    else if (length >= 0) {
      this.body = Body.fixed;
      this.remaining = length;
    } else if (!this.endStream) {
      this.body = Body.chunked;
      text += 'transfer-encoding: chunked\r\n';
    } else if (mayHaveBody(method)) text += 'content-length: 0\r\n';
    text += '\r\n';
    return text;
  }

  private send(connection: ClientConnection, chunk: Uint8Array): void {
    const { transport } = connection;
    switch (this.body) {
      case Body.none:
        return;
      case Body.fixed: {
        // More than was announced would be read as the next request.
        const rest = chunk.length > this.remaining ? chunk.subarray(0, this.remaining) : chunk;
        this.remaining -= rest.length;
        if (rest.length > 0) transport.sendBytes(rest);
        return;
      }
      case Body.chunked:
        transport.send(`${chunk.length.toString(16)}\r\n`);
        transport.sendBytes(chunk);
        transport.send('\r\n');
        return;
      default:
        transport.sendBytes(chunk);
    }
  }

  private finish(): void {
    const connection = this.connection as ClientConnection;
    if (this.body === Body.raw) {
      this.requestDone = true;
      connection.transport.end();
      return;
    }
    if (this.body === Body.fixed && this.remaining > 0) {
      connection.failBy(this, { reason: 'protocol error', transport: '' });
      return;
    }
    this.requestDone = true;
    if (this.body === Body.chunked) connection.transport.send('0\r\n\r\n');
    connection.transport.flush();
  }
}

/** Without a body these say so by no header at all (RFC 9110, 8.6). */
function mayHaveBody(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD' && method !== 'DELETE' && method !== 'TRACE' && method !== 'CONNECT';
}
