import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultLimits } from './message-parser.ts';
import { errors } from './protocol-error.ts';
import { cut, parseRequests } from './testing.ts';

function parse(text: string, limits = defaultLimits) {
  return parseRequests([Buffer.from(text, 'latin1')], limits);
}

/** Byte by byte: nothing of the fast path is used. */
function parseSlowly(text: string, limits = defaultLimits) {
  return parseRequests(
    cut(
      text,
      Array.from({ length: text.length }, (_, i) => i),
    ),
    limits,
  );
}

describe('request heads', () => {
  test('names in lower case, values without white space around, order and repetition kept', () => {
    const { messages } = parse('GET /a?b=c HTTP/1.1\r\nHost: h\r\nX-Multi: a\r\nAccept:\t x , y \t\r\nx-multi:b\r\nX-Empty:\r\n\r\n');
    expect(messages).toEqual([
      {
        method: 'GET',
        path: '/a?b=c',
        authority: 'h',
        headers: ['x-multi', 'a', 'accept', 'x , y', 'x-multi', 'b', 'x-empty', ''],
        minorVersion: 1,
        raw: false,
        body: '',
        complete: true,
      },
    ]);
  });

  test.each([
    [
      'SEL-R61: the authority of the absolute form beats Host',
      'GET http://other.example:81/abs?x=1 HTTP/1.1\r\nhost: h\r\n\r\n',
      'other.example:81',
      '/abs?x=1',
    ],
    ['absolute form without path', 'GET http://other HTTP/1.1\r\nhost: h\r\n\r\n', 'other', '/'],
    ['absolute form with query only', 'GET HTTPS://other?q HTTP/1.1\r\nhost: h\r\n\r\n', 'other', '/?q'],
    ['absolute form of the server itself', 'OPTIONS http://other HTTP/1.1\r\nhost: h\r\n\r\n', 'other', '*'],
    ['SEL-R61: several Host headers are joined', 'GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n', 'a,b', '/'],
    ['LR-R23: no Host is for the exchange to answer', 'GET / HTTP/1.1\r\naccept: x\r\n\r\n', undefined, '/'],
    ['empty Host is a Host', 'GET / HTTP/1.1\r\nhost:\r\n\r\n', '', '/'],
    ['asterisk form', 'OPTIONS * HTTP/1.1\r\nhost: h\r\n\r\n', 'h', '*'],
    ['authority form', 'CONNECT a.example:443 HTTP/1.1\r\nhost: h\r\n\r\n', 'a.example:443', ''],
    ['percent signs are not looked at', 'GET /% HTTP/1.1\r\nhost: h\r\n\r\n', 'h', '/%'],
    ['one empty line before', '\r\nGET /x HTTP/1.1\r\nhost: h\r\n\r\n', 'h', '/x'],
  ])('%s', (_, text, authority, path) => {
    for (const { messages, error } of [parse(text), parseSlowly(text)]) {
      expect(error).toBeUndefined();
      expect(messages[0]).toMatchObject({ authority, path });
    }
  });

  test.each([
    ['LR-R24: method in lower case', 'get / HTTP/1.1\r\nhost: h\r\n\r\n', errors.method],
    ['unknown method', 'PUTT / HTTP/1.1\r\nhost: h\r\n\r\n', errors.method],
    ['method with other characters', 'G@T / HTTP/1.1\r\nhost: h\r\n\r\n', errors.method],
    ['TLS instead of HTTP', '\x16\x03\x01\x02\x00', errors.method],
    ['two empty lines before', '\r\n\r\nGET / HTTP/1.1\r\n\r\n', errors.startLine],
    ['space in the target', 'GET /a b HTTP/1.1\r\nhost: h\r\n\r\n', errors.target],
    ['two spaces', 'GET  / HTTP/1.1\r\nhost: h\r\n\r\n', errors.target],
    ['no target', 'GET  HTTP/1.1\r\nhost: h\r\n\r\n', errors.target],
    ['target with high bytes', 'GET /\x80 HTTP/1.1\r\nhost: h\r\n\r\n', errors.target],
    ['target with a control character', 'GET /\x01 HTTP/1.1\r\nhost: h\r\n\r\n', errors.target],
    ['tab for space', 'GET\t/ HTTP/1.1\r\nhost: h\r\n\r\n', errors.startLine],
    ['target of no form', 'GET noslash HTTP/1.1\r\nhost: h\r\n\r\n', errors.targetForm],
    ['asterisk with GET', 'GET * HTTP/1.1\r\nhost: h\r\n\r\n', errors.targetForm],
    ['other scheme', 'GET ftp://a/ HTTP/1.1\r\nhost: h\r\n\r\n', errors.targetForm],
    ['user information in the target', 'GET http://u:p@a/ HTTP/1.1\r\nhost: h\r\n\r\n', errors.targetForm],
    ['empty authority in the target', 'GET http:///a HTTP/1.1\r\nhost: h\r\n\r\n', errors.targetForm],
    ['CONNECT without port', 'CONNECT a HTTP/1.1\r\nhost: h\r\n\r\n', errors.targetForm],
    ['CONNECT with a path', 'CONNECT /a HTTP/1.1\r\nhost: h\r\n\r\n', errors.targetForm],
    ['no version', 'GET /\r\nhost: h\r\n\r\n', errors.startLine],
    ['another protocol', 'GET / RTSP/1.1\r\nhost: h\r\n\r\n', errors.version],
    ['version in lower case', 'GET / http/1.1\r\nhost: h\r\n\r\n', errors.version],
    ['long version', 'GET / HTTP/1.11\r\nhost: h\r\n\r\n', errors.version],
    ['bare LF after the start line', 'GET / HTTP/1.1\nhost: h\r\n\r\n', errors.bareLf],
    ['bare LF after a header', 'GET / HTTP/1.1\r\nhost: h\n\r\n', errors.bareLf],
    ['bare LF for the empty line', 'GET / HTTP/1.1\r\nhost: h\r\n\n', errors.bareLf],
    ['bare CR in a value', 'GET / HTTP/1.1\r\nhost: h\rx: y\r\n\r\n', errors.headerValue],
    ['bare CR in the start line', 'GET /\rx HTTP/1.1\r\nhost: h\r\n\r\n', errors.target],
    ['null byte in a value', 'GET / HTTP/1.1\r\nhost: h\r\nx: a\0b\r\n\r\n', errors.headerValue],
    ['null byte in a name', 'GET / HTTP/1.1\r\nhost: h\r\nx\0y: 1\r\n\r\n', errors.headerName],
    ['DEL in a value', 'GET / HTTP/1.1\r\nhost: h\r\nx: a\x7f\r\n\r\n', errors.headerValue],
    ['RT-R50: space in a name', 'GET / HTTP/1.1\r\nhost: h\r\nbad header: x\r\n\r\n', errors.headerName],
    ['space before the colon', 'GET / HTTP/1.1\r\nhost : h\r\n\r\n', errors.headerName],
    ['empty name', 'GET / HTTP/1.1\r\nhost: h\r\n: x\r\n\r\n', errors.headerName],
    ['no colon', 'GET / HTTP/1.1\r\nhost: h\r\nx\r\n\r\n', errors.headerName],
    ['obs-fold', 'GET / HTTP/1.1\r\nhost: h\r\nx: a\r\n b\r\n\r\n', errors.fold],
    ['obs-fold of the start line', 'GET / HTTP/1.1\r\n host: h\r\n\r\n', errors.fold],
    ['RT-R50: content-length and chunked', 'POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n', errors.lengthAndChunked],
    ['the other way round', 'POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\ncontent-length: 0\r\n\r\n', errors.lengthAndChunked],
    ['two lengths', 'POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n', errors.contentLengthTwice],
    ['two lengths that are the same', 'POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\n', errors.contentLengthTwice],
    ['a list of lengths', 'POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 1, 1\r\n\r\n', errors.contentLength],
    ['length with text', 'POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 5x\r\n\r\n', errors.contentLength],
    ['length with sign', 'POST / HTTP/1.1\r\nhost: h\r\ncontent-length: +5\r\n\r\n', errors.contentLength],
    ['negative length', 'POST / HTTP/1.1\r\nhost: h\r\ncontent-length: -5\r\n\r\n', errors.contentLength],
    ['empty length', 'POST / HTTP/1.1\r\nhost: h\r\ncontent-length:\r\n\r\n', errors.contentLength],
    ['hexadecimal length', 'POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 0x5\r\n\r\n', errors.contentLength],
    ['length beyond what can be counted', 'POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 18446744073709551617\r\n\r\n', errors.contentLength],
    ['unknown coding', 'POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: gzip\r\n\r\n', errors.transferEncoding],
    ['coding before chunked', 'POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: gzip, chunked\r\n\r\n', errors.transferEncoding],
    ['chunked twice', 'POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n', errors.transferEncoding],
    ['chunked with a parameter', 'POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked;q=1\r\n\r\n', errors.transferEncoding],
    ['chunked in quotes', 'POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: "chunked"\r\n\r\n', errors.transferEncoding],
    ['vertical tab before chunked', 'POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: \x0bchunked\r\n\r\n', errors.headerValue],
    ['tab after chunked', 'POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\t\r\n\r\n', errors.transferEncoding],
    ['tab before chunked', 'POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding:\tchunked\r\n\r\n', errors.transferEncoding],
    ['tab and space before chunked', 'POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding:\t chunked\r\n\r\n', errors.transferEncoding],
    ['space and tab before chunked', 'POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: \tchunked\r\n\r\n', errors.transferEncoding],
    ['tab between spaces before chunked', 'POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: \t chunked\r\n\r\n', errors.transferEncoding],
    ['space and tab after chunked', 'POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked \t\r\n\r\n', errors.transferEncoding],
    ['tab and space after chunked', 'POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\t \r\n\r\n', errors.transferEncoding],
    ['chunked of HTTP/1.0', 'POST / HTTP/1.0\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n', errors.transferEncodingVersion],
    ['CONNECT with a body', 'CONNECT a:1 HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\n\r\nabc', errors.connectBody],
    ['upgrade with a body', 'GET / HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: websocket\r\ncontent-length: 3\r\n\r\nabc', errors.bodyNotAllowed],
  ])('refused: %s', (_, text, error) => {
    expect(parse(text).error).toBe(error.message);
    expect(parseSlowly(text).error).toBe(error.message);
  });

  test('an upgrade that is passed on ends the framing, another does not', () => {
    const upgrade = (kind: string) => `GET / HTTP/1.1\r\nhost: h\r\nConnection: x, Upgrade\r\nUpgrade: ${kind}\r\n\r\nGET /2 HTTP/1.1\r\nhost: h\r\n\r\n`;
    expect(parse(upgrade('WebSocket'))).toMatchObject({ messages: [{ raw: true, complete: false }], rest: 'GET /2 HTTP/1.1\r\nhost: h\r\n\r\n' });
    expect(parse(upgrade('h2c'))).toMatchObject({ messages: [{ raw: false }, { path: '/2' }], rest: '' });
  });

  test('RT-R50: limits of size and number', () => {
    const big = (bytes: number) => `GET / HTTP/1.1\r\nhost: h\r\nx-big: ${'a'.repeat(bytes)}\r\n\r\n`;
    const overhead = big(0).length;
    for (const run of [parse, parseSlowly]) {
      expect(run(big(60 * 1024 - overhead)).error).toBeUndefined();
      expect(run(big(60 * 1024 - overhead + 1)).error).toBe(errors.headersTooLarge.message);
      const many = (count: number) => `GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(count)}\r\n`;
      expect(run(many(100)).messages[0]?.headers.length).toBe(200);
      expect(run(many(101)).error).toBe(errors.tooManyHeaders.message);
    }
    // The limit does not wait for the end of a line.
    expect(parse(`GET /${'a'.repeat(70_000)}`).error).toBe(errors.headersTooLarge.message);
  });
});

