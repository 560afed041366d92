import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../../test/until.ts';
import { realClock } from '../real-clock.ts';
import type { Refusal, RequestHead, ServerHandler, ServerStream } from '../stream.ts';
import { frameType, preface } from './frames.ts';
import { Http2ServerConnection, type Http2ServerOptions } from './server-connection.ts';
import { frame, number, type RawPeer, rawClient } from './testing.ts';

interface Taken {
  stream: ServerStream;
  head: RequestHead;
  events: string[];
  body: string;
}

type Act = (taken: Taken, event: string) => void;

const open: { destroy?(): void; close?(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) (one.destroy ?? one.close)?.call(one);
});

/** A server whose handler writes down what it hears and does what the test says. */
async function serve(act: Act = () => {}, options: Http2ServerOptions = {}, first = 0) {
  const requests: Taken[] = [];
  const refused: Refusal[] = [];
  const connections: Http2ServerConnection[] = [];
  let closed = 0;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket: Socket) => {
    open.push(socket);
    const take = (bytes: Buffer): void => {
      const info = { id: 1, protocol: 'HTTP/2', remoteAddress: '127.0.0.1', remotePort: 1, localAddress: '', localPort: 0, serverName: '' } as const;
      const listener = {
        onRequest(stream: ServerStream, head: RequestHead, ends: boolean): ServerHandler {
          const taken: Taken = { stream, head, events: [], body: '' };
          requests.push(taken);
          const hear = (event: string): void => {
            taken.events.push(event);
            act(taken, event);
          };
          act(taken, ends ? 'request*' : 'request');
          return {
            onData: (chunk) => {
              taken.body += Buffer.from(chunk).toString('latin1');
              hear('data');
            },
            onEnd: (trailers) => hear(trailers ? `end ${trailers.join(' ')}` : 'end'),
            onReset: (reason, code) => hear(`reset ${reason} ${code}`),
            onDrain: () => hear('drain'),
          };
        },
        onRefused: (_: unknown, refusal: Refusal) => refused.push(refusal),
      };
      connections.push(new Http2ServerConnection(socket, bytes, info, listener, realClock, options, () => closed++));
    };
    if (first === 0) take(Buffer.alloc(0));
    else {
      socket.once('data', (bytes: Buffer) => {
        socket.pause();
        take(bytes);
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(server);
  const { port } = server.address() as { port: number };
  return { port, requests, refused, connections, closed: () => closed };
}

const std = (more: readonly string[] = [], instead: Record<string, string | null> = {}): string[] => {
  const pseudo = { ':method': 'GET', ':scheme': 'http', ':path': '/x', ':authority': 'a.test', ...instead };
  return [...Object.entries(pseudo).flatMap(([name, value]) => (value === null ? [] : [name, value])), ...more];
};
const answer: Act = ({ stream }, event) => {
  if (event !== 'request*' && !event.startsWith('end')) return;
  stream.writeHead(200, ['x', '1'], false);
  stream.write(Buffer.from('abc'));
  stream.end();
};
const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');

async function nodeClient(port: number): Promise<ClientHttp2Session> {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => {});
  open.push(session);
  await once(session, 'connect');
  return session;
}

async function response(stream: ClientHttp2Stream): Promise<{ headers: Record<string, unknown>; trailers: Record<string, unknown>; body: string }> {
  let trailers = {};
  stream.on('trailers', (t) => (trailers = { ...t }));
  const [headers] = await once(stream, 'response');
  let body = '';
  for await (const chunk of stream) body += chunk;
  return { headers: { ...headers }, trailers, body };
}

describe('requests and answers', () => {
  it('RT-R44: head, body and trailers both ways; connection headers of an answer are left out', async () => {
    const server = await serve(({ stream, body }, event) => {
      if (!event.startsWith('end')) return;
      stream.writeInformational(103, ['link', '</a>']);
      stream.writeHead(
        201,
        ['content-type', 'text/plain', 'connection', 'close', 'transfer-encoding', 'chunked', 'keep-alive', '1', 'x', '1', 'x', '2'],
        false,
      );
      stream.write(Buffer.from(`got ${body}`));
      stream.end(['grpc-status', '0', 'grpc-message', 'fine']);
    });
    const session = await nodeClient(server.port);
    const request = session.request(
      { ':method': 'POST', ':path': '/a?b=c', ':authority': 'a.test', cookie: ['a=b', 'c=d'], 'x-two': ['1', '2'], te: 'trailers', host: 'b.test' },
      { waitForTrailers: true },
    );
    request.on('wantTrailers', () => request.sendTrailers({ 'x-t': 't1' }));
    const interim: unknown[] = [];
    request.on('headers', (headers) => interim.push(headers[':status']));
    request.end('hello');
    const { headers, trailers, body } = await response(request);
    expect(interim).toEqual([103]);
    expect(headers).toMatchObject({ ':status': 201, 'content-type': 'text/plain', x: '1, 2' });
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['connection']));
    expect(headers).not.toHaveProperty('transfer-encoding');
    expect(headers).not.toHaveProperty('keep-alive');
    expect(body).toBe('got hello');
    expect(trailers).toMatchObject({ 'grpc-status': '0', 'grpc-message': 'fine' });
    const { head, events } = server.requests[0] as Taken;
    expect(head).toMatchObject({ method: 'POST', path: '/a?b=c', authority: 'a.test', scheme: 'http', version: 'HTTP/2' });
    // Cookies are one header at the end; the authority holds against Host.
    expect(head.headers).toEqual(['x-two', '1', 'x-two', '2', 'te', 'trailers', 'cookie', 'a=b; c=d']);
    expect(events.at(-1)).toBe('end x-t t1');
  });

  it('RT-R121: an answer without body, and one of trailers only, end with their head', async () => {
    const server = await serve(({ stream }, event) => {
      if (event === 'request*') stream.writeHead(200, ['content-type', 'application/grpc', 'grpc-status', '14'], true);
    });
    const peer = await rawClient(server.port);
    peer.send(peer.headers(1, std()));
    await peer.until((p) => p.story.includes('#1'));
    expect(peer.story).toBe('HEADERS#1(200)*');
  });

  it('bytes that were read to detect the protocol are not lost', async () => {
    const server = await serve(answer, {}, 1);
    const session = await nodeClient(server.port);
    expect((await response(session.request({ ':path': '/' }))).body).toBe('abc');
  });

  it('the last data and the end are one frame', async () => {
    const server = await serve(answer);
    const peer = await rawClient(server.port);
    peer.send(peer.headers(1, std()));
    await peer.until((p) => p.story.includes('*'));
    expect(peer.story).toBe('HEADERS#1(200) DATA#1[3]*');
  });

  it('large headers go in several frames, and come in several', async () => {
    const big = 'v'.repeat(40_000);
    const server = await serve(({ stream, head }, event) => {
      if (event === 'request*') stream.writeHead(200, ['x-big', head.headers[1] as string], true);
    });
    const session = await nodeClient(server.port);
    const { headers } = await response(session.request({ ':path': '/', 'x-big': big }));
    expect(headers['x-big']).toBe(big);
  });

  it('a request that is answered before its end need not be sent (RFC 9113, 8.1)', async () => {
    const server = await serve(({ stream }, event) => {
      if (event !== 'request') return;
      stream.writeHead(413, [], true);
    });
    const peer = await rawClient(server.port);
    peer.send(peer.headers(1, std([], { ':method': 'POST' }), 4));
    await peer.until((p) => p.story.includes('RST'));
    expect(peer.story).toBe('HEADERS#1(413)* RST#1(0)');
    peer.send(frame(frameType.data, 0, 1, bytesOf('late')), peer.headers(3, std()));
    await peer.until(() => server.requests.length === 2);
    expect(server.requests[0]?.events).toEqual([]);
  });
});

