import type { Headers } from '../core/headers.ts';
import { hexDigits, lowerToken, valueBytes } from './characters.ts';
import { hashStep, Kind, kindOf, knownName, learnName } from './header-names.ts';
import { errors, type ProtocolError } from './protocol-error.ts';

/** What a parser tells. Chunks belong to the receiver: the buffer that was parsed may be used again. */
export interface MessageSink {
  /** The head is in the parser's fields; interim responses come this way too. */
  onHead(): void;
  onBody(chunk: Buffer): void;
  /** Only after a head with `hasBody`. */
  onMessageEnd(): void;
}

export interface MessageLimits {
  /** Start line and headers together, and trailers together: 60 KiB (RT-R50). */
  maxHeadBytes: number;
  /** 100. */
  maxHeaders: number;
}

export const defaultLimits: MessageLimits = { maxHeadBytes: 60 * 1024, maxHeaders: 100 };

const State = {
  head: 0,
  fixed: 1,
  chunkSize: 2,
  chunkPadding: 3,
  chunkExtension: 4,
  chunkSizeLf: 5,
  chunkData: 6,
  chunkCr: 7,
  chunkLf: 8,
  trailers: 9,
  untilClose: 10,
  complete: 11,
  failed: 12,
  stopped: 13,
} as const;
type State = (typeof State)[keyof typeof State];

/** Bytes of extensions after one chunk size; what they say is not read. */
const maxChunkExtension = 1024;
/** Digits of a chunk size: leading zeros are allowed, but not without end. */
const maxChunkDigits = 16;
const maxLength = Number.MAX_SAFE_INTEGER;
const initialLineBytes = 1024;
const CR = 13;
const LF = 10;
const nothing = Buffer.alloc(0);

/** A message's framing and body, and its head line by line; start lines are for those who extend it. */
export abstract class MessageParser {
  hasBody = false;
  error: ProtocolError | undefined = undefined;
  /** A byte of the message has come. */
  begun = false;
  protected readonly sink: MessageSink;
  private readonly limits: MessageLimits;
  private state: State = State.head;
  /** Bytes left of the body or chunk. */
  private remaining = 0;
  private digits = 0;
  private extensionBytes = 0;
  private line: Buffer = nothing;
  private lineText = '';
  private lineBytes = 0;
  private headBytes = 0;
  private trailerCount = 0;
  private startLineDone = false;
  private emptyLineSkipped = false;
  /** Start and end of each value, while the fast path has not seen the end of the head. */
  private readonly spans: Int32Array;
  private readonly names: string[] = [];

  constructor(sink: MessageSink, limits: MessageLimits) {
    this.sink = sink;
    this.limits = limits;
    this.spans = new Int32Array(2 * limits.maxHeaders);
  }

  get complete(): boolean {
    return this.state === State.complete;
  }

  /** Some of a head has come, and not all. */
  get inHead(): boolean {
    return this.begun && this.state === State.head;
  }

  /** The body ends where the connection does, or there is no framing at all. */
  get endsWithConnection(): boolean {
    return this.state === State.untilClose || this.state === State.complete;
  }

  /** Ready for the next message. */
  next(): void {
    this.state = State.head;
    this.resetHead();
  }

  /** Nothing is told any more. */
  stop(): void {
    this.state = State.stopped;
  }

