import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { errors } from './protocol-error.ts';
import { cut, parseResponse } from './testing.ts';

const whole = (text: string) => [Buffer.from(text, 'latin1')];
const bytewise = (text: string) =>
  cut(
    text,
    Array.from({ length: text.length }, (_, i) => i),
  );

describe('responses', () => {
  test.each([
    ['content-length', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc', 'GET', { status: 200, body: 'abc', reusable: true }],
    ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx: y\r\n\r\n', 'GET', { body: 'abc', reusable: true }],
    ['no reason phrase', 'HTTP/1.1 599\r\nContent-Length: 0\r\n\r\n', 'GET', { status: 599, reusable: true }],
    ['empty reason phrase', 'HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n', 'GET', { status: 200, reusable: true }],
    ['reason phrase in another charset', 'HTTP/1.1 200 \xe4\xf6\r\nContent-Length: 0\r\n\r\n', 'GET', { status: 200 }],
    ['RT-R47: HEAD has no body, whatever it says', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n', 'HEAD', { body: '', complete: true, reusable: true }],
    ['HEAD of a chunked response', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', 'HEAD', { body: '', complete: true, reusable: true }],
    ['RT-R47: 304 has no body', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n', 'GET', { body: '', complete: true, reusable: true }],
    ['RT-R47: 204 has no body and no length', 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n', 'GET', { headers: [], complete: true, reusable: true }],
    ['connection: close', 'HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 0\r\n\r\n', 'GET', { complete: true, reusable: false }],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n', 'GET', { complete: true, reusable: false }],
    ['HTTP/1.0 with keep-alive', 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n', 'GET', { complete: true, reusable: true }],
    ['2xx of CONNECT is a tunnel', 'HTTP/1.1 200 OK\r\n\r\n', 'CONNECT', { raw: true, reusable: false }],
    ['a refused CONNECT is not', 'HTTP/1.1 403 No\r\nContent-Length: 1\r\n\r\nx', 'CONNECT', { raw: false, body: 'x', reusable: true }],
  ])('%s', (_, text, method, expected) => {
    for (const pieces of [whole(text), bytewise(text)]) {
      const { messages, error, rest } = parseResponse(pieces, method);
      expect(error).toBeUndefined();
      expect(rest).toBe('');
      expect(messages).toMatchObject([expected]);
    }
  });

  test('a body without length ends with the connection', () => {
    const text = 'HTTP/1.1 200 OK\r\nx: y\r\n\r\nabc';
    expect(parseResponse(whole(text), 'GET', false, false).messages[0]).toMatchObject({ body: 'abc', complete: false });
    expect(parseResponse(whole(text), 'GET', false, true).messages[0]).toMatchObject({ body: 'abc', complete: true, reusable: false });
  });

  test.each([
    ['in the start line', 'HTTP/1.1 2'],
    ['in the head', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n'],
    ['in a body with length', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab'],
    ['in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'],
    ['before the trailers are over', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n'],
  ])('LR-R8: an end of the connection %s is an error', (_, text) => {
    expect(parseResponse(whole(text), 'GET', false, true).error).toBe(errors.unexpectedEnd.message);
    expect(parseResponse(bytewise(text), 'GET', false, true).error).toBe(errors.unexpectedEnd.message);
  });

  test('LR-R7: an end before the first byte is none', () => {
    expect(parseResponse([], 'GET', false, true).error).toBeUndefined();
    expect(parseResponse(whole('HTTP/1.1 100 Continue\r\n\r\n'), 'GET', false, true).error).toBeUndefined();
  });

  test('RT-R47: interim responses come before the response', () => {
    const text = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx';
    for (const pieces of [whole(text), bytewise(text)]) {
      expect(parseResponse(pieces).messages).toMatchObject([
        { status: 100 },
        { status: 103, headers: ['link', 'x'] },
        { status: 200, body: 'x', reusable: true },
      ]);
    }
  });

  test('RT-R48: 101 ends the framing where it was asked for', () => {
    const text = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x00';
    expect(parseResponse(whole(text), 'GET', true)).toMatchObject({ messages: [{ status: 101, raw: true }], rest: '\x81\x00' });
    expect(parseResponse(whole(text), 'GET', false).error).toBe(errors.unexpectedUpgrade.message);
  });

  test('what comes after a response is left', () => {
    expect(parseResponse(whole('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n\r\n'))).toMatchObject({ rest: 'HTTP/1.1 200 OK\r\n\r\n' });
  });

  test.each([
    ['garbage', 'garbage\r\n\r\n', errors.method],
    ['HTTP/2', 'HTTP/2 200\r\n\r\n', errors.version],
    ['another version', 'HTTP/1.2 200 OK\r\n\r\n', errors.version],
    ['status of two digits', 'HTTP/1.1 20 OK\r\n\r\n', errors.status],
    ['status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n', errors.startLine],
    ['status below 100', 'HTTP/1.1 099 OK\r\n\r\n', errors.status],
    ['two spaces', 'HTTP/1.1  200 OK\r\n\r\n', errors.status],
    ['null byte in the reason', 'HTTP/1.1 200 O\0K\r\n\r\n', errors.startLine],
    ['bare LF', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n', errors.bareLf],
    ['length and chunked', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n', errors.lengthAndChunked],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n', errors.contentLengthTwice],
    ['unknown coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n', errors.transferEncoding],
    ['204 with chunks', 'HTTP/1.1 204 OK\r\nTransfer-Encoding: chunked\r\n\r\n', errors.bodyNotAllowed],
    ['204 with a length', 'HTTP/1.1 204 OK\r\nContent-Length: 3\r\n\r\n', errors.bodyNotAllowed],
    ['space in a header name', 'HTTP/1.1 200 OK\r\na b: c\r\n\r\n', errors.headerName],
    ['null byte in a header', 'HTTP/1.1 200 OK\r\na: \0\r\n\r\n', errors.headerValue],
    ['obs-fold', 'HTTP/1.1 200 OK\r\na: b\r\n c\r\n\r\n', errors.fold],
    ['too large', `HTTP/1.1 200 OK\r\na: ${'b'.repeat(70_000)}\r\n\r\n`, errors.headersTooLarge],
    ['too many', `HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(101)}\r\n`, errors.tooManyHeaders],
  ])('LR-R9: refused: %s', (_, text, error) => {
    expect(parseResponse(whole(text)).error).toBe(error.message);
    expect(parseResponse(bytewise(text)).error).toBe(error.message);
  });

  test('what is damaged is read the same way, however it is cut', () => {
    const sources = fc.constantFrom(
      'HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\nA\r\n0123456789\r\n0\r\nt: u\r\n\r\n',
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nServer: x\r\n\r\nuntil close',
      'HTTP/1.1 304 Not Modified\r\nEtag: "x"\r\n\r\n',
    );
    const damage = fc.tuple(fc.nat(200), fc.nat(3), fc.constantFrom('\0', '\r', '\n', '\r\n', ' ', ':', ';', '0', 'f', '\xff', ''));
    fc.assert(
      fc.property(sources, fc.array(damage, { maxLength: 3 }), fc.array(fc.nat(200), { maxLength: 30 }), fc.boolean(), (source, damages, places, eof) => {
        let text = source;
        for (const [at, removed, inserted] of damages) text = text.slice(0, at % text.length) + inserted + text.slice((at % text.length) + removed);
        expect(parseResponse(cut(text, places), 'GET', false, eof)).toEqual(parseResponse(whole(text), 'GET', false, eof));
      }),
      { numRuns: 1000 },
    );
  });
});
