// What clients do to a proxy that they do not like. Each case: the client is cut off, everybody else is served, and nothing of it
// stays: no connection, no request, no count of a limit.
import type { IncomingMessage } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import type { ClientLimits } from '../../src/proxy/client-limits.ts';
import type { ExchangeRecord } from '../../src/proxy/core/exchange-record.ts';
import { flag, frameType, preface, setting } from '../../src/proxy/http2/frames.ts';
import { frame, number, type RawPeer, rawClient } from '../../src/proxy/http2/testing.ts';
import type { Sidecar } from '../../src/proxy/sidecar.ts';
import { testSidecar } from './sidecar.ts';
import { backend, closeAll, freePorts, Peer, pause, shop, tableOf, until } from './support.ts';

afterEach(closeAll);

const megabyte = 1024 * 1024;

interface Target {
  port: number;
  sidecar: Sidecar;
  /** Status and details of what was logged. */
  log: string[];
  /** Requests that came to the endpoint, and what it holds back. */
  endpoint: { requests: number; bytes: number; release: (() => void)[] };
  /** A client who means well gets an answer, and nothing is left of the others. */
  recovers(): Promise<void>;
}

/** One limit each, so that no other cuts first what comes late. */
const short = { headers: { headersTimeoutMs: 150 }, stall: { stallTimeoutMs: 1000 }, idle: { idleTimeoutMs: 1000 } } satisfies Record<string, ClientLimits>;

/** Waits until a number grows no more, however often this process gets to read and write meanwhile. @returns the number, which is not 0 */
async function stands(count: () => number): Promise<number> {
  let last = 0;
  for (let same = 0; same < 20; ) {
    await pause(10);
    const now = count();
    same = now > 0 && now === last ? same + 1 : 0;
    last = now;
  }
  return last;
}

/** A sidecar whose service answers GET at once, and holds what is below /held. */
async function target(clientLimits?: ClientLimits, answer: string | Buffer = 'fine', hold?: (incoming: IncomingMessage) => void): Promise<Target> {
  const [port = 0] = await freePorts(1);
  const endpoint: Target['endpoint'] = { requests: 0, bytes: 0, release: [] };
  const v1 = await backend((incoming, response) => {
    endpoint.requests++;
    const held = incoming.url?.startsWith('/held');
    incoming.on('error', () => {});
    if (held && hold) hold(incoming);
    else {
      incoming.on('data', (chunk: Buffer) => {
        endpoint.bytes += chunk.length;
      });
    }
    if (held) endpoint.release.push(() => response.end());
    else incoming.on('end', () => response.end(answer));
  });
  const log: string[] = [];
  const sidecar = testSidecar({
    outboundPort: port,
    accessLog: (record: ExchangeRecord) => void log.push(`${record.status} ${record.details}`),
    ...(clientLimits ? { clientLimits } : {}),
  });
  await sidecar.apply(await tableOf(shop('v1'), [`web/v1=127.0.0.1:${v1}`]));
  const recovers = async (): Promise<void> => {
    const peer = new Peer(port);
    peer.send(`${head('GET', '/')}connection: close\r\n\r\n`);
    await until(() => peer.text.startsWith('HTTP/1.1 200 OK'), 'an answer for others');
    peer.socket.destroy();
    await until(() => sidecar.active.connections === 0 && sidecar.active.requests === 0, 'nothing left');
    const { breakers } = sidecar.upstreams.get('outbound|80|v1|web.shop.svc.cluster.local')?.state ?? {};
    await until(() => breakers?.requests.count === 0 && breakers.pending.count === 0, 'no limit counted');
  };
  return { port, sidecar, log, endpoint, recovers };
}

const head = (method: string, path: string): string => `${method} ${path} HTTP/1.1\r\nhost: web\r\n`;