describe('resets', () => {
  it('RT-R62: of ours: INTERNAL_ERROR unless told, and nothing more is heard or sent', async () => {
    const server = await serve(({ stream }, event) => {
      if (event !== 'data') return;
      stream.writeHead(200, [], false);
      stream.reset();
      expect(stream.write(Buffer.from('x'))).toBe(true);
      stream.end();
    });
    const peer = await rawClient(server.port);
    peer.send(peer.headers(1, std(), 4), frame(frameType.data, 0, 1, bytesOf('a')), frame(frameType.data, 1, 1, bytesOf('b')));
    await peer.until((p) => p.story.includes('RST'));
    expect(peer.story).toBe('HEADERS#1(200) RST#1(2)');
    expect(server.requests[0]?.events).toEqual(['data']);
  });

  it('of the client, with its code; of a client that goes away', async () => {
    const server = await serve();
    const peer = await rawClient(server.port);
    peer.send(peer.headers(1, std()), peer.headers(3, std()), number(frameType.rstStream, 1, 8));
    await peer.until(() => (server.requests[0]?.events.length ?? 0) > 0);
    peer.socket.destroy();
    await peer.until(() => (server.requests[1]?.events.length ?? 0) > 0);
    expect(server.requests.map(({ events }) => events)).toEqual([['reset reset 8'], ['reset disconnect undefined']]);
    expect(server.closed()).toBe(1);
  });
});

