// The codec beside the parser of Node (llhttp, strict): what both make of the same bytes.
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { errors } from '../../src/proxy/http1/protocol-error.ts';
import { parseRequests, parseResponse } from '../../src/proxy/http1/testing.ts';

interface Message {
  /** Method, or status. */
  subject: string;
  target: string;
  /** Without Host: `name: value` each, names in lower case. */
  headers: string[];
  body: string;
  complete: boolean;
  /** Nothing may come after it. */
  last: boolean;
  /** What comes after its head is not for the parser. */
  upgrade: boolean;
}

interface Outcome {
  messages: Message[];
  /** Name of an error of ours, or code and reason of theirs. */
  error: string | undefined;
  /** Where they found it. */
  errorAt?: number;
}

interface LlhttpError extends Error {
  code: string;
  reason: string;
  bytesParsed: number;
}

interface LlhttpParser {
  initialize(type: number, resource: object, maxHeaderSize: number, lenientFlags: number): void;
  execute(bytes: Buffer): number | LlhttpError;
  finish(): undefined | LlhttpError;
  /** Without it, its memory is never given back. */
  close(): void;
  [callback: number]: (...parts: never[]) => unknown;
}

interface LlhttpClass {
  new (): LlhttpParser;
  REQUEST: number;
  RESPONSE: number;
  kOnHeaders: number;
  kOnHeadersComplete: number;
  kOnBody: number;
  kOnMessageComplete: number;
  kLenientNone: number;
}

const { HTTPParser } = createRequire(import.meta.url)('_http_common') as { HTTPParser: LlhttpClass };
const names = new Map(Object.entries(errors).map(([name, { message }]) => [message, name]));
/** Method numbers of llhttp that the cases use. */
const methodNumbers: string[] = [];

function pairs(flat: readonly string[]): string[] {
  const lines: string[] = [];
  for (let i = 0; i < flat.length; i += 2) {
    const name = (flat[i] as string).toLowerCase();
    if (name !== 'host') lines.push(`${name}: ${flat[i + 1]}`);
  }
  return lines;
}

function llhttp(type: number, text: string, noBody: boolean, eof: boolean): Outcome {
  const messages: Message[] = [];
  const parser = new HTTPParser();
  parser.initialize(type, {}, 60 * 1024, HTTPParser.kLenientNone);
  let early: string[] = [];
  let earlyUrl = '';
  parser[HTTPParser.kOnHeaders] = (headers: string[], url: string) => {
    // Trailers come this way too.
    if (messages.at(-1)?.complete === false) return;
    early.push(...headers);
    earlyUrl += url;
  };
  parser[HTTPParser.kOnHeadersComplete] = (
    _major: number,
    _minor: number,
    headers: string[] | undefined,
    method: number,
    url: string | undefined,
    status: number,
    _reason: string,
    upgrade: boolean,
    keepAlive: boolean,
  ) => {
    messages.push({
      subject: type === HTTPParser.REQUEST ? (methodNumbers[method] ?? String(method)) : String(status),
      target: url ?? earlyUrl,
      headers: pairs(headers ?? early),
      body: '',
      complete: false,
      last: !keepAlive,
      upgrade,
    });
    early = [];
    earlyUrl = '';
    return noBody ? 1 : 0;
  };
  parser[HTTPParser.kOnBody] = (bytes: Buffer) => {
    (messages.at(-1) as Message).body += bytes.toString('latin1');
  };
  parser[HTTPParser.kOnMessageComplete] = () => {
    (messages.at(-1) as Message).complete = true;
  };
  const result = parser.execute(Buffer.from(text, 'latin1'));
  const failure = result instanceof Error ? result : eof ? parser.finish() : undefined;
  parser.close();
  if (!failure) return { messages, error: undefined };
  return { messages, error: `${failure.code} ${failure.reason}`.replaceAll('`', ''), errorAt: failure.bytesParsed };
}

for (const method of ['GET', 'POST', 'PUT', 'HEAD', 'DELETE', 'PATCH', 'OPTIONS', 'CONNECT', 'PROPFIND', 'TRACE']) {
  const parser = new HTTPParser();
  parser.initialize(HTTPParser.REQUEST, {}, 0, HTTPParser.kLenientNone);
  parser[HTTPParser.kOnHeadersComplete] = (...[, , , number]: [unknown, unknown, unknown, number]) => {
    methodNumbers[number] = method;
    return 0;
  };
  parser.execute(Buffer.from(`${method} ${method === 'CONNECT' ? 'a:1' : '/'} HTTP/1.1\r\n\r\n`));
}

