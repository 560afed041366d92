import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { issueAuthority } from '../../pki/issue.ts';
import type { AppProbe, HttpCheck } from './app-probe.ts';
import { type ProbeAnswer, runProbe } from './run-probe.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function listening(server: Server, host = '127.0.0.1'): Promise<number> {
  await new Promise<void>((resolve) => void server.listen(0, host, resolve));
  closing.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

function application(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<number> {
  const server = createServer(handle);
  closing.push(() => server.closeAllConnections());
  return listening(server);
}

const http = (port: number, more: Partial<HttpCheck> = {}, timeoutMs = 5_000): AppProbe => ({
  timeoutMs,
  check: { kind: 'http', scheme: 'http', host: undefined, port, path: '/live', headers: [], ...more },
});
const ask = (probe: AppProbe, headers = {}): Promise<ProbeAnswer> => runProbe(probe, '127.0.0.1', headers);

describe('over HTTP', () => {
  it.each([200, 204, 304, 404, 503])('the status of the application is passed on: %d', async (status) => {
    const port = await application((_, response) => response.writeHead(status).end(status === 204 || status === 304 ? undefined : 'so it is'));
    expect(await ask(http(port))).toEqual({ status, body: status === 204 || status === 304 ? '' : 'so it is' });
  });

  it('it gets path, query and headers of the probe, and those of the kubelet', async () => {
    const seen: IncomingMessage[] = [];
    const port = await application((request, response) => {
      seen.push(request);
      response.end();
    });
    const headers = [
      ['X-Probe', 'one'],
      ['x-probe', 'two'],
      ['Host', 'shop.example'],
      ['Accept', 'text/plain'],
    ] as const;
    const ofKubelet = { host: '10.1.1.1:15020', connection: 'close', 'user-agent': 'kube-probe/1.36', accept: '*/*' };
    await ask(http(port, { path: '/live?full=1', headers }), ofKubelet);
    expect(seen[0]?.url).toBe('/live?full=1');
    expect(seen[0]?.headersDistinct).toMatchObject({
      host: ['shop.example'],
      'x-probe': ['one', 'two'],
      'user-agent': ['kube-probe/1.36'],
      accept: ['text/plain'],
    });
    await ask(http(port), ofKubelet);
    expect(seen[1]?.headers.host).toBe(`127.0.0.1:${port}`);
  });

  it('it comes from the address that is not redirected to the sidecar', async () => {
    const seen: (string | undefined)[] = [];
    const port = await application(({ socket }, response) => {
      seen.push(socket.remoteAddress);
      response.end();
    });
    await ask(http(port));
    expect(seen).toEqual(['127.0.0.6']);
  });

  it('a redirect on the same host is followed, to others it is not', async () => {
    const asked: string[] = [];
    const port = await application(({ url = '' }, response) => {
      asked.push(url);
      if (url === '/live') response.writeHead(302, { location: '/other' }).end();
      else if (url === '/elsewhere') response.writeHead(301, { location: 'http://shop.example/' }).end();
      else if (url === '/loop') response.writeHead(301, { location: '/loop' }).end();
      else response.end('other');
    });
    expect(await ask(http(port))).toEqual({ status: 200, body: 'other' });
    expect(await ask(http(port, { path: '/elsewhere' }))).toMatchObject({ status: 301 });
    expect(asked).toEqual(['/live', '/other', '/elsewhere']);
    expect(await ask(http(port, { path: '/loop' }))).toEqual({ status: 500, body: expect.stringContaining('redirects more than 10 times') });
  });

  it.each([
    ['says nothing', () => {}],
    ['does not end', (_: IncomingMessage, response: ServerResponse) => void response.write('so')],
  ])('an application that %s has failed when its time is over', async (_, handle) => {
    const port = await application(handle);
    const began = performance.now();
    expect(await ask(http(port, {}, 200))).toEqual({ status: 500, body: expect.stringContaining('there is no answer within 0.2 s') });
    expect(performance.now() - began).toBeLessThan(20_000);
  });

  it('no more than the beginning of an answer is read', async () => {
    const port = await application((_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65536)));
      };
      response.on('drain', more);
      more();
    });
    const { status, body } = await ask(http(port));
    expect([status, body.length]).toEqual([200, 10 * 1024]);
  });

  it('with TLS, whoever it is', async () => {
    const { certificate, key } = await issueAuthority('app', Date.now());
    const port = await listening(createTlsServer({ cert: certificate, key }, (request, response) => response.end(`secure ${request.url}`)));
    expect(await ask(http(port, { scheme: 'https' }))).toEqual({ status: 200, body: 'secure /live' });
    expect(await ask(http(port))).toMatchObject({ status: 500 });
    const plain = await application((_, response) => response.end());
    expect(await ask(http(plain, { scheme: 'https' }))).toMatchObject({ status: 500 });
  });

  it('nobody listens', async () => {
    const server = createTcpServer();
    const port = await listening(server);
    await new Promise((resolve) => server.close(resolve));
    expect(await ask(http(port))).toEqual({ status: 500, body: expect.stringContaining('ECONNREFUSED') });
  });
});

