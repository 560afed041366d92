// Connections of the client: from a given address, in plain text or TLS.
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type ConnectionOptions, type SecureVersion, type TLSSocket, connect as tlsConnect } from 'node:tls';
import type { CaseTls } from '../corpus.ts';
import { SocketReader } from '../wire/reader.ts';

export interface Target {
  address: string;
  port: number;
  source: string;
  tls: CaseTls | undefined;
  /** Where certificates are. */
  folder: string;
}

/** What a TLS handshake came to. */
export interface TlsOutcome {
  handshake: 'ok' | 'refused' | 'closed';
  alert?: string;
  version?: string;
  certificate?: string;
  alpn?: string;
}

export interface ClientConnection {
  socket: Socket | TLSSocket;
  reader: SocketReader;
  /** address:port of the client, as the proxy sees it. */
  local: string;
  /** False: nobody listens, or the handshake failed. */
  established: boolean;
  tls: TlsOutcome | undefined;
  close: () => void;
}

/** The alert that a TLS error names, as OpenSSL 3.0 calls it; later versions have no version of the protocol in these names. */
export function alertOf(error: (Error & { code?: string }) | undefined): string | undefined {
  return /^ERR_SSL_(.*ALERT.*)$/.exec(error?.code ?? '')?.[1]?.replace(/^SSL\/TLS_(?=ALERT_(CERTIFICATE|BAD_CERTIFICATE|HANDSHAKE|UNSUPPORTED))/, 'SSLV3_');
}

/** The subject of a certificate on one line. */
function subjectOf(subject: Record<string, string | string[]> | undefined): string {
  return Object.entries(subject ?? {})
    .flatMap(([key, value]) => (Array.isArray(value) ? value : [value]).map((one) => `${key}=${one}`))
    .join(',');
}

/**
 * Ports of the client, in turn: after a reset the system does not tell any more which one a connection had. Of those that systems give to
 * outgoing connections: listeners of other tests have smaller ones.
 */
const portRange = { first: 33_000, count: 27_000 };
let nextPort = Math.floor(Math.random() * portRange.count);
const mostTaken = 50;

/** A connection; without a socket, one that was refused, or reset before it could be used. */
async function plain(target: Target, taken = 0): Promise<{ socket: Socket | undefined; local: string }> {
  const localPort = portRange.first + (nextPort++ % portRange.count);
  return new Promise((resolve) => {
    const socket = connect({ host: target.address, port: target.port, localAddress: target.source, localPort, allowHalfOpen: true, noDelay: true });
    const local = `${target.source}:${localPort}`;
    socket.once('error', ({ code }: NodeJS.ErrnoException) =>
      resolve(code === 'EADDRINUSE' && taken < mostTaken ? plain(target, taken + 1) : { socket: undefined, local }),
    );
    socket.once('connect', () => resolve({ socket, local }));
  });
}

function secureOptions(tls: CaseTls, folder: string): ConnectionOptions {
  const file = (kind: string): Buffer => readFileSync(join(folder, 'files', `${tls.client_certificate}.${kind}`));
  return {
    ...(tls.sni ? { servername: tls.sni } : {}),
    ...(tls.alpn ? { ALPNProtocols: tls.alpn } : {}),
    ...(tls.client_certificate ? { cert: file('crt'), key: file('key') } : {}),
    ...(tls.min_version ? { minVersion: tls.min_version as SecureVersion } : {}),
    ...(tls.max_version ? { maxVersion: tls.max_version as SecureVersion } : {}),
    rejectUnauthorized: false,
  };
}

/** Connects, and shakes hands where TLS is asked for. */
export async function open(target: Target): Promise<ClientConnection> {
  const { socket, local } = await plain(target);
  if (!socket) {
    const failed = connect({ host: '127.0.0.1', port: 1 });
    failed.on('error', () => {});
    failed.destroy();
    const tls: TlsOutcome | undefined = target.tls ? { handshake: 'closed' } : undefined;
    return { socket: failed, reader: new SocketReader(failed), local, established: false, tls, close: () => {} };
  }
  const close = (): void => {
    socket.destroy();
  };
  if (!target.tls) return { socket, reader: new SocketReader(socket), local, established: true, tls: undefined, close };
  const secure = tlsConnect({ socket, ...secureOptions(target.tls, target.folder) });
  const reader = new SocketReader(secure);
  const established = await new Promise<boolean>((resolve) => {
    secure.once('secureConnect', () => resolve(true));
    secure.once('error', () => resolve(false));
    secure.once('close', () => resolve(false));
  });
  if (!established) {
    const alert = alertOf(reader.error);
    return { socket: secure, reader, local, established, tls: alert ? { handshake: 'refused', alert } : { handshake: 'closed' }, close };
  }
  const version = secure.getProtocol() ?? undefined;
  const subject = secure.getPeerCertificate().subject as unknown as Record<string, string> | undefined;
  const tls: TlsOutcome = { handshake: 'ok', certificate: subjectOf(subject) };
  if (version) tls.version = version;
  if (secure.alpnProtocol) tls.alpn = secure.alpnProtocol;
  return { socket: secure, reader, local, established, tls, close };
}

/** The handshake as it turned out: in TLS 1.3 a refusal of the client's certificate comes only after it. */
export function finalTls({ tls, reader }: ClientConnection): TlsOutcome | undefined {
  const alert = alertOf(reader.error);
  return tls && alert ? { handshake: 'refused', alert } : tls;
}
