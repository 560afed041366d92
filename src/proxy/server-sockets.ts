import { createServer, type Server } from 'node:net';

/** Every address, of IPv4 and IPv6. */
export const allAddresses = '*';

export const ignoreError = (): void => {};

/** @throws Error that says why it cannot */
export function listen(server: Server, address: string, port: number, reusePort: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => reject(listenError(error, address, port));
    server.once('error', failed);
    // Without a host, Node takes both families, or IPv4 where there is no other.
    server.listen({ ...(address === allAddresses ? {} : { host: address }), port, reusePort, backlog: 4096 }, () => {
      server.off('error', failed);
      // Out of file descriptors and the like: this connection is lost, the listener is not.
      server.on('error', ignoreError);
      resolve();
    });
  });
}

/** A port that is opened to be shared could be shared with another process unnoticed. */
export async function probe(address: string, port: number): Promise<void> {
  const server = createServer((socket) => socket.resetAndDestroy());
  await listen(server, address, port, false);
  await new Promise((resolve) => server.close(resolve));
}

function listenError(error: NodeJS.ErrnoException, address: string, port: number): Error {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'another process has this port',
    EACCES: 'this port needs more rights (ports below 1024 do)',
    EADDRNOTAVAIL: 'this machine does not have this address',
    ENOTSUP: 'this system cannot share a port between threads: run with --concurrency 1',
  };
  return new Error(`cannot listen on ${address}:${port}: ${reasons[error.code ?? ''] ?? error.message}`);
}
