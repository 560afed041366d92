import type { Host } from './host.ts';

/** Endpoints of one priority by the hash of a request. */
export interface HashTable {
  /**
   * @param hi and `lo`: the hash
   * @param attempt 0, and one more for each time that the host of the one before was not wanted
   * @returns undefined: there is none
   */
  choose(hi: number, lo: number, attempt: number): Host | undefined;
}
