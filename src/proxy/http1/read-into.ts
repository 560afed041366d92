// TLS sockets that read into a buffer of ours, as plain ones do by the option `onread`, which Node has for them only where it opens the
// connection itself.
import { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

type Fields = Record<symbol, unknown>;

interface Handle {
  useUserBuffer?(buffer: Uint8Array): void;
}

/** Under which Node keeps the buffer, and whom it calls; undefined where this Node does it otherwise. */
const fields = ((): { buffer: symbol; callback: symbol; generate: symbol } | undefined => {
  const buffer = new Uint8Array(1);
  const callback = (): boolean => true;
  const socket = new Socket({ onread: { buffer, callback } } as unknown as ConstructorParameters<typeof Socket>[0]);
  const symbols = Object.getOwnPropertySymbols(socket);
  const holding = (value: unknown): symbol | undefined => symbols.find((symbol) => (socket as unknown as Fields)[symbol] === value);
  const named = symbols.find(({ description }) => description === 'kBufferGen');
  const [ofBuffer, ofCallback] = [holding(buffer), holding(callback)];
  return ofBuffer && ofCallback && named && (socket as unknown as Fields)[named] === null
    ? { buffer: ofBuffer, callback: ofCallback, generate: named }
    : undefined;
})();

/**
 * From now on what comes is not in the stream of the socket, but in `buffer`, from its beginning, and `read` is called.
 *
 * @returns false: it goes on as it was
 */
export function readInto(socket: TLSSocket, buffer: Uint8Array, read: (bytes: number) => void): boolean {
  const handle = (socket as unknown as { _handle: Handle | null })._handle;
  if (!fields || typeof handle?.useUserBuffer !== 'function' || socket.readableLength > 0) return false;
  const own = socket as unknown as Fields;
  own[fields.buffer] = buffer;
  own[fields.generate] = null;
  own[fields.callback] = (bytes: number): boolean => {
    read(bytes);
    return true;
  };
  handle.useUserBuffer(buffer);
  return true;
}

/** What is written to a TLS socket is encrypted before the call returns: its buffer can be used again. Known of this version of Node. */
export const encryptsAtOnce = process.versions.node.startsWith('24.');
