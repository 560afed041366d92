import type { Host } from './host.ts';
import { overprovisioningPercent } from './priorities.ts';

/** Endpoints of one locality of a priority. */
export interface LocalityHosts {
  readonly weight: number;
  readonly all: Host[];
  readonly healthy: Host[];
}

/** Endpoints of one priority in the order of the table. */
export interface PriorityHosts {
  readonly all: Host[];
  readonly healthy: Host[];
  readonly localities: LocalityHosts[];
}

/** Endpoints that came as one group. */
export interface HostGroup {
  /** Of the locality. */
  readonly weight: number;
  readonly priority: number;
  readonly hosts: readonly Host[];
}

/** Splits the endpoints of a cluster; there is always a priority 0. */
export function byPriority(groups: readonly HostGroup[]): PriorityHosts[] {
  const priorities: PriorityHosts[] = [{ all: [], healthy: [], localities: [] }];
  for (const group of groups) {
    while (priorities.length <= group.priority) priorities.push({ all: [], healthy: [], localities: [] });
    const { all, healthy, localities } = priorities[group.priority] as PriorityHosts;
    const locality: LocalityHosts = { weight: group.weight > 0 ? group.weight : 0, all: [...group.hosts], healthy: group.hosts.filter(({ usable }) => usable) };
    all.push(...locality.all);
    healthy.push(...locality.healthy);
    localities.push(locality);
  }
  return priorities;
}

/** Weight of a locality by how many of its endpoints can be used: as a whole while 100/140 of them can. */
export function effectiveLocalityWeight({ weight, all, healthy }: LocalityHosts): number {
  if (all.length === 0) return 0;
  return weight * Math.min(1, ((overprovisioningPercent / 100) * healthy.length) / all.length);
}