describe('HTTP/1', () => {
  test('slow headers: 408', async () => {
    const { port, log, recovers } = await target(short.headers);
    for (const beginning of ['G', 'GET / HTT', `${head('GET', '/')}x: `]) {
      const peer = new Peer(port);
      const drip = setInterval(() => peer.send('x'), 20);
      peer.send(beginning);
      await until(() => peer.gone, 'cut');
      clearInterval(drip);
      peer.socket.destroy();
      expect(peer.text).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
    }
    expect(log).toEqual(Array(3).fill('408 request_header_timeout'));
    await recovers();
  });

  test.each([
    ['of known length', 'content-length: 10\r\n\r\nabc'],
    ['in chunks', 'transfer-encoding: chunked\r\n\r\n3\r\nab'],
  ])('a body that does not go on, %s: closed', async (_, rest) => {
    const { port, endpoint, recovers } = await target(short.stall);
    const peer = new Peer(port);
    peer.send(head('POST', '/held') + rest);
    await until(() => endpoint.requests === 1, 'at the endpoint');
    await until(() => peer.gone, 'cut');
    expect(peer.bytes).toBe(0);
    peer.socket.destroy();
    await recovers();
  });

  test('a client that does not take its response: closed, and the endpoint is held back meanwhile', async () => {
    const { port, sidecar, recovers } = await target(short.stall, Buffer.alloc(64 * megabyte));
    const peer = new Peer(port);
    peer.socket.pause();
    const before = process.memoryUsage.rss();
    peer.send(`${head('GET', '/')}\r\n`);
    await until(() => sidecar.active.requests === 1, 'under way');
    await pause(200);
    // The endpoint of this test is in the same process, and has its 64 MB once.
    expect(process.memoryUsage.rss() - before).toBeLessThan(100 * megabyte);
    await until(() => sidecar.active.connections === 0, 'cut');
    peer.socket.destroy();
    await recovers();
  });

  test('idle connections, also those that never said anything: closed', async () => {
    const { port, recovers } = await target(short.idle);
    const [silent, idle] = [new Peer(port), new Peer(port)];
    idle.send(`${head('GET', '/')}\r\n`);
    await until(() => silent.gone && idle.gone, 'closed');
    expect(silent.bytes).toBe(0);
    expect(idle.text).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*fine$/);
    silent.socket.destroy();
    idle.socket.destroy();
    await recovers();
  });

  test.each([
    ['one large header', `x: ${'y'.repeat(61 * 1024)}\r\n\r\n`, '431 http1.headers_too_large'],
    ['a header that does not end', `x: ${'y'.repeat(megabyte)}`, '431 http1.headers_too_large'],
    ['101 headers', `${'x: y\r\n'.repeat(101)}\r\n`, '431 http1.too_many_headers'],
    ['a million headers', 'x: y\r\n'.repeat(1_000_000), '431 http1.too_many_headers'],
  ])('LR-R18: header bombs, %s: 431', async (_, headers, logged) => {
    const { port, log, endpoint, recovers } = await target();
    const peer = new Peer(port);
    peer.send(head('GET', '/') + headers);
    await until(() => peer.gone, 'cut');
    // Whoever is still sending may be reset before the answer is read.
    if (peer.bytes > 0) expect(peer.text).toMatch(/^HTTP\/1\.1 431 /);
    await until(() => log.length > 0, 'log');
    expect(log).toEqual([logged]);
    expect(endpoint.requests).toBe(0);
    peer.socket.destroy();
    await recovers();
  });

  test('a request line that does not end: 431', async () => {
    const { port, recovers } = await target();
    const peer = new Peer(port);
    peer.send(`GET /${'x'.repeat(200 * 1024)}`);
    await until(() => peer.gone, 'cut');
    if (peer.bytes > 0) expect(peer.text).toMatch(/^HTTP\/1\.1 431 /);
    peer.socket.destroy();
    await recovers();
  });

  test.each([
    ['more digits than a number has', '10000000000000000\r\n'],
    ['more than is exact', 'ffffffffffffffff\r\n'],
    ['leading zeros without end', `${'0'.repeat(1000)}1\r\n`],
    ['an extension without end', `1;${'x'.repeat(2000)}`],
  ])('huge chunk sizes, %s: refused', async (_, size) => {
    const { port, recovers } = await target();
    const peer = new Peer(port);
    peer.send(`${head('POST', '/')}transfer-encoding: chunked\r\n\r\n${size}`);
    await until(() => peer.gone, 'cut');
    expect(peer.text).toMatch(/^HTTP\/1\.1 400 /);
    peer.socket.destroy();
    await recovers();
  });

  test('a huge chunk size that is a number takes no memory before its bytes come', async () => {
    const { port, endpoint, recovers } = await target();
    const before = process.memoryUsage.rss();
    const peers = Array.from({ length: 50 }, () => new Peer(port));
    for (const peer of peers) peer.send(`${head('POST', '/held')}transfer-encoding: chunked\r\n\r\nfffffffffffff\r\nabc`);
    await until(() => endpoint.bytes === 150, 'what came is passed on');
    expect(process.memoryUsage.rss() - before).toBeLessThan(50 * megabyte);
    for (const peer of peers) peer.socket.destroy();
    await recovers();
  });

  test('endless pipelining without reading: not more is read than is answered', async () => {
    const { port, sidecar, endpoint, recovers } = await target({ stallTimeoutMs: 3000 }, 'x'.repeat(4096));
    const peer = new Peer(port);
    peer.socket.pause();
    const requests = Buffer.from(`${head('GET', '/')}\r\n`.repeat(1000), 'latin1');
    const offered = 256;
    for (let i = 0; i < offered; i++) peer.send(requests);
    // It stands still when the buffers of the kernel are full of answers.
    await stands(() => endpoint.requests);
    expect(endpoint.requests).toBeLessThan((offered * 1000) / 4);
    expect(sidecar.active).toEqual({ requests: 0, connections: 1 });
    await until(() => sidecar.active.connections === 0, 'cut');
    peer.socket.destroy();
    await recovers();
  });

  test('a body that its endpoint does not take is not read without end, and a client that leaves meanwhile is not waited for', async () => {
    const { port, sidecar, recovers } = await target({ heldTimeoutMs: 5000 }, 'fine', (incoming) => incoming.pause());
    const peer = new Peer(port);
    peer.send(`${head('POST', '/held')}content-length: ${256 * megabyte}\r\n\r\n`);
    const chunk = Buffer.alloc(megabyte);
    for (let i = 0; i < 256; i++) peer.socket.write(chunk);
    const taken = await stands(() => peer.socket.bytesWritten - peer.socket.writableLength);
    expect(taken).toBeLessThan(64 * megabyte);
    expect(sidecar.active.requests).toBe(1);
    peer.socket.destroy();
    await recovers();
  });
});

