// Header compression of HTTP/2 (RFC 7541): written without compression, so that any header can be sent, and read in full.
import type { HeaderList } from './http1.ts';

/** RFC 7541, appendix A. */
const staticTable: HeaderList = (
  ':authority|:method GET|:method POST|:path /|:path /index.html|:scheme http|:scheme https|:status 200|:status 204|:status 206|:status 304|' +
  ':status 400|:status 404|:status 500|accept-charset|accept-encoding gzip, deflate|accept-language|accept-ranges|accept|access-control-allow-origin|' +
  'age|allow|authorization|cache-control|content-disposition|content-encoding|content-language|content-length|content-location|content-range|' +
  'content-type|cookie|date|etag|expect|expires|from|host|if-match|if-modified-since|if-none-match|if-range|if-unmodified-since|last-modified|link|' +
  'location|max-forwards|proxy-authenticate|proxy-authorization|range|referer|refresh|retry-after|server|set-cookie|strict-transport-security|' +
  'transfer-encoding|user-agent|vary|via|www-authenticate'
)
  .split('|')
  .map((entry) => {
    const space = entry.indexOf(' ');
    return space < 0 ? [entry, ''] : [entry.slice(0, space), entry.slice(space + 1)];
  });

/** Lengths in bits of the codes of the printable characters from space to tilde (RFC 7541, appendix B); the codes follow, as the code is canonical. */
const codeLengths = [
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13,
];

/** Characters by `length:code`. */
const characters = new Map<string, string>();
{
  let code = 0;
  let length = 5;
  // The null character is the only other one whose code is not longer than all of these.
  const all = [{ bits: 13, character: '\0' }, ...codeLengths.map((bits, index) => ({ bits, character: String.fromCharCode(32 + index) }))];
  const order = all.sort((a, b) => a.bits - b.bits);
  for (const { bits, character } of order) {
    code *= 2 ** (bits - length);
    length = bits;
    characters.set(`${length}:${code}`, character);
    code++;
  }
}

function huffman(bytes: Buffer): string {
  let text = '';
  let code = 0;
  let length = 0;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      code = code * 2 + ((byte >> bit) & 1);
      length++;
      const character = characters.get(`${length}:${code}`);
      if (character !== undefined) {
        text += character;
        code = 0;
        length = 0;
      } else if (length > 30) throw new Error('a character in a compressed header that is not ASCII');
    }
  }
  return text;
}

/** Reads the header blocks of one connection. */
export class HeaderDecoder {
  private table: HeaderList = [];
  private limit = 4096;

  decode(block: Buffer): HeaderList {
    const headers: HeaderList = [];
    let at = 0;
    const integer = (prefix: number): number => {
      const mask = 2 ** prefix - 1;
      let value = (block[at++] ?? 0) & mask;
      if (value < mask) return value;
      for (let shift = 0; ; shift += 7) {
        const byte = block[at++] ?? 0;
        value += (byte & 0x7f) * 2 ** shift;
        if ((byte & 0x80) === 0) return value;
      }
    };
    const text = (): string => {
      const compressed = ((block[at] ?? 0) & 0x80) !== 0;
      const length = integer(7);
      const bytes = block.subarray(at, at + length);
      at += length;
      return compressed ? huffman(bytes) : bytes.toString('latin1');
    };
    while (at < block.length) {
      const first = block[at] ?? 0;
      if (first & 0x80) headers.push(this.entry(integer(7)));
      else if ((first & 0xe0) === 0x20) this.resize(integer(5));
      else {
        const indexed = (first & 0x40) !== 0;
        const index = integer(indexed ? 6 : 4);
        const name = index > 0 ? this.entry(index)[0] : text();
        const field: [string, string] = [name, text()];
        headers.push(field);
        if (indexed) {
          this.table.unshift(field);
          this.resize(this.limit);
        }
      }
    }
    return headers;
  }

  private entry(index: number): [string, string] {
    const entry = staticTable[index - 1] ?? this.table[index - 1 - staticTable.length];
    if (!entry) throw new Error(`no header in the table at ${index}`);
    return [entry[0], entry[1]];
  }

  private resize(limit: number): void {
    this.limit = limit;
    let size = 0;
    const kept = this.table.findIndex(([name, value]) => {
      size += name.length + value.length + 32;
      return size > limit;
    });
    if (kept >= 0) this.table.length = kept;
  }
}

/** A length with a prefix of 7 bits, none of the bits before it set. */
function length7(length: number): number[] {
  if (length < 127) return [length];
  const bytes = [127];
  let rest = length - 127;
  while (rest >= 128) {
    bytes.push((rest % 128) | 0x80);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return bytes;
}

/** A header block of literals without indexing. */
export function encodeHeaders(headers: HeaderList): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of headers) {
    const nameBytes = Buffer.from(name, 'latin1');
    const valueBytes = Buffer.from(value, 'latin1');
    parts.push(Buffer.from([0, ...length7(nameBytes.length)]), nameBytes, Buffer.from(length7(valueBytes.length)), valueBytes);
  }
  return Buffer.concat(parts);
}
