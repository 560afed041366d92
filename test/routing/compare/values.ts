// Comparing single values: headers, requests that services received, lines of the log.
import { isDeepStrictEqual } from 'node:util';
import type { Upstream } from '../corpus.ts';
import type { HeaderList } from '../wire/http1.ts';

/** The remaining time of a request may differ by this much when some of it has passed, in ms. */
const timeoutToleranceMs = 80;

const timeoutHeader = 'x-envoy-expected-rq-timeout-ms';

/** A value on one line. */
export function shown(value: unknown): string {
  const text = value === undefined ? '(nothing)' : JSON.stringify(value);
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}

/** How loosely headers are compared. */
export interface HeaderRules {
  /** Values differed between two recordings: identifiers in them are not compared. */
  varies: boolean;
  /** Time has passed before this attempt. */
  later: boolean;
}

/** Values that depend on the certificates in use. */
function withoutHashes(value: string): string {
  return value.replace(/Hash=[0-9a-f]+/g, 'Hash=…').replace(/Cert="[^"]*"/g, 'Cert=…');
}

function sameValue(name: string, expected: string, actual: string, rules: HeaderRules): boolean {
  if (expected === actual) return true;
  const lower = name.toLowerCase();
  if (lower === timeoutHeader && (rules.later || rules.varies)) return Math.abs(Number(expected) - Number(actual)) <= timeoutToleranceMs;
  if (lower === 'x-forwarded-client-cert') return withoutHashes(expected) === withoutHashes(actual);
  return rules.varies && expected.replace(/[0-9a-f]{8,}/g, '…') === actual.replace(/[0-9a-f]{8,}/g, '…');
}

/** What is different between two header lists, in words; undefined for nothing. */
export function headersDiffer(expected: HeaderList, actual: HeaderList, rules: HeaderRules): string | undefined {
  const same =
    expected.length === actual.length && expected.every(([name, value], i) => name === actual[i]?.[0] && sameValue(name, value, actual[i]?.[1] ?? '', rules));
  if (same) return undefined;
  const line = ([name, value]: [string, string]): string => `${name}: ${value}`;
  const have = actual.map(line);
  const missing = expected.map(line).filter((one) => !have.includes(one));
  const wanted = expected.map(line);
  const extra = have.filter((one) => !wanted.includes(one));
  if (missing.length === 0 && extra.length === 0) return `the order is ${shown(actual.map(([name]) => name))}, not ${shown(expected.map(([name]) => name))}`;
  return [missing.length > 0 ? `missing ${shown(missing)}` : '', extra.length > 0 ? `not expected ${shown(extra)}` : '']
    .filter((part) => part !== '')
    .join(', ');
}

/** Fields of a received request that are compared where the recording has them, beside headers and identity. */
const upstreamFields = ['method', 'path', 'authority', 'http', 'body_length', 'trailers', 'sent_100_continue', 'stream_reset', 'eof', 'received'] as const;

/** What is different between two requests that services received, the identity apart. */
export function upstreamDiffers(expected: Upstream, actual: Upstream, rules: HeaderRules): string[] {
  const found: string[] = [];
  for (const field of upstreamFields) {
    if (!isDeepStrictEqual(expected[field], actual[field])) found.push(`${field}: expected ${shown(expected[field])}, got ${shown(actual[field])}`);
  }
  if (expected.body !== undefined && expected.body !== actual.body) found.push(`body: expected ${shown(expected.body)}, got ${shown(actual.body)}`);
  if (expected.scheme !== undefined && expected.scheme !== actual.scheme) found.push(`scheme: expected ${shown(expected.scheme)}, got ${shown(actual.scheme)}`);
  const headers = headersDiffer(expected.headers ?? [], actual.headers ?? [], rules);
  if (headers) found.push(`headers: ${headers}`);
  return found;
}

/** Whether a connection was closed by the client, by the proxy, or how else it ended. */
export function closing(closed: unknown): unknown {
  return closed === 'fin' || closed === 'rst' ? 'closed by the proxy' : closed;
}
