// The answers that the proxy gives itself (LR-R1 to R25). Bodies, flags and details are Envoy's, to the letter.
import type { FaultPolicy } from '../../ir/route.ts';
import { grpcStatus, grpcStatusOfHttp } from './grpc.ts';
import type { Headers } from './headers.ts';
import { emptyHeaders } from './headers.ts';
import { flags, type ResponseFlag } from './response-flags.ts';
import type { ResetReason } from './retry.ts';

const encoder = new TextEncoder();
const noBytes = new Uint8Array(0);

/** An answer of the proxy itself. */
export class LocalReply {
  readonly status: number;
  readonly body: Uint8Array;
  /** 0: raises none. */
  readonly flag: ResponseFlag | 0;
  readonly details: string;
  /** Behind the route's header operations, in front of content-length. */
  readonly headers: Headers;
  /** In front of the route's header operations. */
  readonly leading: Headers;
  /** For gRPC requests; -1: by the HTTP status (RT-R121). */
  readonly grpcStatus: number;
  /** False: the response of a filter, to which neither header operations of the route (RT-R20) nor gRPC forms apply. */
  readonly withRouteHeaders: boolean;
  /** The connection is closed behind it. */
  readonly closes: boolean;

  constructor(
    status: number,
    body: string | Uint8Array,
    flag: ResponseFlag | 0,
    details: string,
    more: { headers?: Headers; leading?: Headers; grpcStatus?: number; withRouteHeaders?: boolean; closes?: boolean } = {},
  ) {
    this.status = status;
    this.body = typeof body !== 'string' ? body : body === '' ? noBytes : encoder.encode(body);
    this.flag = flag;
    this.details = details;
    this.headers = more.headers ?? emptyHeaders;
    this.leading = more.leading ?? emptyHeaders;
    this.grpcStatus = more.grpcStatus ?? grpcStatusOfHttp(status);
    this.withRouteHeaders = more.withRouteHeaders ?? true;
    this.closes = more.closes ?? false;
  }
}

/** LR-R1 */
export const noRoute = new LocalReply(404, '', flags.noRouteFound, 'route_not_found');
/** LR-R3 */
export const noHealthyUpstream = new LocalReply(503, 'no healthy upstream', flags.noHealthyUpstream, 'no_healthy_upstream');
/** LR-R11 */
export const responseTimeout = new LocalReply(504, 'upstream request timeout', flags.upstreamRequestTimeout, 'response_timeout');
/** LR-R12 */
export const perTryTimeout = new LocalReply(504, 'upstream request timeout', flags.upstreamRequestTimeout, 'upstream_per_try_timeout');
/** LR-R20 */
export const rateLimited = new LocalReply(429, 'local_rate_limited', flags.rateLimited, 'local_rate_limited');
/** LR-R22 */
export const maxStreamDuration = new LocalReply(
  504,
  'upstream max stream duration reached',
  flags.upstreamMaxStreamDurationReached,
  'upstream_max_stream_duration_reached',
);
/** LR-R23 */
export const missingHost = new LocalReply(400, '', 0, 'missing_host_header', { closes: true });
/** A Host header in which two readers could see two hosts. */
export const invalidAuthority = new LocalReply(400, '', 0, 'http.invalid_authority', { closes: true });
/** A `connection` header that names headers it must not (RT-R44). */
export const badConnectionHeader = new LocalReply(400, 'Bad Request', flags.downstreamProtocolError, 'http1.connection_header_rejected', { closes: true });
/** LR-R25 */
export const badPath = new LocalReply(400, '', 0, 'path_normalization_failed');
export const missingPath = new LocalReply(404, '', 0, 'missing_path_rejected');
export const absolutePath = new LocalReply(404, '', 0, 'absolute_path_rejected');
/** The client sent nothing for too long. */
export const streamIdleTimeout = new LocalReply(408, 'stream timeout', flags.streamIdleTimeout, 'stream_idle_timeout');
/** The body is greater than what may be kept. */
export const payloadTooLarge = new LocalReply(413, 'Payload Too Large', 0, 'request_payload_too_large');
/** A service is being drained of requests. */
export const overloaded = new LocalReply(503, 'envoy overloaded', flags.overloadManager, 'overload_manager');

/** LR-R2, RT-R5: by the route's status for it. */
export const clusterNotFound: Readonly<Record<500 | 503, LocalReply>> = {
  500: new LocalReply(500, '', flags.noClusterFound, 'cluster_not_found'),
  503: new LocalReply(503, '', flags.noClusterFound, 'cluster_not_found'),
};