describe('back-pressure', () => {
  it('a client whose window is closed: writes wait, and drain when it opens', async () => {
    const results: boolean[] = [];
    const server = await serve(({ stream }, event) => {
      if (event === 'request*') {
        stream.writeHead(200, [], false);
        results.push(stream.write(Buffer.alloc(10)), stream.write(Buffer.alloc(100)));
      } else if (event === 'drain') stream.end(['x-t', '1']);
    });
    const peer = await rawClient(server.port);
    peer.send(peer.settings([4, 60]), peer.headers(1, std()));
    await peer.until((p) => p.story.includes('[50]'));
    expect(results).toEqual([true, false]);
    peer.send(number(frameType.windowUpdate, 1, 20));
    await peer.until((p) => p.story.includes('[20]'));
    peer.send(peer.settings([4, 1000]));
    await peer.until((p) => p.story.endsWith('*'));
    expect(peer.story).toBe('HEADERS#1(200) DATA#1[10] DATA#1[50] DATA#1[20] DATA#1[30] HEADERS#1(trailers)*');
  });

  it('streams share the window of the connection, a frame at a time', async () => {
    const server = await serve(({ stream }, event) => {
      if (event !== 'request*') return;
      stream.writeHead(200, [], false);
      stream.write(Buffer.alloc(60_000));
      stream.end();
    });
    const peer = await rawClient(server.port);
    peer.send(peer.settings([4, 0]), peer.headers(1, std()), peer.headers(3, std()));
    await peer.until(() => server.requests.length === 2);
    peer.send(peer.settings([4, 1 << 20]));
    await peer.until((p) => p.story.includes('DATA#3[16383]'));
    const [a, b] = ['DATA#1[16384]', 'DATA#3[16384]'];
    expect(peer.story).toBe(`HEADERS#1(200) HEADERS#3(200) ${a} ${b} ${a} DATA#3[16383]`);
    peer.send(number(frameType.windowUpdate, 0, 1 << 20));
    await peer.until((p) => p.story.match(/\*/g)?.length === 2);
    const bytes = (id: number): number => peer.seen.reduce((sum, { type, stream, payload }) => sum + (type === 0 && stream === id ? payload.length : 0), 0);
    expect([bytes(1), bytes(3)]).toEqual([60_000, 60_000]);
  });

  it('a handler that is paused is not sent more than a window, and everything when it goes on', async () => {
    const server = await serve(({ stream }, event) => {
      if (event === 'request') stream.pause();
      else if (event === 'end') stream.writeHead(200, [], true);
    });
    const session = await nodeClient(server.port);
    const request = session.request({ ':path': '/', ':method': 'POST' });
    request.end(Buffer.alloc(1_000_000, 'a'));
    await until(() => server.requests.length === 1, 'the request is there');
    await new Promise((resolve) => setTimeout(resolve, 100));
    const taken = server.requests[0] as Taken;
    expect(taken.events).toEqual([]);
    expect(request.bufferSize).toBeGreaterThan(0);
    taken.stream.resume();
    await response(request);
    expect(taken.body).toHaveLength(1_000_000);
  });

  it('a client that takes nothing is not read any more', async () => {
    const server = await serve(({ stream }, event) => {
      if (event !== 'request*') return;
      stream.writeHead(200, ['x-big', 'v'.repeat(10_000)], true);
    });
    const peer = await rawClient(server.port);
    peer.socket.pause();
    const many: Buffer[] = [];
    for (let i = 0; i < 2000; i++) many.push(peer.headers(2 * i + 1, std()));
    peer.send(...many);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const served = server.requests.length;
    expect(served).toBeLessThan(1500);
    peer.socket.resume();
    await peer.until(() => server.requests.length === 2000);
  });
});

