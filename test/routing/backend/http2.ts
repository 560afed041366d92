// An echo service on HTTP/2, with gRPC framing where the request is gRPC.
import { constants, createServer, type Http2Session, type IncomingHttpHeaders, type ServerHttp2Stream, type ServerStreamResponseOptions } from 'node:http2';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Behaviour } from '../corpus.ts';
import { type HeaderList, header } from '../wire/http1.ts';
import { reset } from './http1.ts';
import { type Answer, answerBody, planAnswer } from './plan.ts';
import { caseHeader, type ReceivedRequest } from './record.ts';
import type { Service } from './service.ts';

const halfAnswerMs = 40;

/** Names of the error codes (RFC 9113, 7). */
export const errorNames: readonly string[] = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
];

export function errorName(code: number): string {
  return errorNames[code] ?? String(code);
}

/** One gRPC message: not compressed, its length, its bytes. */
export function grpcFrame(message: Buffer): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

function pairs(flat: readonly string[]): HeaderList {
  const list: HeaderList = [];
  for (let i = 0; i + 1 < flat.length; i += 2) list.push([flat[i] ?? '', flat[i + 1] ?? '']);
  return list;
}

/** Pieces of a cookie are joined (RFC 9113, 8.2.3), and come last, as the services of the recording had them. */
function joinedCookies(headers: HeaderList): HeaderList {
  const cookies = headers.filter(([name]) => name === 'cookie').map(([, value]) => value);
  if (cookies.length === 0) return headers;
  return [...headers.filter(([name]) => name !== 'cookie'), ['cookie', cookies.join('; ')]];
}

/** Headers in the form of node:http2. */
function outgoing(headers: HeaderList): Record<string, string | string[]> {
  const object: Record<string, string | string[]> = {};
  for (const [name, value] of headers) {
    const before = object[name];
    object[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value];
  }
  return object;
}

type Upgraded = Socket | TLSSocket;

/** A server that takes connections already accepted: `take(socket)`. */
export function http2Service(service: Service): { take: (socket: Upgraded) => void; close: () => void } {
  const { max_concurrent_streams: limit }: Behaviour = service.behaviour;
  const server = createServer({ settings: limit === undefined ? {} : { maxConcurrentStreams: limit }, maxSessionMemory: 100 });
  const sessions = new Set<Http2Session>();
  const sockets = new WeakMap<Http2Session, Upgraded>();
  let accepting: Upgraded | undefined;
  server.on('session', (session) => {
    sessions.add(session);
    if (accepting) sockets.set(session, accepting);
    session.on('close', () => sessions.delete(session));
    session.on('error', () => {});
  });
  server.on('stream', (stream: ServerHttp2Stream, _headers: IncomingHttpHeaders, _flags: number, raw: string[]) => {
    const socket = stream.session ? sockets.get(stream.session) : undefined;
    void serveStream(service, stream, pairs(raw), socket);
  });
  server.on('sessionError', () => {});
  return {
    take(socket) {
      accepting = socket;
      server.emit('connection', socket);
      accepting = undefined;
    },
    close() {
      for (const session of sessions) session.destroy();
    },
  };
}

async function serveStream(service: Service, stream: ServerHttp2Stream, raw: HeaderList, socket: Upgraded | undefined): Promise<void> {
  const { recorder } = service;
  const request: ReceivedRequest = {
    identity: service.identity,
    id: header(raw, caseHeader),
    method: header(raw, ':method') ?? '',
    path: header(raw, ':path') ?? '',
    authority: header(raw, ':authority') ?? header(raw, 'host') ?? null,
    http2: true,
    scheme: header(raw, ':scheme'),
    headers: joinedCookies(raw.filter(([name]) => !name.startsWith(':'))),
    body: Buffer.alloc(0),
    trailers: [],
    sent100Continue: false,
    streamReset: undefined,
    open: true,
  };
  recorder.requests.push(request);
  const parts: Buffer[] = [];
  let ours = false;
  let finished = false;
  stream.on('error', () => {});
  stream.on('trailers', (_trailers: IncomingHttpHeaders, _flags: number, flat?: string[]) => {
    request.trailers = flat ? pairs(flat) : Object.entries(_trailers).map(([name, value]): [string, string] => [name, String(value)]);
  });
  stream.on('close', () => {
    request.open = false;
    if (!ours && !finished && stream.rstCode !== constants.NGHTTP2_NO_ERROR) request.streamReset = errorName(stream.rstCode);
  });
  const complete = await new Promise<boolean>((resolve) => {
    stream.on('data', (chunk: Buffer) => parts.push(chunk));
    stream.on('end', () => resolve(true));
    stream.on('close', () => resolve(false));
  });
  request.body = Buffer.concat(parts);
  if (!complete) return;
  const answer = planAnswer(request, service.behaviour, recorder);
  await recorder.sleepTogether(answer.delayMs);
  if (stream.destroyed) return;
  if (answer.break === 'reset' || answer.break === 'close') {
    ours = true;
    if (socket && answer.break === 'reset') reset(socket);
    else socket?.destroy();
    return;
  }
  if (answer.rstCode !== undefined && !answer.rstAfterHeaders) {
    ours = true;
    stream.close(answer.rstCode);
    return;
  }
  const session = stream.session;
  const done = await respond(service, stream, request, answer);
  if (!done) {
    ours = true;
    if (answer.rstCode !== undefined) stream.close(answer.rstCode);
    else if (socket) reset(socket);
    return;
  }
  finished = true;
  if (answer.goaway) session?.goaway(constants.NGHTTP2_NO_ERROR);
}

