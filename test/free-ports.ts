import { createServer } from 'node:net';

/** Below what systems give to outgoing connections, and to whoever listens on port 0: those would take a port again before it is used. */
const firstPort = 20_000;
const lastPort = 31_999;
const given = new Set<number>();

/** Ports of 127.0.0.1 that nobody has, each of them given once. Several test files ask at the same time, so each looks in another place. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = firstPort + Math.floor(Math.random() * (lastPort - firstPort + 1));
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  return port as number;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
