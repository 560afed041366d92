import type { Headers } from './core/headers.ts';
import { retryBufferBytes } from './core/retry.ts';

/** Most requests have no body. */
const nothing: readonly Uint8Array[] = [];

/**
 * The body of a request on its way: kept while it may have to be sent again, and while there is nobody to send it to.
 */
export class RequestBody {
  /** All that came so far, as long as it is kept. */
  chunks: readonly Uint8Array[] = nothing;
  bytes = 0;
  /** More is not sent again. */
  mostKept = retryBufferBytes;
  /** Too much came to keep it: what was sent cannot be sent again. */
  overflowed = false;
  complete = false;
  trailers: Headers | undefined = undefined;

  add(chunk: Uint8Array, keep: boolean): void {
    this.bytes += chunk.length;
    if (this.overflowed) return;
    if (!keep || this.bytes > this.mostKept) this.overflowed = true;
    if (this.chunks === nothing) this.chunks = [chunk];
    else (this.chunks as Uint8Array[]).push(chunk);
  }

  /** What was kept so far has been sent; nothing more of it is needed. */
  release(): void {
    this.chunks = nothing;
    this.overflowed = true;
  }

  /** More has come than is held back for anybody who does not take it. */
  get isLong(): boolean {
    return this.bytes > retryBufferBytes;
  }

  /** Nothing at all comes after the head. */
  get isEmpty(): boolean {
    return this.complete && this.bytes === 0 && this.trailers === undefined;
  }
}