describe('over TCP', () => {
  const tcp = (port: number, host?: string): AppProbe => ({ timeoutMs: 5_000, check: { kind: 'tcp', host, port } });

  it('a connection is enough', async () => {
    const port = await listening(createTcpServer((socket) => socket.on('error', () => {})));
    expect(await ask(tcp(port))).toEqual({ status: 200, body: '' });
    expect(await ask(tcp(port, '127.0.0.1'))).toEqual({ status: 200, body: '' });
  });

  it('without one it has failed', async () => {
    const server = createTcpServer();
    const port = await listening(server);
    await new Promise((resolve) => server.close(resolve));
    expect(await ask(tcp(port))).toMatchObject({ status: 500 });
  });
});

describe('over gRPC', () => {
  const frame = (...message: number[]): Buffer => Buffer.from([0, 0, 0, 0, message.length, ...message]);
  const grpc = (port: number, service = ''): AppProbe => ({ timeoutMs: 5_000, check: { kind: 'grpc', port, service } });

  async function server(answer: (stream: ServerHttp2Stream, path: string, body: Buffer) => void): Promise<number> {
    const own = createHttp2Server();
    own.on('stream', (stream, headers) => {
      const chunks: Buffer[] = [];
      stream.on('error', () => {});
      stream.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => answer(stream, String(headers[':path']), Buffer.concat(chunks)));
    });
    return listening(own);
  }

  const health = (message: number[], status = '0') =>
    server((stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status, 'grpc-message': 'so it is' }));
      stream.end(frame(...message));
    });

  it.each<[string, number[], object]>([
    ['SERVING', [0x08, 1], { status: 200, body: '' }],
    ['NOT_SERVING', [0x08, 2], { status: 500, body: 'the service is NOT_SERVING\n' }],
    ['UNKNOWN', [], { status: 500, body: 'the service is UNKNOWN\n' }],
  ])('%s', async (_, message, expected) => {
    expect(await ask(grpc(await health(message)))).toEqual(expected);
  });

  it('it asks for the service by its name', async () => {
    const seen: [string, string][] = [];
    const port = await server((stream, path, body) => {
      seen.push([path, body.toString('hex')]);
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '5', 'grpc-message': 'unknown service' }, { endStream: true });
    });
    expect(await ask(grpc(port, 'cart'))).toEqual({ status: 500, body: expect.stringContaining('gRPC status 5: unknown service') });
    expect(seen).toEqual([['/grpc.health.v1.Health/Check', '00000000060a0463617274']]);
  });

  it('a server without the health service says so', async () => {
    expect(await ask(grpc(await health([], '12')))).toEqual({ status: 500, body: expect.stringContaining('does not have grpc.health.v1.Health') });
  });

  it.each<[string, (stream: ServerHttp2Stream) => void, RegExp]>([
    ['answers without a body', (stream) => stream.respond({ ':status': 404 }, { endStream: true }), /the answer is not gRPC \(status 404\)/],
    ['says nothing', () => {}, /no answer within/],
    ['resets', (stream) => stream.close(2), /failed/],
  ])('a server that %s has failed', async (_, answer, problem) => {
    expect(await ask(grpc(await server(answer)))).toEqual({ status: 500, body: expect.stringMatching(problem) });
  });

  it('a server that does not speak HTTP/2 has failed', async () => {
    const port = await application((_, response) => response.end());
    expect(await ask(grpc(port))).toMatchObject({ status: 500 });
  });
});
