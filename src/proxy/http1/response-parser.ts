import { removeHeader } from '../core/headers.ts';
import { all, valueBytes } from './characters.ts';
import { type MessageLimits, MessageParser, type MessageSink } from './message-parser.ts';
import { errors, type ProtocolError } from './protocol-error.ts';

const version11 = Buffer.from('HTTP/1.1 ', 'latin1');

/** Responses; how they are framed depends on the request. */
export class ResponseParser extends MessageParser {
  status = 0;
  /** 101, or 2xx of CONNECT: what follows the head has no framing. */
  raw = false;
  private method = '';
  private upgradeAsked = false;

  constructor(sink: MessageSink, limits: MessageLimits) {
    super(sink, limits);
  }

  /** The next response is for this request. */
  expect(method: string, upgrade: boolean): void {
    this.method = method;
    this.upgradeAsked = upgrade;
    this.next();
  }

  /** An interim response: 1xx but 101. */
  get interimStatus(): boolean {
    return this.status < 200 && this.status !== 101;
  }

  protected override mayStartWith(byte: number): boolean {
    return byte === 72;
  }

  protected override scanStartLine(buffer: Buffer, start: number, end: number): number {
    if (end - start < 17) return -1;
    for (let i = 0; i < version11.length; i++) if (buffer[start + i] !== version11[i]) return -1;
    let at = start + version11.length;
    const a = (buffer[at] as number) - 48;
    const b = (buffer[at + 1] as number) - 48;
    const c = (buffer[at + 2] as number) - 48;
    if (a < 1 || a > 9 || b < 0 || b > 9 || c < 0 || c > 9 || buffer[at + 3] !== 32) return -1;
    this.status = a * 100 + b * 10 + c;
    at += 4;
    while (at < end && valueBytes[buffer[at] as number] === 1) at++;
    if (at + 1 >= end || buffer[at] !== 13 || buffer[at + 1] !== 10) return -1;
    return at + 2;
  }

  protected override takeStartLine(): void {
    this.minorVersion = 1;
  }

  protected override parseStartLine(line: string): ProtocolError | undefined {
    const version = line.slice(0, 9);
    if (version !== 'HTTP/1.1 ' && version !== 'HTTP/1.0 ') return errors.version;
    const status = line.slice(9, 12);
    if (!/^[1-9][0-9]{2}$/.test(status)) return errors.status;
    // Without a reason phrase the space before it is often left out.
    if (line.length > 12 && (line.charCodeAt(12) !== 32 || !all(valueBytes, line.slice(13)))) return errors.startLine;
    this.minorVersion = line.charCodeAt(7) === 49 ? 1 : 0;
    this.status = Number(status);
    return undefined;
  }

  protected override frame(): ProtocolError | undefined {
    const { status, chunked, contentLength } = this;
    this.raw = false;
    if (chunked && contentLength >= 0) return errors.lengthAndChunked;
    if (chunked && this.minorVersion === 0) return errors.transferEncodingVersion;
    if (status < 200 || status === 204) {
      if (chunked || contentLength > 0) return errors.bodyNotAllowed;
      if (contentLength === 0) removeHeader(this.headers, 'content-length');
      if (status === 101) {
        if (!this.upgradeAsked) return errors.unexpectedUpgrade;
        this.raw = true;
        this.rawFollows();
      } else if (status < 200) this.interim();
      else this.bodyOfLength(0);
    } else if (this.method === 'CONNECT' && status < 300) {
      if (chunked || contentLength > 0) return errors.bodyNotAllowed;
      this.raw = true;
      this.rawFollows();
    } else if (this.method === 'HEAD' || status === 304) this.bodyOfLength(0);
    else if (chunked) this.bodyOfChunks();
    else if (contentLength >= 0) this.bodyOfLength(contentLength);
    else this.bodyUntilClose();
    return undefined;
  }

  /** The connection can take another request after this response. */
  get reusable(): boolean {
    return this.complete && !this.raw && (this.minorVersion === 1 ? !this.closes : this.keepsAlive && !this.closes);
  }
}