describe('request bodies', () => {
  const chunked = (body: string) => `POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: Chunked\r\n\r\n${body}`;

  test.each([
    ['content-length', 'POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 003\r\n\r\nabc', 'abc'],
    ['chunks', chunked('6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n'), 'hello world'],
    ['no chunks', chunked('0\r\n\r\n'), ''],
    ['hexadecimal in both cases, leading zeros', chunked('00a\r\n0123456789\r\n0B\r\n01234567890\r\n0\r\n\r\n'), '012345678901234567890'],
    ['extensions are passed over', chunked('3;a=b;c="d e"\r\nabc\r\n1 \t;x\r\nd\r\n0;last\r\n\r\n'), 'abcd'],
    ['RT-R47: trailers are dropped', chunked('3\r\nabc\r\n0\r\nX-Sum: 1\r\ny: 2\r\n\r\n'), 'abc'],
  ])('%s', (_, text, body) => {
    for (const run of [parse, parseSlowly]) {
      const { messages, rest } = run(`${text}GET /next HTTP/1.1\r\nhost: h\r\n\r\n`);
      expect(messages).toMatchObject([
        { body, complete: true },
        { path: '/next', complete: true },
      ]);
      expect(rest).toBe('');
    }
  });

  test.each([
    ['size that is no number', 'x\r\n', errors.chunkSize],
    ['empty size', '\r\n', errors.chunkSize],
    ['size with sign', '+3\r\nabc\r\n', errors.chunkSize],
    ['size with 0x', '0x3\r\nabc\r\n', errors.chunkSize],
    ['size with an underscore', '1_0\r\n', errors.chunkSize],
    ['size beyond what can be counted', 'fffffffffffffff\r\n', errors.chunkSize],
    ['zeros without end', `${'0'.repeat(17)}1\r\n`, errors.chunkSize],
    ['size that ends in LF', '3\nabc\r\n', errors.chunkSize],
    ['CR without LF after the size', '3\rabc\r\n', errors.chunkSize],
    ['something after a space', '3 3\r\nabc\r\n', errors.chunkSize],
    ['bare LF in an extension', '3;a\nabc\r\n', errors.chunkExtension],
    ['bare CR in an extension', '3;a\rb\r\nabc\r\n', errors.chunkSize],
    ['extension without end', `3;${'a'.repeat(2000)}`, errors.chunkExtension],
    ['spaces without end', `3${' '.repeat(2000)}`, errors.chunkExtension],
    ['data longer than its size', '3\r\nabcd\r\n', errors.chunkEnd],
    ['data that ends in LF', '3\r\nabc\n0\r\n\r\n', errors.chunkEnd],
    ['trailer with a space in its name', '0\r\na b: c\r\n\r\n', errors.headerName],
    ['trailer with a null byte', '0\r\na: \0\r\n\r\n', errors.headerValue],
    ['trailer that is folded', '0\r\na: b\r\n c\r\n\r\n', errors.fold],
    ['trailer that ends in LF', '0\r\na: b\n\r\n', errors.bareLf],
    ['trailers without end', `0\r\na: ${'b'.repeat(70_000)}`, errors.trailersTooLarge],
    ['too many trailers', `0\r\n${'a: b\r\n'.repeat(101)}\r\n`, errors.trailersTooLarge],
  ])('refused: %s', (_, body, error) => {
    expect(parse(chunked(body)).error).toBe(error.message);
    expect(parseSlowly(chunked(body)).error).toBe(error.message);
  });
});

