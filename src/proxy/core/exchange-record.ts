import type { AuthorizationNotes } from './authorization/notes.ts';
import type { GrpcMessages } from './grpc-messages.ts';
import type { HeaderChange } from './header-change.ts';
import type { Headers } from './headers.ts';
import { emptyHeaders } from './headers.ts';
import type { FlagSet } from './response-flags.ts';

/** A request as the router sees it. */
export interface RequestView {
  readonly method: string;
  /** Normalized target with its query; rewritten once a route was applied. */
  readonly path: string;
  /** Where the query begins in `path`: the index of `?`, or the length. */
  readonly pathEnd: number;
  /** As sent, with its port. */
  readonly authority: string;
  readonly scheme: string;
  /** Without Host and pseudo headers. */
  readonly headers: Headers;
  /** Verified payload of the request's token, for claim conditions (MAT-R22). */
  readonly claims: unknown;
}

/**
 * All that is known of one request and its response: what the router matches, what formats of headers and of the access log read,
 * and what metrics count. One class with all fields set at once, so that every reader sees one shape. Times are of the monotonic
 * clock in milliseconds, -1 before they happened; empty texts are not known.
 */
export class ExchangeRecord implements RequestView {
  method = '';
  path = '';
  pathEnd = 0;
  authority = '';
  scheme = '';
  /** Request headers; after `applyRoute` those that go upstream. */
  headers: Headers = emptyHeaders;
  claims: unknown = undefined;

  /** `HTTP/1.0`, `HTTP/1.1`, `HTTP/2`. */
  protocol = '';
  isHead = false;
  /** RT-R121 */
  isGrpc = false;
  /** Of a gRPC request (TEL-R1). */
  messages: GrpcMessages | undefined = undefined;
  /** An upgrade that is passed on (RT-R48). */
  isUpgrade = false;
  /** `Expect: 100-continue` */
  expectsContinue = false;
  /** Non-empty `origin` of a request that a CORS policy allows; `''` else. */
  corsOrigin = '';
  /** Decorator that an inbound proxy tells the client (RT-R40); `''`: none. */
  decoratorOperation = '';
  /** Values of `set-cookie` that hash policies made (DR-R32). */
  cookies: string[] | undefined = undefined;

  connectionId = 0;
  streamId = 0;
  /** Client that counts: of x-forwarded-for (RT-R46), else the peer. */
  remoteAddress = '';
  /** 0 for an address of x-forwarded-for. */
  remotePort = 0;
  /** Peer of the socket. */
  peerAddress = '';
  peerPort = 0;
  localAddress = '';
  localPort = 0;
  serverName = '';
  tlsVersion = '';
  tlsCipher = '';
  peerSubject = '';
  peerUriSans: readonly string[] = [];
  peerDnsSans: readonly string[] = [];
  /** SHA-256 of the peer's certificate, hexadecimal. */
  peerHash = '';
  /** PEM, percent-encoded. */
  peerCertificate = '';
  localUriSans: readonly string[] = [];
  filterChain = '';

  virtualHost = '';
  route = '';
  /** As in `%UPSTREAM_CLUSTER_RAW%`; empty for no route, an unknown cluster, redirects and direct responses. */
  cluster = '';
  /** `10.0.0.1:8080` of the last endpoint that was tried. */
  upstreamHost = '';
  /** `10.0.0.9:41234` */
  upstreamLocal = '';
  upstreamProtocol = '';
  upstreamFailure = '';
  /** As `%DOWNSTREAM_TRANSPORT_FAILURE_REASON%`. */
  downstreamFailure = '';
  /** Tries at an endpoint so far. */
  attempts = 0;

  /** 0: none was sent. */
  status = 0;
  responseHeaders: Headers = emptyHeaders;
  responseTrailers: Headers = emptyHeaders;
  flags: FlagSet = 0;
  /** Why the response is what it is: `via_upstream`, `route_not_found` … */
  details = '';
  terminationDetails = '';
  /** Of AUDIT policies and of those that are tried out; undefined: there are none. */
  authorization: AuthorizationNotes | undefined = undefined;
  /** Of the response, by a service that allowed the request. */
  responseChanges: readonly HeaderChange[] | undefined = undefined;
  /** Of bodies. */
  bytesReceived = 0;
  bytesSent = 0;

  /** Milliseconds since 1970. */
  startWall = 0;
  startedAt = -1;
  requestCompleteAt = -1;
  firstUpstreamTxAt = -1;
  lastUpstreamTxAt = -1;
  firstUpstreamRxAt = -1;
  lastUpstreamRxAt = -1;
  firstDownstreamTxAt = -1;
  completedAt = -1;
}