/** The limit of `grpc-timeout` on the whole stream (RT-R64). */
export function durationTimeout(requestComplete: boolean): LocalReply {
  return new LocalReply(requestComplete ? 504 : 408, 'downstream duration timeout', flags.durationTimeout, 'max_duration_timeout', {
    grpcStatus: grpcStatus.deadlineExceeded,
  });
}

/** LR-R15. `details`: `rbac_access_denied_matched_policy[none]`, or with the name of the rule that denied. */
export function accessDenied(details: string): LocalReply {
  return new LocalReply(403, 'RBAC: access denied', 0, details);
}

/** LR-R16. `reason`: `Jwt is expired`. */
export function jwtDenied(status: 401 | 403, reason: string, authenticate: string): LocalReply {
  return new LocalReply(status, reason, 0, `jwt_authn_access_denied{${reason.replaceAll(' ', '_')}}`, {
    leading: ['www-authenticate', authenticate],
    grpcStatus: status === 401 ? grpcStatus.unauthenticated : grpcStatus.permissionDenied,
  });
}

/** Details of a connection that the client ended (LR-R17). */
export const downstreamDisconnect = 'downstream_remote_disconnect';
export const viaUpstream = 'via_upstream';

/** Status 200 of a preflight (RT-R101); the route's header operations do not apply. */
export function corsPreflight(headers: Headers): LocalReply {
  return new LocalReply(200, '', 0, 'cors_response', { leading: headers, withRouteHeaders: false });
}

/** LR-R13, RT-R93. With a gRPC status the HTTP status is 200. */
export function faultAbort(abort: NonNullable<FaultPolicy['abort']>): LocalReply {
  const grpc = abort.grpcStatus;
  const more = grpc === undefined ? {} : { grpcStatus: grpc };
  return new LocalReply(grpc === undefined ? (abort.httpStatus ?? 503) : 200, 'fault filter abort', flags.faultInjected, 'fault_filter_abort', more);
}

/** LR-R14, RT-R18, RT-R19. `leading`: `location` of a redirect. */
export function direct(status: number, body: Uint8Array | string, leading?: Headers): LocalReply {
  return new LocalReply(status, body, 0, 'direct_response', leading ? { leading } : {});
}

/** Flag of a try that ended without a complete response (LR-R4 to R10). */
export function resetFlag(reason: ResetReason): ResponseFlag {
  switch (reason) {
    case 'remote connection failure':
    case 'connection timeout':
      return flags.upstreamConnectionFailure;
    case 'connection termination':
      return flags.upstreamConnectionTermination;
    case 'protocol error':
      return flags.upstreamProtocolError;
    case 'overflow':
      return flags.upstreamOverflow;
    case 'local reset':
      return flags.localReset;
    default:
      return flags.upstreamRemoteReset;
  }
}

const resetReplies = new Map<string, LocalReply>();
/** Transport failures may carry texts of peers: only so many replies are kept. */
const mostResetReplies = 256;

/**
 * A try that ended before the response began (LR-R4 to R10).
 *
 * @param retried this was not the first try (LR-R5)
 * @param transport reason of the transport, as in the log; empty: none
 */
export function upstreamReset(reason: ResetReason, retried: boolean, transport = ''): LocalReply {
  const key = `${retried ? 'r' : ''}${reason}|${transport}`;
  let reply = resetReplies.get(key);
  if (reply === undefined) {
    const body = `upstream connect error or disconnect/reset before headers. ${retried ? 'retried and the latest ' : ''}reset reason: ${reason}`;
    const details = `upstream_reset_before_response_started{${resetDetails(reason, transport)}}`;
    const headers: Headers = reason === 'overflow' ? ['x-envoy-overloaded', 'true'] : emptyHeaders;
    reply = new LocalReply(reason === 'protocol error' ? 502 : 503, body, resetFlag(reason), details, { headers });
    if (resetReplies.size < mostResetReplies) resetReplies.set(key, reply);
  }
  return reply;
}

/** Details of a try that ended within the response (LR-R8). */
export function resetAfterResponse(reason: ResetReason, transport = ''): string {
  return `upstream_reset_after_response_started{${resetDetails(reason, transport)}}`;
}

function resetDetails(reason: string, transport: string): string {
  const name = reason.replaceAll(' ', '_');
  return transport === '' ? name : `${name}|${transport.replaceAll(' ', '_')}`;
}
