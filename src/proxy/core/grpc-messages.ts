/** Counts the messages of a gRPC body in one direction: each has a prefix of one byte of flags and four of length. */
class GrpcMessageCounter {
  count = 0;
  /** Bytes of the current message that are still to come. */
  private left = 0;
  /** Bytes of the current prefix that are there, and its length so far. */
  private prefix = 0;
  private length = 0;

  add(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.left > 0) {
        const step = Math.min(this.left, chunk.length - at);
        this.left -= step;
        at += step;
        continue;
      }
      if (this.prefix > 0) this.length = this.length * 256 + (chunk[at] as number);
      at++;
      if (++this.prefix < 5) continue;
      this.count++;
      this.left = this.length;
      this.prefix = 0;
      this.length = 0;
    }
  }
}

/** Messages of a request and of its response. */
export class GrpcMessages {
  readonly request = new GrpcMessageCounter();
  readonly response = new GrpcMessageCounter();
}
