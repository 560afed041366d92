// Proxies before an API server.
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export interface TestProxy {
  url: string;
  /** Connections that it made: `host:port`. */
  readonly connections: string[];
  close(): void;
}

async function listening(server: Server, scheme: string, connections: string[], open: ReadonlySet<Duplex>): Promise<TestProxy> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections,
    close() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

/** Joins two sockets until one of them ends. */
function join(a: Duplex, b: Socket, open: Set<Duplex>): void {
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    open.add(one);
    one.pipe(other);
    one.on('error', () => other.destroy()).on('close', () => other.destroy());
  }
}

/** An HTTP proxy: CONNECT. */
export function httpProxy(): Promise<TestProxy> {
  const connections: string[] = [];
  const open = new Set<Duplex>();
  const server = createHttpServer().on('connect', (request, socket) => {
    const [host, port] = (request.url as string).split(':') as [string, string];
    connections.push(`${host}:${port}`);
    const target = connect(Number(port), host, () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
    join(socket, target, open);
  });
  return listening(server, 'http', connections, open);
}

/** A SOCKS5 proxy without authentication (RFC 1928): CONNECT to IPv4 addresses and to names. */
export function socksProxy(): Promise<TestProxy> {
  const connections: string[] = [];
  const open = new Set<Duplex>();
  const greet = async (socket: Socket): Promise<void> => {
    await once(socket, 'readable');
    socket.read();
    socket.write(Buffer.from([5, 0]));
    await once(socket, 'readable');
    const asked = socket.read() as Buffer | null;
    if (asked === null) return;
    const byName = asked[3] === 3;
    const end = byName ? 5 + (asked[4] as number) : 8;
    const host = byName ? asked.subarray(5, end).toString() : asked.subarray(4, 8).join('.');
    const port = asked.readUInt16BE(end);
    connections.push(`${host}:${port}`);
    const target = connect(port, host, () => socket.write(Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 0])));
    join(socket, target, open);
  };
  const server = createServer((socket) => {
    socket.on('error', () => {});
    open.add(socket);
    // Clients that give up while they are greeted are gone.
    greet(socket).catch(() => socket.destroy());
  });
  return listening(server, 'socks5', connections, open);
}