describe('LR-R24: what breaks the rules of HTTP ends the connection, and is told', () => {
  const field = 'http2.invalid.header.field';
  const message = 'http2.violation.of.messaging.rule';
  it.each<[string, readonly string[], string]>([
    ['upper case', std(['X-A', '1']), field],
    ['connection', std(['connection', 'close']), field],
    ['keep-alive', std(['keep-alive', '1']), field],
    ['proxy-connection', std(['proxy-connection', 'x']), field],
    ['upgrade', std(['upgrade', 'h2c']), field],
    ['transfer-encoding', std(['transfer-encoding', 'chunked']), field],
    ['te', std(['te', 'gzip']), field],
    ['no scheme', std([], { ':scheme': null }), message],
    ['no path', std([], { ':path': null }), message],
    ['no method', std([], { ':method': null }), message],
    ['no authority', std([], { ':authority': null }), message],
    ['empty scheme', std([], { ':scheme': '' }), field],
    ['empty path', std([], { ':path': '' }), field],
    ['empty method', std([], { ':method': '' }), field],
    ['empty authority', std([], { ':authority': '' }), field],
    ['white space in the path', std([], { ':path': '/a b' }), field],
    ['a path without slash', std([], { ':path': 'a' }), message],
    ['* of GET', std([], { ':path': '*' }), message],
    ['a method that is no token', std([], { ':method': 'G@T' }), field],
    ['user information', std([], { ':authority': 'u@a.test' }), field],
    ['white space in Host', std(['host', 'a b'], { ':authority': null }), field],
    ['two paths', std([':path', '/y']), field],
    ['a pseudo header after others', ['x', '1', ...std()], field],
    ['an unknown pseudo header', std([':x', '1']), field],
    ['one of responses', std([':status', '200']), field],
    ['CONNECT with a path', std([], { ':method': 'CONNECT' }), message],
    ['extended CONNECT', std([':protocol', 'websocket'], { ':method': 'CONNECT' }), field],
    ['a control character', std(['x', 'a\u0001']), field],
    ['two lengths', std(['content-length', '3', 'content-length', '3']), field],
    ['a length that is no number', std(['content-length', '3x']), field],
    ['a length without body', std(['content-length', '3']), message],
  ])('%s', async (_, list, details) => {
    const server = await serve(answer);
    const peer = await rawClient(server.port);
    peer.send(peer.headers(1, list));
    await peer.until((p) => p.closed);
    expect(peer.story).toBe(' closed');
    expect(server.refused).toEqual([{ status: 0, flags: 'DPE', details, bytesSent: 0 }]);
    expect(server.requests).toEqual([]);
  });

  it.each<[string, readonly string[], Partial<RequestHead>]>([
    ['te: trailers', std(['te', 'trailers']), {}],
    ['Host alone', std(['host', 'b.test'], { ':authority': null }), { authority: 'b.test' }],
    ['* of OPTIONS', std([], { ':path': '*', ':method': 'OPTIONS' }), { path: '*' }],
    ['another scheme', std([], { ':scheme': 'ftp' }), { scheme: 'ftp' }],
    ['any method', std([], { ':method': 'get' }), { method: 'get' }],
    ['bytes beyond ASCII', std([], { ':path': '/\u00e4' }), { path: '/\u00e4' }],
    ['CONNECT', [':method', 'CONNECT', ':authority', 'a.test:80'], { method: 'CONNECT', path: '', authority: 'a.test:80' }],
  ])('%s is right', async (_, list, head) => {
    const server = await serve(answer);
    const peer = await rawClient(server.port);
    peer.send(peer.headers(1, list));
    await peer.until(() => server.requests.length === 1);
    expect(server.requests[0]?.head).toMatchObject(head);
  });

  it('trailers with pseudo headers, or without an end', async () => {
    for (const trailers of [(p: RawPeer) => p.headers(1, [':path', '/']), (p: RawPeer) => p.headers(1, ['x', '1'], 4)]) {
      const server = await serve(answer);
      const peer = await rawClient(server.port);
      peer.send(peer.headers(1, std(), 4), trailers(peer));
      await peer.until((p) => p.closed);
      expect(server.requests[0]?.events).toEqual(['reset protocol-error undefined']);
    }
  });

  it('a body that is not as long as it says ends its stream', async () => {
    for (const length of ['2', '5']) {
      const server = await serve(answer);
      const peer = await rawClient(server.port);
      peer.send(peer.headers(1, std(['content-length', length]), 4), frame(frameType.data, 1, 1, bytesOf('abc')), peer.headers(3, std()));
      await peer.until((p) => p.story.includes('*'));
      expect(peer.story).toBe('RST#1(1) HEADERS#3(200) DATA#3[3]*');
      expect(server.requests[0]?.events.at(-1)).toBe('reset protocol-error 1');
    }
  });

  it('LR-R18: headers beyond the limits end their stream', async () => {
    const server = await serve(answer);
    const peer = await rawClient(server.port);
    const many = Array.from({ length: 202 }, (_, i) => (i % 2 ? 'v' : `x-${i}`));
    const big = peer.block(std(Array.from({ length: 40 }, (_, i) => (i % 2 ? 'v'.repeat(4000) : `x-${i}`))));
    const parts: Buffer[] = [];
    for (let at = 0; at < big.length; at += 16_384) {
      const last = at + 16_384 >= big.length;
      parts.push(frame(at === 0 ? 1 : 9, (at === 0 ? 1 : 0) | (last ? 4 : 0), 1, big.subarray(at, at + 16_384)));
    }
    peer.send(...parts, peer.headers(3, std(many)), peer.headers(5, std()));
    await peer.until((p) => p.story.includes('*'));
    expect(peer.story).toBe('RST#1(2) RST#3(2) HEADERS#5(200) DATA#5[3]*');
    expect(server.refused.map(({ details }) => details)).toEqual(['http2.header_list_size_too_large', 'http2.too_many_headers']);
  });
});

