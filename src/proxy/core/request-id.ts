// Request ids: UUIDs of version 4 whose 15th character carries the decision about tracing (TEL-R32).

const hex: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

const poolBytes = 4096;

/** Draws ids from random bytes that are fetched many at a time. */
export class RequestIds {
  readonly #fill: (bytes: Uint8Array) => void;
  readonly #pool = new Uint8Array(poolBytes);
  #at = poolBytes;

  /** @param fill writes random bytes */
  constructor(fill: (bytes: Uint8Array) => void) {
    this.#fill = fill;
  }

  /** `1b4e28ba-2fa1-4bd2-883f-0016d3cca427` */
  next(): string {
    if (this.#at === poolBytes) {
      this.#fill(this.#pool);
      this.#at = 0;
    }
    const at = this.#at;
    this.#at = at + 16;
    const b = this.#pool;
    return `${h(b, at)}${h(b, at + 1)}${h(b, at + 2)}${h(b, at + 3)}-${h(b, at + 4)}${h(b, at + 5)}-${hex[((b[at + 6] as number) & 0x0f) | 0x40]}${h(b, at + 7)}-${hex[((b[at + 8] as number) & 0x3f) | 0x80]}${h(b, at + 9)}-${h(b, at + 10)}${h(b, at + 11)}${h(b, at + 12)}${h(b, at + 13)}${h(b, at + 14)}${h(b, at + 15)}`;
  }
}

function h(bytes: Uint8Array, at: number): string {
  return hex[bytes[at] as number] as string;
}

/** A UUID with the decision about its trace: `4` none, `9` sampled, `a` asked for by a service, `b` by the client. Other ids stay as they are. */
export function withTraceReason(id: string, reason: '4' | '9' | 'a' | 'b'): string {
  return id.length === 36 && id[8] === '-' && id[13] === '-' ? id.slice(0, 14) + reason + id.slice(15) : id;
}
