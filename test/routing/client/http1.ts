// An HTTP/1 client that sends exactly what a case says, well-formed or not.
import { type HeaderList, header, readHead, readResponseBody, writeChunked, writeHead } from '../wire/http1.ts';
import { type ClientConnection, finalTls } from './connect.ts';
import { type ClientRequest, type ClientResult, noResult } from './exchange.ts';

/** Time that bytes of an upgraded connection may take to come back. */
const echoMs = 10_000;

function requestHead(request: ClientRequest): Buffer {
  const headers: HeaderList = [...(request.host === null ? [] : [['Host', request.host] satisfies [string, string]]), ...request.headers];
  const given = new Set(request.headers.map(([name]) => name.toLowerCase()));
  if (request.body && !given.has('content-length') && !given.has('transfer-encoding')) {
    if (request.chunked) headers.push(['transfer-encoding', 'chunked']);
    else headers.push(['content-length', String(request.body.reduce((sum, piece) => sum + piece.length, 0))]);
  }
  return writeHead(`${request.method} ${request.path} HTTP/${request.httpVersion}`, headers);
}

function requestBody(request: ClientRequest): Buffer {
  if (!request.body) return Buffer.alloc(0);
  return request.chunked ? writeChunked(request.body, request.trailers) : Buffer.concat(request.body);
}

/** Sends a request on a connection and waits for the answer. The connection can be used again when it has not ended. */
export async function exchangeHttp1(connection: ClientConnection, request: ClientRequest): Promise<ClientResult> {
  const started = performance.now();
  const result = noResult(connection.local, connection.tls);
  if (connection.established) {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<'timeout'>((resolve) => {
      timer = setTimeout(resolve, request.timeoutMs, 'timeout');
    });
    const outcome = await Promise.race([converse(connection, request, result), timeout]);
    clearTimeout(timer);
    if (outcome === 'timeout') {
      result.error = 'client-timeout';
      connection.close();
    }
  }
  result.tls = finalTls(connection);
  result.elapsedMs = performance.now() - started;
  return result;
}

async function converse(connection: ClientConnection, request: ClientRequest, result: ClientResult): Promise<void> {
  const { socket, reader } = connection;
  const waits = header(request.headers, 'expect') !== undefined;
  let pending = requestBody(request);
  socket.write(waits ? requestHead(request) : Buffer.concat([requestHead(request), pending]));
  if (!waits) pending = Buffer.alloc(0);
  request.sent();
  for (;;) {
    const head = await readHead(reader);
    if (!head) return;
    const status = Number(head.line.split(' ')[1]);
    if (!head.line.startsWith('HTTP/') || Number.isNaN(status)) {
      connection.close();
      return;
    }
    if (status >= 100 && status < 200 && status !== 101) {
      result.interim.push(status);
      if (status === 100 && pending.length > 0) {
        socket.write(pending);
        pending = Buffer.alloc(0);
      }
      continue;
    }
    result.status = status;
    result.headers = head.headers;
    result.error = undefined;
    request.headCame();
    if (status === 101) {
      await echo(connection, request, result);
      return;
    }
    const body = await readResponseBody(reader, request.method, status, head.headers);
    result.body = body.bytes;
    result.trailers = body.trailers;
    if (body.truncated) result.error = 'truncated-body';
    return;
  }
}

/** Sends bytes through an upgraded connection and takes what comes back. */
async function echo({ socket, reader, close }: ClientConnection, request: ClientRequest, result: ClientResult): Promise<void> {
  if (request.upgradePayload !== undefined) {
    const sent = Buffer.from(request.upgradePayload);
    socket.write(sent);
    const until = performance.now() + echoMs;
    while (reader.available < sent.length && reader.ending === undefined && performance.now() < until) await reader.more(until - performance.now());
    result.upgradeEcho = reader.takeAll().toString();
  }
  close();
}
