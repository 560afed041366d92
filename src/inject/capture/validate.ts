// Whether a node's CNI plug-in has redirected the connections of this pod: the init container asks before the application starts.
import { connect, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';

/** Nobody listens there: only a redirected connection is answered. */
const probePort = 15002;
const answer = 'weft';
const retryMs = 200;
const connectMs = 1000;

/**
 * Connects to the addresses of this pod as the sidecar would, and looks whether the connections arrive at its inbound port. It has to
 * run as the user of the sidecar: the rules of the reference's plug-in and of weft lead that user's connections to the own pod there.
 *
 * @param timeoutMs how long it tries
 * @returns the addresses to which connections are not redirected; empty: all is well
 * @throws Error where the port is taken, or the pod has no address
 */
export async function uncaptured(inboundPort: number, timeoutMs: number): Promise<string[]> {
  const addresses = ownAddresses();
  if (addresses.length === 0) throw new Error('this pod has no address other than loopback');
  const server = createServer((socket) => socket.on('error', () => {}).end(answer));
  await new Promise<void>((resolve, reject) => server.on('error', reject).listen({ port: inboundPort, host: '::' }, resolve)).catch(
    () => new Promise<void>((resolve, reject) => server.on('error', reject).listen({ port: inboundPort, host: '0.0.0.0' }, resolve)),
  );
  try {
    const end = performance.now() + timeoutMs;
    let left = addresses;
    for (;;) {
      const redirected = await Promise.all(left.map(isRedirected));
      left = left.filter((_, index) => !redirected[index]);
      if (left.length === 0 || performance.now() >= end) return left;
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  } finally {
    server.close();
  }
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
    .map(({ address }) => address);
}

function isRedirected(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port: probePort });
    let received = '';
    const end = (redirected: boolean): void => {
      socket.destroy();
      resolve(redirected);
    };
    socket.setEncoding('utf8').setTimeout(connectMs, () => end(false));
    socket.on('data', (text: string) => {
      received += text;
    });
    socket.on('end', () => end(received === answer)).on('error', () => end(false));
  });
}
