import { Buffer } from 'node:buffer';
import { hexDigits, valueBytes } from './characters.ts';
import { errors, type ProtocolError } from './protocol-error.ts';

const Phase = { size: 0, padding: 1, extension: 2, sizeLf: 3, data: 4, dataCr: 5, dataLf: 6, last: 7, failed: 8 } as const;
type Phase = (typeof Phase)[keyof typeof Phase];

/** Bytes of extensions after one size; what they say is not read. */
const maxExtension = 1024;
/** Leading zeros are allowed, but not without end. */
const maxDigits = 16;
const CR = 13;
const LF = 10;
const SEMICOLON = 59;
const nothing = Buffer.alloc(0);

/** The chunks of a body, up to the line of the last one; trailers are not read (RFC 9112, 7.1). */
export class ChunkDecoder {
  error: ProtocolError | undefined = undefined;
  /** Data of the bytes that were decoded last, all chunks together: small chunks cost no call each. */
  data: Buffer = nothing;
  /** The data is still where it came from. */
  isView = false;
  private phase: Phase = Phase.size;
  /** Bytes left of the chunk. */
  private remaining = 0;
  private digits = 0;
  private extensionBytes = 0;

  restart(): void {
    this.phase = Phase.size;
    this.remaining = 0;
    this.digits = 0;
    this.data = nothing;
  }

  /** The size line of the last chunk is read. */
  get done(): boolean {
    return this.phase === Phase.last;
  }

  /** @returns where it stopped: `end`, or less when `done` or `error` */
  decode(buffer: Buffer, start: number, end: number): number {
    let gathered = nothing;
    let filled = 0;
    // The first piece is not copied unless there is a second one.
    let firstStart = start;
    let firstEnd = start;
    let at = start;
    while (at < end && this.phase < Phase.last) {
      if (this.phase !== Phase.data) {
        this.take(buffer[at++] as number);
        continue;
      }
      const take = Math.min(this.remaining, end - at);
      if (firstEnd === firstStart) {
        firstStart = at;
        firstEnd = at + take;
      } else {
        if (filled === 0) {
          gathered = Buffer.allocUnsafe(end - firstStart);
          filled = buffer.copy(gathered, 0, firstStart, firstEnd);
        }
        buffer.copy(gathered, filled, at, at + take);
        filled += take;
      }
      at += take;
      this.remaining -= take;
      if (this.remaining === 0) this.phase = Phase.dataCr;
    }
    this.isView = filled === 0;
    this.data = filled === 0 ? buffer.subarray(firstStart, firstEnd) : gathered.subarray(0, filled);
    return at;
  }

  private take(byte: number): void {
    switch (this.phase) {
      case Phase.size:
        this.takeSize(byte);
        break;
      case Phase.padding:
        if (byte === CR) this.phase = Phase.sizeLf;
        else if (byte === SEMICOLON) this.phase = Phase.extension;
        else if (byte !== 32 && byte !== 9) this.fail(errors.chunkSize);
        else if (++this.extensionBytes > maxExtension) this.fail(errors.chunkExtension);
        break;
      case Phase.extension:
        if (byte === CR) this.phase = Phase.sizeLf;
        else if (valueBytes[byte] !== 1 || ++this.extensionBytes > maxExtension) this.fail(errors.chunkExtension);
        break;
      case Phase.sizeLf:
        this.digits = 0;
        if (byte !== LF) this.fail(errors.chunkSize);
        else this.phase = this.remaining > 0 ? Phase.data : Phase.last;
        break;
      case Phase.dataCr:
        if (byte === CR) this.phase = Phase.dataLf;
        else this.fail(errors.chunkEnd);
        break;
      default:
        if (byte === LF) this.phase = Phase.size;
        else this.fail(errors.chunkEnd);
    }
  }

  private takeSize(byte: number): void {
    const digit = hexDigits[byte] as number;
    if (digit !== 255) {
      this.remaining = this.remaining * 16 + digit;
      if (++this.digits > maxDigits || this.remaining > Number.MAX_SAFE_INTEGER) this.fail(errors.chunkSize);
    } else if (this.digits === 0) this.fail(errors.chunkSize);
    else if (byte === CR) this.phase = Phase.sizeLf;
    else if (byte === SEMICOLON || byte === 32 || byte === 9) {
      this.extensionBytes = 1;
      this.phase = byte === SEMICOLON ? Phase.extension : Phase.padding;
    } else this.fail(errors.chunkSize);
  }

  private fail(error: ProtocolError): void {
    this.error = error;
    this.phase = Phase.failed;
  }
}
