// The rules of RFC 9113, 8.2 and 8.3: how HTTP messages look in header blocks.
import type { Headers } from '../core/headers.ts';
import type { RequestHead } from '../stream.ts';

/** A message breaks the rules: with one field of it, or as a whole. */
export type Malformed = 'field' | 'message';

/** Characters of an authority: host and port, no user information. */
const authorityBytes = new Uint8Array(256);
for (const c of "-._~%!$&'()*+,;=:[]0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") authorityBytes[c.charCodeAt(0)] = 1;

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

/** Reads content-length: -1 when there is none, -2 when it is not one number. */
export function contentLengthOf(headers: Headers): number {
  let length = -1;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== 'content-length') continue;
    const value = headers[i + 1] as string;
    if (length >= 0 || !/^[0-9]{1,15}$/.test(value)) return -2;
    length = Number(value);
  }
  return length;
}

/** A field that is no pseudo header may be there. */
function isAllowed(name: string, value: string): boolean {
  if (name === 'te') return value.toLowerCase() === 'trailers';
  return name.charCodeAt(0) !== 0x3a && !isConnectionHeader(name);
}

/** Whether these can be trailers: without pseudo headers. */
export function areTrailers(list: string[]): boolean {
  for (let i = 0; i < list.length; i += 2) if (!isAllowed(list[i] as string, list[i + 1] as string)) return false;
  return true;
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
    else return 'field';
    if (value === '') return 'field';
  }
  const headers: Headers = [];
  let cookies: string | undefined;
  let host: string | undefined;
  for (; at < list.length; at += 2) {
    const name = list[at] as string;
    const value = list[at + 1] as string;
    if (!isAllowed(name, value)) return 'field';
    if (name === 'cookie') cookies = cookies === undefined ? value : `${cookies}; ${value}`;
    else if (name === 'host') host = host === undefined ? value : `${host},${value}`;
    else headers.push(name, value);
  }
  if (cookies !== undefined) headers.push('cookie', cookies);
  // What the authority says holds.
  authority ??= host;
  if ((method !== undefined && !isToken(method)) || (path !== undefined && !isPath(path)) || (authority !== undefined && !isAuthority(authority)))
    return 'field';
  if (method === undefined || authority === undefined) return 'message';
  if (method === 'CONNECT') return path === undefined && scheme === undefined ? { method, path: '', authority, scheme, headers, version: 'HTTP/2' } : 'message';
  if (path === undefined || scheme === undefined) return 'message';
  if (path.charCodeAt(0) !== 0x2f && !(path === '*' && method === 'OPTIONS')) return 'message';
  return { method, path, authority, scheme, headers, version: 'HTTP/2' };
}

/** Status of a response, which is taken out of the list; the rest is its headers. -1: it breaks the rules. */
export function readResponse(list: string[]): number {
  if (list[0] !== ':status' || !/^[1-9][0-9]{2}$/.test(list[1] as string)) return -1;
  for (let i = 2; i < list.length; i += 2) if (!isAllowed(list[i] as string, list[i + 1] as string)) return -1;
  const status = Number(list[1]);
  list.copyWithin(0, 2);
  list.length -= 2;
  return status;
}

/** No white space; controls are in no value. */
function isPath(path: string): boolean {
  return !path.includes(' ') && !path.includes('\t');
}

function isAuthority(authority: string): boolean {
  for (let i = 0; i < authority.length; i++) if (authorityBytes[authority.charCodeAt(i)] === 0) return false;
  return true;
}

function isToken(text: string): boolean {
  switch (text) {
    case 'GET':
    case 'POST':
      return true;
    default:
      return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text);
  }
}
