import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import WebSocket from 'ws';
import { KubeError } from './error.ts';
import type { Dial } from './transport.ts';

/** Longer than any message of a kubelet, which sends what it has read at once: some 32 KB. */
const maxMessageBytes = 16 * 1024 * 1024;

/**
 * Opens a WebSocket.
 *
 * @param subprotocol the only one that is offered
 * @param connected makes a stream of it: called before any message is there
 */
export function dialWebSocket<T extends Duplex>(subprotocol: string, connected: (socket: WebSocket) => T): Dial<T> {
  return ({ protocol, hostname, port, path, headers, agent }) => {
    const host = hostname?.includes(':') ? `[${hostname}]` : hostname;
    const socket = new WebSocket(`${protocol === 'https:' ? 'wss' : 'ws'}://${host}:${port}${path}`, [subprotocol], {
      ...(headers === undefined ? {} : { headers: headers as Record<string, string> }),
      ...(agent ? { agent } : {}),
      perMessageDeflate: false,
      maxPayload: maxMessageBytes,
    });
    const opened = new Promise<T | IncomingMessage>((resolve, reject) => {
      socket.once('open', () => {
        socket.off('error', reject);
        resolve(connected(socket));
      });
      socket.once('unexpected-response', (_, response) => {
        if ((response.statusCode ?? 0) >= 300) resolve(response);
        else reject(new KubeError('something between this machine and the API server lets no WebSocket through', { reason: 'BadAnswer' }));
      });
      socket.on('error', reject);
    });
    return { destroy: () => socket.terminate(), opened };
  };
}
