// Helpers of this room's tests.
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Headers } from '../core/headers.ts';
import type { ConnectionInfo } from '../stream.ts';
import { defaultLimits, type MessageLimits } from './message-parser.ts';
import { RequestParser } from './request-parser.ts';
import { ResponseParser } from './response-parser.ts';

export { pause, until } from '../../../test/until.ts';

export interface ParsedRequest {
  method: string;
  path: string;
  authority: string | undefined;
  headers: Headers;
  minorVersion: number;
  raw: boolean;
  body: string;
  complete: boolean;
}

export interface Parsed<Message> {
  messages: Message[];
  error: string | undefined;
  /** Bytes after the last message that were not read. */
  rest: string;
}

/** Parses the pieces as a connection would: one message after another, up to the first error or tunnel. */
export function parseRequests(
  pieces: readonly Buffer[],
  limits: MessageLimits = defaultLimits,
  upgrades: readonly string[] = ['websocket'],
): Parsed<ParsedRequest> {
  const messages: ParsedRequest[] = [];
  const sink = {
    onHead() {
      const { method, path, authority, headers, minorVersion, raw, hasBody } = parser;
      messages.push({ method, path, authority, headers: [...headers], minorVersion, raw, body: '', complete: !hasBody });
    },
    onBody(chunk: Buffer) {
      (messages.at(-1) as ParsedRequest).body += chunk.toString('latin1');
    },
    onMessageEnd() {
      (messages.at(-1) as ParsedRequest).complete = true;
    },
  };
  const parser = new RequestParser(sink, limits, upgrades);
  const rest: Buffer[] = [];
  for (const piece of pieces) {
    let at = 0;
    while (at < piece.length && parser.error === undefined && !parser.raw) {
      if (parser.complete) parser.next();
      at = parser.execute(piece, at, piece.length);
    }
    if (at < piece.length && parser.error === undefined) rest.push(piece.subarray(at));
  }
  return { messages, error: parser.error?.message, rest: Buffer.concat(rest).toString('latin1') };
}

export interface ParsedResponse {
  status: number;
  headers: Headers;
  raw: boolean;
  body: string;
  complete: boolean;
  reusable: boolean;
}

/** The response to one request; `eof`: the connection ends after it. */
export function parseResponse(
  pieces: readonly Buffer[],
  method = 'GET',
  upgrade = false,
  eof = false,
  limits: MessageLimits = defaultLimits,
): Parsed<ParsedResponse> {
  const messages: ParsedResponse[] = [];
  const sink = {
    onHead() {
      const { status, headers, raw, hasBody, interimStatus } = parser;
      messages.push({ status, headers: [...headers], raw, body: '', complete: !hasBody && !interimStatus, reusable: false });
    },
    onBody(chunk: Buffer) {
      (messages.at(-1) as ParsedResponse).body += chunk.toString('latin1');
    },
    onMessageEnd() {
      (messages.at(-1) as ParsedResponse).complete = true;
    },
  };
  const parser = new ResponseParser(sink, limits);
  parser.expect(method, upgrade);
  const rest: Buffer[] = [];
  for (const piece of pieces) {
    const at = parser.execute(piece, 0, piece.length);
    if (at < piece.length && parser.error === undefined) rest.push(piece.subarray(at));
  }
  if (eof) parser.finish();
  const last = messages.at(-1);
  if (last !== undefined && parser.error === undefined) last.reusable = parser.reusable;
  return { messages, error: parser.error?.message, rest: Buffer.concat(rest).toString('latin1') };
}

/** Cuts text at these places; they are taken modulo its length. */
export function cut(text: string, places: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text, 'latin1');
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  const pieces: Buffer[] = [];
  let start = 0;
  for (const end of [...at, bytes.length]) {
    pieces.push(Buffer.from(bytes.subarray(start, end)));
    start = end;
  }
  return pieces;
}

export const testInfo: ConnectionInfo = {
  id: 1,
  protocol: 'HTTP/1.1',
  remoteAddress: '127.0.0.1',
  remotePort: 1,
  localAddress: '127.0.0.1',
  localPort: 2,
  serverName: '',
};

/** A server on loopback. */
export async function listen(onSocket: (socket: Socket) => void): Promise<{ server: Server; port: number }> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, onSocket);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as { port: number }).port };
}

/** A socket that keeps what it reads. */
export class Peer {
  readonly socket: Socket;
  received = '';
  ended = false;
  closed = false;
  failed: string | undefined = undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.received += chunk.toString('latin1');
    });
    socket.on('end', () => {
      this.ended = true;
    });
    socket.on('close', () => {
      this.closed = true;
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.failed = error.code;
    });
  }

  static connect(port: number): Peer {
    return new Peer(connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true }));
  }

  send(text: string): void {
    this.socket.write(text, 'latin1');
  }
}
