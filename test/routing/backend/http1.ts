// An echo service on HTTP/1.1, by hand on the socket: it resets, closes and stops half-way where it is told to.
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { type HeaderList, hasToken, header, readHead, readRequestBody, writeChunked, writeHead } from '../wire/http1.ts';
import type { SocketReader } from '../wire/reader.ts';
import { type Answer, answerBody, planAnswer } from './plan.ts';
import { caseHeader, type ReceivedRequest } from './record.ts';
import type { Service } from './service.ts';

/** Time for the first half of an answer to arrive behind its head before the connection is reset: a reset drops what is still on its way. */
const halfAnswerMs = 40;

/** Resets the TCP connection. */
export function reset(socket: Socket | TLSSocket): void {
  if (socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
}

function statusLine(status: number): string {
  return `HTTP/1.1 ${status} ${status === 200 ? 'OK' : status === 101 ? 'Switching Protocols' : 'Echo'}`;
}

/** Answers requests until the connection ends. */
export async function serveHttp1(service: Service, socket: Socket | TLSSocket, reader: SocketReader): Promise<void> {
  for (;;) {
    const head = await readHead(reader);
    if (!head) break;
    const expects = (header(head.headers, 'expect') ?? '').toLowerCase() === '100-continue';
    if (expects) socket.write('HTTP/1.1 100 Continue\r\n\r\n');
    const body = await readRequestBody(reader, head.headers);
    if (body.truncated) break;
    const [method = '', path = ''] = head.line.split(' ');
    const request: ReceivedRequest = {
      identity: service.identity,
      id: header(head.headers, caseHeader),
      method,
      path,
      authority: header(head.headers, 'host') ?? null,
      http2: false,
      scheme: undefined,
      headers: head.headers.filter(([name]) => name.toLowerCase() !== 'host'),
      body: body.bytes,
      trailers: body.trailers,
      sent100Continue: expects,
      streamReset: undefined,
      open: false,
    };
    service.recorder.requests.push(request);
    if (hasToken(head.headers, 'connection', 'upgrade') && header(head.headers, 'upgrade') !== undefined) {
      upgrade(service, socket, reader, head.headers);
      return;
    }
    if (!(await respond(service, socket, request))) return;
  }
  socket.end();
}

/** Writes the answer. Whether the connection goes on. */
async function respond(service: Service, socket: Socket | TLSSocket, request: ReceivedRequest): Promise<boolean> {
  const answer = planAnswer(request, service.behaviour, service.recorder);
  await service.recorder.sleepTogether(answer.delayMs);
  if (socket.destroyed) return false;
  if (answer.break === 'reset') {
    reset(socket);
    return false;
  }
  if (answer.break === 'close') {
    socket.end();
    return false;
  }
  const bodiless = request.method === 'HEAD' || answer.status === 204 || answer.status === 304;
  const body = answerBody(request, answer);
  const chunked = answer.chunked || answer.trailer !== undefined;
  const head = writeHead(statusLine(answer.status), headersOf(service, answer, chunked, body.length));
  if (answer.break === 'mid-body') {
    socket.write(Buffer.concat([head, body.subarray(0, body.length >> 1)]));
    await service.recorder.clientHasHead(request.id);
    await service.recorder.sleep(halfAnswerMs);
    reset(socket);
    return false;
  }
  const trailers: HeaderList = answer.trailer === undefined ? [] : [['x-echo-trailer', answer.trailer]];
  socket.write(Buffer.concat([head, bodiless ? Buffer.alloc(0) : chunked ? writeChunked([body], trailers) : body]));
  if (answer.close) socket.end();
  return !answer.close;
}

function headersOf(service: Service, answer: Answer, chunked: boolean, length: number): HeaderList {
  const headers: HeaderList = [['content-type', 'application/json'], ...answer.headers, ['x-served-by', service.identity]];
  if (chunked) headers.push(['transfer-encoding', 'chunked']);
  else if (answer.status !== 204) headers.push(['content-length', String(length)]);
  if (answer.close) headers.push(['connection', 'close']);
  return headers;
}

/** Accepts a WebSocket, and sends back each piece as it is. */
function upgrade(service: Service, socket: Socket | TLSSocket, reader: SocketReader, headers: HeaderList): void {
  const accept = createHash('sha1')
    .update(`${header(headers, 'sec-websocket-key')}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  socket.write(
    writeHead(statusLine(101), [
      ['upgrade', header(headers, 'upgrade') ?? ''],
      ['connection', 'Upgrade'],
      ['sec-websocket-accept', accept],
      ['x-served-by', service.identity],
    ]),
  );
  void (async () => {
    while (reader.ending === undefined || reader.available > 0) {
      if (reader.available > 0) socket.write(reader.takeAll());
      else await reader.more();
    }
    socket.end();
  })();
}
