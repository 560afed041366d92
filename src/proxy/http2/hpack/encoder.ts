import { latin1Write } from '../latin1.ts';
import { staticNames, staticSize, staticValues } from './static-table.ts';

const entryOverhead = 32;
/** More is not kept, whatever the peer allows. */
const mostTable = 4096;
/** Names that are remembered; others are sent as they are. */
const mostNames = 512;
/** Values of one name that are looked through. */
const mostValues = 8;

/** Secrets must not get into a table whose state shows in the size of what others send (RFC 7541, 7.1.3). */
const secrets: ReadonlySet<string> = new Set(['authorization', 'proxy-authorization', 'cookie', 'set-cookie']);

/** What is known of a header name. */
class KnownName {
  /** Index in the static table; 0: not there. */
  readonly staticIndex: number;
  readonly secret: boolean;
  /** Static entries with a value. */
  readonly staticEntries: readonly string[];
  /** Values in the dynamic table with the number of their insertion, the newest last. */
  readonly values: string[] = [];
  readonly numbers: number[] = [];
  /** Sent last without being put into the table. */
  last = '';

  constructor(name: string) {
    this.staticIndex = Math.max(0, staticNames.indexOf(name, 1));
    this.secret = secrets.has(name);
    const entries: string[] = [];
    for (let i = this.staticIndex; i > 0 && staticNames[i] === name; i++) if (staticValues[i] !== '') entries.push(staticValues[i] as string);
    this.staticEntries = entries;
  }
}

/**
 * Encodes the header blocks of one direction of a connection (RFC 7541). A value is put into the dynamic table when a name has it the
 * second time in a row: what differs with every message (ids, paths) does not drive out what stays. Texts are not compressed.
 */
export class HpackEncoder {
  private readonly known = new Map<string, KnownName>();
  /** Sizes of the entries, a ring by number of insertion. */
  private readonly sizes = new Int32Array(mostTable / entryOverhead);
  private inserted = 0;
  private evicted = 0;
  private size = 0;
  private capacity = mostTable;
  /** The peer changed the size of its table: the next block begins with what it is now. */
  private resized = false;
  private buffer: Buffer = Buffer.allocUnsafe(4096);
  private at = 0;

  /** Takes SETTINGS_HEADER_TABLE_SIZE of the peer. */
  setCapacity(size: number): void {
    const capacity = Math.min(size, mostTable);
    if (capacity === this.capacity) return;
    this.capacity = capacity;
    this.evict(0);
    this.resized = true;
  }

  /** Begins a block; `add` each field, then `end`. */
  begin(): void {
    this.at = 0;
    if (!this.resized) return;
    this.resized = false;
    this.number(0x20, 5, this.capacity);
  }

  /** The block; valid until the next `begin`. */
  end(): Buffer {
    return this.buffer.subarray(0, this.at);
  }

  add(name: string, value: string): void {
    this.room(name.length + value.length + 16);
    let known = this.known.get(name);
    if (known === undefined) {
      known = new KnownName(name);
      if (this.known.size < mostNames) this.known.set(name, known);
    }
    for (let i = 0; i < known.staticEntries.length; i++) {
      if (known.staticEntries[i] === value) {
        this.number(0x80, 7, known.staticIndex + i);
        return;
      }
    }
    const { values, numbers } = known;
    for (let i = values.length - 1; i >= 0; i--) {
      if (values[i] === value && (numbers[i] as number) >= this.evicted) {
        this.number(0x80, 7, this.indexOf(numbers[i] as number));
        return;
      }
    }
    const newest = numbers.length > 0 ? (numbers[numbers.length - 1] as number) : -1;
    const index = known.staticIndex !== 0 ? known.staticIndex : newest >= this.evicted ? this.indexOf(newest) : 0;
    if (known.secret) this.number(0x10, 4, index);
    else if (known.last === value && name.length + value.length + entryOverhead <= this.capacity) {
      this.number(0x40, 6, index);
      this.insert(known, name.length + value.length + entryOverhead, value);
    } else {
      known.last = value;
      this.number(0, 4, index);
    }
    if (index === 0) this.text(name);
    this.text(value);
  }

  private indexOf(number: number): number {
    return staticSize + this.inserted - number;
  }

  private insert(known: KnownName, size: number, value: string): void {
    this.evict(size);
    known.last = '';
    known.values.push(value);
    known.numbers.push(this.inserted);
    if (known.values.length > mostValues) {
      known.values.shift();
      known.numbers.shift();
    }
    this.sizes[this.inserted % this.sizes.length] = size;
    this.inserted++;
    this.size += size;
  }

  private evict(size: number): void {
    while (this.evicted < this.inserted && this.size + size > this.capacity) {
      this.size -= this.sizes[this.evicted % this.sizes.length] as number;
      this.evicted++;
    }
  }

  private number(pattern: number, prefix: number, value: number): void {
    const most = (1 << prefix) - 1;
    if (value < most) {
      this.buffer[this.at++] = pattern | value;
      return;
    }
    this.buffer[this.at++] = pattern | most;
    let left = value - most;
    while (left >= 128) {
      this.buffer[this.at++] = (left & 127) | 128;
      left >>>= 7;
    }
    this.buffer[this.at++] = left;
  }

  private text(text: string): void {
    const { length } = text;
    this.number(0, 7, length);
    const { buffer, at } = this;
    if (length > 24) latin1Write(buffer, text, at);
    else for (let i = 0; i < length; i++) buffer[at + i] = text.charCodeAt(i);
    this.at = at + length;
  }

  private room(bytes: number): void {
    if (this.at + bytes <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe((this.at + bytes) * 2);
    this.buffer.copy(larger, 0, 0, this.at);
    this.buffer = larger;
  }
}
