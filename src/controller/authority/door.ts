// The TLS door of the control plane. Who comes may show a certificate of the mesh; who shows none has to prove who it is otherwise.
import { constants } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls';

/** PEM. */
export interface DoorCertificates {
  /** The certificate, and what leads to a root. */
  certificate: string;
  key: string;
  /** By which those who come are judged. */
  roots: string;
}

export interface DoorSettings {
  /** Takes a connection whose handshake is done. */
  taken(socket: TLSSocket): void;
  /** A handshake failed. */
  refused(peer: string, problem: string): void;
}

const handshakeTimeoutMs = 10_000;
/** Who tries them all out is held back by the system. */
const mostConnections = 20_000;

export class Door {
  private readonly server: Server;

  constructor({ taken, refused }: DoorSettings, certificates: DoorCertificates) {
    const options: TlsOptions = {
      ...contextOf(certificates),
      requestCert: true,
      // No certificate at all is as good as a token later on; one that is not of the mesh counts as none, and is refused below.
      rejectUnauthorized: false,
      ALPNProtocols: ['h2'],
      handshakeTimeout: handshakeTimeoutMs,
    };
    this.server = createServer(options, (socket) => {
      socket.on('error', () => {});
      const shown = socket.getPeerCertificate();
      if (Object.keys(shown).length > 0 && !socket.authorized) {
        refused(peerOf(socket), `its certificate is not of this mesh: ${String(socket.authorizationError)}`);
        socket.destroy();
      } else if (socket.alpnProtocol !== 'h2') {
        refused(peerOf(socket), 'it does not speak HTTP/2');
        socket.destroy();
      } else taken(socket);
    });
    this.server.maxConnections = mostConnections;
    this.server.on('tlsClientError', (error, socket) => {
      refused(peerOf(socket), error.message);
      socket.destroy();
    });
  }

  /** Of new connections; those that are open go on. */
  setCertificates(certificates: DoorCertificates): void {
    this.server.setSecureContext(contextOf(certificates));
  }

  /**
   * @returns the port
   * @throws the system's error where the address cannot be had
   */
  async listen(port: number, host: string): Promise<number> {
    this.server.listen(port, host);
    await once(this.server, 'listening');
    return (this.server.address() as AddressInfo).port;
  }

  /** No new connections. */
  close(): void {
    this.server.close();
  }
}

function contextOf({ certificate, key, roots }: DoorCertificates): TlsOptions {
  return {
    cert: certificate,
    key,
    ca: roots,
    minVersion: 'TLSv1.2',
    // A session that goes on is not verified anew: each one would outlive the certificate and the roots that it began with.
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
  };
}

function peerOf(socket: TLSSocket): string {
  return `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? '?'}`;
}