/** Writes the answer. False when it is to break off here, in the middle. */
async function respond(service: Service, stream: ServerHttp2Stream, request: ReceivedRequest, answer: Answer): Promise<boolean> {
  const { grpc } = answer;
  const servedBy: HeaderList = [['x-served-by', service.identity]];
  const status: HeaderList = [[':status', String(answer.status)]];
  const breaksOff = answer.break === 'mid-body' || answer.rstCode !== undefined;
  if (grpc) {
    const outcome: HeaderList = [
      ['grpc-status', grpc.status],
      ...(grpc.message === undefined ? [] : [['grpc-message', grpc.message] satisfies [string, string]]),
    ];
    const type: HeaderList = [['content-type', 'application/grpc'], ...answer.headers];
    if (answer.status !== 200 || grpc.trailersOnly) {
      stream.respond(outgoing([...status, ...type, ...(answer.status === 200 ? outcome : []), ...servedBy]), {
        endStream: true,
        sendDate: false,
      } as ServerStreamResponseOptions);
      return true;
    }
    stream.respond(outgoing([...status, ...type, ...servedBy]), { waitForTrailers: true, sendDate: false } as ServerStreamResponseOptions);
    const message = grpcFrame(answerBody(request, answer));
    if (breaksOff) return half(service, stream, request, message);
    stream.on('wantTrailers', () => stream.sendTrailers(outgoing(outcome)));
    for (let i = 0; i < grpc.messages; i++) stream.write(message);
    await service.recorder.sleep(grpc.delayTrailersMs);
    if (stream.destroyed) return true;
    stream.end();
    return finish(stream);
  }
  const body = answerBody(request, answer);
  const headers: HeaderList = [...status, ['content-type', 'application/json'], ...answer.headers, ...servedBy];
  if (!answer.chunked && answer.trailer === undefined && answer.status !== 204) headers.push(['content-length', String(body.length)]);
  if (request.method === 'HEAD' || answer.status === 204 || answer.status === 304) {
    stream.respond(outgoing(headers), { endStream: true, sendDate: false } as ServerStreamResponseOptions);
    return true;
  }
  const { trailer } = answer;
  stream.respond(outgoing(headers), { waitForTrailers: trailer !== undefined, sendDate: false } as ServerStreamResponseOptions);
  if (breaksOff) return half(service, stream, request, body);
  if (trailer !== undefined) stream.on('wantTrailers', () => stream.sendTrailers({ 'x-echo-trailer': trailer }));
  stream.end(body);
  return finish(stream);
}

async function half(service: Service, stream: ServerHttp2Stream, { id }: ReceivedRequest, body: Buffer): Promise<false> {
  stream.write(body.subarray(0, body.length >> 1));
  await service.recorder.clientHasHead(id);
  await service.recorder.sleep(halfAnswerMs);
  return false;
}

/** Waits until everything was handed to the connection, or the stream is gone; true, for the answer is as far as it goes. */
async function finish(stream: ServerHttp2Stream): Promise<true> {
  await new Promise<void>((resolve) => {
    stream.on('finish', resolve);
    stream.on('close', resolve);
  });
  return true;
}
