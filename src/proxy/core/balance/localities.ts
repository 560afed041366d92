import type { Random } from '../clock.ts';
import { Edf } from './edf.ts';
import { effectiveLocalityWeight, type LocalityHosts } from './priority-hosts.ts';

/** Takes the localities of a priority in turns by their weights (DR-R46), less where too few of their endpoints can be used. */
export class LocalityTurns {
  private readonly indexes: number[];
  private readonly edf: Edf;

  private constructor(indexes: number[], weights: readonly number[], start: number) {
    this.indexes = indexes;
    this.edf = new Edf(indexes.length, (i) => weights[indexes[i] as number] as number, start);
  }

  /** Undefined where no locality has weight and endpoints: then the localities do not matter. */
  static of(localities: readonly LocalityHosts[], random: Random): LocalityTurns | undefined {
    const weights = localities.map(effectiveLocalityWeight);
    const indexes = [...weights.keys()].filter((i) => (weights[i] as number) > 0);
    return indexes.length === 0 ? undefined : new LocalityTurns(indexes, weights, random());
  }

  /** Index of the locality. */
  pick(): number {
    return this.indexes[this.edf.pick()] as number;
  }
}
