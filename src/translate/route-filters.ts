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

/** Fractions of a millionth are cut off (RT-R90, RT-R110). */
export function millionths(percent: number): Millionths {
  return Math.min(Math.max(Math.trunc(percent * 10_000), 0), 1_000_000);
}

/** Undefined where nothing can happen. */
export function translateFault(fault: HTTPFaultInjection | null | undefined): FaultPolicy | undefined {
  const delay = fault?.delay ? translateDelay(fault.delay) : undefined;
  const abort = fault?.abort ? translateAbort(fault.abort) : undefined;
  if (!delay && !abort) return undefined;
  return { ...(delay ? { delay } : {}), ...(abort ? { abort } : {}) };
}

function translateDelay({ fixedDelay, percentage, percent }: HTTPFaultInjection_Delay): FaultPolicy['delay'] {
  const durationMs = milliseconds(fixedDelay);
  return durationMs === undefined ? undefined : { durationMs, share: millionths(percentage ? (percentage.value ?? 0) : (percent ?? 0)) };
}

/** Without a percentage it never happens. */
function translateAbort({ httpStatus, grpcStatus, percentage }: HTTPFaultInjection_Abort): FaultPolicy['abort'] {
  const share = millionths(percentage?.value ?? 0);
  if (httpStatus !== undefined) return { share, httpStatus };
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

export function translateCors(cors: WrittenCors | null | undefined): CorsPolicy | undefined {
  if (!cors) return undefined;
  const maxAgeMs = milliseconds(cors.maxAge);
  return {
    allowOrigins: cors.allowOrigins
      ? cors.allowOrigins.flatMap((origin) => originMatcher(origin) ?? [])
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

function originMatcher(origin: StringMatch | null): StringMatcher | undefined {
  if (origin?.exact !== undefined) return { kind: 'exact', value: origin.exact };
  if (origin?.prefix !== undefined) return { kind: 'prefix', value: origin.prefix };
  return origin?.regex === undefined ? undefined : { kind: 'regex', value: origin.regex };
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