const token = fc
  .stringMatching(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,20}$/)
  .filter((name) => !/^(content-length|transfer-encoding|connection|host|upgrade)$/i.test(name));
const value = fc.stringMatching(/^[\x21-\x7e\x80-\xff]([\t\x20-\x7e\x80-\xff]{0,30}[\x21-\x7e\x80-\xff])?$/);
const header = fc.tuple(token, fc.oneof(value, fc.constant('')));
const body = fc.oneof(
  fc.constant({ headers: '', text: '', plain: '' }),
  fc.string({ maxLength: 40 }).map((text) => {
    const plain = Buffer.from(text).toString('latin1');
    return { headers: `Content-Length: ${plain.length}\r\n`, text: plain, plain };
  }),
  fc
    .array(
      fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
      { maxLength: 4 },
    )
    .map((chunks) => ({
      headers: 'Transfer-Encoding: chunked\r\n',
      text: `${chunks.map((chunk) => `${chunk.length.toString(16)};x=${chunk.length}\r\n${chunk}\r\n`).join('')}0\r\nx-trailer: 1\r\n\r\n`,
      plain: chunks.join(''),
    })),
);
const request = fc
  .record({
    method: fc.constantFrom('GET', 'POST', 'PROPFIND', 'OPTIONS'),
    path: fc.stringMatching(/^\/[\x21-\x7e]{0,30}$/),
    headers: fc.array(header, { maxLength: 8 }),
    body,
  })
  .map(({ method, path, headers, body: { headers: framing, text, plain } }) => ({
    text: `${method} ${path} HTTP/1.1\r\nHost: h\r\n${headers.map(([name, content]) => `${name}: ${content}\r\n`).join('')}${framing}\r\n${text}`,
    method,
    path,
    headers: headers.flatMap(([name, content]) => [name.toLowerCase(), content]),
    plain,
  }));

