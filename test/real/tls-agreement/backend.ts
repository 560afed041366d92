// A server that takes whatever comes, on one port: TLS, HTTP/1, HTTP/2 and bytes. Its answer tells what it got.
import { createServer as createHttpServer, type Server as HttpServer, type IncomingHttpHeaders } from 'node:http';
import { performServerHandshake, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type SecureVersion, type TLSSocket, type Server as TlsServer } from 'node:tls';
import { type ClientHello, parseClientHello } from '../../../src/proxy/tcp/client-hello.ts';
import type { CertificateName, Certificates } from './certificates.ts';

export interface BackendSettings {
  name: string;
  /** Shown in TLS. */
  certificate: CertificateName;
  maxVersion?: SecureVersion;
  /** Agreed on where the client offers one; default: any that it offers. */
  alpn?: readonly string[];
}

export interface Backend {
  name: string;
  port: number;
  close(): void;
}

/** What the backend saw of TLS. */
interface SeenTls {
  serverName: string;
  offered: readonly string[];
  agreed: string;
  version: string;
  /** Of TLS 1.2. */
  cipher: string;
  client: string;
}

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
const http1 = /^[A-Z]+ \S+ HTTP\/1\.[01]\r\n/;

/** Other at each run. An Envoy on loopback says the first address of the machine in x-forwarded-for. */
const differing = new Set(['x-request-id', 'connection', 'date', 'x-forwarded-for']);

/** What sidecars say of what is inside of mTLS: with Istio's own filters Envoy would say it, too (docs/envoy.md). */
const ofMesh = (protocols: readonly string[]): readonly string[] => (protocols.includes('istio') ? ['of the mesh'] : protocols);

export async function startBackend({ name, certificate, maxVersion, alpn }: BackendSettings, certificates: Certificates): Promise<Backend> {
  const seen = new WeakMap<Socket, SeenTls>();
  const told = (socket: Socket, version: string, method: string, path: string, headers: IncomingHttpHeaders): string => {
    const kept = Object.entries(headers).filter(([header]) => !differing.has(header));
    return JSON.stringify({ backend: name, http: version, method, path, tls: seen.get(socket) ?? null, headers: Object.fromEntries(kept.sort(byKey)) });
  };
  const http: HttpServer = createHttpServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const body = told(request.socket, request.httpVersion, request.method ?? '', request.url ?? '', request.headers);
    request.resume();
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), 'x-backend': name }).end(body);
  });
  const takeStream = (socket: Socket, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void => {
    const { ':method': method, ':path': path, ':authority': host, ':scheme': _, ...rest } = headers as Record<string, string>;
    const body = told(socket, '2', method ?? '', path ?? '', { host, ...rest });
    stream.on('error', () => {});
    stream.respond({ ':status': 200, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), 'x-backend': name });
    stream.end(body);
  };
  const takePlain = (socket: Socket): void => {
    look(socket, (bytes) => {
      if (bytes.length >= 4 && preface.subarray(0, bytes.length).equals(bytes.subarray(0, preface.length))) {
        return () => {
          const session = performServerHandshake(socket);
          session.on('error', () => {});
          session.on('stream', (stream, headers) => takeStream(socket, stream, headers));
        };
      }
      const text = bytes.toString('latin1');
      if (http1.test(text)) {
        return () => {
          http.emit('connection', socket);
          socket.resume();
        };
      }
      // Of a request whose first line is not over yet.
      if (/^[A-Z]+ [^\r]*\r?$/.test(text) && !text.startsWith('HELLO')) return undefined;
      return () => socket.end(`${name} got ${JSON.stringify(text.slice(0, 40))} ${JSON.stringify(seen.get(socket) ?? null)}`);
    });
  };
  const servers = new Map<string, TlsServer>();
  const tlsServer = (protocol: string): TlsServer => {
    const { cert, key } = certificates.pair(certificate);
    const server = createTlsServer({
      cert,
      key,
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
      maxVersion: maxVersion ?? 'TLSv1.3',
      ...(protocol === '' ? {} : { ALPNProtocols: [protocol] }),
    });
    server.on('tlsClientError', () => {});
    return server;
  };
  const takeTls = (socket: Socket, { serverName, alpn: offered }: ClientHello): void => {
    const agreed = (alpn ?? offered).find((protocol) => offered.includes(protocol)) ?? '';
    const server = servers.get(agreed) ?? tlsServer(agreed);
    servers.set(agreed, server);
    const taken = (secured: TLSSocket): void => {
      if ((secured as unknown as { _parent?: Socket })._parent !== socket) return;
      server.off('secureConnection', taken);
      secured.on('error', () => secured.destroy());
      const client = certificates.nameOf(secured.getPeerX509Certificate());
      const [agreedOn = ''] = ofMesh(offered) === offered ? [secured.alpnProtocol || ''] : ofMesh(offered);
      seen.set(secured, { serverName, offered: ofMesh(offered), agreed: agreedOn, version: secured.getProtocol() ?? '', cipher: cipherOf(secured), client });
      takePlain(secured);
    };
    server.on('secureConnection', taken);
    server.setMaxListeners(0);
    socket.once('close', () => server.off('secureConnection', taken));
    server.emit('connection', socket);
  };
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy());
    look(socket, (bytes) => {
      if (bytes[0] !== 22) return () => takePlain(socket);
      const result = parseClientHello(bytes);
      if (result.state === 'incomplete') return undefined;
      return () => (result.state === 'complete' ? takeTls(socket, result.hello) : socket.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): void => {
    server.close();
    for (const socket of open) socket.destroy();
  };
  return { name, port: (server.address() as AddressInfo).port, close };
}

/** Of TLS 1.3 each engine likes another one best. */
function cipherOf(socket: TLSSocket): string {
  return socket.getProtocol() === 'TLSv1.3' ? '' : socket.getCipher().name;
}

function byKey([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1;
}

/** Reads until it is known what to do; then everything that was read is there to be read again. */
function look(socket: Socket, decide: (bytes: Buffer) => (() => void) | undefined): void {
  let bytes: Buffer = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    bytes = Buffer.concat([bytes, chunk]);
    const act = decide(bytes);
    if (!act) return;
    socket.off('data', onData);
    socket.pause();
    socket.unshift(bytes);
    act();
  };
  socket.on('data', onData);
  socket.resume();
}
