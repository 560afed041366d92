import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** The connection below a TLS socket that was made of one. */
export function rawSocket(socket: Socket): Socket | undefined {
  return (socket as unknown as { _parent?: Socket })._parent;
}

/** Closes so that the peer sees that this is no orderly end, whatever kind of socket it is. */
export function resetAndDestroy(socket: Socket): void {
  const raw = socket instanceof TLSSocket ? rawSocket(socket) : socket;
  try {
    if (raw && !raw.destroyed) raw.resetAndDestroy();
  } catch {
    // Only TCP knows resets.
    raw?.destroy();
  }
  if (raw !== socket) socket.destroy();
}