const request = (method = 'GET', path = '/held'): string[] => [':method', method, ':path', path, ':scheme', 'http', ':authority', 'web'];
const many = (count: number, of: (i: number) => Uint8Array): Uint8Array[] => Array.from({ length: count }, (_, i) => of(i));

/** GOAWAY's code, or undefined where the connection was reset before it could be read. */
function goaway(peer: RawPeer): number | undefined {
  return peer.seen.find(({ type }) => type === frameType.goaway)?.payload.readUInt32BE(4);
}

const enhanceYourCalm = 11;

describe('HTTP/2', () => {
  test('rapid reset: the connection ends long before the endpoint is flooded', async () => {
    const { port, endpoint, recovers } = await target();
    const peer = await rawClient(port);
    peer.send(...many(5000, (i) => Buffer.concat([peer.headers(2 * i + 1, request()), number(frameType.rstStream, 2 * i + 1, 8)])));
    await peer.until((p) => p.closed);
    expect([undefined, enhanceYourCalm]).toContain(goaway(peer));
    expect(endpoint.requests).toBeLessThan(1100);
    await recovers();
  });

  test('streams beyond the limit are refused', async () => {
    const { port, endpoint, recovers } = await target();
    const peer = await rawClient(port);
    peer.send(...many(1100, (i) => peer.headers(2 * i + 1, request())));
    await peer.until((p) => p.seen.filter(({ type }) => type === frameType.rstStream).length === 76);
    await until(() => endpoint.requests === 1024, 'the others are served');
    peer.socket.destroy();
    await recovers();
  });

  test.each<[string, (peer: RawPeer) => Uint8Array[]]>([
    [
      'small frames',
      (peer) => [frame(frameType.headers, flag.endStream, 1, peer.block(request())), ...many(1000, () => frame(frameType.continuation, 0, 1, Buffer.alloc(1)))],
    ],
    [
      'large frames',
      (peer) => [
        frame(frameType.headers, flag.endStream, 1, peer.block(request())),
        ...many(1000, () => frame(frameType.continuation, 0, 1, Buffer.alloc(16_384))),
      ],
    ],
  ])('CONTINUATION flood, %s: the connection ends', async (_, frames) => {
    const { port, endpoint, recovers } = await target();
    const peer = await rawClient(port);
    peer.send(...frames(peer));
    await peer.until((p) => p.closed);
    expect([undefined, enhanceYourCalm]).toContain(goaway(peer));
    expect(endpoint.requests).toBe(0);
    await recovers();
  });

  test.each<[string, (peer: RawPeer) => Uint8Array[]]>([
    ['SETTINGS', () => many(30_000, () => frame(frameType.settings, 0, 0))],
    ['PING', () => many(30_000, () => frame(frameType.ping, 0, 0, Buffer.alloc(8)))],
    ['WINDOW_UPDATE', () => many(30_000, () => number(frameType.windowUpdate, 0, 1))],
    ['empty DATA', (peer) => [peer.headers(1, request('POST'), flag.endHeaders), ...many(30_000, () => frame(frameType.data, 0, 1))]],
    [
      'SETTINGS that change the windows of many streams',
      (peer) => [
        ...many(1000, (i) => peer.headers(2 * i + 1, request())),
        ...many(30_000, (i) => frame(frameType.settings, 0, 0, Buffer.from([0, setting.initialWindowSize, 0, 1, 0, i & 255]))),
      ],
    ],
  ])('%s flood: the connection ends', async (_, frames) => {
    const { port, recovers } = await target();
    const peer = await rawClient(port);
    peer.send(...frames(peer));
    await peer.until((p) => p.closed);
    expect([undefined, enhanceYourCalm]).toContain(goaway(peer));
    await recovers();
  });

  test('LR-R18: header bombs: their stream ends', async () => {
    const { port, log, endpoint, recovers } = await target();
    const peer = await rawClient(port);
    const large = peer.block([...request(), 'x', 'y'.repeat(100 * 1024)]);
    peer.send(frame(frameType.headers, flag.endStream, 1, large.subarray(0, 16_000)));
    for (let at = 16_000; at < large.length; at += 16_000) {
      const last = at + 16_000 >= large.length;
      peer.send(frame(frameType.continuation, last ? flag.endHeaders : 0, 1, large.subarray(at, at + 16_000)));
    }
    peer.send(peer.headers(3, [...request(), ...Array.from({ length: 101 }, (_, i) => [`x-${i}`, 'y']).flat()]));
    await peer.until((p) => p.seen.filter(({ type }) => type === frameType.rstStream).length === 2);
    expect(endpoint.requests).toBe(0);
    await until(() => log.length === 2, 'log');
    peer.socket.destroy();
    await recovers();
  });

  test('a compression bomb: one large field, named again and again', async () => {
    const { port, endpoint, recovers } = await target();
    const peer = await rawClient(port);
    const value = Buffer.alloc(4000, 'y');
    // Literal with incremental indexing, name `x`, value of 4000 bytes; then index 62 (the newest) as often as a frame holds.
    const literal = Buffer.concat([Buffer.from([0x40, 1, 0x78, 0x7f, ...hpackNumber(4000 - 127)]), value]);
    const bomb = Buffer.concat([peer.block(request()), literal, Buffer.alloc(12_000, 0x80 | 62)]);
    const before = process.memoryUsage.rss();
    for (let i = 0; i < 20; i++) peer.send(frame(frameType.headers, flag.endHeaders | flag.endStream, 2 * i + 1, bomb));
    await peer.until((p) => p.closed || p.seen.filter(({ type }) => type === frameType.rstStream).length === 20);
    expect(process.memoryUsage.rss() - before).toBeLessThan(50 * megabyte);
    expect(endpoint.requests).toBe(0);
    peer.socket.destroy();
    await recovers();
  });

  test.each<[string, (peer: RawPeer) => Uint8Array]>([
    ['a header block', (peer) => frame(frameType.headers, flag.endStream, 1, peer.block(request()))],
    ['a frame with headers', (peer) => peer.headers(1, request()).subarray(0, 12)],
  ])('%s that does not end: the connection ends', async (_, beginning) => {
    const { port, recovers } = await target(short.headers);
    const peer = await rawClient(port);
    peer.send(beginning(peer));
    await peer.until((p) => p.closed);
    await recovers();
  });

  test('a preface that does not end, and connections without streams: closed', async () => {
    const { port, recovers } = await target({ ...short.headers, ...short.idle });
    const half = new Peer(port);
    half.send(preface.subarray(0, 10));
    const idle = await rawClient(port);
    await until(() => half.gone, 'closed');
    await idle.until((p) => p.closed);
    expect(goaway(idle)).toBe(0);
    half.socket.destroy();
    await recovers();
  });

  test('a body that its endpoint does not take: a client that sends more than its window loses the stream', async () => {
    const { port, endpoint, recovers } = await target(undefined, 'fine', (incoming) => incoming.pause());
    const peer = await rawClient(port);
    peer.send(peer.headers(1, request('POST'), flag.endHeaders));
    await until(() => endpoint.requests === 1, 'at the endpoint');
    const before = process.memoryUsage.rss();
    const data = frame(frameType.data, 0, 1, Buffer.alloc(16_384));
    for (let i = 0; i < 2000 && !peer.closed && peer.seen.every(({ type }) => type !== frameType.rstStream); i++) {
      peer.send(data);
      if (i % 20 === 0) await pause(1);
    }
    await peer.until((p) => p.closed || p.seen.some(({ type }) => type === frameType.rstStream));
    expect(process.memoryUsage.rss() - before).toBeLessThan(100 * megabyte);
    peer.socket.destroy();
    await recovers();
  });
});

/** What follows a full prefix (RFC 7541, 5.1). */
function hpackNumber(rest: number): number[] {
  const bytes: number[] = [];
  let left = rest;
  while (left >= 128) {
    bytes.push((left % 128) + 128);
    left = Math.floor(left / 128);
  }
  return [...bytes, left];
}
