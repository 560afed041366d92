// The rules of RFC 9113, 8.2 and 8.3: how HTTP messages look in header blocks.
import type { Headers } from '../core/headers.ts';
import type { RequestHead } from '../stream.ts';

/** A message breaks the rules. */
export const malformed = Symbol('malformed');
export type Malformed = typeof malformed;

/** Headers that speak of a connection, which HTTP/2 does not have (RT-R44). */
export function isConnectionHeader(name: string): boolean {
  switch (name.length) {
    case 7:
      return name === 'upgrade';
    case 10:
      return name === 'connection' || name === 'keep-alive';
    case 16:
      return name === 'proxy-connection';
    case 17:
      return name === 'transfer-encoding';
    default:
      return false;
  }
}

/** Reads content-length: -1 when there is none. */
export function contentLengthOf(headers: Headers): number | Malformed {
  let length = -1;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== 'content-length') continue;
    const value = headers[i + 1] as string;
    if (length >= 0 || !/^[0-9]{1,15}$/.test(value)) return malformed;
    length = Number(value);
  }
  return length;
}

/** A field that is no pseudo header may be there. */
function isAllowed(name: string, value: string): boolean {
  if (name === 'te') return value.toLowerCase() === 'trailers';
  return name.charCodeAt(0) !== 0x3a && !isConnectionHeader(name);
}

/** Trailers: no pseudo headers. */
export function readTrailers(list: string[]): Headers | Malformed {
  for (let i = 0; i < list.length; i += 2) if (!isAllowed(list[i] as string, list[i + 1] as string)) return malformed;
  return list;
}

/** Makes the head of a request of a decoded header block. Cookies that came in pieces are put together at the end. */
export function readRequest(list: string[]): RequestHead | Malformed {
  let method: string | undefined;
  let path: string | undefined;
  let authority: string | undefined;
  let scheme: string | undefined;
  let at = 0;
  for (; at < list.length; at += 2) {
    const name = list[at] as string;
    if (name.charCodeAt(0) !== 0x3a) break;
    const value = list[at + 1] as string;
    // Each at most once, and no others: neither those of responses nor `:protocol`, which we do not offer.
    if (name === ':method' && method === undefined) method = value;
    else if (name === ':path' && path === undefined) path = value;
    else if (name === ':authority' && authority === undefined) authority = value;
    else if (name === ':scheme' && scheme === undefined) scheme = value;
    else return malformed;
  }
  if (method === undefined || !isToken(method)) return malformed;
  if (method === 'CONNECT') {
    if (path !== undefined || scheme !== undefined || authority === undefined) return malformed;
  } else if (path === undefined || scheme === undefined || !isPath(path, method)) return malformed;
  const headers: Headers = [];
  let cookies: string | undefined;
  for (; at < list.length; at += 2) {
    const name = list[at] as string;
    const value = list[at + 1] as string;
    if (!isAllowed(name, value)) return malformed;
    if (name === 'cookie') cookies = cookies === undefined ? value : `${cookies}; ${value}`;
    // As in HTTP/1, several authorities are joined with a comma.
    else if (name === 'host') authority = authority === undefined ? value : `${authority},${value}`;
    else headers.push(name, value);
  }
  if (cookies !== undefined) headers.push('cookie', cookies);
  return { method, path: path ?? '', authority, scheme, headers, version: 'HTTP/2' };
}

/** Status of a response, and its headers, for which pseudo headers are taken from the list. */
export function readResponse(list: string[]): number | Malformed {
  if (list[0] !== ':status' || !/^[1-9][0-9]{2}$/.test(list[1] as string)) return malformed;
  for (let i = 2; i < list.length; i += 2) if (!isAllowed(list[i] as string, list[i + 1] as string)) return malformed;
  const status = Number(list[1]);
  list.copyWithin(0, 2);
  list.length -= 2;
  return status;
}

function isPath(path: string, method: string): boolean {
  return path.charCodeAt(0) === 0x2f || (path === '*' && method === 'OPTIONS');
}

function isToken(text: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text);
}
