import { connect, createServer, type Socket } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { realClock } from '../real-clock.ts';
import { classify, type Detection, type DetectionOptions, Detector } from './detect.ts';

const http = { http: true, tls: false };
const of = (text: string, options: Pick<DetectionOptions, 'http' | 'tls'> = http): string | undefined =>
  classify(Buffer.from(text, 'latin1'), options)?.protocol;

describe('classify', () => {
  it.each([
    ['GET / HTTP/1.1\r\n', 'http/1.1'],
    ['GET / HTTP/1.1\n', 'http/1.1'],
    ['PUTT /a?b=c HTTP/1.1\r\n', 'http/1.1'],
    ['post / HTTP/1.1\r\n', 'http/1.1'],
    ['OPTIONS * HTTP/1.1\r\n', 'http/1.1'],
    ['GET http://a.test:80/x HTTP/1.1\r\n', 'http/1.1'],
    ['GET HTTP://a.test HTTP/1.1\r\n', 'http/1.1'],
    ['CONNECT a.test:443 HTTP/1.1\r\n', 'http/1.1'],
    ['GET / HTTP/1.0\r\n', 'http/1.0'],
    ['GET / HTTP/2.0\r\n', 'http/1.0'],
    ['GET /\r\n', 'http/1.0'],
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'h2c'],
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n', undefined],
    ['PRI * HTTP/2.0\r\n\r\nXX', 'http/1.0'],
    ['GET  HTTP/1.1\r\n', 'raw'],
    ['GET ?q HTTP/1.1\r\n', 'raw'],
    ['GET /a b HTTP/1.1\r\n', 'raw'],
    ['GET noslash HTTP/1.1\r\n', 'raw'],
    ['GET a.test:443 HTTP/1.1\r\n', 'raw'],
    ['GET http://a@@b/ HTTP/1.1\r\n', 'raw'],
    ['G@T / HTTP/1.1\r\n', 'raw'],
    ['GET /\x80 HTTP/1.1\r\n', 'raw'],
    ['GET / HTTP/1.1 \r\n', 'raw'],
    ['\r\nGET / HTTP/1.1\r\n', 'raw'],
    [' GET / HTTP/1.1\r\n', 'raw'],
    ['\x16\x03\x01', 'raw'],
    ['\x00', 'raw'],
    ['*1\r\n', 'raw'],
    ['GET / HTTP/1.', undefined],
    ['G', undefined],
    ['', undefined],
  ])('TCP-R3, SEL-R44: %j', (text, expected) => expect(of(text)).toBe(expected));

  it('a request line that does not end is none', () => {
    expect(of(`GET /${'a'.repeat(60_000)}`)).toBeUndefined();
    expect(of(`GET /${'a'.repeat(70_000)}`)).toBe('raw');
    expect(of('a'.repeat(70_000))).toBe('raw');
  });

  it('what is not looked at is raw at once', () => {
    expect(of('', { http: false, tls: false })).toBe('raw');
    expect(of('GET / HTTP/1.1\r\n', { http: false, tls: true })).toBe('raw');
    expect(of('GET / HTTP/1.1\r\n', { http: true, tls: true })).toBe('http/1.1');
  });

  it.each([
    ['G', undefined],
    ['GET ', undefined],
    ['GET /', 'raw'],
    ['\x16', undefined],
    ['\x16\x03\x01\x00', undefined],
    ['\x00', undefined],
  ])('SEC-R4: where nothing but TLS is taken, nothing is judged before the header of a record: %j', (text, expected) =>
    expect(of(text, { http: false, tls: 'only' })).toBe(expected),
  );

  it('is never certain of anything else later', () => {
    const text = fc.oneof(fc.constantFrom('GET / HTTP/1.1\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'PRIVATE / HTTP/1.1\r\n'), fc.string({ maxLength: 40 }));
    fc.assert(
      fc.property(text, (whole) => {
        let certain: string | undefined;
        for (let length = 0; length <= whole.length; length++) {
          const now = of(whole.slice(0, length));
          if (certain !== undefined) expect(now).toBe(certain);
          certain = now;
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('Detector', () => {
  const sockets: { destroy(): void }[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  async function detect(
    timeoutMs: number,
    act: (client: Socket) => void,
    more: Partial<DetectionOptions> = {},
  ): Promise<{ detection: Detection | undefined; bytes: string; socket: Socket }> {
    const server = createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const client = connect((server.address() as { port: number }).port, '127.0.0.1', () => act(client));
    client.on('error', () => {});
    const socket = await new Promise<Socket>((resolve) => server.once('connection', resolve));
    sockets.push(client, socket);
    server.close();
    return new Promise((resolve) => {
      Detector.detect(socket, { http: true, tls: true, timeoutMs, ...more }, realClock, (detection, bytes) =>
        resolve({ detection, bytes: bytes.toString('latin1'), socket }),
      );
    });
  }

  it('gives back all that was read, and nothing that follows is lost', async () => {
    const { detection, bytes, socket } = await detect(0, (client) => {
      client.setNoDelay(true);
      for (const c of 'GET / HTTP/1.1\r\nhost: a\r\n\r\nbody') client.write(c);
      setTimeout(() => client.end('rest'), 20);
    });
    expect(detection?.protocol).toBe('http/1.1');
    await new Promise((resolve) => setTimeout(resolve, 60));
    let all = bytes;
    socket.on('data', (chunk) => (all += chunk)).resume();
    await new Promise((resolve) => socket.on('end', resolve));
    expect(all).toBe('GET / HTTP/1.1\r\nhost: a\r\n\r\nbodyrest');
  });

  it('TCP-R3: after the timeout it is raw, with what came until then', async () => {
    expect(await detect(500, (client) => client.write('GE'))).toMatchObject({ detection: { protocol: 'raw' }, bytes: 'GE' });
  });

  it('SEC-R4: a ClientHello that was begun has to end in time, and what is none may take longer', async () => {
    const begun = Buffer.from('1603010200010001fc', 'hex');
    const left = await detect(0, (client) => client.write(begun), { tls: 'only', http: false, helloTimeoutMs: 500 });
    expect(left.detection).toBeUndefined();
    expect(left.socket.destroyed).toBe(true);
    const other = detect(0, (client) => client.write('GET /'), { helloTimeoutMs: 500 });
    expect(await Promise.race([other, new Promise((resolve) => setTimeout(() => resolve('waiting'), 800))])).toBe('waiting');
  });

  it('TCP-R3: without a timeout it waits for a client that waits for the server', async () => {
    const found = await Promise.race([detect(0, () => {}), new Promise((resolve) => setTimeout(() => resolve('waiting'), 100))]);
    expect(found).toBe('waiting');
  });

  it('a client that goes away before it said what it wants', async () => {
    const { detection, socket } = await detect(0, (client) => client.end('GE'));
    expect(detection).toBeUndefined();
    expect(socket.destroyed).toBe(true);
    expect((await detect(0, (client) => client.resetAndDestroy())).detection).toBeUndefined();
  });

  it('a listener that looks at nothing reads nothing', () => {
    let found: unknown;
    Detector.detect({} as Socket, { http: false, tls: false, timeoutMs: 0 }, realClock, (detection, bytes) => {
      found = [detection?.protocol, bytes.length];
    });
    expect(found).toEqual(['raw', 0]);
  });
});
