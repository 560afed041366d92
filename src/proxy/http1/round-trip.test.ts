import { once } from 'node:events';
import { connect, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, connect as tlsConnect } from 'node:tls';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { realClock } from '../real-clock.ts';
import type { ClientHandler, Failure, RequestListener, ServerHandler } from '../stream.ts';
import { connectUpstream } from '../upstream-connect.ts';
import type { Borrower } from './client-connection.ts';
import { Http1Pool } from './pool.ts';
import { ServerConnection } from './server-connection.ts';
import { defaultServerOptions } from './server-options.ts';
import { listen, parseResponse, pause, testInfo, until } from './testing.ts';

interface Message {
  headers: string[];
  /** Undefined: none at all. */
  body: string[] | undefined;
}

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

interface Arrived {
  method: string;
  path: string;
  authority: string | undefined;
  headers: string[];
  body: string;
}

/** A server that answers each request with `answer`, and tells what came. */
function serve(arrived: Arrived[], answer: () => Message): (socket: Socket) => void {
  const listener: RequestListener = {
    onRequest(stream, head, endStream): ServerHandler {
      const request: Arrived = { method: head.method, path: head.path, authority: head.authority, headers: head.headers, body: '' };
      const end = () => {
        arrived.push(request);
        const { headers, body } = answer();
        stream.writeHead(200, headers, body === undefined);
        if (body === undefined) return;
        for (const chunk of body) stream.write(Buffer.from(chunk, 'latin1'));
        stream.end();
      };
      if (endStream) end();
      return {
        onData: (chunk) => {
          request.body += Buffer.from(chunk).toString('latin1');
        },
        onEnd: end,
        onReset: () => {},
        onDrain: () => {},
      };
    },
    onRefused: (_, { details }) => {
      throw new Error(details);
    },
  };
  return (socket) => new ServerConnection(socket, testInfo, listener, defaultServerOptions);
}

function exchange(pool: Http1Pool, method: string, path: string, { headers, body }: Message): Promise<{ status: number; headers: string[]; body: string }> {
  return new Promise((resolve, reject) => {
    const result = { status: 0, headers: [] as string[], body: '' };
    const handler: ClientHandler = {
      onConnection: () => {},
      onInformational: () => {},
      onHead: (status, received, endStream) => {
        result.status = status;
        result.headers = received;
        if (endStream) resolve(result);
      },
      onData: (chunk) => {
        result.body += Buffer.from(chunk).toString('latin1');
      },
      onEnd: () => resolve(result),
      onFailure: (failure: Failure) => reject(new Error(failure.reason)),
      onDrain: () => {},
    };
    const stream = pool.request({ method, path, authority: 'h', scheme: 'http', headers }, body === undefined, false, handler);
    if (body === undefined) return;
    for (const chunk of body) stream.write(Buffer.from(chunk, 'latin1'));
    stream.end();
  });
}

function withoutFraming(headers: readonly string[]): string[] {
  return headers.filter((_, i) => !/^(content-length|transfer-encoding)$/.test(headers[i - (i % 2)] as string));
}

