// An echo service on plain TCP (or TCP in TLS).
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { reset } from './http1.ts';
import type { ReceivedConnection } from './record.ts';
import type { Service } from './service.ts';

/** Greets, then answers each piece as it comes. */
export function serveTcp(service: Service, socket: Socket | TLSSocket): void {
  const { identity, behaviour, recorder } = service;
  const connection: ReceivedConnection = { identity, received: [], eof: false };
  recorder.connections.push(connection);
  if (!behaviour.client_first) socket.write(`hello ${identity}\n`);
  // What only greets and goes does not listen.
  const listens = behaviour.close_after_ms === undefined && behaviour.reset_after_ms === undefined;
  socket.on('data', (piece: Buffer) => {
    if (!listens) return;
    connection.received.push(piece);
    socket.write(Buffer.concat([Buffer.from(`${identity}: `), piece]));
  });
  socket.on('end', () => {
    if (!listens) return;
    connection.eof = true;
    if (behaviour.after_eof !== undefined) socket.write(behaviour.after_eof);
    socket.end();
  });
  if (behaviour.close_after_ms !== undefined) void recorder.sleep(behaviour.close_after_ms).then(() => socket.end());
  if (behaviour.reset_after_ms !== undefined) void recorder.sleep(behaviour.reset_after_ms).then(() => reset(socket));
}
