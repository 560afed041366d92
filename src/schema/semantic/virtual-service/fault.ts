import type { HTTPFaultInjection, HTTPFaultInjection_Abort, HTTPFaultInjection_Delay, Percent } from '../../../manifest/istio/networking.gen.ts';
import type { Path } from '../../../manifest/problem.ts';
import { checkDuration } from '../primitives.ts';
import type { ProblemSink } from '../validator.ts';
import { checkStatus } from './responses.ts';

const grpcStatuses: ReadonlySet<string> = new Set([
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
]);
const grpcLink = 'https://github.com/grpc/grpc/blob/master/doc/statuscodes.md';

/** Errors and delays that are injected on purpose. An abort without a status does nothing, which the reference lets pass. */
export function checkFault(sink: ProblemSink, path: Path, fault: HTTPFaultInjection | undefined): void {
  if (!fault) return;
  if (!fault.abort && !fault.delay) sink.error(path, 'the fault injects nothing: it needs an abort and/or a delay');
  if (fault.abort) checkAbort(sink, [...path, 'abort'], fault.abort);
  if (fault.delay) checkDelay(sink, [...path, 'delay'], fault.delay);
}

function checkAbort(sink: ProblemSink, path: Path, abort: HTTPFaultInjection_Abort): void {
  const { grpcStatus, http2Error, httpStatus, percentage } = abort;
  checkFraction(sink, [...path, 'percentage', 'value'], percentage);
  if (grpcStatus !== undefined) {
    if (!grpcStatuses.has(grpcStatus)) {
      sink.error([...path, 'grpcStatus'], `${JSON.stringify(grpcStatus)} is not a gRPC status such as 'NOT_FOUND' (see ${grpcLink})`);
    }
  } else if (http2Error !== undefined) {
    sink.error([...path, 'http2Error'], 'aborts with an HTTP/2 error are not supported', { help: 'use httpStatus or grpcStatus' });
  } else if (httpStatus !== undefined) checkStatus(sink, [...path, 'httpStatus'], httpStatus);
}

function checkDelay(sink: ProblemSink, path: Path, delay: HTTPFaultInjection_Delay): void {
  checkFraction(sink, [...path, 'percentage', 'value'], delay.percentage);
  if (delay.fixedDelay !== undefined) checkDuration(sink, [...path, 'fixedDelay'], delay.fixedDelay);
  else if (delay.exponentialDelay !== undefined) {
    checkDuration(sink, [...path, 'exponentialDelay'], delay.exponentialDelay);
    sink.error([...path, 'exponentialDelay'], 'exponentialDelay is not supported', { help: 'use fixedDelay' });
  }
}

/** Envoy counts in millionths, so what is above 0 is at least 0.0001 percent. */
function checkFraction(sink: ProblemSink, path: Path, percentage: Percent | undefined): void {
  const value = percentage?.value ?? 0;
  if (!(value < 0 || value > 100 || (value > 0 && value < 0.0001))) return;
  sink.error(path, `percentage ${formatFloat(value)} is neither 0.0 nor between 0.0001 and 100.0`);
}

/** A number as Go prints it: with an exponent of two digits below 0.0001. */
function formatFloat(value: number): string {
  if (Math.abs(value) >= 0.0001 && Math.abs(value) < 1e21) return String(value);
  return value.toExponential().replace(/e([-+])(\d)$/, 'e$10$2');
}
