import type { Host } from './host.ts';

/** An endpoint with its share of a consistent hash: all shares add up to 1. */
export interface WeightedHost {
  readonly host: Host;
  readonly weight: number;
}

/** Endpoints of one locality with the weight of the locality. */
export interface WeightedGroup {
  readonly weight: number;
  readonly hosts: readonly Host[];
}

/** By the weights of the endpoints alone. */
export function normalizedWeights(hosts: readonly Host[]): WeightedHost[] {
  return share(hosts, 1);
}

/** By the weights of the localities, and in each by those of its endpoints; localities without endpoints count, too. */
export function localityNormalizedWeights(groups: readonly WeightedGroup[]): WeightedHost[] {
  let sum = 0;
  for (const { weight } of groups) sum += weight;
  return groups.flatMap(({ weight, hosts }) => (weight > 0 ? share(hosts, weight / sum) : []));
}

function share(hosts: readonly Host[], whole: number): WeightedHost[] {
  let sum = 0;
  for (const { weight } of hosts) sum += weight;
  return hosts.map((host) => ({ host, weight: (host.weight * whole) / sum }));
}

export function extremes(hosts: readonly WeightedHost[]): { min: number; max: number } {
  let min = 1;
  let max = 0;
  for (const { weight } of hosts) {
    min = Math.min(min, weight);
    max = Math.max(max, weight);
  }
  return { min, max };
}
