// Servers that stand for destinations: they answer 200, and remember what they got.
import { createServer as createHttp, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttp2, type Http2Server, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo } from 'node:net';

/** Tells which request one belongs to. */
export const requestIdHeader = 'x-weft-test-request';
/** Tells which one of those that came the answer is for. */
export const answerHeader = 'x-weft-test-answer';

/** A request as a destination got it. */
export interface Arrival {
  /** Counted from 0, over all destinations. */
  number: number;
  cluster: string;
  method: string;
  path: string;
  authority: string;
  headers: Readonly<Record<string, string>>;
}

/** More than any proxy lets through: what is too long is for the proxy to say. */
const maxHeaderSize = 1 << 20;

export class Backends {
  readonly ports = new Map<string, number>();
  private readonly servers: (HttpServer | Http2Server)[] = [];
  private readonly closers: (() => void)[] = [];
  private readonly arrivals = new Map<string, Arrival[]>();
  private count = 0;

  /** Starts the server of a cluster. @param http2 what it speaks */
  async add(cluster: string, http2: boolean): Promise<void> {
    if (this.ports.has(cluster)) return;
    const handle = (request: IncomingMessage | Http2ServerRequest, response: ServerResponse | Http2ServerResponse): void => {
      const { number } = this.arrived(cluster, request);
      request.resume();
      request.on('end', () => {
        response.setHeader(answerHeader, String(number));
        response.statusCode = 200;
        response.end();
      });
    };
    const server = http2
      ? createHttp2({ maxSendHeaderBlockLength: maxHeaderSize, settings: { maxHeaderListSize: maxHeaderSize } }, handle)
      : createHttp({ keepAliveTimeout: 60_000, maxHeaderSize }, handle);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    this.servers.push(server);
    if (http2) (server as Http2Server).on('session', (session) => this.closers.push(() => session.destroy()));
    else this.closers.push(() => (server as HttpServer).closeAllConnections());
    this.ports.set(cluster, (server.address() as AddressInfo).port);
  }

  /** What came of a request, copies included. */
  of(id: string): readonly Arrival[] {
    return this.arrivals.get(id) ?? [];
  }

  /** How many requests and copies came. */
  get total(): number {
    return this.count;
  }

  close(): void {
    for (const server of this.servers) server.close();
    for (const close of this.closers) close();
  }

  private arrived(cluster: string, request: IncomingMessage | Http2ServerRequest): Arrival {
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]));
    const arrival: Arrival = {
      number: this.count++,
      cluster,
      method: request.method ?? '',
      path: request.url ?? '',
      authority: headers[':authority'] ?? headers.host ?? '',
      headers,
    };
    const id = headers[requestIdHeader] ?? '';
    const list = this.arrivals.get(id);
    if (list) list.push(arrival);
    else this.arrivals.set(id, [arrival]);
    return arrival;
  }
}