function ourRequests(text: string): Outcome {
  const { messages, error } = parseRequests([Buffer.from(text, 'latin1')]);
  return {
    messages: messages.map(({ method, path, headers, body, complete, raw, minorVersion }) => {
      const lines = pairs(headers);
      const connection = lines.filter((line) => line.startsWith('connection:')).join(',');
      const keepAlive = minorVersion === 1 ? !/\bclose\b/i.test(connection) : /\bkeep-alive\b/i.test(connection) && !/\bclose\b/i.test(connection);
      return { subject: method, target: path, headers: lines, body, complete: complete || raw, last: !keepAlive, upgrade: raw };
    }),
    error: error === undefined ? undefined : (names.get(error) ?? error),
  };
}

function ourResponse(text: string, method: string, eof: boolean): Outcome {
  const { messages, error } = parseResponse([Buffer.from(text, 'latin1')], method, false, eof);
  return {
    messages: messages.map(({ status, headers, body, complete, raw }) => ({
      subject: String(status),
      target: '',
      headers: pairs(headers),
      body,
      complete: complete || (status < 200 && status !== 101),
      last: status >= 200,
      upgrade: raw,
    })),
    error: error === undefined ? undefined : (names.get(error) ?? error),
  };
}

/** What the two make of the same bytes: undefined where they agree, else who refuses what, or `different` with what. */
function compare(ours: Outcome, theirs: Outcome): string | undefined {
  for (let i = 0; ; i++) {
    const a = ours.messages[i];
    const b = theirs.messages[i];
    if (a === undefined || b === undefined) {
      if (ours.error !== undefined && theirs.error !== undefined) return undefined;
      if (ours.error !== undefined) return `we refuse: ${ours.error}`;
      if (theirs.error !== undefined) return `llhttp refuses: ${theirs.error}`;
      return a === b ? undefined : `different: ${a === undefined ? 'llhttp' : 'the codec'} reads one message more`;
    }
    if (a.subject !== b.subject) return `different: ${a.subject} and ${b.subject}`;
    if (a.target !== b.target && b.target.startsWith('/')) return `different targets: ${a.target} and ${b.target}`;
    if (a.headers.join('\n') !== b.headers.join('\n')) {
      const dropped = b.headers.filter((line) => !/^content-length: 0*$/.test(line));
      if ((a.subject === '204' || a.subject.startsWith('1')) && a.headers.join('\n') === dropped.join('\n'))
        return 'different: content-length of a message without body';
      return `different headers: ${JSON.stringify([a.headers, b.headers])}`;
    }
    // llhttp stops at every upgrade; others than websockets are requests like all others here (RT-R48).
    if (a.upgrade || b.upgrade) return undefined;
    if (a.complete !== b.complete) {
      if (!a.complete && ours.error !== undefined) return theirs.error === undefined || b.complete ? `we refuse: ${ours.error}` : undefined;
      if (!b.complete && theirs.error !== undefined) return `llhttp refuses: ${theirs.error}`;
    }
    const both = Math.min(a.body.length, b.body.length);
    if (a.body.slice(0, both) !== b.body.slice(0, both)) return `different bodies: ${JSON.stringify([a.body, b.body])}`;
    if (!a.complete || !b.complete) {
      if (ours.error !== undefined && theirs.error === undefined) return `we refuse: ${ours.error}`;
      if (ours.error === undefined && theirs.error !== undefined) return `llhttp refuses: ${theirs.error}`;
      if (a.complete !== b.complete || (ours.error === undefined && a.body !== b.body)) return `different: one waits for more of ${JSON.stringify([a, b])}`;
      return undefined;
    }
    if (a.body !== b.body) return `different bodies: ${JSON.stringify([a.body, b.body])}`;
    if (a.last || b.last) return undefined;
  }
}

/** llhttp judges each byte, the codec each line: what it will refuse when the rest of the line has come is no difference. */
function unlessLater(divergence: string | undefined, theirs: Outcome, text: string, ours: (text: string) => Outcome): string | undefined {
  if (!divergence?.startsWith('llhttp refuses') || text.includes('\n', (theirs.errorAt ?? 0) + 1)) return divergence;
  return ours(`${text}\r\n`).error === undefined ? divergence : undefined;
}

