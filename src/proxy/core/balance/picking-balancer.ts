import type { Random } from '../clock.ts';
import { type Balancer, type ChooseContext, type ClusterView, reselections, wasTried } from './choose.ts';
import type { Host } from './host.ts';
import type { HostPicker } from './host-picker.ts';
import { LocalityTurns } from './localities.ts';
import { drawPriority, loadsAvoiding, type PriorityLoads } from './priorities.ts';

/** Pickers of one priority. They live as long as the balancer, so that their cycles go on. */
interface PriorityPickers {
  readonly all: HostPicker;
  readonly healthy: HostPicker;
  readonly localities: HostPicker[];
  turns: LocalityTurns | undefined;
}

/** LEAST_REQUEST, ROUND_ROBIN and RANDOM over priorities and localities. */
export class PickingBalancer implements Balancer {
  private readonly pickers: PriorityPickers[] = [];
  private loads: PriorityLoads = { loads: [100], panic: [false], availability: [0] };
  private readonly newPicker: () => HostPicker;
  private readonly random: Random;
  private readonly countPanic: () => void;
  private readonly localityWeighted: boolean;

  constructor(newPicker: () => HostPicker, localityWeighted: boolean, random: Random, countPanic: () => void) {
    this.newPicker = newPicker;
    this.localityWeighted = localityWeighted;
    this.random = random;
    this.countPanic = countPanic;
  }

  refresh({ priorities, loads, now }: ClusterView): void {
    this.loads = loads;
    priorities.forEach(({ all, healthy, localities }, i) => {
      const pickers = this.pickersOf(i);
      pickers.all.refresh(all, now);
      pickers.healthy.refresh(healthy, now);
      pickers.turns = this.localityWeighted ? LocalityTurns.of(localities, this.random) : undefined;
      if (pickers.turns === undefined) return;
      localities.forEach((locality, index) => {
        this.localityPicker(pickers, index).refresh(locality.healthy, now);
      });
    });
  }

  private pickersOf(priority: number): PriorityPickers {
    const known = this.pickers[priority];
    if (known !== undefined) return known;
    const made = { all: this.newPicker(), healthy: this.newPicker(), localities: [], turns: undefined };
    this.pickers[priority] = made;
    return made;
  }

  private localityPicker({ localities }: PriorityPickers, index: number): HostPicker {
    const known = localities[index];
    if (known !== undefined) return known;
    const made = this.newPicker();
    localities[index] = made;
    return made;
  }

  choose(context: ChooseContext | undefined): Host | undefined {
    const again = reselections(context);
    for (let attempt = 0; ; attempt++) {
      const host = this.chooseOnce(context);
      if (host === undefined || attempt >= again || !wasTried(context, host)) return host;
    }
  }

  private chooseOnce(context: ChooseContext | undefined): Host | undefined {
    const priority = drawPriority(this.loadsFor(context), this.random);
    const pickers = this.pickers[priority];
    if (pickers === undefined) return undefined;
    if (this.loads.panic[priority] === true) {
      this.countPanic();
      return pickers.all.pick();
    }
    return pickers.turns === undefined ? pickers.healthy.pick() : pickers.localities[pickers.turns.pick()]?.pick();
  }

  private loadsFor(context: ChooseContext | undefined): readonly number[] {
    if (context?.tried === undefined || context.retry?.previousPriorities !== true) return this.loads.loads;
    return loadsAvoiding(context.tried, this.loads);
  }
}
