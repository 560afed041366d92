import { connect as connectTcp, createServer } from 'node:net';
import { connect as connectTls } from 'node:tls';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseClientHello } from './client-hello.ts';

/** What a real client sends first. */
async function realHello(options: { servername?: string; ALPNProtocols?: string[]; maxVersion?: 'TLSv1.2' }): Promise<Buffer> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const hello = new Promise<Buffer>((resolve) => {
    server.on('connection', (socket) => {
      socket
        .on('error', () => {})
        .once('data', (bytes: Buffer) => {
          resolve(bytes);
          socket.destroy();
        });
    });
  });
  connectTls({ socket: connectTcp(port, '127.0.0.1'), rejectUnauthorized: false, ...options }).on('error', () => {});
  const bytes = await hello;
  server.close();
  return bytes;
}

const hellos = {
  full: await realHello({ servername: 'Secure-A.Example.com', ALPNProtocols: ['h2', 'http/1.1'] }),
  bare: await realHello({ maxVersion: 'TLSv1.2' }),
};
const full = { state: 'complete', hello: { serverName: 'secure-a.example.com', alpn: ['h2', 'http/1.1'] } };

/** The message of a ClientHello in records of these sizes, the rest in one. */
function inRecords(hello: Buffer, sizes: readonly number[]): Buffer {
  const message = hello.subarray(5, 5 + hello.readUInt16BE(3));
  const records: Buffer[] = [];
  let at = 0;
  for (const size of [...sizes, message.length]) {
    const part = message.subarray(at, at + size);
    if (part.length === 0) continue;
    records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part);
    at += part.length;
  }
  return Buffer.concat(records);
}

describe('parseClientHello', () => {
  it('TCP-R11: server name in lower case, and ALPN, of a real client', () => {
    expect(parseClientHello(hellos.full)).toEqual(full);
    expect(parseClientHello(hellos.bare)).toEqual({ state: 'complete', hello: { serverName: '', alpn: [] } });
  });

  it('every beginning of it is incomplete', () => {
    for (let length = 0; length < hellos.full.length; length++) expect(parseClientHello(hellos.full.subarray(0, length)).state).toBe('incomplete');
  });

  it('any cut into records is the same message, and what follows does not matter', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 20 }), fc.uint8Array({ maxLength: 20 }), (sizes, rest) => {
        expect(parseClientHello(Buffer.concat([inRecords(hellos.full, sizes), rest]))).toEqual(full);
      }),
    );
  });

  it('never throws, whatever the bytes are', () => {
    const mutated = fc.array(fc.tuple(fc.nat(hellos.full.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }).map((changes) => {
      const bytes = Buffer.from(hellos.full);
      for (const [at, value] of changes) bytes[at] = value;
      return bytes;
    });
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 300 })), (bytes) => {
        const result = parseClientHello(bytes);
        if (result.state === 'complete') expect(result.hello.serverName).toBe(result.hello.serverName.toLowerCase());
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    ['another protocol', Buffer.from('GET / HTTP/1.1')],
    ['SSL 2', Buffer.from([0x80, 0x2e, 1, 3, 1])],
    ['an alert', Buffer.from([21, 3, 1, 0, 2, 1, 0])],
    ['a ServerHello', Buffer.from([22, 3, 3, 0, 4, 2, 0, 0, 0])],
    ['an empty record', Buffer.from([22, 3, 1, 0, 0])],
    ['a record that is too large', Buffer.from([22, 3, 1, 0x40, 1])],
    ['a message that is too large', Buffer.from([22, 3, 1, 0, 200, 1, 1, 0, 1])],
    ['too many records', inRecords(hellos.full, new Array(100).fill(1))],
  ])('%s is none', (_, bytes) => expect(parseClientHello(bytes).state).toBe('invalid'));

  const body = (extensions: readonly number[]): Buffer => {
    const message = [3, 3, ...new Array(32).fill(7), 0, 0, 2, 0x13, 1, 1, 0, extensions.length >> 8, extensions.length & 255, ...extensions];
    return Buffer.from([22, 3, 1, 0, message.length + 4, 1, 0, 0, message.length, ...message]);
  };
  const name = [0, 0, 0, 6, 0, 4, 0, 0, 1, 0x61];
  it.each([
    ['a name', name, 'complete'],
    ['a name twice', [...name, ...name], 'invalid'],
    ['an empty name', [0, 0, 0, 5, 0, 3, 0, 0, 0], 'invalid'],
    ['a name with NUL', [0, 0, 0, 7, 0, 5, 0, 0, 2, 0x61, 0], 'invalid'],
    ['a name of another type', [0, 0, 0, 6, 0, 4, 1, 0, 1, 0x61], 'invalid'],
    ['a name list that is too long', [0, 0, 0, 6, 0, 5, 0, 0, 1, 0x61], 'invalid'],
    ['no ALPN in the list', [0, 16, 0, 2, 0, 0], 'invalid'],
    ['an empty ALPN', [0, 16, 0, 3, 0, 1, 0], 'invalid'],
    ['a cut extension', [0, 0, 0, 6, 0], 'invalid'],
  ])('%s', (_, extensions, state) => expect(parseClientHello(body(extensions)).state).toBe(state));
});
