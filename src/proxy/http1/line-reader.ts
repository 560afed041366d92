import { Buffer } from 'node:buffer';
import { isBlank } from './header-line.ts';

const LF = 10;
const initialBytes = 1024;
const nothing = Buffer.alloc(0);

/** Puts lines together that come in pieces, of heads and of trailers. */
export class LineReader {
  /** The last line with its end, when `whole`. */
  text = '';
  whole = false;
  /** All bytes since `restart`. */
  bytes = 0;
  private partial: Buffer = nothing;
  private partialBytes = 0;

  restart(): void {
    this.bytes = 0;
    this.partialBytes = 0;
    this.whole = false;
  }

  /** @returns where the line ends, or `end` */
  read(buffer: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end && buffer[at] !== LF) at++;
    this.whole = at < end;
    if (this.whole) at++;
    this.bytes += at - start;
    if (this.whole && this.partialBytes === 0) this.text = buffer.toString('latin1', start, at);
    else this.append(buffer, start, at);
    return at;
  }

  /** It ends in CRLF. */
  get endsWell(): boolean {
    return this.text.charCodeAt(this.text.length - 2) === 13;
  }

  get isEmpty(): boolean {
    return this.text.length === 2;
  }

  /** It goes on the line before (obs-fold). */
  get isFolded(): boolean {
    return isBlank(this.text.charCodeAt(0));
  }

  private append(buffer: Buffer, start: number, end: number): void {
    const needed = this.partialBytes + end - start;
    if (needed > this.partial.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(initialBytes, 2 * needed));
      this.partial.copy(larger, 0, 0, this.partialBytes);
      this.partial = larger;
    }
    buffer.copy(this.partial, this.partialBytes, start, end);
    this.partialBytes = needed;
    if (!this.whole) return;
    this.text = this.partial.toString('latin1', 0, needed);
    this.partialBytes = 0;
    if (this.partial.length > 4 * initialBytes) this.partial = nothing;
  }
}
