import type { Server } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Refusal, RequestHead, RequestListener, ServerHandler, ServerStream } from '../stream.ts';
import { ServerConnection } from './server-connection.ts';
import { defaultServerOptions, type ServerOptions } from './server-options.ts';
import { listen, Peer, pause, testInfo, until } from './testing.ts';

interface Seen {
  head: RequestHead;
  endStream: boolean;
  stream: ServerStream;
  body: string;
  ended: boolean;
  reset: string | undefined;
  drains: number;
}

interface Setup {
  peer: Peer;
  seen: Seen[];
  refusals: Refusal[];
  connection: () => ServerConnection;
  closed: () => boolean;
}

const servers: Server[] = [];
const peers: Peer[] = [];
afterEach(() => {
  for (const peer of peers.splice(0)) peer.socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

async function setup(answer: (seen: Seen) => void, options: Partial<ServerOptions> = {}, bytes?: Buffer): Promise<Setup> {
  const seen: Seen[] = [];
  const refusals: Refusal[] = [];
  const listener: RequestListener = {
    onRequest(stream, head, endStream): ServerHandler {
      const one: Seen = { head, endStream, stream, body: '', ended: endStream, reset: undefined, drains: 0 };
      seen.push(one);
      answer(one);
      return {
        onData: (chunk) => {
          one.body += Buffer.from(chunk).toString('latin1');
        },
        onEnd: () => {
          one.ended = true;
        },
        onReset: (reason) => {
          one.reset = reason;
        },
        onDrain: () => {
          one.drains++;
        },
      };
    },
    onRefused: (_connection, refusal) => refusals.push(refusal),
  };
  let connection: ServerConnection | undefined;
  let closed = false;
  const { server, port } = await listen((socket) => {
    connection = new ServerConnection(socket, testInfo, listener, { ...defaultServerOptions, ...options }, bytes, () => {
      closed = true;
    });
  });
  servers.push(server);
  const peer = Peer.connect(port);
  peers.push(peer);
  await until(() => connection !== undefined, 'connected');
  return { peer, seen, refusals, connection: () => connection as ServerConnection, closed: () => closed };
}

const get = (path = '/', headers = '') => `GET ${path} HTTP/1.1\r\nhost: h\r\n${headers}\r\n`;
const ok = (seen: Seen) => seen.stream.writeHead(200, ['x-path', seen.head.path], true);
const nothing = () => {};
const okText = (path: string) => `HTTP/1.1 200 OK\r\nx-path: ${path}\r\ncontent-length: 0\r\n\r\n`;

describe('framing of responses', () => {
  const cases: [string, string, (stream: ServerStream) => void, string][] = [
    [
      'a body of known length',
      'GET',
      (s) => {
        s.writeHead(200, ['content-length', '2'], false);
        s.write(Buffer.from('ab'));
        s.end();
      },
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nab',
    ],
    [
      'RT-R47: chunks, and no trailers',
      'GET',
      (s) => {
        s.writeHead(200, ['a', 'b'], false);
        s.write(Buffer.from('hello world, hi'));
        s.write(Buffer.alloc(0));
        s.write(Buffer.from('!'));
        s.end(['x', 'y']);
      },
      'HTTP/1.1 200 OK\r\na: b\r\ntransfer-encoding: chunked\r\n\r\nf\r\nhello world, hi\r\n1\r\n!\r\n0\r\n\r\n',
    ],
    ['no body', 'GET', (s) => s.writeHead(404, ['a', 'b'], true), 'HTTP/1.1 404 Not Found\r\na: b\r\ncontent-length: 0\r\n\r\n'],
    ['RT-R47: 204 has no length', 'GET', (s) => s.writeHead(204, ['content-length', '0', 'a', 'b'], true), 'HTTP/1.1 204 No Content\r\na: b\r\n\r\n'],
    ['RT-R47: 304 gets no length', 'GET', (s) => s.writeHead(304, ['a', 'b'], true), 'HTTP/1.1 304 Not Modified\r\na: b\r\n\r\n'],
    [
      '304 keeps the length that it has',
      'GET',
      (s) => s.writeHead(304, ['content-length', '7'], true),
      'HTTP/1.1 304 Not Modified\r\ncontent-length: 7\r\n\r\n',
    ],
    [
      'RT-R47: HEAD keeps the length of the body that is not sent',
      'HEAD',
      (s) => {
        s.writeHead(503, ['content-length', '2'], false);
        s.write(Buffer.from('ab'));
        s.end();
      },
      'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 2\r\n\r\n',
    ],
    ['RT-R47: HEAD without length', 'HEAD', (s) => s.writeHead(200, ['a', 'b'], true), 'HTTP/1.1 200 OK\r\na: b\r\ntransfer-encoding: chunked\r\n\r\n'],
    ['RT-R49: statuses that have no phrase', 'GET', (s) => s.writeHead(418, [], true), 'HTTP/1.1 418 Unknown\r\ncontent-length: 0\r\n\r\n'],
    [
      'RT-R49: 103 is one of them',
      'GET',
      (s) => {
        s.writeInformational(103, ['link', 'x']);
        s.writeHead(555, [], true);
      },
      'HTTP/1.1 103 Unknown\r\nlink: x\r\n\r\nHTTP/1.1 555 Unknown\r\ncontent-length: 0\r\n\r\n',
    ],
    [
      'RT-R51: closed after this response',
      'GET',
      (s) => {
        s.closeAfter();
        s.writeHead(200, ['a', 'b'], true);
      },
      'HTTP/1.1 200 OK\r\na: b\r\nconnection: close\r\ncontent-length: 0\r\n\r\n',
    ],
    [
      'framing headers of others are not passed on',
      'GET',
      (s) => s.writeHead(200, ['transfer-encoding', 'chunked', 'connection', 'keep-alive'], true),
      'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n',
    ],
  ];
  test.each(cases)('%s', async (_, method, answer, expected) => {
    const { peer } = await setup(({ stream }) => answer(stream));
    peer.send(`${method} / HTTP/1.1\r\nhost: h\r\n\r\n`);
    await until(() => peer.received.length >= expected.length, 'response');
    await pause(5);
    expect(peer.received).toBe(expected);
  });

  test('a body longer than announced is cut, and the connection is closed', async () => {
    const { peer } = await setup(({ stream }) => {
      stream.writeHead(200, ['content-length', '2'], false);
      stream.write(Buffer.from('abHTTP/1.1 200 OK\r\n\r\n'));
      stream.end();
    });
    peer.send(get());
    await until(() => peer.ended, 'end');
    expect(peer.received).toMatch(/\r\n\r\nab$/);
  });

  test('LR-R8: a body shorter than announced ends with the connection, and so does a reset one', async () => {
    const { peer, seen } = await setup(({ stream }) => {
      stream.writeHead(200, ['content-length', '5'], false);
      stream.write(Buffer.from('ab'));
      stream.end();
    });
    peer.send(get());
    await until(() => peer.ended, 'end');
    expect(peer.received).toMatch(/\r\n\r\nab$/);
    expect(seen.length).toBe(1);
    const chunked = await setup(({ stream }) => {
      stream.writeHead(200, [], false);
      stream.write(Buffer.from('ab'));
      stream.reset();
    });
    chunked.peer.send(get());
    await until(() => chunked.peer.ended, 'end');
    expect(chunked.peer.received).toMatch(/2\r\nab\r\n$/);
  });

  test('large bodies with back-pressure: all of it, in order, and never much ahead of the client', async () => {
    const chunk = Buffer.alloc(100_000, 'x');
    let sent = 0;
    let drain = nothing;
    const { peer, seen } = await setup((one) => {
      one.stream.writeHead(200, [], false);
      drain = () => {
        while (sent < 60) {
          sent++;
          if (!one.stream.write(chunk)) return;
        }
        if (sent === 60) {
          sent++;
          one.stream.end();
        }
      };
      drain();
    });
    peer.socket.pause();
    peer.send(get());
    await until(() => sent > 0, 'began');
    await pause(50);
    expect(sent).toBeLessThan(60);
    peer.socket.resume();
    let drains = 0;
    await until(() => {
      const now = seen[0]?.drains ?? 0;
      if (now > drains) {
        drains = now;
        drain();
      }
      return peer.received.endsWith('0\r\n\r\n');
    }, 'all of it');
    expect(peer.received.match(/x+/g)?.every((run) => run.length === 100_000)).toBe(true);
    expect(peer.received.match(/x+/g)?.length).toBe(60);
  });
});

describe('requests of a connection', () => {
  test('one after another, kept alive', async () => {
    const { peer, seen } = await setup(ok);
    for (let i = 0; i < 3; i++) {
      peer.send(get(`/${i}`));
      await until(() => peer.received.endsWith(okText(`/${i}`)), `response ${i}`);
    }
    expect(seen.map(({ head, endStream }) => [head.path, head.version, endStream])).toEqual(['/0', '/1', '/2'].map((path) => [path, 'HTTP/1.1', true]));
  });

  test('pipelined ones are answered in order; the next waits for the response before it', async () => {
    const { peer, seen } = await setup(nothing);
    peer.send(get('/0') + get('/1') + get('/2'));
    await until(() => seen.length === 1, 'first');
    await pause(20);
    expect(seen.length).toBe(1);
    for (let i = 0; i < 3; i++) {
      await until(() => seen.length === i + 1, `request ${i}`);
      ok(seen[i] as Seen);
    }
    await until(() => peer.received === okText('/0') + okText('/1') + okText('/2'), 'all responses');
  });

  test('thousands at once do not nest', async () => {
    const { peer, seen } = await setup(ok);
    peer.send(get().repeat(5000));
    await until(() => seen.length === 5000, 'all requests');
  });

  test('what is sent ahead is not read without end', async () => {
    const { peer, seen } = await setup(nothing);
    peer.send(get());
    await until(() => seen.length === 1, 'first');
    let written = 0;
    const more = get('/x', `x: ${'a'.repeat(10_000)}\r\n`);
    while (peer.socket.write(more) || written < 20_000_000) {
      written += more.length;
      if (written > 30_000_000) break;
    }
    await pause(100);
    expect(peer.socket.writableLength).toBeGreaterThan(1_000_000);
    expect(seen.length).toBe(1);
  });

  test('bytes that were read before come first', async () => {
    const { peer, seen } = await setup(ok, {}, Buffer.from('GET /early HT'));
    peer.send('TP/1.1\r\nhost: h\r\n\r\n');
    await until(() => peer.received === okText('/early'), 'response');
    expect(seen.length).toBe(1);
  });

  test('bodies, and what comes after them', async () => {
    const { peer, seen } = await setup(nothing);
    peer.send('POST /a HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\n\r\nhe');
    await until(() => seen[0]?.body === 'he', 'half');
    expect(seen[0]?.endStream).toBe(false);
    peer.send(`llo${get('/b')}`);
    await until(() => seen[0]?.ended === true, 'end');
    expect(seen[0]?.body).toBe('hello');
    ok(seen[0] as Seen);
    await until(() => seen[1]?.head.path === '/b', 'next');
  });

  test('a paused body is not read without end, and goes on', async () => {
    const { peer, seen } = await setup(({ stream }) => stream.pause());
    const total = 20_000_000;
    peer.send(`POST / HTTP/1.1\r\nhost: h\r\ncontent-length: ${total}\r\n\r\n`);
    await until(() => seen.length === 1, 'head');
    peer.socket.write(Buffer.alloc(total, 'x'));
    await pause(50);
    expect(seen[0]?.body.length).toBeLessThan(200_000);
    seen[0]?.stream.resume();
    await until(() => seen[0]?.ended === true, 'end');
    expect(seen[0]?.body.length).toBe(total);
  });

  test('RT-R51: a response before the end of the request closes the connection, also when the rest is there already', async () => {
    for (const rest of ['abc', '']) {
      const { peer, seen } = await setup(ok);
      peer.send(`POST /p HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\n\r\n${rest}`);
      await until(() => peer.ended, 'end');
      expect(peer.received).toBe('HTTP/1.1 200 OK\r\nx-path: /p\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
      expect(seen[0]).toMatchObject({ body: '', ended: false, reset: undefined });
    }
  });

  test('RT-R51: what still comes within the delay does not reset the response; then the connection is closed', async () => {
    const { peer, closed } = await setup(ok, { closeDelayMs: 1_000 });
    peer.send('POST /p HTTP/1.1\r\nhost: h\r\ncontent-length: 1000000\r\n\r\n');
    await until(() => peer.ended, 'end');
    const start = performance.now();
    for (let i = 0; i < 5; i++) {
      peer.send('x'.repeat(1000));
      await pause(5);
    }
    expect(peer.failed).toBeUndefined();
    await until(closed, 'closed');
    expect(performance.now() - start).toBeGreaterThan(500);
  });

  test('connection: close of the client is answered and done', async () => {
    const { peer } = await setup(ok);
    peer.send(get('/x', 'Connection: close\r\n') + get('/never'));
    await until(() => peer.ended, 'end');
    expect(peer.received).toBe('HTTP/1.1 200 OK\r\nx-path: /x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
  });

  test('RT-R44: 100 is passed on when it comes from the service, not before', async () => {
    const { peer, seen } = await setup(nothing);
    peer.send('POST / HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\ncontent-length: 1\r\n\r\n');
    await until(() => seen.length === 1, 'head');
    await pause(10);
    expect(peer.received).toBe('');
    seen[0]?.stream.writeInformational(100, []);
    await until(() => peer.received === 'HTTP/1.1 100 Continue\r\n\r\n', '100');
    peer.send('x');
    await until(() => seen[0]?.ended === true, 'end');
    expect(seen[0]?.head.headers).toContain('100-continue');
  });

  test('draining: the next response is the last', async () => {
    const { peer, connection, seen } = await setup(nothing);
    peer.send(get('/1'));
    await until(() => seen.length === 1, 'request');
    connection().drain();
    expect(connection().isIdle).toBe(false);
    ok(seen[0] as Seen);
    await until(() => peer.ended, 'end');
    expect(peer.received).toContain('connection: close');
  });

  test('closing what is idle', async () => {
    const { peer, connection, seen } = await setup(ok);
    peer.send(get('/1'));
    await until(() => seen.length === 1, 'request');
    await until(() => connection().isIdle, 'idle');
    connection().closeIdle();
    await until(() => peer.ended, 'end');
  });
});

describe('clients that leave', () => {
  test.each([
    ['end', (peer: Peer) => peer.socket.end()],
    ['reset', (peer: Peer) => peer.socket.resetAndDestroy()],
  ])('LR-R17: %s while a request is under way', async (_, leave) => {
    const { peer, seen, closed } = await setup(nothing);
    peer.send(get());
    await until(() => seen.length === 1, 'request');
    leave(peer);
    await until(() => seen[0]?.reset === 'disconnect', 'disconnect');
    await until(closed, 'closed');
    // All of these are too late.
    ok(seen[0] as Seen);
    seen[0]?.stream.write(Buffer.from('x'));
    seen[0]?.stream.end();
    seen[0]?.stream.reset();
  });

  test('one that ends its side while it takes its response gets all of it', async () => {
    const { peer } = await setup(({ stream }) => {
      stream.writeHead(200, ['content-length', '30000000'], false);
      stream.write(Buffer.alloc(30_000_000, 'x'));
      stream.end();
    });
    peer.socket.pause();
    peer.send(get());
    await pause(50);
    peer.socket.end();
    await pause(50);
    peer.socket.resume();
    await until(() => peer.ended, 'end');
    expect(peer.received.length).toBeGreaterThan(30_000_000);
  });

  test('within a head or between requests nobody is told', async () => {
    for (const text of ['', 'GET / HT']) {
      const { peer, seen, refusals, closed } = await setup(nothing);
      peer.send(text);
      await pause(10);
      peer.socket.end();
      await until(closed, 'closed');
      expect([seen, refusals]).toEqual([[], []]);
    }
  });
});

describe('refusals', () => {
  const refused = (status: string, body: string) =>
    new RegExp(
      `^HTTP/1.1 ${status}\\r\\ncontent-length: ${body.length}\\r\\ncontent-type: text/plain\\r\\ndate: [^\\r]+ GMT\\r\\nserver: envoy\\r\\nconnection: close\\r\\n\\r\\n${body}$`,
    );

  test.each([
    ['LR-R24: unparsable', 'GET / HTTP/1.1\r\nbad name: x\r\n\r\n', 400, '400 Bad Request', 'Bad Request', 'http1.codec_error'],
    [
      'RT-R50: length and chunked',
      'POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n',
      400,
      '400 Bad Request',
      'Bad Request',
      'http1.codec_error',
    ],
    [
      'unknown coding',
      'POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: gzip\r\n\r\n',
      501,
      '501 Not Implemented',
      'Not Implemented',
      'http1.invalid_transfer_encoding',
    ],
    [
      'LR-R18, RT-R50: too large',
      get('/', `x: ${'a'.repeat(70_000)}\r\n`),
      431,
      '431 Request Header Fields Too Large',
      'Request Header Fields Too Large',
      'http1.headers_too_large',
    ],
    ['LR-R19, SEL-R61: HTTP/1.0', 'GET /old HTTP/1.0\r\nhost: h\r\n\r\n', 426, '426 Upgrade Required', 'Upgrade Required', 'low_version'],
    ['HTTP/2.0', 'GET / HTTP/2.0\r\nhost: h\r\n\r\n', 426, '426 Upgrade Required', 'Upgrade Required', 'low_version'],
  ])('%s', async (_, text, status, line, body, details) => {
    const { peer, seen, refusals } = await setup(ok);
    peer.send(text);
    await until(() => peer.ended, 'end');
    expect(peer.received).toMatch(refused(line, body));
    expect(refusals).toMatchObject([{ status, flags: 'DPE', details, bytesSent: body.length }]);
    expect(seen).toEqual([]);
  });

  test('LR-R19: the log hears what the old client asked for', async () => {
    const { peer, refusals } = await setup(ok);
    peer.send('GET /old HTTP/1.0\r\nhost: h\r\n\r\n');
    await until(() => refusals.length === 1, 'refusal');
    expect(refusals[0]?.head).toMatchObject({ method: 'GET', path: '/old', authority: 'h' });
  });

  test('an answered request stays answered when the next one is bad', async () => {
    const { peer, seen } = await setup(ok);
    peer.send(`${get('/1')}G@T / HTTP/1.1\r\n\r\n`);
    await until(() => peer.ended, 'end');
    expect(peer.received.startsWith(`${okText('/1')}HTTP/1.1 400 `)).toBe(true);
    expect(seen.length).toBe(1);
  });

  test('a bad chunk: 400 where no response has begun, else the response is cut', async () => {
    const bad = 'POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nxx\r\n';
    const before = await setup(nothing);
    before.peer.send(bad);
    await until(() => before.peer.ended, 'end');
    expect(before.peer.received).toMatch(refused('400 Bad Request', 'Bad Request'));
    expect(before.seen[0]).toMatchObject({ body: 'abc', reset: 'protocol-error', ended: false });
    const after = await setup(({ stream }) => stream.writeHead(200, [], false));
    after.peer.send(bad);
    await until(() => after.peer.ended, 'end');
    expect(after.peer.received).toBe('HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n');
    expect(after.seen[0]?.reset).toBe('protocol-error');
  });
});

describe('HTTP/1.0 where it is accepted', () => {
  test.each([
    ['closes', '', 'HTTP/1.0 200 OK\r\nx-path: /\r\nconnection: close\r\ncontent-length: 0\r\n\r\n', true],
    ['is kept alive when it asks', 'Connection: Keep-Alive\r\n', 'HTTP/1.0 200 OK\r\nx-path: /\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n', false],
  ])('%s', async (_, headers, expected, ends) => {
    const { peer, seen } = await setup(ok, { http10: true });
    peer.send(`GET / HTTP/1.0\r\n${headers}\r\n`);
    await until(() => peer.received === expected, 'response');
    if (ends) await until(() => peer.ended, 'end');
    else await pause(10);
    expect(peer.ended).toBe(ends);
    expect(seen[0]?.head).toMatchObject({ version: 'HTTP/1.0', authority: undefined });
  });

  test('a body without length ends with the connection; a reset one does not look like an end', async () => {
    const stream = async (finish: (stream: ServerStream) => void) => {
      const { peer } = await setup(
        ({ stream }) => {
          stream.writeInformational(100, []);
          stream.writeHead(200, [], false);
          stream.write(Buffer.from('ab'));
          setTimeout(() => finish(stream), 20);
        },
        { http10: true },
      );
      peer.send('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
      await until(() => peer.closed || peer.ended, 'end');
      return peer;
    };
    const complete = await stream((s) => s.end());
    expect(complete.received).toBe('HTTP/1.0 200 OK\r\nconnection: close\r\n\r\nab');
    expect(complete.failed).toBeUndefined();
    expect((await stream((s) => s.reset())).failed).toBe('ECONNRESET');
  });
});

describe('upgrades', () => {
  const upgrade = get('/ws', 'connection: Upgrade\r\nupgrade: websocket\r\n');

  test('RT-R48: bytes in both directions after 101', async () => {
    const { peer, seen } = await setup(nothing);
    peer.send(`${upgrade}early`);
    await until(() => seen.length === 1, 'request');
    expect(seen[0]?.endStream).toBe(false);
    await pause(10);
    expect(seen[0]?.body).toBe('');
    seen[0]?.stream.writeUpgrade(101, ['upgrade', 'websocket', 'connection', 'Upgrade', 'date', 'x']);
    seen[0]?.stream.write(Buffer.from('hi'));
    peer.send(' late');
    await until(() => seen[0]?.body === 'early late', 'bytes');
    await until(() => peer.received === 'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\ndate: x\r\n\r\nhi', 'head');
    peer.socket.end();
    await until(() => seen[0]?.reset === 'disconnect', 'LR-R17: the client leaves');
  });

  test('the service ends a tunnel', async () => {
    const { peer } = await setup(({ stream }) => {
      stream.writeUpgrade(101, ['upgrade', 'websocket']);
      stream.write(Buffer.from('x'));
      stream.end();
    });
    peer.send(upgrade);
    await until(() => peer.ended, 'end');
    expect(peer.received).toBe('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\r\nx');
  });

  test('RT-R48: without 101 the connection is closed after the response', async () => {
    for (const text of [upgrade, 'CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n\r\n']) {
      const { peer } = await setup(({ stream }) => stream.writeHead(404, ['date', 'x'], true));
      peer.send(text);
      await until(() => peer.ended, 'end');
      expect(peer.received).toBe('HTTP/1.1 404 Not Found\r\ndate: x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
    }
  });

  test('RT-R48: other upgrades are requests like all others', async () => {
    const { peer, seen } = await setup(ok);
    peer.send(get('/a', 'connection: upgrade\r\nupgrade: foo\r\n') + get('/b'));
    await until(() => seen.length === 2, 'both');
    expect(seen[0]?.endStream).toBe(true);
  });
});

describe('time limits', () => {
  test('a head that does not come to its end', async () => {
    const { peer, refusals } = await setup(ok, { headersTimeoutMs: 100 });
    const drip = setInterval(() => peer.send('x'), 20);
    peer.send('GET / HTTP/1.1\r\nx: ');
    await until(() => peer.ended, 'end');
    clearInterval(drip);
    expect(peer.received).toMatch(/^HTTP\/1.1 408 Request Timeout\r\n/);
    expect(refusals).toMatchObject([{ status: 408, details: 'request_header_timeout' }]);
  });

  test('a body that does not go on; one that is held back by us has time', async () => {
    const { peer, seen } = await setup(
      ({ head, stream }) => {
        if (head.path === '/held') stream.pause();
      },
      { stallTimeoutMs: 100 },
    );
    peer.send('POST /held HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\n\r\n');
    await until(() => seen.length === 1, 'head');
    await pause(400);
    expect(seen[0]?.reset).toBeUndefined();
    seen[0]?.stream.resume();
    await until(() => seen[0]?.reset === 'disconnect', 'given up');
    await until(() => peer.closed || peer.ended, 'closed');
  });

  test('a client that does not take its response', async () => {
    const { peer, seen } = await setup(
      ({ stream }) => {
        stream.writeHead(200, [], false);
        while (stream.write(Buffer.alloc(1_000_000)));
      },
      { stallTimeoutMs: 100 },
    );
    peer.socket.pause();
    peer.send(get());
    await until(() => seen[0]?.reset === 'disconnect', 'given up');
  });

  test('an idle connection', async () => {
    const { peer, seen } = await setup(ok, { idleTimeoutMs: 100 });
    peer.send(get());
    await until(() => peer.ended, 'end');
    expect(seen.length).toBe(1);
  });
});

test('the connection is counted by its server until it is closed', async () => {
  const { peer, closed } = await setup(ok);
  const server = servers.at(-1) as Server;
  const count = () => new Promise<number>((resolve) => server.getConnections((_, n) => resolve(n)));
  expect(await count()).toBe(1);
  peer.socket.end();
  await until(closed, 'closed');
  expect(await count()).toBe(0);
  const done = vi.fn();
  server.close(done);
  await until(() => done.mock.calls.length === 1, 'server closed');
});
