import type { Headers } from '../core/headers.ts';
import type { ConnectionInfo, ServerHandler, ServerStream } from '../stream.ts';
import { withHeader } from './header-line.ts';
import { statusLine } from './reason-phrases.ts';
import type { ServerConnection } from './server-connection.ts';

const Body = {
  /** HEAD, 204, 304. */
  none: 0,
  fixed: 1,
  chunked: 2,
  untilClose: 3,
  tunnel: 4,
} as const;
type Body = (typeof Body)[keyof typeof Body];

/** The answer to one request of a connection. */
export class Http1ServerStream implements ServerStream {
  readonly connection: ConnectionInfo;
  handler: ServerHandler | undefined = undefined;
  headWritten = false;
  private readonly server: ServerConnection;
  private readonly isHead: boolean;
  /** The request is of HTTP/1.0. */
  private readonly http10: boolean;
  private body: Body = Body.none;
  /** Of a body of known length. */
  private remaining = 0;

  constructor(server: ServerConnection, connection: ConnectionInfo, isHead: boolean, http10: boolean) {
    this.server = server;
    this.connection = connection;
    this.isHead = isHead;
    this.http10 = http10;
  }

  get isTunnel(): boolean {
    return this.body === Body.tunnel;
  }

  /** An end of the connection cannot be taken for the end of the response. */
  get showsTruncation(): boolean {
    return this.body !== Body.untilClose;
  }

  private get active(): boolean {
    return this.server.current === this;
  }

  writeInformational(status: number, headers: Headers): void {
    if (!this.active || this.headWritten || this.http10) return;
    let text = statusLine(status);
    for (let i = 0; i < headers.length; i += 2) if (!isFraming(headers[i] as string)) text += `${headers[i]}: ${headers[i + 1]}\r\n`;
    text += '\r\n';
    this.server.transport.send(text);
  }

  writeHead(status: number, headers: Headers, end: boolean): void {
    if (!this.active || this.headWritten) return;
    this.headWritten = true;
    let text = this.http10 ? statusLine(status).replace('1.1', '1.0') : statusLine(status);
    let length = -1;
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i] as string;
      if (isFraming(name)) {
        if (name !== 'content-length' || status === 204 || status < 200) continue;
        length = Number(headers[i + 1]);
      }
      text = withHeader(text, name, headers[i + 1] as string);
    }
    const bodiless = status === 204 || status === 304 || status < 200;
    const untilClose = this.http10 && length < 0 && !end && !bodiless && !this.isHead;
    if (this.server.closesAfterResponse(untilClose)) text += 'connection: close\r\n';
    else if (this.http10) text += 'connection: keep-alive\r\n';
    if (bodiless || this.isHead) {
      // What HEAD is answered with says how a body would come, where it is known (RT-R47).
      if (!bodiless && length < 0 && !this.http10) text += 'transfer-encoding: chunked\r\n';
    } else if (length >= 0) {
      this.body = Body.fixed;
      this.remaining = length;
    } else if (end) text += 'content-length: 0\r\n';
    else if (untilClose) this.body = Body.untilClose;
    else {
      this.body = Body.chunked;
      text += 'transfer-encoding: chunked\r\n';
    }
    text += '\r\n';
    this.server.transport.send(text);
    if (end) this.finish();
  }

  writeUpgrade(status: number, headers: Headers): void {
    if (!this.active || this.headWritten) return;
    this.headWritten = true;
    this.body = Body.tunnel;
    let text = statusLine(status);
    let connection = status !== 101;
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i] as string;
      if (name === 'connection') connection = true;
      else if (isFraming(name)) continue;
      text = withHeader(text, name, headers[i + 1] as string);
    }
    this.server.transport.send(connection ? `${text}\r\n` : `${text}connection: Upgrade\r\n\r\n`);
    this.server.openTunnel();
  }

  write(chunk: Uint8Array): boolean {
    if (!this.active || chunk.length === 0) return true;
    const transport = this.server.transport;
    switch (this.body) {
      case Body.none:
        return true;
      case Body.fixed:
        if (chunk.length > this.remaining) {
          // More than was announced would be read as the next response.
          transport.sendBytes(chunk.subarray(0, this.remaining));
          this.remaining = 0;
          this.server.closeLater();
          break;
        }
        this.remaining -= chunk.length;
        transport.sendBytes(chunk);
        break;
      case Body.chunked:
        transport.send(`${chunk.length.toString(16)}\r\n`);
        transport.sendBytes(chunk);
        transport.send('\r\n');
        break;
      default:
        transport.sendBytes(chunk);
    }
    return !this.server.isClogged();
  }

  /** Trailers are not passed on (RT-R47). */
  end(_trailers?: Headers): void {
    if (!this.active) return;
    if (this.body === Body.chunked) this.server.transport.send('0\r\n\r\n');
    this.finish();
  }

  reset(): void {
    if (this.active) this.server.abort();
  }

  closeAfter(): void {
    if (this.active) this.server.closeLater();
  }

  pause(): void {
    if (this.active) this.server.pauseBody();
  }

  resume(): void {
    if (this.active) this.server.resumeBody();
  }

  private finish(): void {
    // A body shorter than announced: only the end of the connection can say so.
    if (!this.headWritten || (this.body === Body.fixed && this.remaining > 0)) this.server.abort();
    else this.server.responseDone();
  }
}

/** Headers that only the codec writes, and the length of the body. */
function isFraming(name: string): boolean {
  switch (name.length) {
    case 10:
      return name === 'connection';
    case 14:
      return name === 'content-length';
    case 17:
      return name === 'transfer-encoding';
    default:
      return false;
  }
}