const name = fc.stringMatching(/^x-[a-z0-9!#$%&'*+.^_`|~-]{1,12}$/);
const value = fc.stringMatching(/^([\x21-\x7e\x80-\xff]([\t\x20-\x7e\x80-\xff]{0,30}[\x21-\x7e\x80-\xff])?)?$/);
const chunk = fc.oneof(
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  fc.tuple(fc.nat(150_000), fc.constantFrom('a', '\r\n', '\0')).map(([size, text]) => text.repeat(Math.ceil(size / text.length))),
);
const message: fc.Arbitrary<Message> = fc
  .record({
    headers: fc.array(fc.tuple(name, value), { maxLength: 6 }),
    body: fc.option(fc.array(chunk, { maxLength: 4 }), { nil: undefined }),
    withLength: fc.boolean(),
  })
  .map(({ headers, body, withLength }) => ({
    headers: [...headers.flat(), ...(withLength && body ? ['content-length', String(body.join('').length)] : [])],
    body,
  }));

test('what a pool sends arrives at a server connection, and its answer at the pool', async () => {
  const arrived: Arrived[] = [];
  let answer: Message = { headers: [], body: undefined };
  const { server, port } = await listen(serve(arrived, () => answer));
  const pool = new Http1Pool({
    connect: (onOpen, onFailure) => connectUpstream({ address: '127.0.0.1', port, timeoutMs: 20_000 }, realClock, onOpen, onFailure),
  });
  closers.push(
    () => server.close(),
    () => pool.destroy(),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('GET', 'POST', 'PUT'),
      fc.stringMatching(/^\/[\x21-\x7e]{0,20}$/),
      message,
      message,
      async (method, path, request, response) => {
        answer = response;
        const got = await exchange(pool, method, path, request);
        const came = arrived.pop();
        expect(came).toMatchObject({ method, path, authority: 'h', body: (request.body ?? []).join('') });
        expect(withoutFraming(came?.headers ?? [])).toEqual(withoutFraming(request.headers));
        expect(got).toMatchObject({ status: 200, body: (response.body ?? []).join('') });
        expect(withoutFraming(got.headers)).toEqual(withoutFraming(response.headers));
      },
    ),
    { numRuns: 150 },
  );
  // All of them over one.
  expect(pool.counters.connections).toBe(1);
});

test('chunks that are lent reach a client that reads later, unchanged', async () => {
  // Each byte tells its place, so that a chunk of another read would show.
  const size = 6_000_000;
  const sent = Buffer.alloc(size);
  for (let i = 0; i + 4 <= size; i += 4) sent.writeUInt32BE(i, i);
  const upstream = await listen((socket) => {
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'));
    socket.once('data', () => {
      for (let at = 0; at < size; at += 100_000) {
        socket.write(`${Math.min(100_000, size - at).toString(16)}\r\n`);
        socket.write(sent.subarray(at, at + 100_000));
        socket.write('\r\n');
      }
      socket.write('0\r\n\r\n');
    });
  });
  const { port } = upstream;
  const pool = new Http1Pool({
    connect: (onOpen, onFailure) => connectUpstream({ address: '127.0.0.1', port, timeoutMs: 20_000 }, realClock, onOpen, onFailure),
  });
  const listener: RequestListener = {
    onRequest(stream, head): ServerHandler {
      const handler: Borrower = {
        borrows: true,
        onConnection: () => {},
        onInformational: () => {},
        onHead: (status) => stream.writeHead(status, [], false),
        // The client is slow, and nobody cares.
        onData: (chunk) => void stream.write(chunk),
        onEnd: () => stream.end(),
        onFailure: () => stream.reset(),
        onDrain: () => {},
      };
      pool.request({ method: 'GET', path: '/', authority: 'h', scheme: 'http', headers: head.headers }, true, false, handler);
      return { onData: () => {}, onEnd: () => {}, onReset: () => {}, onDrain: () => {} };
    },
    onRefused: () => {},
  };
  const proxy = await listen((socket) => new ServerConnection(socket, testInfo, listener, defaultServerOptions));
  closers.push(
    () => proxy.server.close(),
    () => upstream.server.close(),
    () => pool.destroy(),
  );
  const client = connect(proxy.port, '127.0.0.1');
  client.write('GET / HTTP/1.1\r\nhost: h\r\n\r\n');
  client.pause();
  await pause(150);
  const parts: Buffer[] = [];
  client.on('data', (chunk: Buffer) => parts.push(chunk));
  client.resume();
  await until(() => parts.at(-1)?.toString('latin1').endsWith('0\r\n\r\n') === true, 'all of it');
  client.destroy();
  const { messages, error } = parseResponse(parts);
  expect(error).toBeUndefined();
  expect(messages[0]?.body === sent.toString('latin1')).toBe(true);
});

describe('other sockets', () => {
  const body = 'x'.repeat(300_000);
  const big: Message = { headers: [], body: [body] };

  test('TLS on both sides', async () => {
    // Anonymous: what matters here is the kind of socket.
    const anonymous = { ciphers: 'AECDH-AES128-SHA@SECLEVEL=0', maxVersion: 'TLSv1.2', minVersion: 'TLSv1.2' } as const;
    const arrived: Arrived[] = [];
    const server = createTlsServer(
      { ...anonymous },
      serve(arrived, () => big),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const pool = new Http1Pool({
      connect: (onOpen, onFailure) => {
        const secure = (socket: Socket) => tlsConnect({ ...anonymous, socket, rejectUnauthorized: false, checkServerIdentity: () => undefined });
        return connectUpstream({ address: '127.0.0.1', port, timeoutMs: 20_000, secure }, realClock, onOpen, onFailure);
      },
    });
    closers.push(
      () => server.close(),
      () => pool.destroy(),
    );
    for (let i = 0; i < 3; i++) {
      expect((await exchange(pool, 'POST', '/', big)).body).toBe(body);
      expect(arrived.pop()?.body).toBe(body);
    }
    expect(pool.counters.connections).toBe(1);
  });

  test('Unix sockets', async () => {
    const arrived: Arrived[] = [];
    const path = `\0weft-test-${process.pid}-${Date.now()}`;
    const { createServer } = await import('node:net');
    const server: Server = createServer(
      { allowHalfOpen: true },
      serve(arrived, () => big),
    );
    server.listen(path);
    await once(server, 'listening');
    const pool = new Http1Pool({
      connect: (onOpen, onFailure) => connectUpstream({ address: path, port: 0, timeoutMs: 20_000 }, realClock, onOpen, onFailure),
    });
    closers.push(
      () => server.close(),
      () => pool.destroy(),
    );
    expect((await exchange(pool, 'POST', '/', big)).body).toBe(body);
    expect(arrived.pop()?.body).toBe(body);
  });
});
