import { type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import type { Socket } from 'node:net';

/** A GET over a connection that is there already, with these headers and no others. A request that fails ends the connection. */
export function requestOver(socket: Socket, options: { path: string; headers: OutgoingHttpHeaders; signal: AbortSignal }): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request({ ...options, setHost: false, createConnection: () => socket }, resolve);
    sent.on('error', (error) => {
      socket.destroy();
      reject(error);
    });
    sent.end();
  });
}
