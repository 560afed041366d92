// The contract between codecs and the exchange in the middle. A downstream connection (http1/ or http2/) turns bytes into requests
// and calls the exchange; the exchange opens streams at upstream pools. Both sides push: whoever has data calls the handler, and
// `pause`/`resume` hold it back. No call is made on a handler after its end, failure or reset.

import type { ConnectionTls } from './core/connection-tls.ts';
import type { Headers } from './core/headers.ts';

/** What is known of a downstream connection. */
export interface ConnectionInfo {
  readonly id: number;
  readonly protocol: 'HTTP/1.1' | 'HTTP/2';
  /** Of the socket's peer. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Where the client meant to connect: the original destination when it was captured. */
  readonly localAddress: string;
  readonly localPort: number;
  /** Of a redirected connection; of any other nothing says where else than here it meant to go. */
  readonly originalDestination?: { address: string; port: number } | undefined;
  /** Server name of TLS; empty without. */
  readonly serverName: string;
  /** Absent: plain text. */
  readonly tls?: ConnectionTls | undefined;
}

/** The first line and headers of a request. */
export interface RequestHead {
  method: string;
  /** Request target in origin form; the authority of an absolute form is in `authority` (SEL-R61). */
  path: string;
  /** As sent; undefined: no Host header. Several Host headers are joined with a comma. */
  authority: string | undefined;
  /** `:scheme` of HTTP/2; undefined for HTTP/1. */
  scheme: string | undefined;
  /** Without Host and pseudo headers. Framing headers (content-length, transfer-encoding) are still there. */
  headers: Headers;
  version: 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2';
}

/** How to answer one request. */
export interface ServerStream {
  readonly connection: ConnectionInfo;
  /** 100 and 103. */
  writeInformational(status: number, headers: Headers): void;
  /**
   * Headers are final but for framing and `connection`, which the codec adds: HTTP/1 takes a `content-length` among them, or chunks.
   *
   * @param end there is no body
   */
  writeHead(status: number, headers: Headers, end: boolean): void;
  /** Takes the connection over for bytes in both directions after this head (101, or 200 of CONNECT). */
  writeUpgrade(status: number, headers: Headers): void;
  /** @returns false when the client is slow: `onDrain` follows */
  write(chunk: Uint8Array): boolean;
  end(trailers?: Headers): void;
  /** Ends the stream without an orderly end: HTTP/1 closes the connection, HTTP/2 sends RST_STREAM with this code (default INTERNAL_ERROR). */
  reset(code?: number): void;
  /** The connection is closed when this response is done (RT-R51). */
  closeAfter(): void;
  pause(): void;
  resume(): void;
}

export interface ServerHandler {
  onData(chunk: Uint8Array): void;
  onEnd(trailers?: Headers): void;
  /** The client went away, or broke the protocol after its head; `code`: of RST_STREAM. */
  onReset(reason: 'disconnect' | 'protocol-error' | 'reset', code?: number): void;
  onDrain(): void;
}

/** A request that cannot be routed: the codec answers by itself and tells for the log (LR-R18, R19, R24). */
export interface Refusal {
  /** 0: closed without an answer. */
  status: number;
  flags: string;
  details: string;
  head?: Partial<RequestHead>;
  bytesSent: number;
}

/** What takes the requests of a downstream connection. */
export interface RequestListener {
  onRequest(stream: ServerStream, head: RequestHead, endStream: boolean): ServerHandler;
  onRefused(connection: ConnectionInfo, refusal: Refusal): void;
}

/** Why an upstream stream failed; names as in the local replies (LR-R4 to R10). */
export type FailureReason =
  /** Refused, unreachable, TLS handshake failed. */
  | 'remote connection failure'
  | 'connection timeout'
  /** Closed or reset before the response was complete. */
  | 'connection termination'
  | 'protocol error'
  /** A limit of the cluster (DR-R52). */
  | 'overflow'
  /** RST_STREAM; REFUSED_STREAM apart because it may be retried always. */
  | 'remote reset'
  | 'remote refused stream reset';

export interface Failure {
  reason: FailureReason;
  /** As in `%UPSTREAM_TRANSPORT_FAILURE_REASON%`: `delayed_connect_error:_Connection_refused`; empty: none. */
  transport: string;
  /** RST_STREAM code. */
  code?: number;
}

/** What is known of the connection that a request went out on. */
export interface UpstreamConnection {
  readonly protocol: 'HTTP/1.1' | 'HTTP/2';
  readonly localAddress: string;
  readonly localPort: number;
}

/** One try of a request at one endpoint. */
export interface ClientStream {
  write(chunk: Uint8Array): boolean;
  end(trailers?: Headers): void;
  /** Gives it up: HTTP/1 closes the connection, HTTP/2 sends RST_STREAM. */
  reset(): void;
  pause(): void;
  resume(): void;
}

export interface ClientHandler {
  /** A connection took the request. */
  onConnection(connection: UpstreamConnection): void;
  onInformational(status: number, headers: Headers): void;
  /** `upgraded`: bytes in both directions follow (101). */
  onHead(status: number, headers: Headers, endStream: boolean, upgraded: boolean): void;
  onData(chunk: Uint8Array): void;
  onEnd(trailers?: Headers): void;
  onFailure(failure: Failure): void;
  onDrain(): void;
}

/** Request head as it goes out; headers are final but for framing. */
export interface OutgoingHead {
  method: string;
  path: string;
  authority: string;
  scheme: string;
  headers: Headers;
}

/** Connections to one endpoint of a cluster. */
export interface UpstreamPool {
  /** `endStream`: no body follows. A failure may come before this returns. */
  request(head: OutgoingHead, endStream: boolean, upgrade: boolean, handler: ClientHandler): ClientStream;
  /** Closes idle connections, and the others when their request is done. */
  drain(): void;
  /** Closes all at once. */
  destroy(): void;
}
