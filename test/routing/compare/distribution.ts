// Counts that chance has a part in, compared as two samples of one distribution.

export type Counts = Readonly<Record<string, number>>;

/** How many standard deviations two samples may be apart. */
const deviations = 4;
/** What never came in one sample may come this often in the other. */
const rare = 9;

export function total(counts: Counts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

export function equalCounts(a: Counts, b: Counts): boolean {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => (a[key] ?? 0) === (b[key] ?? 0));
}

/** Whether a value that came `a` times of `ofA` and `b` times of `ofB` may have had the same chance. */
export function mayBeSame(a: number, ofA: number, b: number, ofB: number): boolean {
  if (a === b && ofA === ofB) return true;
  const all = ofA + ofB;
  const chance = all === 0 ? 0 : (a + b) / all;
  // Of samples of different sizes (retries change how many requests there are) no more is known than how often it came.
  const spread = ofA === ofB ? Math.sqrt(all * chance * (1 - chance)) : Math.sqrt(a + b);
  if ((a === 0 || b === 0) && Math.max(a, b) > rare) return false;
  return Math.abs(a - b) <= Math.max(1, deviations * spread);
}

/** Values whose counts are not of the same distribution. */
export function unlike(expected: Counts, actual: Counts): string[] {
  const keys = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  const [ofExpected, ofActual] = [total(expected), total(actual)];
  return [...keys].filter((key) => !mayBeSame(expected[key] ?? 0, ofExpected, actual[key] ?? 0, ofActual));
}

/** The counts with each key replaced by its kind and its rank in it: what cannot be told apart may change places. */
export function byRank(counts: Counts, kind: (key: string) => string): Counts {
  const ranked: Record<string, number> = {};
  const rank = new Map<string, number>();
  for (const [key, count] of Object.entries(counts).sort(([, a], [, b]) => b - a)) {
    const name = kind(key);
    const place = rank.get(name) ?? 0;
    rank.set(name, place + 1);
    ranked[`${name}#${place}`] = count;
  }
  return ranked;
}

/** Whether each of the values comes in turn: any as many in a row as there are different ones are all different. */
export function isRotation(values: readonly string[]): boolean {
  const period = new Set(values).size;
  if (period < 2 || values.length < 2 * period) return false;
  return values.every((value, i) => i < period || value === values[i - period]) && new Set(values.slice(0, period)).size === period;
}

/** Whether two lists of buckets can be paired so that each pair is the same bucket or neighbours. */
export function neighbours(expected: Counts, actual: Counts): boolean {
  const low = (bucket: string): number => Number.parseInt(bucket, 10);
  const spread = (counts: Counts): number[] =>
    Object.entries(counts)
      .flatMap(([bucket, count]) => Array<number>(count).fill(low(bucket)))
      .sort((a, b) => a - b);
  const [a, b] = [spread(expected), spread(actual)];
  return a.length === b.length && a.every((bucket, i) => bucketDistance(bucket, b[i] ?? 0) <= 1);
}

const bounds = [0, 50, 150, 300, 600, 1200, 2400, 5000];

/** How many buckets lie between two lower bounds. */
export function bucketDistance(a: number, b: number): number {
  return Math.abs(bounds.indexOf(a) - bounds.indexOf(b));
}
