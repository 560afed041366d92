// Where proxies that are tried listen on this machine: policies may ask for the address and port that a connection is for.
import { createServer } from 'node:net';

export interface Place {
  address: string;
  port: number;
}

/** All of it is this machine: 127.0.0.0/8. */
export function isLocal(address: string | undefined): address is string {
  return address?.startsWith('127.') === true;
}

const local = '127.0.0.1';
/** Of the alias that was taken last. */
let last = process.pid & 0xffff;

/** An address of this machine that nobody else uses, as far as its number tells. */
function alias(): string {
  last = (last + 1) & 0xffff;
  return `127.83.${last >> 8}.${last & 0xff}`;
}

/**
 * One that is as close to what was asked for as this machine has it: the address where it is local, and the port where nobody has it and
 * this user may open it.
 */
export async function placeFor(address: string | undefined, port: number): Promise<Place> {
  for (const one of [...(isLocal(address) ? [address] : []), alias(), alias()]) {
    const found = await portAt(one, port);
    if (found !== undefined) return { address: one, port: found };
  }
  return { address: local, port: (await portAt(local, 0)) ?? 0 };
}

/** Where a client connects from: the address that it is said to have, where this machine has it. */
export async function sourceFor(address: string | undefined): Promise<string> {
  return isLocal(address) && (await portAt(address, 0)) !== undefined ? address : local;
}

/** Undefined: it is not to be had. */
function portAt(address: string, port: number): Promise<number | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen(port, address, () => {
      const bound = server.address();
      server.close(() => resolve(typeof bound === 'object' && bound !== null ? bound.port : undefined));
    });
  });
}
