// Parts of tables that were made before, and when they are still right.
import { sameItems } from '../model/same.ts';
import type { Asked, Outlook } from './translation.ts';

/** A part of a table with all that it depends on. */
export interface Made<T> {
  inputs: readonly unknown[];
  asked: Asked;
  result: T;
}

/** Parts of one sort for all proxies of a mesh: those that depend on the same are one. */
export class Parts<T> {
  private readonly made: Made<T>[] = [];

  /**
   * @param former part of the same proxies in a mesh before this one
   * @param make gets what was made before, to keep what is equal
   */
  of(outlook: Outlook, inputs: readonly unknown[], former: Made<T> | undefined, make: (former: T | undefined) => Omit<Made<T>, 'inputs'>): Made<T> {
    const fits = (one: Made<T>): boolean => sameItems(one.inputs, inputs) && outlook.agrees(one.asked);
    for (const one of this.made) if (fits(one)) return one;
    const made = former && fits(former) ? former : { inputs, ...make(former?.result) };
    this.made.push(made);
    return made;
  }
}
