// The services of a case: real sockets on the addresses of their endpoints.
import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls';
import type { Behaviour } from '../corpus.ts';
import type { Backend } from '../layout.ts';
import { SocketReader } from '../wire/reader.ts';
import { serveHttp1 } from './http1.ts';
import { http2Service } from './http2.ts';
import type { Recorder } from './record.ts';
import { serveTcp } from './tcp.ts';

/** One service at one address. */
export interface Service {
  identity: string;
  behaviour: Behaviour;
  recorder: Recorder;
}

const preface = Buffer.from('PRI * HTTP/2.0');

/** Listens for the services of a case. */
export class Services {
  private servers: (Server | TlsServer)[] = [];
  private sockets = new Set<Socket | TLSSocket>();
  private closers: (() => void)[] = [];
  private readonly recorder: Recorder;
  private readonly folder: string;

  /** @param folder of the case: certificates are in `files` in it */
  constructor(recorder: Recorder, folder: string) {
    this.recorder = recorder;
    this.folder = folder;
  }

  async listen(backends: readonly Backend[]): Promise<void> {
    const taken = new Set<string>();
    for (const backend of backends) {
      const place = `${backend.address}:${backend.port}`;
      if (taken.has(place)) continue;
      taken.add(place);
      await this.start(backend);
    }
  }

  private async start({ identity, behaviour, speaks, address, port }: Backend): Promise<void> {
    const service: Service = { identity, behaviour, recorder: this.recorder };
    const http2 = http2Service(service);
    this.closers.push(http2.close);
    const serve = (socket: Socket | TLSSocket): void => {
      this.track(socket);
      if (speaks === 'tcp') serveTcp(service, socket);
      else void this.serveHttp(service, socket, http2.take);
    };
    const opened = (socket: Socket): void => {
      this.recorder.open(identity);
      this.track(socket);
      socket.setNoDelay(true);
    };
    let server: Server | TlsServer;
    if (behaviour.tls === undefined) {
      server = createServer({ allowHalfOpen: true }, (socket) => {
        opened(socket);
        serve(socket);
      });
    } else {
      const file = (kind: string): Buffer => readFileSync(join(this.folder, 'files', `${behaviour.tls}.${kind}`));
      const ALPNProtocols = speaks === 'http' ? ['h2', 'http/1.1'] : undefined;
      server = createTlsServer({ cert: file('crt'), key: file('key'), allowHalfOpen: true, ALPNProtocols } as object, serve);
      server.on('connection', opened);
      server.on('tlsClientError', () => {});
    }
    this.servers.push(server);
    await new Promise<void>((resolve, reject) => {
      server.on('error', reject);
      server.listen({ host: address, port, backlog: 1024 }, resolve);
    });
  }

  private track(socket: Socket | TLSSocket): void {
    this.sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.sockets.delete(socket));
  }

  /** HTTP/2 where the connection begins with its preface, else HTTP/1.1. */
  private async serveHttp(service: Service, socket: Socket | TLSSocket, takeHttp2: (socket: Socket | TLSSocket) => void): Promise<void> {
    const first = await new Promise<Buffer | undefined>((resolve) => {
      socket.once('data', resolve);
      socket.once('close', () => resolve(undefined));
      socket.once('end', () => resolve(undefined));
    });
    if (!first) {
      socket.end();
      return;
    }
    socket.pause();
    socket.unshift(first);
    if (first.subarray(0, preface.length).equals(preface.subarray(0, first.length))) {
      takeHttp2(socket);
      return;
    }
    const reader = new SocketReader(socket);
    socket.resume();
    await serveHttp1(service, socket, reader);
  }

  async close(): Promise<void> {
    for (const close of this.closers) close();
    for (const socket of this.sockets) socket.destroy();
    await Promise.all(this.servers.map((server) => new Promise((resolve) => server.close(resolve))));
    this.servers = [];
  }
}
