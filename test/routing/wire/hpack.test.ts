import { connect } from 'node:http2';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeHeaders, HeaderDecoder } from './hpack.ts';

/** Header blocks as node:http2 writes them, for requests on one connection. */
async function written(requests: readonly Record<string, string>[]): Promise<Buffer[]> {
  const server = createTcpServer();
  const blocks = new Promise<Buffer[]>((resolve) => {
    server.on('connection', (socket) => {
      const found: Buffer[] = [];
      let bytes = Buffer.alloc(0);
      let preface = 24;
      socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]));
      socket.on('data', (chunk: Buffer) => {
        bytes = Buffer.concat([bytes, chunk]);
        if (preface > 0 && bytes.length >= preface) {
          bytes = bytes.subarray(preface);
          preface = 0;
        }
        while (preface === 0 && bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
          const length = bytes.readUIntBE(0, 3);
          if (bytes[3] === 1) found.push(bytes.subarray(9, 9 + length));
          bytes = bytes.subarray(9 + length);
        }
        if (found.length === requests.length) resolve(found);
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  client.on('error', () => {});
  client.on('remoteSettings', () => {
    for (const headers of requests) client.request(headers, { endStream: true }).on('error', () => {});
  });
  const result = await blocks;
  client.destroy();
  server.close();
  return result;
}

describe('header compression', () => {
  it('reads what node:http2 writes: tables, compressed text, every printable character', async () => {
    const printable = String.fromCharCode(...Array.from({ length: 95 }, (_, i) => 32 + i)).trim();
    const requests: Record<string, string>[] = [
      { ':method': 'POST', ':path': '/a?b=c', 'x-all': printable, cookie: 'a=b' },
      { ':method': 'GET', ':path': '/a?b=c', 'x-all': printable, 'x-long': 'z'.repeat(300) },
      { ':method': 'GET', ':path': '/', 'x-all': 'other', 'x-long': 'z'.repeat(300) },
    ];
    const decoder = new HeaderDecoder();
    for (const [i, block] of (await written(requests)).entries()) {
      const headers = new Map(decoder.decode(block));
      for (const [name, value] of Object.entries(requests[i] ?? {})) expect(headers.get(name)).toBe(value);
    }
  });

  it('reads back any headers', () => {
    const text = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text)), (headers) => {
        expect(new HeaderDecoder().decode(encodeHeaders(headers))).toEqual(headers);
      }),
    );
  });
});
