// Which share of the requests each priority gets, by how many of its endpoints can be used (DR-R49), and which are in panic (DR-R24).
import type { Random } from '../clock.ts';
import type { Host } from './host.ts';

/** A priority is as good as whole while more than 100/140 of its endpoints can be used. */
export const overprovisioningPercent = 140;

/** Retries after which the priorities of all tries are avoided (RT-R74). */
const updateFrequency = 2;

export interface PriorityHealth {
  readonly total: number;
  readonly healthy: number;
}

export interface PriorityLoads {
  /** Percent of the requests; they add up to 100. */
  readonly loads: readonly number[];
  /** All endpoints of the priority are used. */
  readonly panic: readonly boolean[];
  /** Percent, 0 to 100 each. */
  readonly availability: readonly number[];
}

/** @param panicPercent below this percentage of healthy endpoints all of a priority are used; 0: never */
export function priorityLoads(priorities: readonly PriorityHealth[], panicPercent: number): PriorityLoads {
  const availability = priorities.map(({ total, healthy }) => (total === 0 ? 0 : Math.min(100, Math.floor((overprovisioningPercent * healthy) / total))));
  const available = Math.min(100, sum(availability));
  const threshold = Math.min(100, panicPercent);
  if (available === 0 && threshold === 0) {
    return { loads: priorities.map((_, i) => (i === 0 ? 100 : 0)), panic: priorities.map(() => false), availability };
  }
  const panic = priorities.map(({ total, healthy }) => available < 100 && (total === 0 ? 0 : (100 * healthy) / total) < threshold);
  if (panic.every((inPanic) => inPanic)) return { loads: loadsByCount(priorities), panic, availability };
  return { loads: distribute(availability, available), panic, availability };
}

/** As much to each as it can take, the first first; what rounding leaves goes to the first that takes any. */
function distribute(availability: readonly number[], available: number): number[] {
  let left = 100;
  const loads = availability.map((percent) => {
    const load = Math.min(left, Math.floor((percent * 100) / available));
    left -= load;
    return load;
  });
  return addToFirst(loads, left, availability);
}

/** Where all priorities are in panic, by the number of their endpoints. */
function loadsByCount(priorities: readonly PriorityHealth[]): number[] {
  const all = sum(priorities.map(({ total }) => total));
  let left = 100;
  const loads = priorities.map(({ total }) => {
    const load = all === 0 ? 0 : Math.floor((100 * total) / all);
    left -= load;
    return load;
  });
  return addToFirst(
    loads,
    left,
    priorities.map(({ total }) => total),
  );
}

function addToFirst(loads: number[], rest: number, available: readonly number[]): number[] {
  const first = Math.max(
    0,
    available.findIndex((amount) => amount > 0),
  );
  loads[first] = (loads[first] ?? 0) + rest;
  return loads;
}

/**
 * Loads for a retry that avoids the priorities of the tries before it (RT-R74): the list of those is brought up to date after every
 * second try. When no other priority can take requests, the list begins anew.
 */
export function loadsAvoiding(tried: readonly Host[], { loads, availability }: PriorityLoads): readonly number[] {
  let result = loads;
  let avoided = new Set<number>();
  let first = 0;
  for (let count = 1; count <= tried.length; count++) {
    if ((count - first) % updateFrequency !== 0) continue;
    for (let i = first; i < count; i++) avoided.add((tried[i] as Host).priority);
    let adjusted = availability.map((percent, priority) => (avoided.has(priority) ? 0 : percent));
    if (sum(adjusted) === 0) {
      avoided = new Set();
      first = count;
      adjusted = [...availability];
    }
    if (sum(adjusted) === 0) return loads;
    result = distribute(adjusted, Math.min(100, sum(adjusted)));
  }
  // Since the list began anew, too few tries for another.
  return tried.length - first < updateFrequency && first > 0 ? loads : result;
}

/** @param point 1 to 100 */
export function priorityAt(loads: readonly number[], point: number): number {
  let total = 0;
  for (let i = 0; i < loads.length; i++) {
    total += loads[i] as number;
    if (point <= total) return i;
  }
  return 0;
}

/** A priority at random, by their loads. */
export function drawPriority(loads: readonly number[], random: Random): number {
  // The usual case needs no random number.
  if (loads[0] === 100) return 0;
  return priorityAt(loads, Math.floor(random() * 100) + 1);
}

function sum(numbers: readonly number[]): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
