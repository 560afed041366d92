import type { Server } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { realClock } from '../real-clock.ts';
import type { ClientHandler, ClientStream, Failure, OutgoingHead } from '../stream.ts';
import { type ConnectOptions, connectUpstream } from '../upstream-connect.ts';
import type { Limits } from './limits.ts';
import { Http1Pool, type PoolOptions } from './pool.ts';
import { listen, Peer, pause, until } from './testing.ts';

class Gauge {
  active = 0;
  private readonly max: number;

  constructor(max: number) {
    this.max = max;
  }

  tryAcquire(): boolean {
    if (this.active >= this.max) return false;
    this.active++;
    return true;
  }

  release(): void {
    this.active--;
  }
}

class TestLimits implements Limits {
  readonly connections: Gauge;
  readonly pending: Gauge;
  readonly requests: Gauge;

  constructor(connections = 1e9, pending = 1e9, requests = 1e9) {
    this.connections = new Gauge(connections);
    this.pending = new Gauge(pending);
    this.requests = new Gauge(requests);
  }

  mayConnect(poolIsEmpty: boolean): boolean {
    if (this.connections.tryAcquire()) return true;
    if (poolIsEmpty) this.connections.active++;
    return poolIsEmpty;
  }

  connectionClosed(): void {
    this.connections.release();
  }

  get counts(): number[] {
    return [this.connections.active, this.pending.active, this.requests.active];
  }
}

/** What a request has been told. */
class Told implements ClientHandler {
  stream: ClientStream | undefined = undefined;
  status = 0;
  headers: string[] = [];
  interim: number[] = [];
  upgraded = false;
  body = '';
  ended = false;
  failure: Failure | undefined = undefined;
  drains = 0;
  connections = 0;
  readonly events: string[] = [];
  onFail: () => void = () => {};

  onConnection(): void {
    this.connections++;
  }
  onInformational(status: number): void {
    this.interim.push(status);
  }
  onHead(status: number, headers: string[], endStream: boolean, upgraded: boolean): void {
    this.events.push('head');
    this.status = status;
    this.headers = headers;
    this.ended = endStream;
    this.upgraded = upgraded;
  }
  onData(chunk: Uint8Array): void {
    this.body += Buffer.from(chunk).toString('latin1');
  }
  onEnd(): void {
    this.events.push('end');
    this.ended = true;
  }
  onFailure(failure: Failure): void {
    this.events.push('failure');
    this.failure = failure;
    this.onFail();
  }
  onDrain(): void {
    this.drains++;
  }
}

