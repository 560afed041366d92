import type { HashTable } from './hash-table.ts';
import { hashModulo, hashText64 } from './hash64.ts';
import type { Host } from './host.ts';
import { extremes, type WeightedHost } from './normalized-weights.ts';

const maxTableSize = 5_000_011;

/** MAGLEV, entry by entry as Envoy fills the table (DR-R37). */
export class Maglev implements HashTable {
  private readonly hosts: readonly Host[];
  private readonly table: Uint32Array;

  /** @param tableSize the next prime is taken where it is none: with another number some entries could not be reached */
  constructor(weighted: readonly WeightedHost[], tableSize: number) {
    const sorted = [...weighted].sort((a, b) => (a.host.key < b.host.key ? -1 : a.host.key > b.host.key ? 1 : 0));
    this.hosts = sorted.map(({ host }) => host);
    const size = primeFrom(Math.min(tableSize, maxTableSize));
    this.table = new Uint32Array(sorted.length === 0 ? 0 : size);
    if (sorted.length > 0) this.fill(sorted, size);
  }

  private fill(sorted: readonly WeightedHost[], size: number): void {
    const { max } = extremes(sorted);
    const place = sorted.map(({ host }) => modulo(host.key, 0, size));
    const skip = sorted.map(({ host }) => modulo(host.key, 1, size - 1) + 1);
    const target = new Float64Array(sorted.length);
    const taken = new Uint8Array(size);
    let filled = 0;
    for (let iteration = 1; filled < size; iteration++) {
      for (let i = 0; i < sorted.length && filled < size; i++) {
        if (iteration * (sorted[i] as WeightedHost).weight < (target[i] as number)) continue;
        target[i] = (target[i] as number) + max;
        const step = skip[i] as number;
        let at = place[i] as number;
        while (taken[at] === 1) at = (at + step) % size;
        taken[at] = 1;
        this.table[at] = i;
        filled++;
        place[i] = (at + step) % size;
      }
    }
  }

  get size(): number {
    return this.table.length;
  }

  choose(hi: number, lo: number, attempt: number): Host | undefined {
    if (this.size === 0) return undefined;
    // 2^64 - attempt, in halves.
    const index = attempt === 0 ? hashModulo(hi, lo, this.size) : hashModulo(~hi >>> 0, (lo ^ -attempt) >>> 0, this.size);
    return this.hosts[this.table[index] as number];
  }
}

function modulo(key: string, seed: number, divisor: number): number {
  const { hi, lo } = hashText64(key, 0, seed);
  return hashModulo(hi, lo, divisor);
}

function primeFrom(size: number): number {
  let candidate = Math.max(2, Math.ceil(size) || 2);
  while (!isPrime(candidate)) candidate++;
  return candidate;
}

function isPrime(number: number): boolean {
  for (let divisor = 2; divisor * divisor <= number; divisor++) if (number % divisor === 0) return false;
  return true;
}
