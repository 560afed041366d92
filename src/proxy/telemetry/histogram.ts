/** Upper bounds of the buckets of all histograms, milliseconds or bytes (TEL-R4); one more bucket takes the rest. */
export const bucketBounds: readonly number[] = [0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 600000, 1800000, 3600000];

const bounds = Float64Array.from(bucketBounds);

export class Histogram {
  /** How many values fell into each bucket and no smaller one; the last has no bound. */
  readonly counts = new Float64Array(bounds.length + 1);
  sum = 0;

  record(value: number): void {
    let low = 0;
    let high = bounds.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (value <= (bounds[middle] as number)) high = middle;
      else low = middle + 1;
    }
    (this.counts[low] as number)++;
    this.sum += value;
  }

  reset(): void {
    this.counts.fill(0);
    this.sum = 0;
  }
}
