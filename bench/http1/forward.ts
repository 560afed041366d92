// The codec's server connection and pool with the least between them: what an exchange costs on top is not in it.
//
//   node bench/http1/forward.ts UPSTREAM_PORT PORT
import { createServer } from 'node:net';
import type { Headers } from '../../src/proxy/core/headers.ts';
import { Http1Pool } from '../../src/proxy/http1/pool.ts';
import { ServerConnection } from '../../src/proxy/http1/server-connection.ts';
import { defaultServerOptions } from '../../src/proxy/http1/server-options.ts';
import { realClock } from '../../src/proxy/real-clock.ts';
import type { ClientHandler, ClientStream, Failure, RequestHead, RequestListener, ServerHandler, ServerStream } from '../../src/proxy/stream.ts';
import { connectUpstream } from '../../src/proxy/upstream-connect.ts';

function isHop(name: string): boolean {
  switch (name) {
    case 'connection':
    case 'keep-alive':
    case 'proxy-connection':
    case 'transfer-encoding':
    case 'upgrade':
      return true;
    default:
      return false;
  }
}

function endToEnd(headers: Headers): Headers {
  const kept: Headers = [];
  for (let i = 0; i < headers.length; i += 2) if (!isHop(headers[i] as string)) kept.push(headers[i] as string, headers[i + 1] as string);
  return kept;
}

class Downstream implements ServerHandler {
  client: ClientStream | undefined = undefined;
  private readonly server: ServerStream;

  constructor(server: ServerStream) {
    this.server = server;
  }

  onData(chunk: Uint8Array): void {
    if (this.client?.write(chunk) === false) this.server.pause();
  }

  onEnd(): void {
    this.client?.end();
  }

  onReset(): void {
    this.client?.reset();
  }

  onDrain(): void {
    this.client?.resume();
  }
}

class Upstream implements ClientHandler {
  readonly borrows = true;
  private readonly server: ServerStream;
  private readonly downstream: Downstream;

  constructor(server: ServerStream, downstream: Downstream) {
    this.server = server;
    this.downstream = downstream;
  }

  onConnection(): void {}
  onInformational(): void {}

  onHead(status: number, headers: Headers, endStream: boolean): void {
    this.server.writeHead(status, endToEnd(headers), endStream);
  }

  onData(chunk: Uint8Array): void {
    if (!this.server.write(chunk)) this.downstream.client?.pause();
  }

  onEnd(): void {
    this.server.end();
  }

  onFailure(failure: Failure): void {
    this.server.writeHead(503, ['x-reason', failure.reason], true);
  }

  onDrain(): void {
    this.server.resume();
  }
}

const [upstreamPort, port] = process.argv.slice(2).map(Number) as [number, number];
const target = { address: '127.0.0.1', port: upstreamPort, timeoutMs: 1000 };
const pool = new Http1Pool({ connect: (onOpen, onFailure) => connectUpstream(target, realClock, onOpen, onFailure) });
const listener: RequestListener = {
  onRequest(stream: ServerStream, head: RequestHead, endStream: boolean): ServerHandler {
    const downstream = new Downstream(stream);
    const out = { method: head.method, path: head.path, authority: head.authority ?? '', scheme: 'http', headers: endToEnd(head.headers) };
    downstream.client = pool.request(out, endStream, false, new Upstream(stream, downstream));
    return downstream;
  },
  onRefused(): void {},
};
let id = 0;
createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
  const info = { id: id++, protocol: 'HTTP/1.1', remoteAddress: '', remotePort: 0, localAddress: '', localPort: 0, serverName: '' } as const;
  new ServerConnection(socket, info, listener, defaultServerOptions);
}).listen(port, '127.0.0.1', 1024);
