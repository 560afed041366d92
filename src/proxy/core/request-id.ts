// Request ids: UUIDs of version 4 whose 15th character carries the decision about tracing (TEL-R32).

const digits = '0123456789abcdef';

/** Ids that are made at once. */
const batch = 256;
const bytesOfId = 16;
const lengthOfId = 36;

/** Makes ids many at a time: from random bytes to one text that all of them are cut from. */
export class RequestIds {
  readonly #fill: (bytes: Uint8Array) => void;
  readonly #random = new Uint8Array(batch * bytesOfId);
  readonly #ascii = Buffer.alloc(batch * lengthOfId);
  #text = '';
  #at = 0;

  /** @param fill writes random bytes */
  constructor(fill: (bytes: Uint8Array) => void) {
    this.#fill = fill;
  }

  /** `1b4e28ba-2fa1-4bd2-883f-0016d3cca427` */
  next(): string {
    if (this.#at === this.#text.length) this.#refill();
    const at = this.#at;
    this.#at = at + lengthOfId;
    return this.#text.substring(at, at + lengthOfId);
  }

  #refill(): void {
    const random = this.#random;
    const ascii = this.#ascii;
    this.#fill(random);
    let out = 0;
    for (let i = 0; i < random.length; i++) {
      const place = i % bytesOfId;
      let byte = random[i] as number;
      if (place === 6) byte = (byte & 0x0f) | 0x40;
      else if (place === 8) byte = (byte & 0x3f) | 0x80;
      if (place === 4 || place === 6 || place === 8 || place === 10) ascii[out++] = 45;
      ascii[out++] = digits.charCodeAt(byte >> 4);
      ascii[out++] = digits.charCodeAt(byte & 15);
    }
    this.#text = ascii.toString('latin1');
    this.#at = 0;
  }
}

/** A UUID with the decision about its trace: `4` none, `9` sampled, `a` asked for by a service, `b` by the client. Other ids stay as they are. */
export function withTraceReason(id: string, reason: '4' | '9' | 'a' | 'b'): string {
  return id.length === 36 && id[8] === '-' && id[13] === '-' ? id.slice(0, 14) + reason + id.slice(15) : id;
}
