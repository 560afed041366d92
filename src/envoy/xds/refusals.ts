// What a proxy has refused of one type, and what becomes of the rest of such a response.
import { takenWhole } from './order.ts';
import type { Content } from './responses.ts';
import type { ResourceSet, XdsResource } from './view.ts';

export interface Refusal {
  text: string;
  /** Milliseconds since the epoch. */
  time: number;
  /** Of the set that the response was of. */
  version: string;
}

/** Of responses to one set, so that a proxy that refuses everything does not get everything twice. */
const isolationLimit = 32;

export class Refusals {
  readonly #isTakenWhole: boolean;
  /** The last one that still matters. */
  last: Refusal | undefined;
  /** Versions that were refused when they were alone in a response. */
  readonly #versions = new Map<string, string>();
  /** Names of a refused response in parts, to be sent one after the other. */
  #parts: ReadonlySet<string>[] = [];
  #isolations = 0;
  /** What the refusal names, where the proxy has taken the rest. */
  #suspects: readonly XdsResource[] = [];

  constructor(typeUrl: string) {
    this.#isTakenWhole = takenWhole.has(typeUrl);
  }

  /** Whether this version would be refused again. */
  has({ name, version }: XdsResource): boolean {
    return this.#versions.get(name) === version;
  }

  /** Whether the proxy has an older version of it, or none. */
  concerns(name: string): boolean {
    return this.#versions.has(name);
  }

  /** What is sent under these names is another attempt. */
  forget(names: Iterable<string>): void {
    if (this.#versions.size > 0) for (const name of names) this.#versions.delete(name);
  }

  /** Names to which the next response is limited; undefined: it is not. */
  get part(): ReadonlySet<string> | undefined {
    return this.#parts[0];
  }

  nextPart(): void {
    this.#parts.shift();
  }

  /** Another set is a new attempt for all of it. */
  restart(): void {
    this.#parts = [];
    this.#isolations = 0;
  }

  /** @returns whether nothing is refused any more */
  accepted(target: ResourceSet): boolean {
    this.#suspects = this.#suspects.filter(({ name, version }) => target.get(name)?.version === version);
    const isOver = this.#versions.size === 0 && this.#parts.length === 0 && this.#suspects.length === 0;
    if (isOver) this.last = undefined;
    return isOver;
  }

  /**
   * Where a proxy may take nothing of a response with one wrong resource, the response is sent again in halves, down to what is refused
   * alone. Of that the last good version stays, until there is another.
   *
   * @param isLatest whether the response was of the set that there still is
   * @returns names under which nobody knows what the proxy has
   */
  refused({ resources, removed }: Content, refusal: Refusal, isLatest: boolean): string[] {
    this.last = refusal;
    if (!this.#isTakenWhole) {
      this.#suspects = resources.filter(({ name }) => refusal.text.includes(name));
      return [];
    }
    const names = resources.map(({ name }) => name);
    const isAlone = resources.length + removed.length <= 1 || this.#isolations >= isolationLimit;
    if (isAlone || resources.length === 1) for (const { name, version } of resources) this.#versions.set(name, version);
    if (isAlone) return names;
    if (isLatest) this.#divide([...names, ...removed]);
    return [...names, ...removed];
  }

  #divide(names: readonly string[]): void {
    this.#isolations++;
    const half = names.length >> 1;
    this.#parts.unshift(new Set(names.slice(0, half)), new Set(names.slice(half)));
  }
}
