// Faults, CORS and shares of an HTTP rule.
import type { CorsPolicy, FaultPolicy, Millionths, Mirror } from '../ir/route.ts';
import type { StringMatcher } from '../ir/string-matcher.ts';
import type {
  Destination,
  HTTPFaultInjection,
  HTTPFaultInjection_Abort,
  HTTPFaultInjection_Delay,
  HTTPRoute,
  Percent,
  StringMatch,
  CorsPolicy as WrittenCors,
} from '../manifest/istio/networking.gen.ts';
import { milliseconds } from './durations.ts';
import { isResponseStatus } from './redirects.ts';
import { isRe2 } from './regexes.ts';

/** Fractions of a millionth are cut off (RT-R90, RT-R110). */
export function millionths(percent: number): Millionths {
  return Math.min(Math.max(Math.trunc(percent * 10_000), 0), 1_000_000);
}

/**
 * Undefined where nothing can happen.
 *
 * @param report told of what is left out
 */
export function translateFault(fault: HTTPFaultInjection | null | undefined, report: (message: string) => void): FaultPolicy | undefined {
  const delay = fault?.delay ? translateDelay(fault.delay) : undefined;
  const abort = fault?.abort ? translateAbort(fault.abort, report) : undefined;
  if (!delay && !abort) return undefined;
  return { ...(delay ? { delay } : {}), ...(abort ? { abort } : {}) };
}

function translateDelay({ fixedDelay, percentage, percent }: HTTPFaultInjection_Delay): FaultPolicy['delay'] {
  const durationMs = milliseconds(fixedDelay);
  return durationMs === undefined || durationMs <= 0 ? undefined : { durationMs, share: millionths(percentage ? (percentage.value ?? 0) : (percent ?? 0)) };
}

/** Without a percentage it never happens. */
function translateAbort({ httpStatus, grpcStatus, percentage }: HTTPFaultInjection_Abort, report: (message: string) => void): FaultPolicy['abort'] {
  const share = millionths(percentage?.value ?? 0);
  if (httpStatus !== undefined) {
    if (isResponseStatus(httpStatus)) return { share, httpStatus };
    report(`a fault cannot abort with status ${httpStatus}: use one of 200 to 599`);
    return undefined;
  }
  const code = grpcCodes.indexOf(grpcStatus ?? '');
  return code < 0 ? undefined : { share, grpcStatus: code };
}

/** Names of the gRPC status codes by number. */
const grpcCodes = [
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
];

/** @param report told of expressions that are none: no origin matches them */
export function translateCors(cors: WrittenCors | null | undefined, report: (message: string) => void): CorsPolicy | undefined {
  if (!cors) return undefined;
  const maxAgeMs = milliseconds(cors.maxAge);
  return {
    allowOrigins: cors.allowOrigins
      ? cors.allowOrigins.flatMap((origin) => originMatcher(origin, report) ?? [])
      : (cors.allowOrigin ?? []).map((value): StringMatcher => ({ kind: 'exact', value })),
    allowMethods: (cors.allowMethods ?? []).join(','),
    allowHeaders: (cors.allowHeaders ?? []).join(','),
    exposeHeaders: (cors.exposeHeaders ?? []).join(','),
    // RT-R104
    ...(maxAgeMs === undefined ? {} : { maxAgeSeconds: Math.trunc(maxAgeMs / 1000) }),
    allowCredentials: cors.allowCredentials === true,
    forwardUnmatchedPreflights: cors.unmatchedPreflights !== 'IGNORE',
  };
}

function originMatcher(origin: StringMatch | null, report: (message: string) => void): StringMatcher | undefined {
  if (origin?.exact !== undefined) return { kind: 'exact', value: origin.exact };
  if (origin?.prefix !== undefined) return { kind: 'prefix', value: origin.prefix };
  if (origin?.regex === undefined) return undefined;
  if (isRe2(origin.regex)) return { kind: 'regex', value: origin.regex };
  report(`"${origin.regex}" is no RE2 expression: the origin is left out`);
  return undefined;
}

/** Mirrors of a rule that get anything (RT-R110). */
export function mirrorsOf(route: HTTPRoute, clusterOf: (destination: Destination) => string): Mirror[] {
  const one = route.mirror ? shareOf(route.mirrorPercentage, route.mirrorPercent) : 0;
  const out: Mirror[] = route.mirror && one > 0 ? [{ cluster: clusterOf(route.mirror), share: one }] : [];
  for (const mirror of route.mirrors ?? []) {
    const share = shareOf(mirror?.percentage, undefined);
    if (mirror?.destination?.host && share > 0) out.push({ cluster: clusterOf(mirror.destination), share });
  }
  return out;
}

function shareOf(percentage: Percent | null | undefined, percent: number | undefined): Millionths {
  return millionths(percentage ? (percentage.value ?? 0) : (percent ?? 100));
}