const servers: Server[] = [];
const pools: Http1Pool[] = [];
const allPeers: Peer[] = [];
afterEach(() => {
  for (const pool of pools.splice(0)) pool.destroy();
  for (const peer of allPeers.splice(0)) peer.socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

const head = (over: Partial<OutgoingHead> = {}): OutgoingHead => ({ method: 'GET', path: '/', authority: 'h', scheme: 'http', headers: [], ...over });
const ok = (body = 'ok') => `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
const getText = 'GET / HTTP/1.1\r\nhost: h\r\n\r\n';

function makePool(port: number, options: Partial<PoolOptions> & { connectOptions?: Partial<ConnectOptions> } = {}) {
  const limits = options.limits ?? new TestLimits();
  const target = { address: '127.0.0.1', port, timeoutMs: 20_000, ...options.connectOptions };
  const pool = new Http1Pool({ connect: (onOpen, onFailure) => connectUpstream(target, realClock, onOpen, onFailure), ...options, limits });
  pools.push(pool);
  const send = (over: Partial<OutgoingHead> = {}, endStream = true, upgrade = false): Told => {
    const told = new Told();
    told.stream = pool.request(head(over), endStream, upgrade, told);
    return told;
  };
  return { pool, send, limits: limits as TestLimits };
}

async function setup(options: Parameters<typeof makePool>[1] = {}, onPeer: (peer: Peer) => void = () => {}) {
  const peers: Peer[] = [];
  const { server, port } = await listen((socket) => {
    const peer = new Peer(socket);
    peers.push(peer);
    allPeers.push(peer);
    onPeer(peer);
  });
  servers.push(server);
  return { peers, server, port, ...makePool(port, options) };
}

/** Answers each request without body as soon as it is there. */
function answering(text = ok()): (peer: Peer) => void {
  return (peer) => {
    peer.socket.on('data', (chunk: Buffer) => {
      if (chunk.toString('latin1').endsWith('\r\n\r\n')) peer.send(text);
    });
  };
}

/** A port where nothing listens. */
async function closedPort(): Promise<number> {
  const { server, port } = await listen(() => {});
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('requests as they go out', () => {
  test.each<[string, Partial<OutgoingHead>, boolean, string]>([
    ['GET', { headers: ['a', 'b', 'a', 'c'] }, true, 'GET / HTTP/1.1\r\nhost: h\r\na: b\r\na: c\r\n\r\n'],
    ['POST without body', { method: 'POST' }, true, 'POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\n\r\n'],
    ['POST with no length left', { method: 'POST', headers: ['content-length', '3'] }, true, 'POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\n\r\n'],
    [
      'framing of others',
      { headers: ['transfer-encoding', 'gzip', 'connection', 'close', 'host', 'x', 'x', 'y'] },
      true,
      'GET / HTTP/1.1\r\nhost: h\r\nx: y\r\n\r\n',
    ],
    ['the target of CONNECT', { method: 'CONNECT', path: '', authority: 'a:1' }, false, 'CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n\r\n'],
  ])('%s', async (_, over, endStream, expected) => {
    const { peers, send } = await setup();
    send(over, endStream);
    await until(() => peers[0]?.received === expected, expected);
  });

  test('RT-R47: a body of unknown length goes in chunks; trailers are dropped', async () => {
    const { peers, send } = await setup();
    const told = send({ method: 'POST' }, false);
    told.stream?.write(Buffer.from('hello '));
    told.stream?.write(Buffer.from('world'));
    told.stream?.end(['x', 'y']);
    await until(
      () => peers[0]?.received === 'POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n',
      'chunks',
    );
  });

  test('a body of known length, sent while there is no connection yet and later', async () => {
    const { peers, send } = await setup();
    const told = send({ method: 'POST', headers: ['content-length', '6'] }, false);
    told.stream?.write(Buffer.from('abc'));
    await until(() => peers[0]?.received.endsWith('\r\n\r\nabc') === true, 'first');
    told.stream?.write(Buffer.from('def and more'));
    told.stream?.end();
    await until(() => peers[0]?.received.endsWith('abcdef') === true, 'second');
    peers[0]?.send(ok());
    await until(() => told.ended, 'response');
    expect(told.body).toBe('ok');
  });

  test('a body shorter than its length fails the request', async () => {
    const { peers, send } = await setup();
    const told = send({ method: 'POST', headers: ['content-length', '6'] }, false);
    await until(() => told.connections === 1, 'connection');
    told.stream?.write(Buffer.from('abc'));
    told.stream?.end();
    expect(told.failure?.reason).toBe('protocol error');
    await until(() => peers[0]?.closed === true || peers[0]?.ended === true, 'closed');
  });

  test('large bodies are held back while the service does not read', async () => {
    const { peers, send } = await setup({}, (peer) => peer.socket.pause());
    const told = send({ method: 'POST' }, false);
    const chunk = Buffer.alloc(100_000, 'x');
    let sent = 0;
    const write = () => {
      while (sent < 100) {
        sent++;
        if (told.stream?.write(chunk) === false) return;
      }
    };
    write();
    await until(() => told.drains > 0, 'drain');
    let drains = 0;
    const goOn = setInterval(() => {
      if (told.drains === drains) return;
      drains = told.drains;
      write();
    }, 1);
    await pause(50);
    expect(sent).toBeLessThan(100);
    peers[0]?.socket.resume();
    await until(() => (peers[0]?.received.match(/x/g)?.length ?? 0) === 10_000_000, 'all');
    clearInterval(goOn);
  });
});

describe('connections', () => {
  test('are used again; the one used last first', async () => {
    const { peers, send, limits } = await setup();
    const [a, b] = [send(), send()];
    await until(() => peers.length === 2 && peers.every((peer) => peer.received === getText), 'both');
    peers[0]?.send(ok());
    await until(() => a.ended || b.ended, 'first');
    peers[1]?.send(ok());
    await until(() => a.ended && b.ended, 'second');
    expect(limits.counts).toEqual([2, 0, 0]);
    const c = send();
    await until(() => peers[1]?.received === getText + getText, 'the second again');
    peers[1]?.send(ok());
    await until(() => c.ended, 'third');
    expect(peers.length).toBe(2);
  });

  test('DR-R53: one connection: the others wait and come in their order', async () => {
    const { peers, send, limits } = await setup({ limits: new TestLimits(1) });
    const told = [send({ path: '/0' }), send({ path: '/1' }), send({ path: '/2' })];
    await until(() => peers[0]?.received !== '' && peers.length === 1, 'first');
    expect(limits.counts).toEqual([1, 2, 1]);
    for (let i = 0; i < 3; i++) {
      await until(() => peers[0]?.received.includes(`GET /${i}`) === true, `request ${i}`);
      expect(peers[0]?.received.includes(`GET /${i + 1}`)).toBe(false);
      peers[0]?.send(ok());
      await until(() => told[i]?.ended === true, `response ${i}`);
    }
    expect(peers.length).toBe(1);
    expect(limits.counts).toEqual([1, 0, 0]);
  });

  test('DR-R55: a pool without connection gets one, whatever the limit says', async () => {
    const limits = new TestLimits(0);
    const { send } = await setup({ limits }, answering());
    const told = send();
    await until(() => told.ended, 'response');
    expect(limits.counts).toEqual([1, 0, 0]);
  });

  test('DR-R52, DR-R53: too many that wait overflow at once', async () => {
    const { peers, send, limits } = await setup({ limits: new TestLimits(1, 1) });
    const first = send();
    await until(() => peers[0]?.received === getText, 'first');
    const second = send();
    const third = send();
    expect(third.failure).toEqual({ reason: 'overflow', transport: '' });
    expect([first.failure, second.failure]).toEqual([undefined, undefined]);
    second.stream?.reset();
    expect(limits.counts).toEqual([1, 0, 1]);
    const fourth = send();
    peers[0]?.send(ok());
    await until(() => peers[0]?.received === getText + getText, 'the fourth has the place of the second');
    peers[0]?.send(ok());
    await until(() => fourth.ended, 'response');
    expect(second.events).toEqual([]);
  });

  test('DR-R53: without room to wait even the first request overflows', async () => {
    const { send } = await setup({ limits: new TestLimits(10, 0) }, answering());
    expect(send().failure?.reason).toBe('overflow');
  });

  test('DR-R52: the limit of active requests, for those on a new and on an idle connection', async () => {
    const limits = new TestLimits(10, 10, 1);
    const { peers, send } = await setup({ limits });
    const first = send();
    await until(() => peers[0]?.received === getText, 'first');
    const second = send();
    await until(() => second.failure !== undefined, 'overflow on a connection of its own');
    expect(second.failure?.reason).toBe('overflow');
    const third = send();
    expect(third.failure?.reason).toBe('overflow');
    expect(limits.counts).toEqual([2, 0, 1]);
    peers[0]?.send(ok());
    await until(() => first.ended, 'response');
    expect(limits.counts).toEqual([2, 0, 0]);
  });

  test('DR-R56: a number of requests, then another connection', async () => {
    for (const max of [1, 2]) {
      const { peers, send, pool } = await setup({ maxRequestsPerConnection: max }, answering());
      for (let i = 0; i < 4; i++) {
        const told = send();
        await until(() => told.ended, 'response');
      }
      await until(() => peers.length === 4 / max && peers.every((peer) => peer.ended), 'closed');
      expect(pool.counters).toMatchObject({ connections: 4 / max, maxRequestsReached: 4 / max, requests: 4, activeRequests: 0 });
      expect(peers.every((peer) => !peer.received.includes('connection'))).toBe(true);
    }
  });

  test('DR-R51: an idle one is closed in time, a busy one is not', async () => {
    const { peers, send, pool, limits } = await setup({ idleTimeoutMs: 100 });
    const told = send();
    await until(() => peers[0]?.received === getText, 'request');
    await pause(350);
    expect(peers[0]?.ended).toBe(false);
    peers[0]?.send(ok());
    await until(() => told.ended, 'response');
    await until(() => peers[0]?.ended === true, 'closed');
    await until(() => limits.connections.active === 0, 'given back');
    expect(pool.counters).toMatchObject({ idleTimeouts: 1, activeConnections: 0 });
  });

  test('DR-R51: one that has lived its time takes no further request', async () => {
    const { peers, send, pool } = await setup({ maxConnectionDurationMs: 100 });
    const told = send();
    await until(() => peers[0]?.received === getText, 'request');
    await pause(350);
    peers[0]?.send(ok());
    await until(() => told.ended && peers[0]?.ended === true, 'response and closed');
    const next = send();
    await until(() => peers[1]?.received === getText, 'second');
    peers[1]?.send(ok());
    await until(() => next.ended && peers[1]?.ended === true, 'idle one closed');
    expect(pool.counters.maxDurationReached).toBe(1);
  });

  test.each([
    ['connection: close', 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n'],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n'],
    ['bytes after the response', `${ok()}HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n`],
  ])('are not used again after %s', async (_, text) => {
    const { peers, send } = await setup({}, answering(text));
    for (let i = 0; i < 2; i++) {
      const told = send();
      await until(() => told.ended, 'response');
      expect(told.failure).toBeUndefined();
    }
    await until(() => peers.length === 2 && peers[0]?.ended === true, 'closed');
  });

  test('are closed when something comes that nobody asked for', async () => {
    const { peers, send } = await setup({}, answering());
    const told = send();
    await until(() => told.ended, 'response');
    peers[0]?.send(ok('poison'));
    await until(() => peers[0]?.ended === true, 'closed');
    const next = send();
    await until(() => next.ended, 'response');
    expect(next.body).toBe('ok');
  });

  test('the service closes an idle one: the next request has a new one', async () => {
    const { peers, send, limits } = await setup({}, answering());
    const told = send();
    await until(() => told.ended, 'response');
    peers[0]?.socket.end();
    await until(() => limits.connections.active === 0, 'closed');
    const next = send();
    await until(() => next.ended, 'response');
    expect(peers.length).toBe(2);
  });

  test('a response before the end of the request: passed on, and the connection is closed', async () => {
    const { peers, send, limits } = await setup();
    const told = send({ method: 'POST', headers: ['content-length', '1000'] }, false);
    await until(() => peers[0]?.received !== undefined && peers[0].received !== '', 'head');
    peers[0]?.send(ok('no'));
    await until(() => told.ended, 'response');
    expect([told.status, told.body, told.failure]).toEqual([200, 'no', undefined]);
    expect(told.stream?.write(Buffer.from('x'))).toBe(true);
    told.stream?.end();
    await until(() => peers[0]?.ended === true, 'closed');
    await until(() => limits.connections.active === 0, 'given back');
    expect(limits.counts).toEqual([0, 0, 0]);
  });

  test('a service that answers and closes without reading is heard', async () => {
    const { peers, send } = await setup({}, (peer) => {
      peer.socket.pause();
      peer.socket.write('HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno');
    });
    const told = send({ method: 'POST' }, false);
    const flood = setInterval(() => told.stream?.write(Buffer.alloc(10_000)), 1);
    // A reset takes with it what was not read yet.
    await until(() => told.status === 413, 'head');
    peers[0]?.socket.resetAndDestroy();
    await until(() => told.ended || told.failure !== undefined, 'an end');
    clearInterval(flood);
    expect([told.status, told.body]).toEqual([413, 'no']);
  });
});

describe('responses', () => {
  test('head, body and end; 1xx before it', async () => {
    const { peers, send } = await setup();
    const told = send();
    await until(() => peers[0]?.received === getText, 'request');
    peers[0]?.send(
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nX-Up: 1\r\nx-up: 2\r\ntransfer-encoding: chunked\r\n\r\n3\r\nab`,
    );
    await until(() => told.body === 'ab', 'half');
    expect(told).toMatchObject({
      status: 200,
      interim: [100, 103],
      headers: ['x-up', '1', 'x-up', '2', 'transfer-encoding', 'chunked'],
      ended: false,
      connections: 1,
    });
    peers[0]?.send('c\r\n0\r\nx-trailer: 1\r\n\r\n');
    await until(() => told.ended, 'end');
    expect([told.body, told.events]).toEqual(['abc', ['head', 'end']]);
  });

  test('without a body the head is the end', async () => {
    const { send } = await setup({}, answering('HTTP/1.1 304 Not Modified\r\ncontent-length: 3\r\n\r\n'));
    for (let i = 0; i < 2; i++) {
      const told = send();
      await until(() => told.ended, 'response');
      expect(told.events).toEqual(['head']);
    }
  });

  test('held back while the client is slow', async () => {
    const { send } = await setup({}, (peer) => {
      peer.socket.once('data', () => peer.socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 10000000\r\n\r\n${'x'.repeat(10_000_000)}`));
    });
    const told = send();
    await until(() => told.status === 200, 'head');
    told.stream?.pause();
    const before = told.body.length;
    await pause(50);
    expect(told.body.length - before).toBeLessThan(200_000);
    told.stream?.resume();
    await until(() => told.ended, 'end');
    expect(told.body.length).toBe(10_000_000);
    const next = send();
    await until(() => next.connections === 1, 'next');
  });

  test('RT-R48: 101 makes a tunnel, which ends with the service', async () => {
    const { peers, send, limits } = await setup();
    const told = send({ headers: ['connection', 'Upgrade', 'upgrade', 'websocket'] }, false, true);
    await until(() => peers[0]?.received === 'GET / HTTP/1.1\r\nhost: h\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n', 'request');
    peers[0]?.send('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\r\nhel');
    await until(() => told.body === 'hel', 'head');
    expect(told).toMatchObject({ status: 101, upgraded: true, ended: false, headers: ['upgrade', 'websocket', 'connection', 'Upgrade'] });
    told.stream?.write(Buffer.from('ping'));
    peers[0]?.send('lo');
    await until(() => told.body === 'hello' && peers[0]?.received.endsWith('ping') === true, 'both ways');
    expect(limits.counts).toEqual([1, 0, 1]);
    peers[0]?.socket.end();
    await until(() => told.ended, 'end');
    await until(() => limits.connections.active === 0, 'closed');
    expect(limits.counts).toEqual([0, 0, 0]);
  });

  test('an upgrade that is answered otherwise is a response', async () => {
    const { peers, send } = await setup();
    const told = send({ headers: ['connection', 'Upgrade', 'upgrade', 'websocket'] }, false, true);
    await until(() => peers[0]?.received !== undefined && peers[0].received !== '', 'request');
    peers[0]?.send('HTTP/1.1 403 Forbidden\r\ncontent-length: 1\r\n\r\nx');
    await until(() => told.ended, 'response');
    expect(told).toMatchObject({ status: 403, upgraded: false, body: 'x' });
    await until(() => peers[0]?.ended === true, 'closed');
  });
});

describe('failures', () => {
  test('LR-R4: refused; all that wait fail, and a retry of one of them is not among them', async () => {
    const port = await closedPort();
    const { pool, send, limits } = makePool(port);
    const told = [send(), send()];
    let retry: Told | undefined;
    let failedWithThem: Failure | undefined;
    (told[0] as Told).onFail = () => {
      retry = send();
    };
    (told[1] as Told).onFail = () => {
      failedWithThem = retry?.failure;
    };
    await until(() => told.every(({ failure }) => failure !== undefined), 'both');
    for (const { failure } of told) expect(failure).toEqual({ reason: 'remote connection failure', transport: 'delayed_connect_error:_Connection_refused' });
    expect(failedWithThem).toBeUndefined();
    await until(() => retry?.failure !== undefined && limits.connections.active === 0, 'retry');
    expect(limits.counts).toEqual([0, 0, 0]);
    expect(pool.counters).toMatchObject({ connectFailures: pool.counters.connections, connectTimeouts: 0, activeConnections: 0 });
  });

  test('LR-R6: connection timeout', async () => {
    const pool = new Http1Pool({
      connect: (_onOpen, onFailure) => {
        const timer = setTimeout(() => onFailure({ reason: 'connection timeout', transport: '' }), 20);
        return { cancel: () => clearTimeout(timer) };
      },
    });
    const told = new Told();
    pool.request(head(), true, false, told);
    await until(() => told.failure !== undefined, 'timeout');
    expect(told.failure).toEqual({ reason: 'connection timeout', transport: '' });
    expect(pool.counters).toMatchObject({ connectFailures: 1, connectTimeouts: 1 });
  });

  test.each<[string, string, 'end' | 'reset' | 'none', Failure['reason'], string[]]>([
    ['LR-R7: closed before the response', '', 'end', 'connection termination', ['failure']],
    ['LR-R7: reset before the response', '', 'reset', 'connection termination', ['failure']],
    ['LR-R7: closed after 100', 'HTTP/1.1 100 Continue\r\n\r\n', 'end', 'connection termination', ['failure']],
    ['LR-R8: closed within the head', 'HTTP/1.1 200 OK\r\nconte', 'end', 'protocol error', ['failure']],
    ['LR-R8: closed within a body of known length', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab', 'end', 'protocol error', ['head', 'failure']],
    ['LR-R8: reset within a body of known length', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab', 'reset', 'protocol error', ['head', 'failure']],
    ['LR-R8: closed within chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab', 'end', 'protocol error', ['head', 'failure']],
    ['LR-R8: reset within a body without length', 'HTTP/1.1 200 OK\r\n\r\nab', 'reset', 'connection termination', ['head', 'failure']],
    ['LR-R9: garbage', 'garbage\r\n', 'none', 'protocol error', ['failure']],
    ['LR-R9: garbage in chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxx\r\n', 'none', 'protocol error', ['head', 'failure']],
    ['LR-R9: 101 that was not asked for', 'HTTP/1.1 101 Switching Protocols\r\n\r\n', 'none', 'protocol error', ['failure']],
  ])('%s', async (_, text, end, reason, events) => {
    const { peers, send, limits } = await setup();
    const told = send();
    await until(() => peers[0]?.received === getText, 'request');
    peers[0]?.send(text);
    // A reset takes with it what was not read yet.
    if (events.includes('head')) await until(() => told.events.includes('head'), 'head');
    else await pause(20);
    if (end === 'end') peers[0]?.socket.end();
    else if (end === 'reset') peers[0]?.socket.resetAndDestroy();
    await until(() => told.failure !== undefined, 'failure');
    expect(told.failure?.reason).toBe(reason);
    expect(told.events).toEqual(events);
    await until(() => limits.connections.active === 0, 'given back');
    expect(limits.counts).toEqual([0, 0, 0]);
  });

  test('a body without length ends with the connection', async () => {
    const { peers, send } = await setup();
    const told = send();
    await until(() => peers[0]?.received === getText, 'request');
    peers[0]?.socket.end('HTTP/1.1 200 OK\r\n\r\nab');
    await until(() => told.ended, 'end');
    expect([told.body, told.events]).toEqual(['ab', ['head', 'end']]);
  });

  test('given up while waiting, while active, after the end', async () => {
    const { peers, send, limits } = await setup({ limits: new TestLimits(1) });
    const [active, waiting] = [send(), send()];
    await until(() => peers[0]?.received === getText, 'request');
    waiting.stream?.reset();
    expect(limits.counts).toEqual([1, 0, 1]);
    active.stream?.reset();
    await until(() => limits.connections.active === 0, 'closed');
    expect(limits.counts).toEqual([0, 0, 0]);
    expect([active.events, waiting.events]).toEqual([[], []]);
    active.stream?.reset();
    active.stream?.write(Buffer.from('x'));
    active.stream?.end();
    expect(limits.counts).toEqual([0, 0, 0]);
  });

  test('one that is lost makes room for those that wait', async () => {
    const { peers, send } = await setup({ limits: new TestLimits(1) });
    const [first, second] = [send(), send()];
    await until(() => peers[0]?.received === getText, 'request');
    peers[0]?.socket.resetAndDestroy();
    await until(() => peers[1]?.received === getText, 'second');
    peers[1]?.send(ok());
    await until(() => second.ended, 'response');
    expect(first.failure?.reason).toBe('connection termination');
  });
});

describe('an end of the pool', () => {
  test('drain: idle connections close, busy ones after their response, and what waits is served', async () => {
    const { peers, send, pool } = await setup({ limits: new TestLimits(2) });
    const [a, b] = [send({ path: '/a' }), send({ path: '/b' })];
    await until(() => peers.length === 2 && peers.every((peer) => peer.received !== ''), 'both');
    const waiting = send({ path: '/c' });
    const [ofA, ofB] = peers[0]?.received.includes('/a') ? peers : [...peers].reverse();
    ofA?.send(ok());
    await until(() => ofA?.received.includes('/c') === true, 'the third has the first connection');
    pool.drain();
    ofB?.send(ok());
    ofA?.send(ok());
    await until(() => a.ended && b.ended && waiting.ended, 'responses');
    await until(() => peers.every((peer) => peer.ended), 'closed');
    const late = send();
    await until(() => peers[2]?.received === getText, 'a late request has its own connection');
    peers[2]?.send(ok());
    await until(() => late.ended && peers[2]?.ended === true, 'which closes');
  });

  test('destroy: all fail', async () => {
    const { peers, send, pool, limits } = await setup({ limits: new TestLimits(1) });
    const [active, waiting] = [send(), send()];
    await until(() => peers[0]?.received === getText, 'request');
    pool.destroy();
    await until(() => active.failure !== undefined && waiting.failure !== undefined, 'failures');
    expect([active.failure?.reason, waiting.failure?.reason]).toEqual(['connection termination', 'connection termination']);
    await until(() => limits.connections.active === 0, 'given back');
    expect(limits.counts).toEqual([0, 0, 0]);
  });

  test('destroy while connecting', async () => {
    const { send, pool, limits } = await setup();
    const told = send();
    pool.destroy();
    expect(told.failure?.reason).toBe('connection termination');
    await pause(20);
    expect(limits.counts).toEqual([0, 0, 0]);
  });
});
