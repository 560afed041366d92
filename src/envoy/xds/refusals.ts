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
  /** Whether a response may have a part of the resources. */
  readonly #isPartial: boolean;
  /** The last one that still matters. */
  last: Refusal | undefined;
  /** Versions that were refused when they were alone in a response. */
  readonly #versions = new Map<string, string>();
  /** Names of a refused response in parts, to be sent one after the other. */
  #parts: ReadonlySet<string>[] = [];
  #isolations = 0;
  /** Names of what refusals say is wrong, where the proxy has taken the rest. */
  readonly #suspects = new Set<string>();

  constructor(typeUrl: string, isPartial: boolean) {
    this.#isTakenWhole = takenWhole.has(typeUrl);
    this.#isPartial = isPartial;
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

  /** @param isWhole whether the response was about all that the proxy is to have */
  accepted({ resources, removed }: Content, isWhole: boolean): void {
    if (this.#suspects.size === 0) return;
    if (isWhole) this.#suspects.clear();
    for (const { name } of resources) this.#suspects.delete(name);
    for (const name of removed) this.#suspects.delete(name);
  }

  /**
   * Forgets what the proxy is not to have any more.
   *
   * @param wants whether the proxy asks for a name
   * @returns whether nothing is refused any more
   */
  settle(target: ResourceSet, wants: (name: string) => boolean): boolean {
    if (this.last === undefined) return true;
    for (const name of this.#versions.keys()) if (!target.has(name) || !wants(name)) this.#versions.delete(name);
    const isOver = this.#versions.size === 0 && this.#parts.length === 0 && this.#suspects.size === 0;
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
    if (!this.#isTakenWhole && !(this.#isPartial && isOfMessage(refusal.text))) {
      const named = new Set(resources.flatMap(({ name }) => (mentions(refusal.text, name) ? name : [])));
      for (const { name } of resources) {
        if (named.size === 0 || named.has(name)) this.#suspects.add(name);
        else this.#suspects.delete(name);
      }
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

/**
 * Whether Envoy could not read a message at all, and so has taken none of its resources, of whatever type they are. What is wrong with a
 * listener or a cluster that it could read it says in another way: `Error adding/updating listener(s) NAME: …`.
 */
function isOfMessage(text: string): boolean {
  return /Proto constraint validation failed/.test(text) && !/^Error adding\/updating/.test(text);
}

/** Whether a text has a name, and not only as a part of a longer one: `0.0.0.0_80` is not in `0.0.0.0_8080: cannot bind`. */
export function mentions(text: string, name: string): boolean {
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    if (!/[\w|.-]$/.test(text.slice(0, at)) && !/^(?:[\w|-]|\.\w)/.test(text.slice(at + name.length))) return true;
  }
  return false;
}
