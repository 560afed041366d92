/** What of a TLS ClientHello decides where its connection goes. */
export interface ClientHello {
  /** Server name indication in lower case; empty without. */
  serverName: string;
  /** Application protocols in the order of the client. */
  alpn: string[];
}

/** `incomplete`: more bytes may make it one. `invalid`: no bytes can. */
export type ClientHelloResult = { state: 'incomplete' } | { state: 'invalid' } | { state: 'complete'; hello: ClientHello };

const incomplete: ClientHelloResult = { state: 'incomplete' };
const invalid: ClientHelloResult = { state: 'invalid' };

/** Of a ClientHello; longer ones are not waited for. */
export const mostClientHelloBytes = 64 * 1024;
const mostRecordBytes = 16 * 1024;
/** Nobody cuts it into more. */
const mostRecords = 64;

const handshakeRecord = 22;
const clientHelloMessage = 1;
const serverNameExtension = 0;
const alpnExtension = 16;

/**
 * Reads the first handshake message of a TLS connection (RFC 8446 4.1.2, RFC 6066 3, RFC 7301 3.1): strict about every length, so
 * that what this reads and what the server behind it reads cannot differ. It may be spread over several records.
 */
export function parseClientHello(bytes: Uint8Array): ClientHelloResult {
  const parts: Uint8Array[] = [];
  let gathered = 0;
  let at = 0;
  while (parts.length < mostRecords) {
    // The first bytes are judged as soon as they are there: a client of another protocol may wait for an answer to a few.
    if (at < bytes.length && bytes[at] !== handshakeRecord) return invalid;
    if (at + 1 < bytes.length && bytes[at + 1] !== 3) return invalid;
    if (at + 5 > bytes.length) return incomplete;
    const length = ((bytes[at + 3] as number) << 8) | (bytes[at + 4] as number);
    if (length === 0 || length > mostRecordBytes) return invalid;
    at += 5;
    const part = bytes.subarray(at, at + length);
    at += length;
    if (parts.length === 0 && part.length > 0 && part[0] !== clientHelloMessage) return invalid;
    parts.push(part);
    gathered += part.length;
    if (gathered >= 4) {
      const size = messageSize(parts);
      if (size > mostClientHelloBytes) return invalid;
      // Records are put together only when there is more than one.
      if (gathered >= 4 + size) return readBody((parts.length === 1 ? part : Buffer.concat(parts)).subarray(4, 4 + size));
    }
    if (part.length < length) return incomplete;
  }
  return invalid;
}

/** Length in the header of a handshake message, which itself may be spread over records. */
function messageSize(parts: readonly Uint8Array[]): number {
  let size = 0;
  let index = 0;
  for (const part of parts) {
    for (let i = 0; i < part.length && index < 4; i++, index++) if (index > 0) size = (size << 8) | (part[i] as number);
  }
  return size;
}

/** A place in bytes; `failed` once something did not fit. */
class Reader {
  private readonly bytes: Uint8Array;
  private at = 0;
  failed = false;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get left(): number {
    return this.failed ? 0 : this.bytes.length - this.at;
  }

  number(size: 1 | 2): number {
    if (this.left < size) {
      this.failed = true;
      return 0;
    }
    let value = 0;
    for (let i = 0; i < size; i++) value = (value << 8) | (this.bytes[this.at++] as number);
    return value;
  }

  take(length: number): Uint8Array {
    if (this.left < length) {
      this.failed = true;
      return this.bytes.subarray(0, 0);
    }
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  /** What a length of this many bytes stands before. */
  vector(size: 1 | 2): Uint8Array {
    return this.take(this.number(size));
  }
}

function readBody(body: Uint8Array): ClientHelloResult {
  const reader = new Reader(body);
  if (reader.number(1) !== 3) return invalid;
  reader.number(1);
  reader.take(32);
  const sessionId = reader.vector(1);
  const ciphers = reader.vector(2);
  const compression = reader.vector(1);
  if (reader.failed || sessionId.length > 32 || ciphers.length < 2 || ciphers.length % 2 !== 0 || compression.length < 1) return invalid;
  const hello: ClientHello = { serverName: '', alpn: [] };
  // Before TLS 1.3 there may be no extensions at all.
  if (reader.left === 0) return { state: 'complete', hello };
  const extensions = new Reader(reader.vector(2));
  if (reader.failed || reader.left > 0) return invalid;
  const seen = new Set<number>();
  while (extensions.left > 0) {
    const type = extensions.number(2);
    const data = extensions.vector(2);
    if (extensions.failed || seen.has(type)) return invalid;
    seen.add(type);
    if (type === serverNameExtension) {
      const name = readServerName(data);
      if (name === undefined) return invalid;
      hello.serverName = name;
    } else if (type === alpnExtension) {
      const protocols = readAlpn(data);
      if (!protocols) return invalid;
      hello.alpn = protocols;
    }
  }
  return extensions.failed ? invalid : { state: 'complete', hello };
}

function readServerName(data: Uint8Array): string | undefined {
  const outer = new Reader(data);
  const list = new Reader(outer.vector(2));
  if (outer.failed || outer.left > 0) return undefined;
  // One host name and nothing else: no other type was ever defined.
  if (list.number(1) !== 0) return undefined;
  const name = list.vector(2);
  if (list.failed || list.left > 0 || name.length === 0 || name.length > 255 || name.includes(0)) return undefined;
  return textOf(name).toLowerCase();
}

function readAlpn(data: Uint8Array): string[] | undefined {
  const outer = new Reader(data);
  const list = new Reader(outer.vector(2));
  if (outer.failed || outer.left > 0 || list.left === 0) return undefined;
  const protocols: string[] = [];
  while (list.left > 0) {
    const protocol = list.vector(1);
    if (list.failed || protocol.length === 0) return undefined;
    protocols.push(textOf(protocol));
  }
  return protocols;
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
