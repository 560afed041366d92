// The services behind the proxy: endpoints that die and come back, and those that stay.
import { createHash } from 'node:crypto';
import { createServer as createHttpServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** Longer than anything here is idle: no connection ends by itself. */
const keepAliveTimeout = 600_000;

/** An HTTP server that can be cut off in the middle of everything, and come back at the same port. */
export class Endpoint {
  readonly name: string;
  port = 0;
  alive = false;
  requests = 0;
  private readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
  private server: HttpServer | undefined;
  private readonly sockets = new Set<Socket>();

  constructor(name: string, handle: (request: IncomingMessage, response: ServerResponse) => void) {
    this.name = name;
    this.handle = handle;
  }

  /** The first time at any port that is free. */
  async start(): Promise<void> {
    const server = createHttpServer({ keepAliveTimeout }, (request, response) => {
      this.requests++;
      request.on('error', () => {});
      this.handle(request, response);
    });
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
    server.on('upgrade', (_request, socket: Socket, head: Buffer) => tunnel(socket, head));
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
    this.alive = true;
  }

  /** Every connection is reset, new ones are refused. */
  async die(): Promise<void> {
    this.alive = false;
    const { server } = this;
    this.server = undefined;
    if (!server) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of this.sockets) socket.resetAndDestroy();
    await closed;
  }
}

/** Answers when it has all of the request, with its name and what it got, a little later. */
export function named(name: string): Endpoint {
  return new Endpoint(name, (request, response) => {
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    // Head and body are one write: a response is there as a whole, or not at all.
    request.on('end', () => setTimeout(() => response.end(`${name} ${bytes}`), Math.random() * 20));
  });
}

/** GET: as many bytes as the path says; POST: the hash of the body. */
export function files(): Endpoint {
  return new Endpoint('files', (request, response) => {
    if (request.method === 'GET') {
      response.end(Buffer.alloc(Number(request.url?.slice(1)), 'f'));
      return;
    }
    const hash = createHash('sha256');
    request.on('data', (chunk: Buffer) => hash.update(chunk));
    request.on('end', () => response.end(hash.digest('hex')));
  });
}

/** 101, and everything back as it comes. */
function tunnel(socket: Socket, head: Buffer): void {
  socket.on('error', () => {});
  socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
  if (head.length > 0) socket.write(head);
  socket.pipe(socket);
}

/** Bytes back as they come. */
export async function echo(): Promise<{ server: Server; port: number }> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port };
}
