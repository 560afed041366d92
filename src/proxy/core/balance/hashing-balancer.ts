import type { Random } from '../clock.ts';
import { type Balancer, type ChooseContext, type ClusterView, reselections, wasTried } from './choose.ts';
import type { HashTable } from './hash-table.ts';
import { hashModulo } from './hash64.ts';
import type { Host } from './host.ts';
import { localityNormalizedWeights, normalizedWeights, type WeightedHost } from './normalized-weights.ts';
import { type PriorityLoads, priorityAt } from './priorities.ts';
import type { PriorityHosts } from './priority-hosts.ts';

interface PriorityTable {
  readonly hosts: readonly WeightedHost[];
  readonly table: HashTable;
}

/** Ring hash and maglev: a table for each priority, of the endpoints that can be used (DR-R38). */
export class HashingBalancer implements Balancer {
  private tables: PriorityTable[] = [];
  private loads: PriorityLoads = { loads: [100], panic: [false], availability: [0] };
  private readonly newTable: (hosts: readonly WeightedHost[]) => HashTable;
  private readonly localityWeighted: boolean;
  private readonly random: Random;
  private readonly countPanic: () => void;

  constructor(newTable: (hosts: readonly WeightedHost[]) => HashTable, localityWeighted: boolean, random: Random, countPanic: () => void) {
    this.newTable = newTable;
    this.localityWeighted = localityWeighted;
    this.random = random;
    this.countPanic = countPanic;
  }

  refresh({ priorities, loads }: ClusterView): void {
    this.loads = loads;
    this.tables = priorities.map((priority, i) => {
      const hosts = this.weighted(priority, loads.panic[i] === true);
      const before = this.tables[i];
      // Building one takes milliseconds, and most reloads change nothing of it.
      return before !== undefined && sameHosts(before.hosts, hosts) ? before : { hosts, table: this.newTable(hosts) };
    });
  }

  private weighted({ all, healthy, localities }: PriorityHosts, panic: boolean): WeightedHost[] {
    if (!this.localityWeighted) return normalizedWeights(panic ? all : healthy);
    return localityNormalizedWeights(localities.map((locality) => ({ weight: locality.weight, hosts: panic ? locality.all : locality.healthy })));
  }

  choose(context: ChooseContext | undefined): Host | undefined {
    const hash = context?.hash;
    const hi = hash === undefined ? Math.floor(this.random() * 0x100000000) : hash.hi;
    const lo = hash === undefined ? Math.floor(this.random() * 0x100000000) : hash.lo;
    const { loads, panic } = this.loads;
    const priority = loads[0] === 100 ? 0 : priorityAt(loads, hashModulo(hi, lo, 100) + 1);
    const table = this.tables[priority]?.table;
    if (table === undefined) return undefined;
    if (panic[priority] === true) this.countPanic();
    const again = reselections(context);
    for (let attempt = 0; ; attempt++) {
      const host = table.choose(hi, lo, attempt);
      if (host === undefined || attempt >= again || !wasTried(context, host)) return host;
    }
  }
}

function sameHosts(a: readonly WeightedHost[], b: readonly WeightedHost[]): boolean {
  return a.length === b.length && a.every(({ host, weight }, i) => host === b[i]?.host && weight === b[i]?.weight);
}
