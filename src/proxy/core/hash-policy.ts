// What consistent hashing takes from a request (DR-R31 to R35).
import type { HashPolicy } from '../../ir/route.ts';
import { combineHashes, type Hash64, hash64, hashToHex } from './balance/hash64.ts';
import type { ExchangeRecord } from './exchange-record.ts';
import { addressText } from './format-operators.ts';
import type { Headers } from './headers.ts';
import { queryValue } from './query.ts';

/**
 * The hash of a request; undefined: no policy finds anything, any host will do (DR-R40). A cookie that is made here is noted in
 * the record for the response.
 */
export function requestHash(policies: readonly HashPolicy[], record: ExchangeRecord): Hash64 | undefined {
  let hash: Hash64 | undefined;
  for (const policy of policies) {
    const next = policyHash(policy, record);
    if (next !== undefined) hash = combineHashes(hash, next);
  }
  return hash;
}

function policyHash(policy: HashPolicy, record: ExchangeRecord): Hash64 | undefined {
  switch (policy.kind) {
    case 'header':
      return headerHash(policy.name.toLowerCase(), record);
    case 'source-ip':
      return record.remoteAddress === '' ? undefined : hash64(record.remoteAddress);
    case 'query': {
      const value = queryValue(record.path, record.pathEnd, policy.name);
      return value === undefined ? undefined : hash64(value);
    }
    case 'cookie': {
      const value = cookieValue(record.headers, policy.name) ?? makeCookie(policy, record);
      return value === undefined || value === '' ? undefined : hash64(value);
    }
  }
}

/** Several occurrences are sorted and chained (DR-R31). */
function headerHash(name: string, record: ExchangeRecord): Hash64 | undefined {
  if (name === ':path') return hash64(record.path);
  if (name === ':authority' || name === 'host') return hash64(record.authority);
  if (name === ':method') return hash64(record.method);
  const { headers } = record;
  let first: string | undefined;
  let more: string[] | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== name) continue;
    const value = headers[i + 1] as string;
    if (first === undefined) first = value;
    else if (more === undefined) more = [first, value];
    else more.push(value);
  }
  if (more === undefined) return first === undefined ? undefined : hash64(first);
  // Latin1 texts: the order of characters is the order of bytes.
  more.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  let hash: Hash64 | undefined;
  for (const value of more) hash = hash64(value, hash?.hi ?? 0, hash?.lo ?? 0);
  return hash;
}

/** Value of a cookie without its quotes; undefined when it is missing. */
export function cookieValue(headers: Headers, name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== 'cookie') continue;
    for (const pair of (headers[i + 1] as string).split(';')) {
      const equals = pair.indexOf('=');
      if (equals < 0 || pair.slice(0, equals).trim() !== name) continue;
      const value = pair.slice(equals + 1).trim();
      return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
    }
  }
  return undefined;
}

/** DR-R32: one value for a connection, so that requests that race get the same. */
function makeCookie(policy: HashPolicy & { kind: 'cookie' }, record: ExchangeRecord): string | undefined {
  if (policy.ttlMs === undefined) return undefined;
  const value = hashToHex(hash64(addressText(record.peerAddress, record.peerPort) + addressText(record.localAddress, record.localPort)));
  const seconds = Math.floor(policy.ttlMs / 1000);
  let cookie = `${policy.name}="${value}"`;
  if (seconds !== 0) cookie += `; Max-Age=${seconds}`;
  if (policy.path !== '') cookie += `; Path=${policy.path}`;
  cookie += '; HttpOnly';
  for (const attribute of policy.attributes ?? []) cookie += attribute.value === '' ? `; ${attribute.name}` : `; ${attribute.name}=${attribute.value}`;
  record.cookies ??= [];
  // A retry asks again.
  if (!record.cookies.includes(cookie)) record.cookies.push(cookie);
  return value;
}
