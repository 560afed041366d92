/** Beside twice the number of entries, as many turns are taken at most to begin elsewhere in the sequence. */
const mostTurns = 256;

/**
 * Earliest deadline first: entries 0 to n-1 take turns in proportion to their weights, as evenly as can be. An entry of weight w
 * comes again 1/w after its turn; of two with the same deadline the one that was put in first comes first.
 */
export class Edf {
  private readonly deadlines: Float64Array;
  // A deadline is `since` + `turns` / `weights`, not a sum of fractions: so that equal deadlines are exactly equal.
  private readonly weights: Float64Array;
  private readonly turns: Float64Array;
  private readonly since: Float64Array;
  /** When it was put in; decides between equal deadlines. */
  private readonly orders: Float64Array;
  /** A binary heap of entries, the next one first. */
  private readonly heap: Int32Array;
  private readonly weight: (entry: number) => number;
  private order = 0;

  /**
   * @param weight above 0; asked again whenever the entry had its turn
   * @param start in [0, 1): where in the sequence to begin, so that not all proxies send to the same endpoint first
   */
  constructor(count: number, weight: (entry: number) => number, start: number) {
    this.deadlines = new Float64Array(count);
    this.weights = new Float64Array(count);
    this.turns = new Float64Array(count);
    this.since = new Float64Array(count);
    this.orders = new Float64Array(count);
    this.heap = new Int32Array(count);
    this.weight = weight;
    let least = Number.POSITIVE_INFINITY;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      this.putIn(i);
      this.heap[i] = i;
      least = Math.min(least, this.weights[i] as number);
      sum += this.weights[i] as number;
    }
    for (let i = (count >> 1) - 1; i >= 0; i--) this.siftDown(i);
    if (count === 0) return;
    // The sequence begins anew after this many turns, or nearly so.
    const cycle = Math.min(sum / least, 2 * count + mostTurns);
    for (let left = Math.floor(start * cycle); left > 0; left--) this.pick();
  }

  /** The entry whose turn it is; there must be one. */
  pick(): number {
    const entry = this.heap[0] as number;
    this.putIn(entry);
    this.siftDown(0);
    return entry;
  }

  private putIn(entry: number): void {
    const weight = this.weight(entry);
    if (weight !== this.weights[entry]) {
      this.weights[entry] = weight;
      this.since[entry] = this.deadlines[entry] as number;
      this.turns[entry] = 0;
    }
    const turns = (this.turns[entry] as number) + 1;
    this.turns[entry] = turns;
    this.deadlines[entry] = (this.since[entry] as number) + turns / weight;
    this.orders[entry] = this.order++;
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
