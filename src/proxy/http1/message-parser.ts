import { Buffer } from 'node:buffer';
import { lowerToken, valueBytes } from './characters.ts';
import { ChunkDecoder } from './chunk-decoder.ts';
import { HeadFields } from './head-fields.ts';
import { splitHeader, trim } from './header-line.ts';
import { hashStep, Kind, kindOf, knownName, learnName } from './header-names.ts';
import { LineReader } from './line-reader.ts';
import { errors, type ProtocolError } from './protocol-error.ts';

/** What a parser tells. */
export interface MessageSink {
  /** The head is in the parser's fields; interim responses come this way too. */
  onHead(): void;
  /** The chunk belongs to the receiver, unless the parser `lends` it: then it is good during this call only. */
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

const State = { head: 0, fixed: 1, chunks: 2, trailers: 3, untilClose: 4, complete: 5, failed: 6, stopped: 7 } as const;
type State = (typeof State)[keyof typeof State];

const TAB = 9;
const CR = 13;
const LF = 10;
const SP = 32;
const COLON = 58;

/** Start and end of each value of the head that is being scanned, and the names; scanning is never interrupted. */
let spans = new Int32Array(256);
const names: string[] = [];

/**
 * Reads a message from pieces of any size: what it tells and refuses is the same however the bytes are cut. A head that is whole and
 * of the usual form takes a fast path, which never refuses: what it does not understand it leaves to the other one, which reads line
 * by line.
 */
export abstract class MessageParser extends HeadFields {
  hasBody = false;
  error: ProtocolError | undefined = undefined;
  /** A byte of the message has come. */
  begun = false;
  /** Chunks are views of the bytes that are parsed; else they are copies. */
  lends = false;
  protected readonly sink: MessageSink;
  private readonly limits: MessageLimits;
  private state: State = State.head;
  /** Bytes left of a body of known length. */
  private remaining = 0;
  /** Made when they are needed: most connections never do. */
  private lines: LineReader | undefined = undefined;
  private chunks: ChunkDecoder | undefined = undefined;
  /** Headers, or trailers, that were read line by line. */
  private lineCount = 0;
  private startLineDone = false;
  private emptyLineSkipped = false;

