// What the tests of the running proxy share: tables from manifests, servers, sockets, and waiting.
import { createServer as createHttpServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { ProxyIdentity, RoutingTable } from '../../src/ir/table.ts';
import { sourceText } from '../../src/manifest/files.ts';
import { parseEndpointOverride } from '../../src/model/endpoint-overrides.ts';
import { pipelineOf } from '../../src/pipeline/testing.ts';
import { routingTable } from '../../src/translate/table.ts';

export { freePorts } from '../free-ports.ts';
export { pause, until } from '../until.ts';

const client: ProxyIdentity = {
  role: 'sidecar',
  namespace: 'shop',
  name: 'client',
  labels: {},
  serviceAccount: 'default',
  locality: { region: '', zone: '', subzone: '' },
  addresses: ['127.0.0.1'],
};

/** The routing table of a sidecar in namespace `shop`, or of another proxy; `map` as of `--map`, `meshConfig` as YAML. */
export async function tableOf(manifests: string, map: readonly string[] = [], meshConfig?: string, proxy: Partial<ProxyIdentity> = {}): Promise<RoutingTable> {
  const { mesh } = await pipelineOf([sourceText('mesh.yaml', manifests)], {
    meshConfigSource: meshConfig === undefined ? undefined : sourceText('config.yaml', meshConfig),
  });
  const overrides = map.flatMap((text) => parseEndpointOverride(text) ?? []);
  return routingTable(mesh, { ...client, ...proxy }, { overrides });
}

/** A service on port 80 with subsets v1 and v2, and where its requests go. */
export function shop(route: 'v1' | 'v2', trafficPolicy = '{ loadBalancer: { simple: ROUND_ROBIN } }'): string {
  return `
apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec:
  selector: { app: web }
  ports: [{ name: http, port: 80 }]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: web, namespace: shop }
spec:
  host: web
  trafficPolicy: ${trafficPolicy}
  subsets: [{ name: v1, labels: { version: v1 } }, { name: v2, labels: { version: v2 } }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: web, namespace: shop }
spec:
  hosts: [web]
  http:
    - route: [{ destination: { host: web, subset: ${route} } }]
      retries: { attempts: 0 }
`;
}

const opened: { close(): void }[] = [];

/** Closes what `backend` and others opened; for afterEach. */
export function closeAll(): void {
  for (const one of opened.splice(0)) one.close();
}

export function toClose<T extends { close(): void }>(one: T): T {
  opened.push(one);
  return one;
}

/** An HTTP server on loopback. */
export async function backend(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<number> {
  const server = createHttpServer({ keepAliveTimeout: 60_000 }, handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  toClose({
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  });
  return (server.address() as AddressInfo).port;
}

export interface Page {
  status: number;
  body: string;
}

/** A page, on a connection of its own: one that is kept may be closed by its server just when it is used again. */
export function page(port: number, path: string, { method = 'GET', host = '127.0.0.1', headers = {} } = {}): Promise<Page> {
  return new Promise((resolve, reject) => {
    request({ port, host, path, method, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body })).on('error', reject);
    })
      .on('error', reject)
      .end();
  });
}

/** A server of bytes on loopback. */
export async function tcpBackend(onSocket: (socket: Socket) => void): Promise<number> {
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  toClose(server);
  return (server.address() as AddressInfo).port;
}

/** A client's connection that keeps what it reads. */
export class Peer {
  readonly socket: Socket;
  readonly chunks: Buffer[] = [];
  bytes = 0;
  ended = false;
  closed = false;

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    this.socket.on('data', (chunk: Buffer) => {
      this.chunks.push(chunk);
      this.bytes += chunk.length;
    });
    this.socket.on('end', () => {
      this.ended = true;
    });
    this.socket.on('close', () => {
      this.closed = true;
    });
    this.socket.on('error', () => {});
    toClose({ close: () => this.socket.destroy() });
  }

  get received(): Buffer {
    return Buffer.concat(this.chunks);
  }

  get text(): string {
    return this.received.toString('latin1');
  }

  /** The peer has ended its side, or more. */
  get gone(): boolean {
    return this.ended || this.closed;
  }

  send(data: string | Buffer): void {
    this.socket.write(data as string, 'latin1');
  }
}

/** Nobody listens there any more. */
export async function refuses(port: number): Promise<boolean> {
  const peer = new Peer(port);
  return new Promise((resolve) => {
    peer.socket.on('connect', () => resolve(false));
    peer.socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  }).finally(() => peer.socket.destroy()) as Promise<boolean>;
}
