import { once } from 'node:events';
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { pause, until } from '../../../test/until.ts';
import type { CircuitBreakers } from '../../ir/cluster.ts';
import { Breakers } from '../core/balance/breakers.ts';
import { StateArena } from '../core/balance/shared-state.ts';
import type { Headers } from '../core/headers.ts';
import { realClock } from '../real-clock.ts';
import type { ClientHandler, ClientStream, Failure, OutgoingHead, UpstreamConnection } from '../stream.ts';
import { connectUpstream } from '../upstream-connect.ts';
import { frameType } from './frames.ts';
import { Http2Pool, type Http2PoolOptions } from './pool.ts';
import { frame, number, type RawPeer, rawServer } from './testing.ts';

const open: { close(): void }[] = [];
const sessions: ServerHttp2Session[] = [];
afterEach(() => {
  for (const session of sessions.splice(0)) session.destroy();
  for (const one of open.splice(0)) one.close();
});

/** Writes down what it hears. */
class Heard implements ClientHandler {
  readonly events: string[] = [];
  headers: Headers = [];
  body = '';
  connection: UpstreamConnection | undefined;
  failure: Failure | undefined;
  private finish: () => void = () => {};
  readonly done = new Promise<void>((resolve) => {
    this.finish = resolve;
  });

  onConnection(connection: UpstreamConnection): void {
    this.connection = connection;
  }
  onInformational(status: number, headers: Headers): void {
    this.events.push(`${status} ${headers.join(' ')}`);
  }
  onHead(status: number, headers: Headers, ends: boolean, upgraded: boolean): void {
    this.events.push(`${status}${ends ? '*' : ''}${upgraded ? ' upgraded' : ''}`);
    this.headers = headers;
    if (ends) this.finish();
  }
  onData(chunk: Uint8Array): void {
    this.body += Buffer.from(chunk).toString('latin1');
  }
  onEnd(trailers?: Headers): void {
    this.events.push(trailers ? `end ${trailers.join(' ')}` : 'end');
    this.finish();
  }
  onFailure(failure: Failure): void {
    this.failure = failure;
    this.events.push(`${failure.reason}${failure.code === undefined ? '' : ` ${failure.code}`}`);
    this.finish();
  }
  onDrain(): void {
    this.events.push('drain');
  }
}

const head = (path = '/', headers: Headers = [], method = 'GET'): OutgoingHead => ({ method, path, authority: 'a.test', scheme: 'http', headers });

function poolOf(port: number, { breakers = {}, ...options }: Partial<Http2PoolOptions> & { breakers?: CircuitBreakers } = {}) {
  const limits = new Breakers(new StateArena().slot('c'), breakers);
  const pool = new Http2Pool({
    clock: realClock,
    limits,
    connect: (onOpen, onFailure) => connectUpstream({ address: '127.0.0.1', port, timeoutMs: 20_000 }, realClock, onOpen, onFailure),
    ...options,
  });
  open.push({ close: () => pool.destroy() });
  return {
    pool,
    limits,
    get(path = '/', headers: Headers = []): Heard & { stream: ClientStream } {
      const heard = new Heard();
      return Object.assign(heard, { stream: pool.request(head(path, headers), true, false, heard) });
    },
    post(path = '/', headers: Headers = []): Heard & { stream: ClientStream } {
      const heard = new Heard();
      return Object.assign(heard, { stream: pool.request(head(path, headers, 'POST'), false, false, heard) });
    },
  };
}

