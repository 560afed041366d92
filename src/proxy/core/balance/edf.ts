/** Beyond this virtual time, differences of deadlines begin to lose bits. */
const rebaseAt = 2 ** 24;

/** At most as many turns count as taken before the first one. */
const maxTurns = 2 ** 16;

/**
 * Earliest deadline first: entries 0 to n-1 take turns in proportion to their weights, as evenly as can be. An entry of weight w
 * comes again 1/w after its turn; of two with the same deadline the one that was put in first comes first.
 */
export class Edf {
  private readonly deadlines: Float64Array;
  /** When it was put in; decides between equal deadlines. */
  private readonly orders: Float64Array;
  /** A binary heap of entries, the next one first. */
  private readonly heap: Int32Array;
  private readonly weight: (entry: number) => number;
  private time = 0;
  private order = 0;

  /**
   * @param weight above 0; asked again whenever the entry had its turn
   * @param start in [0, 1): where in the sequence to begin, so that not all proxies send to the same endpoint first
   */
  constructor(count: number, weight: (entry: number) => number, start: number) {
    this.deadlines = new Float64Array(count);
    this.orders = new Float64Array(count);
    this.heap = new Int32Array(count);
    this.weight = weight;
    let sum = 0;
    for (let i = 0; i < count; i++) sum += weight(i);
    const turns = Math.floor(start * maxTurns);
    let left = turns;
    for (let i = 0; i < count; i++) {
      const own = weight(i);
      const taken = Math.floor((turns * own) / sum);
      left -= taken;
      // Deadlines are relative to the instant up to which turns are taken.
      this.deadlines[i] = (taken + 1) / own - turns / sum;
      this.orders[i] = this.order++;
      this.heap[i] = i;
    }
    for (let i = (count >> 1) - 1; i >= 0; i--) this.siftDown(i);
    if (count > 0) while (left-- > 0) this.pick();
  }

  /** The entry whose turn it is; there must be one. */
  pick(): number {
    const entry = this.heap[0] as number;
    this.time = this.deadlines[entry] as number;
    if (this.time > rebaseAt) this.rebase();
    this.deadlines[entry] = this.time + 1 / this.weight(entry);
    this.orders[entry] = this.order++;
    this.siftDown(0);
    return entry;
  }

  private rebase(): void {
    for (let i = 0; i < this.deadlines.length; i++) this.deadlines[i] = (this.deadlines[i] as number) - this.time;
    this.time = 0;
  }

  private before(a: number, b: number): boolean {
    const first = this.deadlines[a] as number;
    const second = this.deadlines[b] as number;
    return first < second || (first === second && (this.orders[a] as number) < (this.orders[b] as number));
  }

  private siftDown(from: number): void {
    const { heap } = this;
    const entry = heap[from] as number;
    let at = from;
    for (let child = 2 * at + 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && this.before(heap[child + 1] as number, heap[child] as number)) child++;
      const next = heap[child] as number;
      if (!this.before(next, entry)) break;
      heap[at] = next;
      at = child;
    }
    heap[at] = entry;
  }
}
