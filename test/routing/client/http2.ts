// An HTTP/2 client on bare frames: it sends any header, valid or not, and resets streams when told to.
import { errorName } from '../backend/http2.ts';
import { encodeHeaders, HeaderDecoder } from '../wire/hpack.ts';
import { type HeaderList, header } from '../wire/http1.ts';
import { type ClientConnection, finalTls } from './connect.ts';
import { type ClientRequest, type ClientResult, noResult } from './exchange.ts';

const frame = { data: 0, headers: 1, rstStream: 3, settings: 4, ping: 6, goaway: 7, windowUpdate: 8, continuation: 9 } as const;
const flag = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 0x20 } as const;
const maxFrame = 16_384;
/** What the client lets the other side send without asking again. */
const window = 2 ** 30;

interface Stream {
  result: ClientResult;
  headCame: () => void;
  window: number;
  block: Buffer[];
  blockEnds: boolean;
  done: () => void;
  body: Buffer[];
}

function frameBytes(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

function number32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A client connection with streams on it. */
export class Http2Connection {
  readonly connection: ClientConnection;
  private readonly decoder = new HeaderDecoder();
  private readonly streams = new Map<number, Stream>();
  private next = 1;
  private connectionWindow = 65_535;
  private initialWindow = 65_535;
  private goaway: string | undefined;
  private blocked: (() => void)[] = [];

  constructor(connection: ClientConnection) {
    this.connection = connection;
    if (!connection.established) return;
    connection.socket.write(
      Buffer.concat([
        Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
        // ENABLE_PUSH 0, INITIAL_WINDOW_SIZE
        frameBytes(frame.settings, 0, 0, Buffer.concat([Buffer.from([0, 2, 0, 0, 0, 0, 0, 4]), number32(window)])),
        frameBytes(frame.windowUpdate, 0, 0, number32(window)),
      ]),
    );
    void this.read();
  }

  /** Whether another request can be sent. */
  get usable(): boolean {
    return this.connection.established && this.connection.reader.ending === undefined && this.goaway === undefined;
  }

  async exchange(request: ClientRequest): Promise<ClientResult> {
    const started = performance.now();
    const result = noResult(this.connection.local, this.connection.tls);
    if (this.connection.established && this.connection.reader.ending === undefined) {
      await new Promise<void>((resolve) => this.start(request, result, resolve));
    }
    result.tls = finalTls(this.connection);
    result.goaway = this.goaway;
    result.elapsedMs = performance.now() - started;
    return result;
  }

  close(): void {
    this.connection.close();
  }

  private start(request: ClientRequest, result: ClientResult, resolve: () => void): void {
    const id = this.next;
    this.next += 2;
    const timers: NodeJS.Timeout[] = [];
    const stream: Stream = {
      result,
      headCame: request.headCame,
      window: this.initialWindow,
      block: [],
      blockEnds: false,
      body: [],
      done: () => {
        for (const timer of timers) clearTimeout(timer);
        result.body = Buffer.concat(stream.body);
        this.streams.delete(id);
        this.unblock();
        resolve();
      },
    };
    this.streams.set(id, stream);
    const abort = (error: ClientResult['error']): void => {
      result.error = error;
      this.send(frame.rstStream, 0, id, number32(8));
      stream.done();
    };
    timers.push(setTimeout(abort, request.timeoutMs, 'client-timeout'));
    if (request.resetAfterMs !== undefined) timers.push(setTimeout(abort, request.resetAfterMs, 'client-reset'));
    void this.sendRequest(id, stream, request);
    request.sent();
  }

  private async sendRequest(id: number, stream: Stream, request: ClientRequest): Promise<void> {
    const pseudo: HeaderList = [[':method', request.method]];
    if (request.scheme !== null) pseudo.push([':scheme', request.scheme]);
    if (request.host !== null) pseudo.push([':authority', request.host]);
    pseudo.push([':path', request.path]);
    const hasBody = request.body !== undefined || request.trailers.length > 0 || request.keepOpen;
    this.sendHeaders(id, [...pseudo, ...request.headers], !hasBody);
    if (!hasBody) return;
    let rest: Buffer = Buffer.concat(request.body ?? []);
    const endsWithData = request.trailers.length === 0 && !request.keepOpen;
    while (rest.length > 0) {
      const room = Math.min(maxFrame, this.connectionWindow, stream.window);
      if (room <= 0) {
        await new Promise<void>((resolve) => this.blocked.push(resolve));
        if (!this.streams.has(id)) return;
        continue;
      }
      const piece = rest.subarray(0, room);
      rest = rest.subarray(piece.length);
      this.connectionWindow -= piece.length;
      stream.window -= piece.length;
      this.send(frame.data, rest.length === 0 && endsWithData ? flag.endStream : 0, id, piece);
    }
    if (request.keepOpen) return;
    if (request.trailers.length > 0) this.sendHeaders(id, request.trailers, true);
    else if ((request.body ?? []).every((piece) => piece.length === 0)) this.send(frame.data, flag.endStream, id, Buffer.alloc(0));
  }

  private sendHeaders(id: number, headers: HeaderList, endStream: boolean): void {
    const block = encodeHeaders(headers);
    for (let at = 0, first = true; first || at < block.length; at += maxFrame, first = false) {
      const last = at + maxFrame >= block.length;
      const flags = (last ? flag.endHeaders : 0) | (first && endStream ? flag.endStream : 0);
      this.send(first ? frame.headers : frame.continuation, flags, id, block.subarray(at, at + maxFrame));
    }
  }

  private send(type: number, flags: number, stream: number, payload: Buffer): void {
    if (!this.connection.socket.destroyed) this.connection.socket.write(frameBytes(type, flags, stream, payload));
  }

  private unblock(): void {
    const waiting = this.blocked;
    this.blocked = [];
    for (const resolve of waiting) resolve();
  }

  private async read(): Promise<void> {
    const { reader } = this.connection;
    for (;;) {
      const head = await reader.exactly(9);
      const payload = head && (await reader.exactly(head.readUIntBE(0, 3)));
      if (!head || !payload) break;
      try {
        this.received(head[3] ?? 0, head[4] ?? 0, head.readUInt32BE(5) & 0x7fffffff, payload);
      } catch {
        // Not HTTP/2: as good as closed.
        this.close();
        break;
      }
    }
    for (const stream of [...this.streams.values()]) {
      stream.result.error = stream.result.status === undefined ? 'connection-closed' : 'truncated-body';
      stream.done();
    }
  }

  private received(type: number, flags: number, id: number, payload: Buffer): void {
    const stream = this.streams.get(id);
    if (type === frame.settings && (flags & flag.ack) === 0) {
      for (let at = 0; at + 6 <= payload.length; at += 6) if (payload.readUInt16BE(at) === 4) this.setWindow(payload.readUInt32BE(at + 2));
      this.send(frame.settings, flag.ack, 0, Buffer.alloc(0));
    } else if (type === frame.ping && (flags & flag.ack) === 0) this.send(frame.ping, flag.ack, 0, payload);
    else if (type === frame.goaway) this.goaway = errorName(payload.readUInt32BE(4));
    else if (type === frame.windowUpdate) {
      const more = payload.readUInt32BE(0);
      if (id === 0) this.connectionWindow += more;
      else if (stream) stream.window += more;
      this.unblock();
    } else if (type === frame.headers || type === frame.continuation) this.receivedHeaders(type, flags, stream, payload);
    else if (type === frame.data && stream) {
      const padding = flags & flag.padded ? (payload[0] ?? 0) + 1 : 0;
      stream.body.push(padding > 0 ? payload.subarray(1, payload.length - padding + 1) : payload);
      if (payload.length > 0) {
        this.send(frame.windowUpdate, 0, 0, number32(payload.length));
        if ((flags & flag.endStream) === 0) this.send(frame.windowUpdate, 0, id, number32(payload.length));
      }
      if (flags & flag.endStream) this.finish(stream);
    } else if (type === frame.rstStream && stream) {
      stream.result.error = 'stream-reset';
      stream.result.streamReset = errorName(payload.readUInt32BE(0));
      stream.done();
    }
  }

  private receivedHeaders(type: number, flags: number, stream: Stream | undefined, payload: Buffer): void {
    const fragment = type === frame.headers ? payload.subarray(flags & flag.padded ? 1 : 0).subarray(flags & flag.priority ? 5 : 0) : payload;
    const into: Pick<Stream, 'block' | 'blockEnds'> = stream ?? { block: [], blockEnds: false };
    if (type === frame.headers) into.blockEnds = (flags & flag.endStream) !== 0;
    into.block.push(fragment);
    if ((flags & flag.endHeaders) === 0) return;
    const headers = this.decoder.decode(Buffer.concat(into.block));
    into.block = [];
    if (!stream) return;
    const status = header(headers, ':status');
    if (status === undefined) stream.result.trailers = headers;
    else if (Number(status) < 200) stream.result.interim.push(Number(status));
    else {
      stream.result.status = Number(status);
      stream.result.headers = headers.filter(([name]) => !name.startsWith(':'));
      stream.headCame();
    }
    if (stream.blockEnds) this.finish(stream);
  }

  private finish(stream: Stream): void {
    stream.result.error = undefined;
    stream.done();
  }

  private setWindow(initial: number): void {
    for (const stream of this.streams.values()) stream.window += initial - this.initialWindow;
    this.initialWindow = initial;
    this.unblock();
  }
}