/** A server of Node's own. */
async function nodeServer(answer: (stream: ServerHttp2Stream, path: string, headers: Record<string, unknown>) => void, settings = {}) {
  const server: Http2Server = createHttp2Server({ settings });
  let connections = 0;
  server.on('session', (session: ServerHttp2Session) => {
    connections++;
    sessions.push(session);
    session.on('error', () => {});
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    answer(stream as ServerHttp2Stream, String(headers[':path']), { ...headers });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(server);
  return { port: (server.address() as { port: number }).port, connections: () => connections };
}

/** A server that does with each request what the test says. */
async function raw(onRequest: (peer: RawPeer, stream: number, path: string, connection: number) => void, settings: [number, number][] = []) {
  let connections = 0;
  const peers: RawPeer[] = [];
  const { server, port } = await rawServer((peer) => {
    const connection = ++connections;
    peers.push(peer);
    peer.send(peer.settings(...settings));
    peer.onFrame = ({ type, stream, headers }) => {
      if (type === frameType.headers && headers?.[':path']) onRequest(peer, stream, headers[':path'], connection);
    };
  });
  open.push(server);
  return { port, peers, connections: () => connections };
}

describe('requests and responses', () => {
  it('RT-R44: head, body and trailers both ways, interim responses; connection headers are left out', async () => {
    let seen: Record<string, unknown> = {};
    let trailers: unknown;
    const server = await nodeServer(async (stream, _path, headers) => {
      seen = headers;
      stream.on('trailers', (t) => (trailers = { ...t }));
      let body = '';
      for await (const chunk of stream) body += chunk;
      stream.additionalHeaders({ ':status': 103, link: '</a>' });
      stream.respond({ ':status': 201, x: ['1', '2'] }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(`got ${body}`);
    });
    const { post } = poolOf(server.port);
    const request = post('/a?b=c', ['host', 'x', 'connection', 'close', 'transfer-encoding', 'chunked', 'te', 'trailers', 'x-two', '1', 'x-two', '2']);
    request.stream.write(Buffer.from('hel'));
    request.stream.write(Buffer.from('lo'));
    request.stream.end(['x-t', 't1']);
    await request.done;
    expect(request.events.filter((e) => e !== 'drain')).toEqual([expect.stringContaining('103 link </a>'), '201', 'end grpc-status 0']);
    expect(request.body).toBe('got hello');
    expect(seen).toMatchObject({ ':method': 'POST', ':path': '/a?b=c', ':authority': 'a.test', ':scheme': 'http', te: 'trailers', 'x-two': '1, 2' });
    expect(Object.keys(seen)).toEqual(expect.not.arrayContaining(['connection', 'host', 'transfer-encoding']));
    expect(trailers).toMatchObject({ 'x-t': 't1' });
    expect(request.connection).toMatchObject({ protocol: 'HTTP/2', localAddress: '127.0.0.1' });
  });

  it('many requests at once over one connection, each with its own answer', async () => {
    const server = await nodeServer((stream, path) => {
      setTimeout(() => {
        stream.respond({ ':status': 200 });
        stream.end(path);
      }, Math.random() * 20);
    });
    const { get, limits } = poolOf(server.port);
    const requests = Array.from({ length: 200 }, (_, i) => get(`/${i}`));
    await Promise.all(requests.map(({ done }) => done));
    expect(requests.map(({ body }) => body)).toEqual(requests.map((_, i) => `/${i}`));
    expect(server.connections()).toBe(1);
    expect([limits.requests.count, limits.pending.count, limits.connections.count]).toEqual([0, 0, 1]);
  });

  it('HEAD, 204 and 304 have no body, whatever their length says', async () => {
    const server = await raw((peer, id, path) => peer.send(peer.headers(id, [':status', path.slice(1), 'content-length', '5'])));
    const { pool } = poolOf(server.port);
    for (const [method, status] of [
      ['HEAD', '200'],
      ['GET', '304'],
      ['GET', '204'],
    ]) {
      const heard = new Heard();
      pool.request({ ...head(`/${status}`), method: method as string }, true, false, heard);
      await heard.done;
      expect(heard.events).toEqual([`${status}*`]);
    }
  });

  it('large bodies both ways, slowly', async () => {
    const server = await nodeServer((stream) => {
      stream.respond({ ':status': 200 });
      stream.pipe(stream);
    });
    const { post } = poolOf(server.port);
    const request = post();
    const chunk = Buffer.alloc(50_000, 'a');
    let waited = 0;
    for (let i = 0; i < 40; i++) {
      if (!request.stream.write(chunk)) {
        waited++;
        request.stream.pause();
        await pause(2);
        request.stream.resume();
      }
    }
    request.stream.end();
    await request.done;
    expect(request.body).toHaveLength(2_000_000);
    expect(waited).toBeGreaterThan(0);
    expect(request.events).toContain('drain');
  });

  it('an answer before the end of the request: the rest is not sent', async () => {
    const server = await raw((peer, id) => peer.send(peer.headers(id, [':status', '413'])));
    const { post, limits } = poolOf(server.port);
    const request = post();
    await request.done;
    expect(request.events).toEqual(['413*']);
    await server.peers[0]?.until((p) => p.story.includes('RST'));
    expect(server.peers[0]?.story).toContain('RST#1(8)');
    expect(limits.requests.count).toBe(0);
  });

  it('an upgrade of HTTP/1 is CONNECT with a protocol here (RFC 8441)', async () => {
    const server = await raw((peer, id) => peer.send(peer.headers(id, [':status', '200'], 4), frame(frameType.data, 0, id, Buffer.from('hi'))));
    const { pool } = poolOf(server.port);
    const heard = new Heard();
    const stream = pool.request(head('/ws', ['upgrade', 'websocket', 'connection', 'Upgrade']), false, true, heard);
    await until(() => heard.body === 'hi', 'it is upgraded, and bytes come');
    expect(heard.events).toEqual(['101 upgraded']);
    expect(heard.headers).toEqual(['upgrade', 'websocket', 'connection', 'Upgrade']);
    const request = server.peers[0]?.seen.find(({ type }) => type === frameType.headers)?.headers;
    expect(request).toMatchObject({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/ws' });
    stream.reset();
  });
});

describe('failures have the reason that Envoy gives them', () => {
  const ok = [':status', '200'];
  it.each<[string, (peer: RawPeer, id: number) => void, string[]]>([
    ['RST_STREAM INTERNAL_ERROR', (p, id) => p.send(number(3, id, 2)), ['remote reset 2']],
    ['RST_STREAM NO_ERROR', (p, id) => p.send(number(3, id, 0)), ['remote reset 0']],
    ['RST_STREAM CANCEL', (p, id) => p.send(number(3, id, 8)), ['remote reset 8']],
    ['RST_STREAM REFUSED_STREAM', (p, id) => p.send(number(3, id, 7)), ['remote refused stream reset 7']],
    ['RST_STREAM PROTOCOL_ERROR', (p, id) => p.send(number(3, id, 1)), ['protocol error 1']],
    ['RST_STREAM after the head', (p, id) => p.send(p.headers(id, ok, 4), number(3, id, 8)), ['200', 'remote reset 8']],
    ['the connection ends', (p) => p.socket.end(), ['connection termination']],
    ['the connection is reset', (p) => p.socket.resetAndDestroy(), ['connection termination']],
    ['the connection ends after the head', (p, id) => void p.socket.end(p.headers(id, ok, 4)), ['200', 'connection termination']],
    ['no HTTP/2', (p) => p.socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'), ['protocol error']],
    ['a header in upper case', (p, id) => p.send(p.headers(id, [...ok, 'X-A', '1'])), ['protocol error']],
    ['a connection header', (p, id) => p.send(p.headers(id, [...ok, 'connection', 'close'])), ['protocol error']],
    ['no status', (p, id) => p.send(p.headers(id, ['x', '1'])), ['protocol error']],
    ['a status that is none', (p, id) => p.send(p.headers(id, [':status', '2x0'])), ['protocol error']],
    ['101', (p, id) => p.send(p.headers(id, [':status', '101'], 4)), ['protocol error']],
    ['an interim response at the end', (p, id) => p.send(p.headers(id, [':status', '100'])), ['protocol error']],
    ['a body before the head', (p, id) => p.send(frame(0, 1, id, Buffer.from('a'))), ['protocol error']],
    [
      'a body that is too short',
      (p, id) => p.send(p.headers(id, [...ok, 'content-length', '2'], 4), frame(0, 1, id, Buffer.from('a'))),
      ['200', 'protocol error 1'],
    ],
    ['a body that is not there', (p, id) => p.send(p.headers(id, [...ok, 'content-length', '2'])), ['protocol error']],
    ['trailers that are none', (p, id) => p.send(p.headers(id, ok, 4), p.headers(id, [':status', '200'])), ['200', 'protocol error']],
    ['trailers without an end', (p, id) => p.send(p.headers(id, ok, 4), p.headers(id, ['x', '1'], 4)), ['200', 'protocol error']],
    ['too many headers', (p, id) => p.send(p.headers(id, [...ok, ...Array.from({ length: 202 }, (_, i) => `x${i}`)])), ['remote reset 2']],
    ['a push', (p, id) => p.send(frame(5, 4, id, Buffer.alloc(8))), ['protocol error']],
    ['GOAWAY before the stream', (p) => p.send(frame(7, 0, 0, Buffer.alloc(8))), ['remote refused stream reset 7']],
  ])('LR-R7, LR-R9: %s', async (_, act, events) => {
    const server = await raw((peer, id) => act(peer, id));
    const { get, limits } = poolOf(server.port);
    const request = get();
    await request.done;
    expect(request.events).toEqual(events);
    await until(() => limits.requests.count === 0 && limits.pending.count === 0, 'nothing counts any more');
  });

  it('LR-R4: refused: all that wait', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    const { get, limits } = poolOf(port);
    const requests = [get(), get()];
    await Promise.all(requests.map(({ done }) => done));
    const failure = { reason: 'remote connection failure', transport: 'delayed_connect_error:_Connection_refused' };
    expect(requests.map((r) => r.failure)).toEqual([failure, failure]);
    expect([limits.pending.count, limits.connections.count]).toEqual([0, 0]);
  });

  it('what is given up: RST_STREAM with the code of Envoy, and nothing more is heard', async () => {
    const server = await raw(() => {});
    const { get, limits } = poolOf(server.port);
    const waiting = get('/never');
    waiting.stream.reset();
    const request = get('/late');
    const story = (): string => server.peers[0]?.story ?? '';
    await until(() => story().includes('/late'), 'it is asked');
    request.stream.reset();
    await until(() => story().includes('RST'), 'it is told that nobody waits');
    server.peers[0]?.send(server.peers[0].headers(1, [':status', '200']));
    await pause(60);
    expect([waiting.events, request.events]).toEqual([[], []]);
    expect(server.peers[0]?.story).toBe('HEADERS#1(/late)* RST#1(2)');
    expect([limits.requests.count, limits.pending.count]).toEqual([0, 0]);
  });
});

describe('connections', () => {
  const slowly = async (settings = {}) =>
    nodeServer((stream) => void setTimeout(() => stream.destroyed || stream.respond({ ':status': 200 }, { endStream: true }), 30), settings);

  it('DR-R56: no more requests on one than maxRequestsPerConnection', async () => {
    const server = await slowly();
    const { get } = poolOf(server.port, { maxRequestsPerConnection: 3 });
    for (let i = 0; i < 9; i++) await get().done;
    expect(server.connections()).toBe(3);
    await Promise.all(Array.from({ length: 8 }, () => get().done));
    expect(server.connections()).toBe(6);
  });

  it('no more streams at a time than the peer allows, or the rule', async () => {
    for (const [settings, options] of [
      [{ maxConcurrentStreams: 2 }, {}],
      [{}, { maxConcurrentStreams: 2 }],
    ] as const) {
      const server = await slowly(settings);
      const { get } = poolOf(server.port, options);
      const requests = Array.from({ length: 6 }, () => get());
      await Promise.all(requests.map(({ done }) => done));
      expect(requests.map(({ events }) => events)).toEqual(requests.map(() => ['200*']));
      expect(server.connections()).toBe(3);
    }
  });

  it('DR-R52: more requests than maxRequests: overflow', async () => {
    const server = await slowly();
    const { get, limits } = poolOf(server.port, { breakers: { maxRequests: 2 } });
    const requests = Array.from({ length: 5 }, () => get());
    await Promise.all(requests.map(({ done }) => done));
    expect(requests.map(({ events }) => events.join()).sort()).toEqual(['200*', '200*', 'overflow', 'overflow', 'overflow']);
    await until(() => limits.requests.count === 0, 'nothing counts any more');
  });

  it('DR-R53: what has to wait for a connection counts as pending; 0: nothing may wait', async () => {
    const held: ServerHttp2Stream[] = [];
    const server = await nodeServer((stream) => void held.push(stream));
    const none = poolOf(server.port, { breakers: { maxPendingRequests: 0 } });
    expect(none.get().events).toEqual(['overflow']);
    const { get } = poolOf(server.port, { breakers: { maxPendingRequests: 1, maxConnections: 1 }, maxConcurrentStreams: 1 });
    const requests = [get()];
    await until(() => held.length === 1, 'the first has a connection');
    requests.push(get(), get());
    for (let i = 0; i < 2; i++) {
      await until(() => held.length > i, `request ${i} is there`);
      held[i]?.respond({ ':status': 200 }, { endStream: true });
    }
    await Promise.all(requests.map(({ done }) => done));
    expect(requests.map(({ events }) => events.join())).toEqual(['200*', '200*', 'overflow']);
  });

  it('DR-R55: maxConnections only makes requests wait', async () => {
    const server = await slowly({ maxConcurrentStreams: 1 });
    const { get } = poolOf(server.port, { breakers: { maxConnections: 1 } });
    await Promise.all([get().done, get().done, get().done]);
    expect(server.connections()).toBe(1);
  });

  it('GOAWAY: what it names goes on, new requests go over another', async () => {
    const server = await raw((peer, id, _path, connection) => {
      // What answers the ping has read what came before it.
      if (connection === 1) peer.send(frame(7, 0, 0, Buffer.from([0, 0, 0, 1, 0, 0, 0, 0])), frame(frameType.ping, 0, 0, Buffer.alloc(8)));
      else peer.send(peer.headers(id, [':status', '200']));
    });
    const { get } = poolOf(server.port);
    const first = get();
    await until(() => server.peers[0]?.story.includes('PONG') === true, 'it has heard that the connection goes away');
    const second = get();
    await second.done;
    server.peers[0]?.send(server.peers[0].headers(1, [':status', '200']));
    await Promise.all([first.done, second.done]);
    expect([first.events, second.events]).toEqual([['200*'], ['200*']]);
    expect(server.connections()).toBe(2);
    await server.peers[0]?.until((p) => p.closed);
  });

  it('RT-R65: idle ones end, and so do those that are too old', async () => {
    const reasons: string[] = [];
    const observer = { onConnecting: () => {}, onConnectFailure: () => {}, onMaxRequests: () => {}, onConnectionClosed: (why: string) => reasons.push(why) };
    const server = await slowly();
    await poolOf(server.port, { idleTimeoutMs: 60, observer }).get().done;
    const old = poolOf(server.port, { maxConnectionDurationMs: 20, observer });
    const request = old.get();
    await request.done;
    expect(request.events).toEqual(['200*']);
    await until(() => reasons.length === 2, 'both are closed');
    expect(reasons.sort()).toEqual(['duration', 'idle']);
    await old.get().done;
    expect(server.connections()).toBe(3);
  });

  it('drained: what is there, and what waits, is still answered; destroyed: nothing is', async () => {
    const server = await slowly();
    const drained = poolOf(server.port);
    const requests = [drained.get(), drained.get()];
    drained.pool.drain();
    await Promise.all(requests.map(({ done }) => done));
    expect(requests.map(({ events }) => events)).toEqual([['200*'], ['200*']]);
    await until(() => drained.limits.connections.count === 0, 'the connection is closed');
    const asked: string[] = [];
    const silent = await nodeServer((_, path) => void asked.push(path));
    const destroyed = poolOf(silent.port);
    const lost = [destroyed.get()];
    await until(() => asked.length === 1, 'it is asked');
    lost.push(destroyed.get());
    destroyed.pool.destroy();
    expect(lost.map(({ events }) => events)).toEqual([['connection termination'], ['connection termination']]);
    expect([destroyed.limits.connections.count, destroyed.limits.requests.count, destroyed.limits.pending.count]).toEqual([0, 0, 0]);
  });

  it('a peer that says nothing about itself is not asked twice at a time', async () => {
    const taken: number[] = [];
    let answerFirst = (): void => {};
    const { server, port } = await rawServer((peer) => {
      peer.onFrame = ({ type, stream }) => {
        if (type !== frameType.headers) return;
        const answer = peer.headers(stream, [':status', '200']);
        if (taken.push(stream) === 1) answerFirst = () => peer.send(peer.settings(), answer);
        else peer.send(answer);
      };
    });
    open.push(server as Server);
    const { get } = poolOf(port);
    const requests = [get(), get()];
    await until(() => taken.length > 0, 'it is asked');
    await pause(30);
    expect(taken).toEqual([1]);
    answerFirst();
    await Promise.all(requests.map(({ done }) => done));
    expect(taken).toEqual([1, 3]);
  });
});

it('is understood by Node over a connection that lives long', async () => {
  const server = await nodeServer((stream, path, headers) => {
    stream.respond({ ':status': 200, 'x-path': path, 'x-same': 'always', 'x-back': String(headers['x-id']) });
    stream.end('a'.repeat(Number(path.slice(1)) % 100));
  });
  const { get } = poolOf(server.port);
  for (let i = 0; i < 300; i++) {
    const request = get(`/${i}`, ['x-id', `id-${i}`, 'x-stays', 'same', 'x-sometimes', String(i % 7)]);
    await request.done;
    expect(request.headers.slice(0, 6)).toEqual(['x-path', `/${i}`, 'x-same', 'always', 'x-back', `id-${i}`]);
    expect(request.body).toHaveLength(i % 100);
  }
  await once(sessions[0] as ServerHttp2Session, 'close', { signal: AbortSignal.timeout(1) }).catch(() => {});
});
