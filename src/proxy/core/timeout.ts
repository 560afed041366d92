// How long a request may take (RT-R60 to R64).
import type { ForwardAction } from '../../ir/route.ts';
import { getHeader, type Headers } from './headers.ts';

/** Longest number of a `grpc-timeout`: eight digits. */
const mostDigits = 99_999_999;

/** Milliseconds of a `grpc-timeout`, parts of one rounded up; undefined when it has no such form. */
export function parseGrpcTimeout(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  let amount = 0;
  let i = 0;
  for (; i < value.length; i++) {
    const digit = value.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) break;
    amount = amount * 10 + digit;
  }
  if (i === 0 || i + 1 !== value.length) return undefined;
  switch (value[i]) {
    case 'H':
      return amount * 3_600_000;
    case 'M':
      return amount * 60_000;
    case 'S':
      return amount * 1000;
    case 'm':
      return amount;
    case 'u':
      return Math.ceil(amount / 1000);
    case 'n':
      return Math.ceil(amount / 1_000_000);
    default:
      return undefined;
  }
}

/** `300m`; in greater units where the digits would not do. */
export function grpcTimeoutText(ms: number): string {
  if (ms <= mostDigits) return `${ms}m`;
  let amount = Math.floor(ms / 1000);
  if (amount <= mostDigits) return `${amount}S`;
  amount = Math.floor(amount / 60);
  if (amount <= mostDigits) return `${amount}M`;
  return `${Math.min(Math.floor(amount / 60), mostDigits)}H`;
}

/** Limit of the whole request, all tries included; 0: none (RT-R60, RT-R63). */
export function routeTimeoutMs(action: ForwardAction, isGrpc: boolean, headers: Headers): number {
  if (action.maxStreamDurationFromGrpcTimeout) return 0;
  if (!isGrpc || action.maxGrpcTimeoutMs === undefined) return action.timeoutMs;
  const asked = parseGrpcTimeout(getHeader(headers, 'grpc-timeout')) ?? 0;
  const cap = action.maxGrpcTimeoutMs;
  return cap !== 0 && (asked === 0 || asked > cap) ? cap : asked;
}

/** Limit of the stream from its begin, where a route takes it from `grpc-timeout` (RT-R64); 0: none. */
export function streamDurationMs(action: ForwardAction, isGrpc: boolean, headers: Headers): number {
  if (!action.maxStreamDurationFromGrpcTimeout || !isGrpc) return 0;
  return parseGrpcTimeout(getHeader(headers, 'grpc-timeout')) ?? 0;
}

/** Limit of one try; 0: none. One that is no shorter than the limit of the request does not count. */
export function perTryTimeoutMs(action: ForwardAction, routeTimeout: number): number {
  const perTry = action.retry?.perTryTimeoutMs ?? 0;
  return routeTimeout !== 0 && perTry >= routeTimeout ? 0 : perTry;
}

/**
 * What `x-envoy-expected-rq-timeout-ms` tells the upstream; 0: nothing.
 *
 * @param elapsedMs since the request was complete
 */
export function expectedTimeoutMs(routeTimeout: number, perTryTimeout: number, elapsedMs: number): number {
  const expected = perTryTimeout === 0 ? routeTimeout : perTryTimeout;
  if (expected === 0 || routeTimeout === 0) return expected;
  return elapsedMs >= routeTimeout ? 1 : Math.min(expected, Math.floor(routeTimeout - elapsedMs));
}
