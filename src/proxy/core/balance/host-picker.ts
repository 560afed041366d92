import type { Host } from './host.ts';

/** Chooses among the endpoints of one list: all of a priority, the healthy ones of it, or those of one locality. */
export interface HostPicker {
  /** Another list, or other weights; the place in a cycle stays. */
  refresh(hosts: readonly Host[], now: number): void;
  /** Undefined: the list is empty. */
  pick(): Host | undefined;
}

export function equalWeights(hosts: readonly Host[]): boolean {
  return hosts.every(({ weight }) => weight === hosts[0]?.weight);
}