  constructor(sink: MessageSink, limits: MessageLimits) {
    super();
    this.sink = sink;
    this.limits = limits;
    if (spans.length < 2 * limits.maxHeaders) spans = new Int32Array(2 * limits.maxHeaders);
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
          this.sink.onBody(this.chunk(buffer, at, end));
          return end;
        case State.trailers:
          at = this.readTrailers(buffer, at, end);
          break;
        case State.complete:
        case State.failed:
        case State.stopped:
          return at;
        default:
          at = this.readChunks(this.chunks as ChunkDecoder, buffer, at, end);
      }
    }
    return at;
  }

  /** The peer sends no more. A body without length ends here; else the message is cut short. */
  finish(): void {
    if (this.state === State.untilClose) {
      this.state = State.complete;
      this.closes = true;
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
    this.state = State.chunks;
    this.chunks ??= new ChunkDecoder();
    this.chunks.restart();
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
    this.startLineDone = false;
    this.emptyLineSkipped = false;
  }

  private readHead(buffer: Buffer, start: number, end: number): number {
    if (!this.begun) {
      const at = this.readWholeHead(buffer, start, end);
      if (at >= 0) return at;
      this.resetHead();
      this.begun = true;
      this.restartLines();
      if (!this.mayStartWith(buffer[start] as number)) {
        this.fail(errors.method);
        return start;
      }
    }
    const lines = this.lines as LineReader;
    let at = start;
    // After an interim head the next one begins anew.
    while (at < end && this.inHead) {
      at = this.readLine(buffer, at, end, errors.headersTooLarge);
      if (lines.whole && this.error === undefined) this.takeHeadLine(lines);
    }
    return at;
  }

  /** The whole head is in the buffer and nothing is unusual. @returns -1: not so, and nothing is done */
  private readWholeHead(buffer: Buffer, start: number, end: number): number {
    let at = this.scanStartLine(buffer, start, end);
    if (at < 0) return -1;
    const maxHeaders = this.limits.maxHeaders;
    let count = 0;
    let special = 0;
    for (;;) {
      const nameStart = at;
      let hash = 0;
      for (; at < end; at++) {
        const lower = lowerToken[buffer[at] as number] as number;
        if (lower === 0) break;
        hash = hashStep(hash, lower);
      }
      // A read outside of the buffer would make this function slow for good.
      if (at + 1 >= end) return -1;
      if (at === nameStart) {
        if (buffer[at] !== CR || buffer[at + 1] !== LF) return -1;
        at += 2;
        break;
      }
      if (buffer[at] !== COLON || count === maxHeaders) return -1;
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
      while (at < end && (buffer[at] === SP || buffer[at] === TAB)) at++;
      const valueStart = at;
      while (at < end && valueBytes[buffer[at] as number] === 1) at++;
      if (at + 1 >= end || buffer[at] !== CR || buffer[at + 1] !== LF) return -1;
      let valueEnd = at;
      while (valueEnd > valueStart && (buffer[valueEnd - 1] === SP || buffer[valueEnd - 1] === TAB)) valueEnd--;
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
      if (kind === Kind.transferEncoding && (!isUsualSpace(buffer, spans[2 * i] as number) || buffer[spans[2 * i + 1] as number] !== CR)) return -1;
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

  private restartLines(): LineReader {
    this.lines ??= new LineReader();
    this.lines.restart();
    this.lineCount = 0;
    return this.lines;
  }

  private readLine(buffer: Buffer, start: number, end: number, tooLarge: ProtocolError): number {
    const lines = this.lines as LineReader;
    const at = lines.read(buffer, start, end);
    if (lines.bytes > this.limits.maxHeadBytes) this.fail(tooLarge);
    else if (lines.whole && !lines.endsWell) this.fail(errors.bareLf);
    return at;
  }

  private takeHeadLine(line: LineReader): void {
    let error: ProtocolError | undefined;
    if (!this.startLineDone) error = this.takeFirstLine(line);
    else if (!line.isEmpty) error = this.takeHeader(line);
    else {
      error = this.frame();
      if (error === undefined) this.headDone();
    }
    if (error !== undefined) this.fail(error);
  }

  private takeFirstLine(line: LineReader): ProtocolError | undefined {
    // One empty line before a request is left over from a client that ends its bodies with CRLF (RFC 9112, 2.2).
    if (line.isEmpty && !this.emptyLineSkipped) {
      this.emptyLineSkipped = true;
      return undefined;
    }
    if (!this.mayStartWith(line.text.charCodeAt(0))) return errors.method;
    this.startLineDone = true;
    return this.parseStartLine(line.text.slice(0, -2));
  }

  private takeHeader(line: LineReader): ProtocolError | undefined {
    if (line.isFolded) return errors.fold;
    const text = line.text.slice(0, -2);
    const header = splitHeader(text);
    if (typeof header === 'object') return header;
    if (++this.lineCount > this.limits.maxHeaders) return errors.tooManyHeaders;
    const name = text.slice(0, header).toLowerCase();
    const value = trim(text, header + 1);
    const kind = kindOf(name);
    // There are parsers that do not take a tab for white space here, and see another body.
    if (kind === Kind.transferEncoding && text.includes('\t')) return errors.transferEncoding;
    if (kind !== Kind.host) this.headers.push(name, value);
    return kind === Kind.other ? undefined : this.note(kind, value);
  }

  private readFixed(buffer: Buffer, start: number, end: number): number {
    const take = Math.min(this.remaining, end - start);
    this.remaining -= take;
    if (this.remaining === 0) this.state = State.complete;
    this.sink.onBody(this.chunk(buffer, start, start + take));
    if (this.state === State.complete) this.sink.onMessageEnd();
    return start + take;
  }

  private readChunks(chunks: ChunkDecoder, buffer: Buffer, start: number, end: number): number {
    const at = chunks.decode(buffer, start, end);
    if (chunks.error !== undefined) this.fail(chunks.error);
    else if (chunks.done) {
      this.state = State.trailers;
      this.restartLines();
    }
    const { data } = chunks;
    if (data.length > 0) this.sink.onBody(chunks.isView && !this.lends ? Buffer.from(data) : data);
    return at;
  }

  /** They are checked and dropped (RT-R47). */
  private readTrailers(buffer: Buffer, start: number, end: number): number {
    const line = this.lines as LineReader;
    let at = start;
    while (at < end && this.state === State.trailers) {
      at = this.readLine(buffer, at, end, errors.trailersTooLarge);
      if (!line.whole || this.error !== undefined) return at;
      if (line.isEmpty) {
        this.state = State.complete;
        this.sink.onMessageEnd();
      } else if (line.isFolded) this.fail(errors.fold);
      else {
        const header = splitHeader(line.text.slice(0, -2));
        if (typeof header === 'object') this.fail(header);
        else if (++this.lineCount > this.limits.maxHeaders) this.fail(errors.trailersTooLarge);
      }
    }
    return at;
  }

  private chunk(buffer: Buffer, start: number, end: number): Buffer {
    if (this.lends) return buffer.subarray(start, end);
    const copy = Buffer.allocUnsafe(end - start);
    buffer.copy(copy, 0, start, end);
    return copy;
  }
}

/** Nothing but one space, or nothing at all, stands between the colon and the value that begins at `at`. */
function isUsualSpace(buffer: Buffer, at: number): boolean {
  return buffer[at - 1] === COLON || (buffer[at - 1] === SP && buffer[at - 2] === COLON);
}
