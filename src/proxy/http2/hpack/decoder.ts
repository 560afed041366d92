import { latin1Slice } from '../latin1.ts';
import { decodeHuffman, mostDecoded } from './huffman.ts';
import { staticNames, staticSize, staticValues } from './static-table.ts';

/** Every entry of the dynamic table counts this much beside its text (RFC 7541, 4.1). */
const entryOverhead = 32;
/** What a number may be at most; nothing that is meant has more. */
const mostNumber = 1 << 24;

/** Header field names: a token in lower case; the colon of pseudo headers is looked at apart. */
const nameBytes = new Uint8Array(256);
for (const c of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz") nameBytes[c.charCodeAt(0)] = 1;
/** Values: HTAB, space, visible characters, obs-text. */
const valueBytes = new Uint8Array(256);
for (let c = 0; c < 256; c++) if (c === 9 || (c >= 32 && c !== 127)) valueBytes[c] = 1;

/** Texts are decoded here one at a time. */
let scratch: Buffer = Buffer.allocUnsafe(4096);

export interface DecoderLimits {
  /** Bytes of the names and values of one header block. */
  maxBytes: number;
  /** Header fields of one block. */
  maxFields: number;
}

/** Decodes the header blocks of one direction of a connection (RFC 7541). */
export class HpackDecoder {
  private readonly limits: DecoderLimits;
  /** Newest entry at `newest`, going down; the arrays are rings. */
  private names: string[] = new Array(64).fill('');
  private values: string[] = new Array(64).fill('');
  private newest = 63;
  private count = 0;
  private size = 0;
  /** Of SETTINGS_HEADER_TABLE_SIZE, as it was acknowledged. */
  private readonly maxSize: number;
  private capacity: number;
  private at = 0;
  /** The last block has a name or value that must not be in HTTP. */
  invalid = false;
  /** Which limit the last block was beyond; what is beyond it is not in the list. */
  tooLarge: 'bytes' | 'fields' | undefined = undefined;

  constructor(limits: DecoderLimits, maxSize = 4096) {
    this.limits = limits;
    this.maxSize = maxSize;
    this.capacity = maxSize;
  }

  /**
   * Appends the fields of a block to `list`: name, value, name, value.
   *
   * @returns false when it is no header block: the connection cannot go on (COMPRESSION_ERROR)
   */
  decode(bytes: Buffer, from: number, to: number, list: string[]): boolean {
    this.invalid = false;
    this.tooLarge = undefined;
    this.at = from;
    let total = 0;
    let fields = 0;
    let mayResize = true;
    while (this.at < to) {
      const first = bytes[this.at] as number;
      let name: string | undefined;
      let value: string | undefined;
      if (first >= 0x80) {
        const index = this.number(bytes, to, 7);
        if (index <= 0) return false;
        if (index <= staticSize) {
          name = staticNames[index] as string;
          value = staticValues[index] as string;
        } else {
          const slot = this.slotOf(index);
          if (slot < 0) return false;
          name = this.names[slot] as string;
          value = this.values[slot] as string;
        }
      } else if (first >= 0x20 && first < 0x40) {
        const capacity = this.number(bytes, to, 5);
        if (!mayResize || capacity < 0 || capacity > this.maxSize) return false;
        this.capacity = capacity;
        this.evict(0);
        continue;
      } else {
        const indexed = first >= 0x40;
        const index = this.number(bytes, to, indexed ? 6 : 4);
        if (index < 0) return false;
        if (index === 0) name = this.text(bytes, to, true);
        else if (index <= staticSize) name = staticNames[index] as string;
        else {
          const slot = this.slotOf(index);
          if (slot < 0) return false;
          name = this.names[slot] as string;
        }
        if (name === undefined) return false;
        value = this.text(bytes, to, false);
        if (value === undefined) return false;
        if (indexed) this.add(name, value);
      }
      mayResize = false;
      total += name.length + value.length;
      fields++;
      if (total > this.limits.maxBytes) this.tooLarge = 'bytes';
      else if (fields > this.limits.maxFields) this.tooLarge ??= 'fields';
      else list.push(name, value);
    }
    return true;
  }

  /** A number whose first bits are the lowest of the byte at hand (RFC 7541, 5.1); -1: it does not end, or is too large. */
  private number(bytes: Uint8Array, to: number, prefix: number): number {
    const most = (1 << prefix) - 1;
    let value = (bytes[this.at++] as number) & most;
    if (value < most) return value;
    for (let shift = 0; shift < 28; shift += 7) {
      if (this.at >= to) return -1;
      const byte = bytes[this.at++] as number;
      value += (byte & 127) << shift;
      if (value > mostNumber) return -1;
      if (byte < 128) return value;
    }
    return -1;
  }

  private text(bytes: Buffer, to: number, isName: boolean): string | undefined {
    if (this.at >= to) return undefined;
    const huffman = (bytes[this.at] as number) >= 0x80;
    const length = this.number(bytes, to, 7);
    if (length < 0 || this.at + length > to) return undefined;
    let from = this.at;
    let source = bytes;
    let end = from + length;
    this.at = end;
    if (huffman) {
      const most = mostDecoded(length);
      if (scratch.length < most) scratch = Buffer.allocUnsafe(most * 2);
      const count = decodeHuffman(bytes, from, end, scratch);
      if (count < 0) return undefined;
      source = scratch;
      from = 0;
      end = count;
    }
    if (isName) this.checkName(source, from, end);
    else {
      for (let i = from; i < end; i++) if (valueBytes[source[i] as number] === 0) this.invalid = true;
      // White space around is not part of a value.
      while (from < end && isSpace(source[from] as number)) from++;
      while (end > from && isSpace(source[end - 1] as number)) end--;
    }
    return latin1Slice(source, from, end);
  }

  private checkName(source: Uint8Array, from: number, end: number): void {
    const start = from < end && source[from] === 0x3a ? from + 1 : from;
    if (start === end) this.invalid = true;
    for (let i = start; i < end; i++) if (nameBytes[source[i] as number] === 0) this.invalid = true;
  }

  private slotOf(index: number): number {
    const back = index - staticSize - 1;
    return back >= this.count ? -1 : (this.newest - back + this.names.length) % this.names.length;
  }

  private add(name: string, value: string): void {
    const size = name.length + value.length + entryOverhead;
    this.evict(size);
    // An entry larger than the table empties it (RFC 7541, 4.4).
    if (size > this.capacity) return;
    if (this.count === this.names.length) this.grow();
    this.newest = (this.newest + 1) % this.names.length;
    this.names[this.newest] = name;
    this.values[this.newest] = value;
    this.count++;
    this.size += size;
  }

  /** Makes room for an entry of this size. */
  private evict(size: number): void {
    while (this.count > 0 && this.size + size > this.capacity) {
      const oldest = (this.newest - this.count + 1 + this.names.length) % this.names.length;
      this.size -= (this.names[oldest] as string).length + (this.values[oldest] as string).length + entryOverhead;
      this.names[oldest] = '';
      this.values[oldest] = '';
      this.count--;
    }
  }

  private grow(): void {
    const length = this.names.length;
    const names = new Array<string>(length * 2).fill('');
    const values = new Array<string>(length * 2).fill('');
    for (let i = 0; i < this.count; i++) {
      const slot = (this.newest - this.count + 1 + i + length) % length;
      names[i] = this.names[slot] as string;
      values[i] = this.values[slot] as string;
    }
    this.names = names;
    this.values = values;
    this.newest = this.count - 1;
  }
}

const isSpace = (c: number): boolean => c === 0x20 || c === 0x09;
