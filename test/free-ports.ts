import { createServer } from 'node:net';

/** Below what systems give to outgoing connections, and to whoever listens on port 0: those would take a port again before it is used. */
const firstPort = 20_000;
const lastPort = 31_999;
/** Test files that run at the same time choose from shares of their own: what one found free another could take before it is used. */
const shares = 8;
const portsOfShare = (lastPort - firstPort + 1) / shares;
const firstOfShare = firstPort + (Number(process.env.VITEST_POOL_ID ?? 0) % shares) * portsOfShare;
const given = new Set<number>();

/** Ports of 127.0.0.1 that nobody has, each of them given once. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = firstOfShare + Math.floor(Math.random() * portsOfShare);
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
