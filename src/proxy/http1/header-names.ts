import { lowerToken } from './characters.ts';

// Most requests carry the same few names: they are found by a hash over the bytes, and no text is made for them.

export const Kind = {
  other: 0,
  contentLength: 1,
  transferEncoding: 2,
  connection: 3,
  host: 4,
  upgrade: 5,
} as const;
/** Headers that the codec itself reads. */
export type Kind = (typeof Kind)[keyof typeof Kind];

/** Which of the codec's headers a name in lower case is. */
export function kindOf(name: string): Kind {
  switch (name) {
    case 'content-length':
      return Kind.contentLength;
    case 'transfer-encoding':
      return Kind.transferEncoding;
    case 'connection':
      return Kind.connection;
    case 'host':
      return Kind.host;
    case 'upgrade':
      return Kind.upgrade;
    default:
      return Kind.other;
  }
}

export interface KnownName {
  /** Lower case. */
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly kind: Kind;
}

const slots = 2048;
const known: (KnownName | undefined)[] = new Array(slots).fill(undefined);
/** Names learned from traffic; bounded, so that made-up names cannot fill the table. */
let learned = 0;
const maxLearned = 512;
const maxLearnedLength = 40;

export function hashStep(hash: number, lowerByte: number): number {
  return (Math.imul(hash, 31) + lowerByte) | 0;
}

function put(hash: number, name: string): KnownName {
  const entry: KnownName = { name, bytes: Buffer.from(name, 'latin1'), kind: kindOf(name) };
  known[hash & (slots - 1)] = entry;
  return entry;
}

const common = [
  ...'host connection content-length transfer-encoding upgrade'.split(' '),
  ...'accept accept-charset accept-encoding accept-language accept-ranges access-control-allow-credentials access-control-allow-headers'.split(' '),
  ...'access-control-allow-methods access-control-allow-origin access-control-expose-headers access-control-max-age'.split(' '),
  ...'access-control-request-headers access-control-request-method age allow authorization b3 cache-control content-disposition'.split(' '),
  ...'content-encoding content-language content-location content-range content-security-policy content-type cookie date etag expect expires'.split(' '),
  ...'forwarded from grpc-status grpc-message grpc-timeout if-match if-modified-since if-none-match if-range if-unmodified-since keep-alive'.split(' '),
  ...'last-modified link location max-forwards origin pragma proxy-connection range referer retry-after sec-fetch-dest'.split(' '),
  ...'sec-fetch-mode sec-fetch-site sec-websocket-accept sec-websocket-extensions sec-websocket-key sec-websocket-protocol'.split(' '),
  ...'sec-websocket-version server set-cookie strict-transport-security te traceparent tracestate trailer user-agent vary via'.split(' '),
  ...'www-authenticate x-b3-flags x-b3-parentspanid x-b3-sampled x-b3-spanid x-b3-traceid x-content-type-options'.split(' '),
  ...'x-envoy-attempt-count x-envoy-decorator-operation x-envoy-expected-rq-timeout-ms x-envoy-upstream-service-time'.split(' '),
  ...'x-forwarded-client-cert x-forwarded-for x-forwarded-host x-forwarded-proto x-frame-options x-powered-by x-real-ip x-request-id'.split(' '),
];
for (const name of common) {
  let hash = 0;
  for (let i = 0; i < name.length; i++) hash = hashStep(hash, name.charCodeAt(i));
  if (known[hash & (slots - 1)] === undefined) put(hash, name);
}

/** The name at `start` to `end`, in any case, when it is in the table. */
export function knownName(buffer: Uint8Array, start: number, end: number, hash: number): KnownName | undefined {
  const entry = known[hash & (slots - 1)];
  if (entry === undefined) return undefined;
  const bytes = entry.bytes;
  if (bytes.length !== end - start) return undefined;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== lowerToken[buffer[start + i] as number]) return undefined;
  return entry;
}

/** Keeps a name for the next time, while there is room. */
export function learnName(name: string, hash: number): void {
  if (learned >= maxLearned || name.length > maxLearnedLength || known[hash & (slots - 1)] !== undefined) return;
  learned++;
  put(hash, name);
}