describe('requests, by property', () => {
  test('what is written is read, however it is cut', () => {
    fc.assert(
      fc.property(fc.array(request, { minLength: 1, maxLength: 3 }), fc.array(fc.nat(2000), { maxLength: 30 }), (requests, places) => {
        const { messages, error, rest } = parseRequests(cut(requests.map(({ text }) => text).join(''), places));
        expect(error).toBeUndefined();
        expect(rest).toBe('');
        expect(messages.map(({ method, path, body: plain, complete }) => ({ method, path, plain, complete }))).toEqual(
          requests.map(({ method, path, plain }) => ({ method, path, plain, complete: true })),
        );
        for (const [i, { headers }] of requests.entries()) {
          expect(messages[i]?.headers.filter((_, at, all) => !/^(content-length|transfer-encoding)$/.test(all[at - (at % 2)] as string))).toEqual(headers);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('what is damaged is read the same way, however it is cut', () => {
    const damage = fc.tuple(fc.nat(2000), fc.nat(3), fc.constantFrom('\0', '\r', '\n', '\r\n', ' ', ':', '\t', ';', '0', 'f', '\x7f', '\xff', ''));
    fc.assert(
      fc.property(
        fc.array(request, { minLength: 1, maxLength: 2 }),
        fc.array(damage, { maxLength: 3 }),
        fc.array(fc.nat(2000), { maxLength: 40 }),
        (requests, damages, places) => {
          let text = requests.map((one) => one.text).join('');
          for (const [at, removed, inserted] of damages) text = text.slice(0, at % text.length) + inserted + text.slice((at % text.length) + removed);
          expect(parseRequests(cut(text, places))).toEqual(parseRequests([Buffer.from(text, 'latin1')]));
        },
      ),
      { numRuns: 1000 },
    );
  });
});
