import type { LocalityEndpoints } from '../../ir/cluster.ts';
import { maxUint32 } from './numbers.ts';

/** Weights of one locality: its own, and those of its endpoints in their order. */
export interface LocalityWeights {
  locality: number;
  endpoints: readonly number[];
}

/**
 * The weights of a cluster. Balancers that hash refuse weights whose sum in a priority is more than a number of 32 bits: such are made
 * smaller together, which moves a share by no more than one part in millions.
 */
export function weightsOf(localities: readonly LocalityEndpoints[]): LocalityWeights[] {
  const weights = localities.map(({ weight, endpoints }) => ({ locality: weight, endpoints: endpoints.map((endpoint) => endpoint.weight) }));
  if (sumOf(weights.flatMap(({ endpoints }) => endpoints)) <= maxUint32 && sumOf(weights.map(({ locality }) => locality)) <= maxUint32) return weights;
  for (const indexes of Map.groupBy(localities.keys(), (i) => localities[i]?.priority).values()) {
    const same = indexes.map((i) => weights[i] as LocalityWeights);
    const ofEndpoints = shrink(same.flatMap(({ endpoints }) => endpoints));
    const ofLocalities = shrink(same.map(({ locality }) => locality));
    for (const one of same) {
      one.endpoints = one.endpoints.map(ofEndpoints);
      one.locality = ofLocalities(one.locality);
    }
  }
  return weights;
}

function shrink(weights: readonly number[]): (weight: number) => number {
  const sum = sumOf(weights);
  if (sum <= maxUint32) return (weight) => weight;
  // Room for those that would be nothing, and are one.
  const ratio = (maxUint32 - weights.length) / sum;
  return (weight) => (weight === 0 ? 0 : Math.max(Math.floor(weight * ratio), 1));
}

function sumOf(weights: readonly number[]): number {
  let sum = 0;
  for (const weight of weights) sum += weight;
  return sum;
}