  /**
   * Reads up to the end of one message.
   *
   * @returns where it stopped: `end`, or less when the message is complete or wrong
   */
  execute(buffer: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end) {
      switch (this.state) {
        case State.head:
          at = this.readHead(buffer, at, end);
          break;
        case State.fixed:
          at = this.readFixed(buffer, at, end);
          break;
        case State.untilClose:
          this.sink.onBody(own(buffer, at, end));
          return end;
        case State.trailers:
          at = this.readTrailers(buffer, at, end);
          break;
        case State.complete:
        case State.failed:
        case State.stopped:
          return at;
        default:
          at = this.readChunks(buffer, at, end);
      }
    }
    return at;
  }

  /** The peer sends no more. A body without length ends here; else the message is cut short. */
  finish(): void {
    if (this.state === State.untilClose) {
      this.state = State.complete;
      this.sink.onMessageEnd();
    } else if (this.state < State.complete && this.begun) this.fail(errors.unexpectedEnd);
  }

  /** @returns an error of the start line; the line is without CRLF */
  protected abstract parseStartLine(line: string): ProtocolError | undefined;
  /** The start line when it is the usual one and complete: where the headers begin; -1: it has to be read with care. */
  protected abstract scanStartLine(buffer: Buffer, start: number, end: number): number;
  /** Texts of the start line that was scanned last; `offset`: of the buffer in the text. */
  protected abstract takeStartLine(text: string, offset: number): void;
  protected abstract mayStartWith(byte: number): boolean;
  /** All headers are known: says how the body is framed by calling `bodyOf…`, or `interim`. */
  protected abstract frame(): ProtocolError | undefined;

  protected bodyOfLength(length: number): void {
    this.hasBody = length > 0;
    this.remaining = length;
    this.state = length > 0 ? State.fixed : State.complete;
  }

  protected bodyOfChunks(): void {
    this.hasBody = true;
    this.state = State.chunkSize;
    this.remaining = 0;
    this.digits = 0;
  }

  protected bodyUntilClose(): void {
    this.hasBody = true;
    this.state = State.untilClose;
  }

  /** Bytes without framing follow, which are not for this parser. */
  protected rawFollows(): void {
    this.hasBody = true;
    this.state = State.complete;
  }

  /** Another head follows this one. */
  protected interim(): void {
    this.hasBody = false;
    this.state = State.head;
  }

  protected fail(error: ProtocolError): void {
    this.error = error;
    this.state = State.failed;
  }

  private resetHead(): void {
    this.resetFields();
    this.begun = false;
    this.headBytes = 0;
    this.lineBytes = 0;
    this.startLineDone = false;
    this.emptyLineSkipped = false;
  }

  private readHead(buffer: Buffer, start: number, end: number): number {
    if (!this.begun) {
      const at = this.readWholeHead(buffer, start, end);
      if (at >= 0) return at;
      this.resetHead();
      this.begun = true;
      if (!this.mayStartWith(buffer[start] as number)) {
        this.fail(errors.method);
        return start;
      }
    }
    let at = start;
    while (at < end && this.state === State.head) {
      at = this.readLine(buffer, at, end, errors.headersTooLarge);
      if (this.lineBytes !== 0 || this.error !== undefined) return at;
      this.takeHeadLine(this.lineText);
    }
    return at;
  }

  /** The whole head is in the buffer and nothing is unusual. @returns -1: not so, and nothing is done */
  private readWholeHead(buffer: Buffer, start: number, end: number): number {
    let at = this.scanStartLine(buffer, start, end);
    if (at < 0) return -1;
    const { spans, names } = this;
    const maxHeaders = this.limits.maxHeaders;
    let count = 0;
    let special = 0;
    for (;;) {
      const nameStart = at;
      let hash = 0;
      let lower = 0;
      while (at < end && (lower = lowerToken[buffer[at] as number] as number) !== 0) {
        hash = hashStep(hash, lower);
        at++;
      }
      // A read outside of the buffer would make this function slow for good.
      if (at + 1 >= end) return -1;
      if (at === nameStart) {
        if (buffer[at] !== CR || buffer[at + 1] !== LF) return -1;
        at += 2;
        break;
      }
      if (buffer[at] !== 58 || count === maxHeaders) return -1;
      const known = knownName(buffer, nameStart, at, hash);
      if (known !== undefined) {
        names[count] = known.name;
        if (known.kind !== Kind.other) special++;
      } else {
        const name = buffer.toString('latin1', nameStart, at).toLowerCase();
        learnName(name, hash);
        names[count] = name;
        if (kindOf(name) !== Kind.other) special++;
      }
      at++;
      while (at < end && (buffer[at] === 32 || buffer[at] === 9)) at++;
      const valueStart = at;
      while (at < end && valueBytes[buffer[at] as number] === 1) at++;
      if (at + 1 >= end || buffer[at] !== CR || buffer[at + 1] !== LF) return -1;
      let valueEnd = at;
      while (valueEnd > valueStart && (buffer[valueEnd - 1] === 32 || buffer[valueEnd - 1] === 9)) valueEnd--;
      spans[2 * count] = valueStart;
      spans[2 * count + 1] = valueEnd;
      count++;
      at += 2;
    }
    if (at - start > this.limits.maxHeadBytes) return -1;
    const text = buffer.toString('latin1', start, at);
    this.takeStartLine(text, start);
    const headers = this.headers;
    for (let i = 0; i < count; i++) {
      const name = names[i] as string;
      const value = text.substring((spans[2 * i] as number) - start, (spans[2 * i + 1] as number) - start);
      if (special === 0) {
        headers.push(name, value);
        continue;
      }
      const kind = kindOf(name);
      if (kind === Kind.other) {
        headers.push(name, value);
        continue;
      }
      special--;
      if (this.note(kind, value) !== undefined) return -1;
      if (kind !== Kind.host) headers.push(name, value);
    }
    this.begun = true;
    const error = this.frame();
    if (error !== undefined) this.fail(error);
    else this.headDone();
    return at;
  }

  private headDone(): void {
    this.sink.onHead();
    if (this.state === State.head) this.resetHead();
  }

  private takeHeadLine(line: string): void {
    if (line.charCodeAt(line.length - 2) !== CR) return this.fail(errors.bareLf);
    const text = line.slice(0, -2);
    let error: ProtocolError | undefined;
    if (!this.startLineDone) {
      // One empty line before a request is left over from a client that ends its bodies with CRLF (RFC 9112, 2.2).
      if (text === '' && !this.emptyLineSkipped) {
        this.emptyLineSkipped = true;
        return;
      }
      if (!this.mayStartWith(text.charCodeAt(0))) return this.fail(errors.method);
      error = this.parseStartLine(text);
      this.startLineDone = true;
    } else if (text === '') {
      error = this.frame();
      if (error === undefined) return this.headDone();
    } else error = this.takeHeader(text);
    if (error !== undefined) this.fail(error);
  }

  private takeHeader(text: string): ProtocolError | undefined {
    const first = text.charCodeAt(0);
    if (first === 32 || first === 9) return errors.fold;
    const header = splitHeader(text);
    if (typeof header === 'object') return header;
    if (this.headers.length >= 2 * this.limits.maxHeaders) return errors.tooManyHeaders;
    const name = text.slice(0, header).toLowerCase();
    const value = trim(text, header + 1);
    const kind = kindOf(name);
    if (kind !== Kind.other) {
      const error = this.note(kind, value);
      if (error !== undefined) return error;
    }
    if (kind !== Kind.host) this.headers.push(name, value);
    return undefined;
  }

  private readFixed(buffer: Buffer, start: number, end: number): number {
    const take = Math.min(this.remaining, end - start);
    this.remaining -= take;
    if (this.remaining === 0) this.state = State.complete;
    this.sink.onBody(own(buffer, start, start + take));
    if (this.state === State.complete) this.sink.onMessageEnd();
    return start + take;
  }

  /** They are checked and dropped (RT-R47). */
  private readTrailers(buffer: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end && this.state === State.trailers) {
      at = this.readLine(buffer, at, end, errors.trailersTooLarge);
      if (this.lineBytes !== 0 || this.error !== undefined) return at;
      const line = this.lineText;
      if (line.charCodeAt(line.length - 2) !== CR) this.fail(errors.bareLf);
      else if (line.length === 2) {
        this.state = State.complete;
        this.sink.onMessageEnd();
      } else if (line.charCodeAt(0) === 32 || line.charCodeAt(0) === 9) this.fail(errors.fold);
      else {
        const header = splitHeader(line.slice(0, -2));
        if (typeof header === 'object') this.fail(header);
        else if (++this.trailerCount > this.limits.maxHeaders) this.fail(errors.trailersTooLarge);
      }
    }
    return at;
  }
}

function own(buffer: Buffer, start: number, end: number): Buffer {
  const chunk = Buffer.allocUnsafe(end - start);
  buffer.copy(chunk, 0, start, end);
  return chunk;
}
