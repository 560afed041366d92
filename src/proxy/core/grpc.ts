// gRPC over HTTP: which requests are gRPC, and how statuses of one world read in the other.

export const grpcStatus = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const;

const statusNames: readonly string[] = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
];

const grpcType = 'application/grpc';

/** `application/grpc` and `application/grpc+proto`; not `application/grpc-web`. */
export function isGrpcContentType(contentType: string): boolean {
  return contentType.startsWith(grpcType) && (contentType.length === grpcType.length || contentType.charCodeAt(grpcType.length) === 43);
}

/** RT-R121 */
export function grpcStatusOfHttp(status: number): number {
  switch (status) {
    case 400:
      return grpcStatus.internal;
    case 401:
      return grpcStatus.unauthenticated;
    case 403:
      return grpcStatus.permissionDenied;
    case 404:
      return grpcStatus.unimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return grpcStatus.unavailable;
    default:
      return grpcStatus.unknown;
  }
}

/** HTTP status that counts for a gRPC status in metrics and outlier detection. */
export function httpStatusOfGrpc(status: number): number {
  switch (status) {
    case grpcStatus.ok:
      return 200;
    case grpcStatus.cancelled:
      return 499;
    case grpcStatus.invalidArgument:
    case grpcStatus.failedPrecondition:
    case grpcStatus.outOfRange:
      return 400;
    case grpcStatus.deadlineExceeded:
      return 504;
    case grpcStatus.notFound:
      return 404;
    case grpcStatus.alreadyExists:
    case grpcStatus.aborted:
      return 409;
    case grpcStatus.permissionDenied:
      return 403;
    case grpcStatus.resourceExhausted:
      return 429;
    case grpcStatus.unimplemented:
      return 501;
    case grpcStatus.unavailable:
      return 503;
    case grpcStatus.unauthenticated:
      return 401;
    default:
      return 500;
  }
}

/** Value of a `grpc-status` header; -1 when it is missing or no number. */
export function parseGrpcStatus(value: string | undefined): number {
  if (value === undefined || value === '' || value.length > 4) return -1;
  let status = 0;
  for (let i = 0; i < value.length; i++) {
    const digit = value.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return -1;
    status = status * 10 + digit;
  }
  return status;
}

/** `Unavailable` for 14; the number for one without a name. */
export function grpcStatusName(status: number): string {
  return statusNames[status] ?? String(status);
}

/** `UNAVAILABLE` for 14. */
export function grpcStatusSnakeName(status: number): string {
  const name = statusNames[status];
  if (name === undefined) return String(status);
  if (status === grpcStatus.cancelled) return 'CANCELLED';
  return status === 0 ? name : name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();
}

/** Text as the value of `grpc-message`: control characters, `%`, `~` and what is not ASCII are percent-encoded as UTF-8. */
export function encodeGrpcMessage(message: string): string {
  if (/^[ -$&-}]*$/.test(message)) return message;
  let out = '';
  for (const byte of new TextEncoder().encode(message)) {
    out += byte < 0x20 || byte >= 0x7e || byte === 0x25 ? `%${byte.toString(16).toUpperCase().padStart(2, '0')}` : String.fromCharCode(byte);
  }
  return out;
}
