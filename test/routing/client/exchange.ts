// What a client asks and what it gets, the same for HTTP/1 and HTTP/2.
import { type CaseRequest, textOf } from '../corpus.ts';
import type { HeaderList } from '../wire/http1.ts';
import type { TlsOutcome } from './connect.ts';

/** A request with its long texts written out. */
export interface ClientRequest {
  id: string;
  method: string;
  /** Null: no Host header, no :authority. */
  host: string | null;
  path: string;
  /** Null: no :scheme. */
  scheme: string | null;
  headers: HeaderList;
  /** The pieces of the body, undefined without a body. */
  body: Buffer[] | undefined;
  chunked: boolean;
  trailers: HeaderList;
  httpVersion: string;
  upgradePayload: string | undefined;
  timeoutMs: number;
  resetAfterMs: number | undefined;
  keepOpen: boolean;
  /** Called when it is on its way. */
  sent: () => void;
  /** Called when the client has the head of the answer. */
  headCame: () => void;
}

export interface ClientResult {
  error: 'connection-closed' | 'truncated-body' | 'client-timeout' | 'stream-reset' | 'client-reset' | undefined;
  status: number | undefined;
  headers: HeaderList;
  body: Buffer;
  trailers: HeaderList;
  interim: number[];
  upgradeEcho: string | undefined;
  streamReset: string | undefined;
  goaway: string | undefined;
  tls: TlsOutcome | undefined;
  /** address:port of the client. */
  local: string;
  elapsedMs: number;
}

/** How long a client waits where the case says nothing. */
const defaultTimeoutMs = 10_000;

export function isHttp2(request: CaseRequest): boolean {
  return String(request.http_version ?? '1.1') === '2';
}

function list(headers: readonly [string, unknown][] | undefined): HeaderList {
  return (headers ?? []).map(([name, value]) => [name, textOf(value as string)]);
}

/** @param id is sent in the test header */
export function clientRequest(
  request: CaseRequest,
  id: string,
  testHeader: string,
  { sent, headCame } = { sent: () => {}, headCame: () => {} },
): ClientRequest {
  const { grpc_message: grpc, chunks, body } = request;
  const http2 = isHttp2(request);
  let pieces: Buffer[] | undefined;
  if (grpc !== undefined && http2) {
    const message = Buffer.from(textOf(grpc));
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(message.length, 1);
    pieces = [Buffer.concat([prefix, message])];
  } else if (chunks !== undefined) pieces = chunks.map((chunk) => Buffer.from(textOf(chunk)));
  else if (body !== undefined && body !== null) pieces = [Buffer.from(textOf(body))];
  else if (request.chunked) pieces = [];
  return {
    id,
    method: request.method ?? 'GET',
    host: request.host ?? null,
    path: textOf(request.path ?? '/'),
    scheme: request.scheme === undefined ? 'http' : request.scheme,
    headers: [...list(request.headers), [testHeader, id]],
    body: pieces,
    chunked: request.chunked ?? chunks !== undefined,
    trailers: list(request.trailers),
    httpVersion: String(request.http_version ?? '1.1'),
    upgradePayload: request.upgrade_payload === undefined ? undefined : textOf(request.upgrade_payload),
    timeoutMs: request.client_timeout_ms ?? defaultTimeoutMs,
    resetAfterMs: request.client_reset_after_ms,
    keepOpen: request.keep_open ?? false,
    sent,
    headCame,
  };
}

export function noResult(local: string, tls: TlsOutcome | undefined): ClientResult {
  return {
    error: 'connection-closed',
    status: undefined,
    headers: [],
    body: Buffer.alloc(0),
    trailers: [],
    interim: [],
    upgradeEcho: undefined,
    streamReset: undefined,
    goaway: undefined,
    tls,
    local,
    elapsedMs: 0,
  };
}
