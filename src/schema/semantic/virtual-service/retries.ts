import type { HTTPRetry } from '../../../manifest/istio/networking.gen.ts';
import type { Path } from '../../../manifest/problem.ts';
import { checkDuration } from '../primitives.ts';
import type { ProblemSink } from '../validator.ts';

/** What Envoy knows for `x-envoy-retry-on` and `x-envoy-retry-grpc-on`. */
const policies: ReadonlySet<string> = new Set([
  '5xx',
  'gateway-error',
  'reset',
  'reset-before-request',
  'connect-failure',
  'retriable-4xx',
  'refused-stream',
  'retriable-status-codes',
  'retriable-headers',
  'envoy-ratelimited',
  'http3-post-connect-failure',
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
  'unavailable',
]);

/** Status codes that have a name (IANA, HTTP Status Codes), as ranges. */
const statuses: readonly (readonly [number, number])[] = [
  [100, 103],
  [200, 208],
  [226, 226],
  [300, 305],
  [307, 308],
  [400, 418],
  [421, 426],
  [428, 429],
  [431, 431],
  [451, 451],
  [500, 508],
  [510, 511],
];

function isStatus(text: string): boolean {
  if (!/^\+?\d+$/.test(text)) return false;
  const number = Number(text);
  return statuses.some(([from, to]) => number >= from && number <= to);
}

export function checkRetries(sink: ProblemSink, path: Path, retries: HTTPRetry | undefined): void {
  if (!retries) return;
  const { attempts = 0, perTryTimeout, retryOn = '', retryRemoteLocalities, backoff } = retries;
  if (attempts < 0) sink.error([...path, 'attempts'], 'the number of retry attempts is less than 0');
  if (attempts === 0 && (perTryTimeout !== undefined || retryOn !== '' || retryRemoteLocalities !== undefined)) {
    sink.error(path, 'retries have settings, but their attempts are 0, which turns them off', {
      help: 'set attempts to 1 or more, or leave attempts: 0 alone to turn retries off',
    });
  }
  checkDuration(sink, [...path, 'perTryTimeout'], perTryTimeout);
  for (const policy of retryOn === '' ? [] : retryOn.split(',')) {
    if (isStatus(policy) || policies.has(policy)) continue;
    const trimmed = policy.trim();
    const help = trimmed !== policy && policies.has(trimmed) ? 'remove the spaces around the commas' : undefined;
    sink.error([...path, 'retryOn'], `${JSON.stringify(policy)} is neither a retry policy of Envoy nor an HTTP status`, { help });
  }
  checkDuration(sink, [...path, 'backoff'], backoff);
}