/** See docs/http1-strictness.md for what the answers stand for. */
export function requestDivergence(text: string): string | undefined {
  const theirs = llhttp(HTTPParser.REQUEST, text, false, false);
  return unlessLater(compare(ourRequests(text), theirs), theirs, text, ourRequests);
}

export function responseDivergence(text: string, method: string, eof: boolean): string | undefined {
  const theirs = llhttp(HTTPParser.RESPONSE, text, method === 'HEAD', eof);
  return unlessLater(compare(ourResponse(text, method, eof), theirs), theirs, text, (longer) => ourResponse(longer, method, false));
}

const seeds = [
  'GET / HTTP/1.1\r\nHost: h\r\n\r\n',
  'GET /a?b=%20#c HTTP/1.1\r\nHost: h\r\nAccept: */*\r\nX-Empty:\r\nCookie: a=b; c="d"\r\n\r\n',
  'GET http://a.example:80/x?y HTTP/1.1\r\nHost: h\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n',
  'CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n',
  'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello',
  'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n',
  'PUT /t HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: x\r\n\r\n1\r\na\r\n0\r\nX: y\r\n\r\n',
  'POST / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, close\r\nContent-Length: 0\r\n\r\n',
  'GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  'GET / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n',
];
const responses = [
  'HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\n\r\nhello',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a\r\nhello\r\n0\r\nx: y\r\n\r\n',
  'HTTP/1.1 404 Not Found\r\nServer: x\r\n\r\nuntil the end',
  'HTTP/1.1 304 Not Modified\r\nEtag: "x"\r\n\r\n',
  'HTTP/1.1 204 No Content\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok',
];
/** What attacks on framing are made of. */
const pieces = [
  ...['\0', '\r', '\n', '\r\n', '\n\r', ' ', '\t', '\x0b', '\x0c', ':', ';', ',', '"', '0', '1', 'f', 'g', '-', '+', '_', '\x7f', '\x80', '\xff', ''],
  ...[
    'Content-Length: 3\r\n',
    'Content-Length: 0\r\n',
    'content-length : 3\r\n',
    'Content-Length: 3, 3\r\n',
    'Content-Length: 03\r\n',
    'Content-Length: +3\r\n',
  ],
  ...['Transfer-Encoding: chunked\r\n', 'Transfer-Encoding: identity\r\n', 'Transfer-Encoding: gzip, chunked\r\n', 'Transfer-Encoding: chunked, gzip\r\n'],
  ...['transfer-encoding:\tChUnKeD \r\n', 'Transfer-Encoding:\r\n chunked\r\n', 'Transfer_Encoding: chunked\r\n', 'Connection: close\r\n', 'Host: other\r\n'],
  ...[
    ' x: folded\r\n',
    '\tfolded\r\n',
    'no-colon\r\n',
    ': empty\r\n',
    'GET /smuggled HTTP/1.1\r\n\r\n',
    '0\r\n\r\n',
    '5\r\nabcde\r\n',
    'HTTP/1.1',
    ' HTTP/1.0',
    'http://u@h/',
  ],
];

const damage = fc.record({ at: fc.nat(400), removed: fc.nat(4), inserted: fc.constantFrom(...pieces), atLine: fc.boolean() });

function damaged(text: string, damages: readonly { at: number; removed: number; inserted: string; atLine: boolean }[]): string {
  let result = text;
  for (const { at, removed, inserted, atLine } of damages) {
    let place = at % (result.length + 1);
    // Whole headers go where lines begin.
    if (atLine) place = result.indexOf('\n', place) + 1;
    result = result.slice(0, place) + inserted + result.slice(place + (atLine ? 0 : removed));
  }
  return result;
}

export const damagedRequests = fc
  .tuple(fc.array(fc.constantFrom(...seeds), { minLength: 1, maxLength: 3 }), fc.array(damage, { minLength: 1, maxLength: 4 }))
  .map(([texts, damages]) => damaged(texts.join(''), damages));

export const damagedResponses = fc
  .tuple(fc.constantFrom(...responses), fc.array(damage, { minLength: 1, maxLength: 4 }), fc.constantFrom('GET', 'HEAD'), fc.boolean())
  .map(([text, damages, method, eof]) => ({ text: damaged(text, damages), method, eof }));

/** The differences in the first column of the page's tables. */
export function explainedIn(page: string): string[] {
  return [...page.matchAll(/^\| `((?:we refuse|llhttp refuses|different): [^|]*)` \|/gm)].map(([, key]) => key as string);
}
