// HTTP/1 messages as they are on the wire: nothing is corrected, so that what a proxy changed stays visible.
import type { SocketReader } from './reader.ts';

/** Name and value as sent, in order. */
export type HeaderList = [name: string, value: string][];

export interface Head {
  /** The first line without its line end. */
  line: string;
  headers: HeaderList;
}

/** A body as received. */
export interface Body {
  bytes: Buffer;
  trailers: HeaderList;
  /** The connection ended in the middle of it. */
  truncated: boolean;
}

export function headerValues(headers: HeaderList, name: string): string[] {
  return headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
}

/** The first value of a header. */
export function header(headers: HeaderList, name: string): string | undefined {
  return headerValues(headers, name)[0];
}

/** Whether a header that is a list of tokens (connection, transfer-encoding) has one. */
export function hasToken(headers: HeaderList, name: string, token: string): boolean {
  return headerValues(headers, name).some((value) => value.split(',').some((part) => part.trim().toLowerCase() === token));
}

/** Header lines; what is no header line is left out. */
function headerLines(lines: readonly string[]): HeaderList {
  const headers: HeaderList = [];
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.push([line.slice(0, colon), line.slice(colon + 1).trim()]);
  }
  return headers;
}

/** The next message head; undefined when the connection ends before it is complete. */
export async function readHead(reader: SocketReader): Promise<Head | undefined> {
  const bytes = await reader.through('\r\n\r\n');
  if (!bytes) return undefined;
  const lines = bytes.subarray(0, -4).toString('latin1').split('\r\n');
  return { line: lines[0] ?? '', headers: headerLines(lines.slice(1)) };
}

/** A body in chunks, with its trailers. */
async function readChunked(reader: SocketReader): Promise<Body> {
  const parts: Buffer[] = [];
  const truncated = (): Body => ({ bytes: Buffer.concat(parts), trailers: [], truncated: true });
  for (;;) {
    const line = await reader.through('\r\n');
    if (!line) return truncated();
    const size = Number.parseInt(line.toString('latin1'), 16);
    if (Number.isNaN(size)) return truncated();
    if (size === 0) break;
    const chunk = await reader.exactly(size + 2);
    if (!chunk) {
      parts.push(reader.takeAll());
      return truncated();
    }
    parts.push(chunk.subarray(0, -2));
  }
  const lines: string[] = [];
  for (;;) {
    const line = await reader.through('\r\n');
    if (!line) return truncated();
    if (line.length === 2) return { bytes: Buffer.concat(parts), trailers: headerLines(lines), truncated: false };
    lines.push(line.subarray(0, -2).toString('latin1'));
  }
}

async function readLength(reader: SocketReader, length: number): Promise<Body> {
  const bytes = await reader.exactly(length);
  return bytes ? { bytes, trailers: [], truncated: false } : { bytes: reader.takeAll(), trailers: [], truncated: true };
}

const empty: Body = { bytes: Buffer.alloc(0), trailers: [], truncated: false };

/** The body of a request. */
export async function readRequestBody(reader: SocketReader, headers: HeaderList): Promise<Body> {
  if (hasToken(headers, 'transfer-encoding', 'chunked')) return readChunked(reader);
  const length = Number(header(headers, 'content-length') ?? 0);
  return length > 0 ? readLength(reader, length) : empty;
}

/** The body of a response to a request with `method`. */
export async function readResponseBody(reader: SocketReader, method: string, status: number, headers: HeaderList): Promise<Body> {
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return empty;
  if (method === 'CONNECT' && status < 300) return empty;
  if (hasToken(headers, 'transfer-encoding', 'chunked')) return readChunked(reader);
  const length = header(headers, 'content-length');
  if (length !== undefined) return readLength(reader, Number(length));
  while (reader.ending === undefined) await reader.more();
  return { bytes: reader.takeAll(), trailers: [], truncated: reader.ending === 'rst' };
}

/** A message head as bytes. Names and values are written as they are: one byte a character, or UTF-8 where that cannot be. */
export function writeHead(line: string, headers: HeaderList): Buffer {
  const text = `${line}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
  const oneByte = Buffer.from(text, 'latin1');
  return oneByte.toString('latin1') === text ? oneByte : Buffer.from(text);
}

export function writeChunked(chunks: readonly Buffer[], trailers: HeaderList): Buffer {
  const parts: Buffer[] = [];
  for (const chunk of chunks) parts.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'));
  parts.push(writeHead('0', trailers));
  return Buffer.concat(parts);
}