describe('what breaks the rules of frames ends the connection with a code', () => {
  it.each<[string, (p: RawPeer) => Buffer, number]>([
    ['DATA on a stream that is not open', () => frame(0, 1, 7, bytesOf('a')), 1],
    ['DATA on stream 0', () => frame(0, 1, 0, bytesOf('a')), 1],
    ['HEADERS on an even stream', (p) => p.headers(2, std()), 1],
    ['RST_STREAM on a stream that is not open', () => number(3, 7, 0), 1],
    ['RST_STREAM of another length', () => frame(3, 0, 1, Buffer.alloc(5)), 6],
    ['WINDOW_UPDATE of nothing', () => number(8, 0, 0), 1],
    ['a window that overflows', () => number(8, 0, 0x7fffffff), 3],
    ['SETTINGS of another length', () => frame(4, 0, 0, Buffer.alloc(5)), 6],
    ['SETTINGS on a stream', () => frame(4, 0, 1), 1],
    ['an acknowledgement with settings', () => frame(4, 1, 0, Buffer.alloc(6)), 6],
    ['a window that is too large', (p) => p.settings([4, 0x80000000]), 3],
    ['a frame size that is too small', (p) => p.settings([5, 100]), 1],
    ['PING of another length', () => frame(6, 0, 0, Buffer.alloc(7)), 6],
    ['PRIORITY of another length', () => frame(2, 0, 1, Buffer.alloc(4)), 6],
    ['GOAWAY of another length', () => frame(7, 0, 0, Buffer.alloc(7)), 6],
    ['PUSH_PROMISE', () => frame(5, 4, 1, Buffer.alloc(8)), 1],
    ['CONTINUATION of nothing', () => frame(9, 4, 1), 1],
    ['a header block that is not continued', (p) => Buffer.concat([p.headers(1, std(), 1), number(8, 0, 1)]), 1],
    ['a header block that cannot be decoded', () => frame(1, 5, 1, Buffer.alloc(5, 0xff)), 9],
    ['padding longer than the frame', () => frame(1, 5 | 8, 1, Buffer.from([9, 0x82])), 1],
    ['a frame that is too large', () => frame(0, 0, 1, Buffer.alloc(16_385)), 6],
  ])('%s', async (_, frames, code) => {
    const server = await serve(answer);
    const peer = await rawClient(server.port);
    peer.send(frames(peer));
    await peer.until((p) => p.closed);
    expect(peer.story).toBe(`GOAWAY(0,${code}) closed`);
  });

  it('DATA after the end of a stream', async () => {
    const server = await serve();
    const peer = await rawClient(server.port);
    peer.send(peer.headers(1, std()), frame(0, 1, 1, bytesOf('a')));
    await peer.until((p) => p.closed);
    expect(peer.story).toBe('GOAWAY(1,5) closed');
    expect(server.requests[0]?.events).toEqual(['reset protocol-error undefined']);
  });

  it('more data than the window of the stream ends the stream', async () => {
    const server = await serve(({ stream }, event) => {
      if (event === 'request') stream.pause();
    });
    const peer = await rawClient(server.port);
    peer.send(peer.headers(1, std(), 4), ...Array.from({ length: 17 }, () => frame(0, 0, 1, Buffer.alloc(16_384))));
    await peer.until((p) => p.story.includes('RST'));
    expect(peer.story).toBe('RST#1(3)');
  });

  it('another preface, and another first frame', async () => {
    const server = await serve(answer);
    const peer = await rawClient(server.port);
    await peer.until((p) => p.seen.length > 0);
    const wrong = await rawClient((await serve(answer, {}, 1)).port);
    wrong.send(number(8, 0, 1));
    const socket = (await import('node:net')).connect(server.port, '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk as Buffer));
    socket.write('PRI * HTTP/2.0\r\n\r\nXX');
    await once(socket, 'end');
    expect(Buffer.concat(chunks).subarray(-8).toString('hex')).toBe('0000000000000001');
    const early = (await import('node:net')).connect(server.port, '127.0.0.1');
    early.resume().write(Buffer.concat([preface, number(8, 0, 1)]));
    await once(early, 'end');
  });
});

describe('limits against abuse', () => {
  const many = (count: number, of: (i: number) => Uint8Array): Uint8Array[] => Array.from({ length: count }, (_, i) => of(i));
  it.each<[string, (p: RawPeer) => Uint8Array[]]>([
    ['rapid reset', (p) => many(3000, (i) => Buffer.concat([p.headers(2 * i + 1, std()), number(3, 2 * i + 1, 8)]))],
    ['CONTINUATION flood', (p) => [frame(1, 1, 1, p.block(std())), ...many(200, () => frame(9, 0, 1, Buffer.alloc(10)))]],
    ['CONTINUATION flood of large frames', (p) => [frame(1, 1, 1, p.block(std())), ...many(60, () => frame(9, 0, 1, Buffer.alloc(16_384)))]],
    ['SETTINGS flood', (p) => many(20_000, () => p.settings())],
    ['PING flood', () => many(20_000, () => frame(6, 0, 0, Buffer.alloc(8)))],
    ['PRIORITY flood', () => many(20_000, () => frame(2, 0, 1, Buffer.alloc(5)))],
    ['unknown frames', () => many(20_000, () => frame(99, 0, 0))],
    ['WINDOW_UPDATE flood', () => many(20_000, () => number(8, 0, 1))],
    ['empty DATA', (p) => [p.headers(1, std(), 4), ...many(20_000, () => frame(0, 0, 1))]],
  ])('%s: ENHANCE_YOUR_CALM', async (_, frames) => {
    const server = await serve();
    const peer = await rawClient(server.port);
    peer.send(...frames(peer));
    await peer.until((p) => p.closed);
    const last = peer.seen.filter(({ type }) => type === frameType.goaway).map(({ payload }) => payload.readUInt32BE(4));
    // A client that is still sending may be cut off before it can read why.
    expect(last.length === 0 || last[0] === 11).toBe(true);
    expect(server.closed()).toBe(1);
    expect(server.requests.every(({ events }) => events.length === 1)).toBe(true);
  });

  it('streams beyond the limit are refused, and can be tried again', async () => {
    const server = await serve(() => {}, { maxConcurrentStreams: 2 });
    const peer = await rawClient(server.port);
    peer.send(peer.headers(1, std()), peer.headers(3, std()), peer.headers(5, std()));
    await peer.until((p) => p.story.includes('RST'));
    expect(peer.story).toBe('RST#5(7)');
    server.requests[0]?.stream.writeHead(200, [], true);
    peer.send(peer.headers(7, std()));
    await peer.until(() => server.requests.length === 3);
  });

  it('a preface or headers that do not end', async () => {
    const slow = [
      async (port: number): Promise<RawPeer> => {
        const peer = await rawClient(port);
        peer.send(peer.headers(1, std(), 1));
        return peer;
      },
      async (port: number): Promise<RawPeer> => {
        const peer = await rawClient(port);
        peer.send(peer.headers(1, std()).subarray(0, 12));
        return peer;
      },
    ];
    for (const begin of slow) {
      const server = await serve(answer, { frameTimeoutMs: 80 });
      const peer = await begin(server.port);
      await peer.until((p) => p.closed);
      expect(peer.story).toContain('GOAWAY(0,11)');
    }
    const server = await serve(answer, { frameTimeoutMs: 80 });
    const socket = (await import('node:net')).connect(server.port, '127.0.0.1');
    socket.resume().write(preface.subarray(0, 10));
    await once(socket, 'end');
  });

  it('RT-R65: an idle connection is closed, one with a stream is not', async () => {
    const server = await serve(() => {}, { idleTimeoutMs: 500 });
    const busy = await rawClient(server.port);
    busy.send(busy.headers(1, std()));
    const idle = await rawClient(server.port);
    await idle.until((p) => p.closed);
    expect(idle.story).toBe('GOAWAY(0,0) closed');
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(busy.closed).toBe(false);
    server.requests[0]?.stream.writeHead(200, [], true);
    await busy.until((p) => p.closed);
    expect(busy.story).toBe('HEADERS#1(200)* GOAWAY(1,0) closed');
  });
});

describe('drain', () => {
  it('what is there is answered, what is on its way is taken, and then the connection ends', async () => {
    const server = await serve();
    const peer = await rawClient(server.port);
    peer.send(peer.headers(1, std()));
    await peer.until(() => server.requests.length === 1);
    server.connections[0]?.drain();
    await peer.until((p) => p.story.includes('PING'));
    peer.send(peer.headers(3, std()), frame(frameType.ping, 1, 0, Buffer.alloc(8)));
    await peer.until((p) => p.story.includes('GOAWAY(3,0)'));
    peer.send(peer.headers(5, std()));
    for (const { stream } of server.requests) stream.writeHead(200, [], true);
    await peer.until((p) => p.closed);
    expect(server.requests).toHaveLength(2);
    expect(peer.story).toBe('GOAWAY(2147483647,0) PING GOAWAY(3,0) HEADERS#1(200)* HEADERS#3(200)* GOAWAY(3,0) closed');
    expect(server.closed()).toBe(1);
  });

  it('RT-R51: a stream can ask for the end of its connection', async () => {
    const server = await serve(({ stream }, event) => {
      if (event !== 'request*') return;
      stream.closeAfter();
      stream.writeHead(200, [], true);
    });
    const session = await nodeClient(server.port);
    const closed = once(session, 'close');
    expect((await response(session.request({ ':path': '/' }))).headers[':status']).toBe(200);
    await closed;
  });
});
