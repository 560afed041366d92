import type { HashTable } from './hash-table.ts';
import { hashText64 } from './hash64.ts';
import type { Host } from './host.ts';
import { extremes, type WeightedHost } from './normalized-weights.ts';

/** Points that a ring has at most. */
const maxRingSize = 8_388_608;

/** RING_HASH, point by point as Envoy makes it (DR-R36). */
export class RingHash implements HashTable {
  private readonly hosts: readonly Host[];
  /** Points in ascending order: upper and lower halves of the hashes, and indexes of the endpoints. */
  private readonly hi: Uint32Array;
  private readonly lo: Uint32Array;
  private readonly owners: Uint32Array;

  constructor(weighted: readonly WeightedHost[], minimumRingSize: number) {
    this.hosts = weighted.map(({ host }) => host);
    const { min } = extremes(weighted);
    const wanted = Math.max(1, Math.min(minimumRingSize, maxRingSize));
    const scale = Math.min(Math.ceil(min * wanted) / min, maxRingSize);
    // The sums below may exceed the whole by a rounding error.
    const most = weighted.length === 0 ? 0 : Math.ceil(scale) + 1;
    const hi = new Uint32Array(most);
    const lo = new Uint32Array(most);
    const owners = new Uint32Array(most);
    let target = 0;
    let points = 0;
    weighted.forEach(({ host, weight }, owner) => {
      target += scale * weight;
      for (let k = 0; points < target && points < most; k++) {
        const hash = hashText64(`${host.key}_${k}`);
        hi[points] = hash.hi;
        lo[points] = hash.lo;
        owners[points++] = owner;
      }
    });
    const order = ascending(hi.subarray(0, points), lo.subarray(0, points));
    this.hi = order.map((i) => hi[i] as number);
    this.lo = order.map((i) => lo[i] as number);
    this.owners = order.map((i) => owners[i] as number);
  }

  get size(): number {
    return this.hi.length;
  }

  choose(hi: number, lo: number, attempt: number): Host | undefined {
    if (this.size === 0) return undefined;
    return this.hosts[this.owners[(this.firstFrom(hi, lo) + attempt) % this.size] as number];
  }

  /** Index of the smallest point that is not below the hash; 0 when there is none. */
  private firstFrom(hi: number, lo: number): number {
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const point = this.hi[middle] as number;
      if (point < hi || (point === hi && (this.lo[middle] as number) < lo)) low = middle + 1;
      else high = middle;
    }
    return low === this.size ? 0 : low;
  }
}

/** Indexes in the order of the numbers, byte by byte from the lowest: comparing takes seconds for the largest rings. */
function ascending(hi: Uint32Array, lo: Uint32Array): Uint32Array {
  let order = Uint32Array.from(hi.keys());
  let next = new Uint32Array(hi.length);
  for (let byte = 0; byte < 8; byte++) {
    const half = byte < 4 ? lo : hi;
    const shift = (byte % 4) * 8;
    const counts = new Uint32Array(256);
    for (const number of half) counts[(number >>> shift) & 0xff] = (counts[(number >>> shift) & 0xff] as number) + 1;
    let place = 0;
    const places = counts.map((count) => {
      place += count;
      return place - count;
    });
    for (const index of order) {
      const digit = ((half[index] as number) >>> shift) & 0xff;
      next[places[digit] as number] = index;
      places[digit] = (places[digit] as number) + 1;
    }
    [order, next] = [next, order];
  }
  return order;
}
