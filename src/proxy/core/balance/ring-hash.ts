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
  /** Index of the first point of each bucket, which the uppermost bits of a hash number; there are about as many as points. */
  private readonly starts: Uint32Array;
  private readonly shift: number;

  constructor(weighted: readonly WeightedHost[], minimumRingSize: number) {
    this.hosts = weighted.map(({ host }) => host);
    const { min } = extremes(weighted);
    const wanted = minimumRingSize >= 1 ? Math.min(minimumRingSize, maxRingSize) : 1;
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
    this.shift = Math.clz32(Math.max(1, points - 1));
    this.starts = bucketStarts(hi.subarray(0, points), this.shift);
    const places = this.starts.slice();
    this.hi = new Uint32Array(points);
    this.lo = new Uint32Array(points);
    this.owners = new Uint32Array(points);
    for (let i = 0; i < points; i++) {
      const bucket = (hi[i] as number) >>> this.shift;
      const at = places[bucket] as number;
      places[bucket] = at + 1;
      this.insert(this.starts[bucket] as number, at, hi[i] as number, lo[i] as number, owners[i] as number);
    }
  }

  /** Puts a point into its bucket, which goes from `start` to before `end`, in order. */
  private insert(start: number, end: number, hi: number, lo: number, owner: number): void {
    let at = end;
    for (; at > start && !this.isBelow(at - 1, hi, lo); at--) {
      this.hi[at] = this.hi[at - 1] as number;
      this.lo[at] = this.lo[at - 1] as number;
      this.owners[at] = this.owners[at - 1] as number;
    }
    this.hi[at] = hi;
    this.lo[at] = lo;
    this.owners[at] = owner;
  }

  private isBelow(at: number, hi: number, lo: number): boolean {
    const point = this.hi[at] as number;
    return point < hi || (point === hi && (this.lo[at] as number) < lo);
  }

  get size(): number {
    return this.hi.length;
  }

  choose(hi: number, lo: number, attempt: number): Host | undefined {
    const { size } = this;
    if (size === 0) return undefined;
    // The smallest point that is not below the hash, or the first.
    let at = this.starts[hi >>> this.shift] as number;
    while (at < size && this.isBelow(at, hi, lo)) at++;
    return this.hosts[this.owners[(at + attempt) % size] as number];
  }
}

function bucketStarts(hi: Uint32Array, shift: number): Uint32Array {
  const starts = new Uint32Array((0xffffffff >>> shift) + 1);
  for (let i = 0; i < hi.length; i++) {
    const bucket = (hi[i] as number) >>> shift;
    starts[bucket] = (starts[bucket] as number) + 1;
  }
  let sum = 0;
  for (let i = 0; i < starts.length; i++) {
    const count = starts[i] as number;
    starts[i] = sum;
    sum += count;
  }
  return starts;
}
