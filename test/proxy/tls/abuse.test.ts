// Clients that mean no good, or do it badly, where TLS is ended. Each case: the client is cut off, others are served, nothing stays.
import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { closeAll, Peer, toClose, until } from '../support.ts';
import { type Pair, snapshotOf, TestAuthority, workloadOf } from './identities.ts';
import { type Inbound, inbound, plainClient, secureClient } from './inbound.ts';

afterEach(closeAll);

let mesh: TestAuthority;
let app: Pair;
let client: Pair;
/** As a client of the mesh sends it. */
let hello: Buffer;

const get = 'GET / HTTP/1.1\r\nhost: app\r\n\r\n';
const alpn = ['istio-http/1.1', 'istio', 'http/1.1'];
/** Where it is what a test is about. */
const handshakeTimeoutMs = 1500;

beforeAll(async () => {
  mesh = await TestAuthority.create();
  app = await mesh.workload('ns/shop/sa/app');
  client = await mesh.workload('ns/shop/sa/client');
  hello = await recordedHello();
});

/** A ClientHello of Node's, caught by a server that does not answer. */
async function recordedHello(): Promise<Buffer> {
  const { createServer } = await import('node:net');
  const caught = Promise.withResolvers<Buffer>();
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (chunk) => {
      caught.resolve(chunk);
      socket.destroy();
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  connectTls({ port, host: '127.0.0.1', ALPNProtocols: alpn, rejectUnauthorized: false }).on('error', () => {});
  const bytes = await caught.promise;
  server.close();
  return bytes;
}

async function world(limitMs = 20_000): Promise<Inbound> {
  const made = await inbound({ mode: 'STRICT', kind: 'http', clientLimits: { handshakeTimeoutMs: limitMs } });
  made.sidecar.credentials.set(snapshotOf(workloadOf(app, mesh.roots)));
  return made;
}

/** Those who mean well are served, and nothing of the others is left. */
async function recovers({ port, sidecar }: Inbound): Promise<void> {
  const { received, socket } = await secureClient(port, { ...client, ALPNProtocols: alpn }, get, 50);
  expect(received).toContain('HTTP/1.1 200');
  socket.destroy();
  await until(() => sidecar.active.connections === 0 && sidecar.active.requests === 0, 'nothing under way');
}

test.each<[string, () => Buffer]>([
  ['a record with garbage', () => Buffer.concat([Buffer.from([22, 3, 1, 0, 200, 1, 0, 0, 196]), Buffer.alloc(196, 0xee)])],
  ['a record of another kind', () => Buffer.from([23, 3, 3, 0, 5, 1, 2, 3, 4, 5])],
  ['a ClientHello with a length that cannot be', () => Buffer.from([22, 3, 1, 0xff, 0xff, 1, 0, 0, 1])],
  ['an empty record', () => Buffer.from([22, 3, 1, 0, 0])],
  ['an alert', () => Buffer.from([21, 3, 1, 0, 2, 2, 40])],
  ['SSL 2', () => Buffer.from([0x80, 0x2e, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10])],
  ['plain HTTP', () => Buffer.from(get)],
  ['zeros', () => Buffer.alloc(4096)],
])('%s instead of a ClientHello: closed, and in the log', async (_, bytes) => {
  const made = await world();
  const { received, gone } = await plainClient(made.port, bytes(), 50);
  expect([received, gone]).toEqual(['', true]);
  expect(made.lines()).toEqual(['NR filter_chain_not_found']);
  await recovers(made);
});

test('a ClientHello that is larger than any is not waited for', async () => {
  const made = await world();
  const peer = new Peer(made.port);
  // A handshake message of 16 MB, in records that are right.
  const record = Buffer.concat([Buffer.from([22, 3, 1, 0x40, 0]), Buffer.alloc(0x4000)]);
  Buffer.from([1, 0xff, 0xff, 0xff]).copy(record, 5);
  peer.socket.write(record);
  await until(() => peer.gone, 'closed');
  expect(made.lines()).toEqual(['NR filter_chain_not_found']);
  await recovers(made);
});

test('half of a ClientHello: closed after the time that a handshake has', async () => {
  const made = await world(handshakeTimeoutMs);
  const peer = new Peer(made.port);
  const began = performance.now();
  peer.socket.write(hello.subarray(0, hello.length >> 1));
  await until(() => peer.gone, 'closed');
  expect(performance.now() - began).toBeGreaterThan(handshakeTimeoutMs - 20);
  expect(peer.bytes).toBe(0);
  await recovers(made);
});

test('a ClientHello and then nothing: closed after the time that a handshake has', async () => {
  const made = await world(handshakeTimeoutMs);
  const peer = new Peer(made.port);
  peer.socket.write(hello);
  await until(() => peer.bytes > 100, 'the answer of the server');
  await until(() => peer.gone, 'closed');
  await recovers(made);
});

test('a client that sends a byte at a time does not keep a handshake alive', async () => {
  const made = await world(handshakeTimeoutMs);
  const peer = new Peer(made.port);
  peer.socket.write(hello);
  await until(() => peer.bytes > 100, 'the answer of the server');
  // The begin of a long record of handshake, which never ends.
  peer.socket.write(Buffer.from([22, 3, 3, 0x20, 0]));
  const drip = setInterval(() => peer.socket.write(Buffer.from([0])), 20);
  await until(() => peer.gone, 'closed').finally(() => clearInterval(drip));
  await recovers(made);
});

test('garbage after a ClientHello: an alert, and closed', async () => {
  const made = await world();
  const peer = new Peer(made.port);
  peer.socket.write(Buffer.concat([hello, Buffer.from([22, 3, 3, 0, 4, 9, 9, 9, 9])]));
  await until(() => peer.gone, 'closed');
  const counters = made.sidecar.metrics?.listener('virtualInbound').tls;
  await until(() => counters?.connection_error === 1, `counted: ${JSON.stringify(counters)}`);
  await recovers(made);
});

test('a ClientHello that comes in single bytes is one', async () => {
  const made = await world();
  const peer = new Peer(made.port);
  for (const byte of hello) {
    peer.socket.write(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until(() => peer.bytes > 100, 'the answer of the server');
  expect(peer.received[0]).toBe(22);
});

test('many clients that leave in the middle of their handshakes leave nothing', async () => {
  const made = await world();
  const peers = Array.from({ length: 100 }, () => new Peer(made.port));
  for (const peer of peers) peer.socket.write(hello);
  await until(() => peers.every((peer) => peer.bytes > 0), 'answers');
  for (const peer of peers) peer.socket.resetAndDestroy();
  await recovers(made);
  await until(() => made.sidecar.handshakes === 0, 'no handshake under way');
});

test('a client may not begin a handshake anew within a connection', async () => {
  const made = await world();
  const socket = connectTls({ port: made.port, host: '127.0.0.1', ...client, ALPNProtocols: alpn, maxVersion: 'TLSv1.2', rejectUnauthorized: false });
  toClose({ close: () => socket.destroy() });
  await once(socket, 'secureConnect');
  const outcome = Promise.withResolvers<string>();
  socket.on('error', (error: NodeJS.ErrnoException) => outcome.resolve(error.code ?? ''));
  socket.on('close', () => outcome.resolve('closed'));
  socket.renegotiate({}, (error) => outcome.resolve(error ? error.message : 'renegotiated'));
  expect(await outcome.promise).toMatch(/NO_RENEGOTIATION|closed|ECONNRESET/);
  socket.destroy();
  await recovers(made);
});

test('garbage after the handshake ends the connection, and the request that is under way with it', async () => {
  const made = await world();
  const peer = new Peer(made.port);
  const socket = connectTls({ socket: peer.socket, ...client, ALPNProtocols: alpn, rejectUnauthorized: false });
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  socket.write('POST / HTTP/1.1\r\nhost: app\r\ncontent-length: 1000\r\n\r\n');
  await until(() => made.sidecar.active.requests === 1, 'a request');
  // Below TLS, as somebody on the way would.
  peer.socket.write(Buffer.from([23, 3, 3, 0, 20, ...Buffer.alloc(20, 0xab)]));
  await until(() => made.sidecar.active.requests === 0, 'it is over');
  await recovers(made);
});

test('TLS before 1.2 is refused', async () => {
  const made = await world();
  for (const version of ['TLSv1', 'TLSv1.1'] as const) {
    const { error } = await secureClient(made.port, { ...client, minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' }, get, 50);
    expect([version, error]).toEqual([version, 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION']);
  }
  await recovers(made);
});
