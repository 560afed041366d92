// What one proxy has of one type, and what it has to get.
import { typeUrls } from '../type-urls.ts';
import { absentEndpoints } from './absent-endpoints.ts';
import { named, removedLast } from './order.ts';
import { type Refusal, Refusals } from './refusals.ts';
import type { Content } from './responses.ts';
import { diffOf, emptySet, listOf, versionOfSet, virtualHostsByRoutes } from './set-diff.ts';
import type { ResourceSet, XdsResource, XdsVariant } from './view.ts';

/** What the proxy has under a name. */
interface Held {
  version: string;
  /** Where it has come from here. */
  resource?: XdsResource;
}

/** Nobody knows, or the proxy has asked for an answer: whatever there is has to be sent. */
const unknown: Held = { version: '' };

interface Sent {
  nonce: string;
  content: Content;
  set: ResourceSet;
  version: string;
  time: number;
}

interface Answered {
  response: object;
  resources: readonly XdsResource[];
  passed: readonly object[];
}

/** What would be sent, and what becomes of the rest. */
interface Plan {
  content: Content;
  /** What of it is new to the proxy. */
  changed: readonly XdsResource[];
  /** Whether a response is due though nothing is in it. */
  due: boolean;
  version: string;
  /** To be removed later. */
  deferred: Map<string, Held>;
  /** No longer different. */
  settled: string[];
}

/** Responses without an answer at a time: a proxy that answers none gets no more. */
const unansweredLimit = 4;

export class Subscription {
  readonly typeUrl: string;
  readonly #variant: XdsVariant;
  /** Whether names matter: the delta variant, and types that are asked for by name. */
  readonly #isPartial: boolean;
  #wildcard = false;
  readonly #names = new Set<string>();
  /** Filter beside the subscription: virtual hosts of route configurations that the proxy has. */
  readonly #isUsable: (name: string) => boolean;
  /** What the proxy has, but for `#odd`. */
  #base: ResourceSet = emptySet;
  #odd = new Map<string, Held>();
  /** Route configurations of which the proxy has not heard yet whether they have virtual hosts. */
  readonly #untold = new Set<string>();
  /** A response is due, even an empty one. */
  #due = false;
  #unanswered: Sent[] = [];
  #target: ResourceSet = emptySet;

  readonly #refusals: Refusals;
  /** Version of the last set that was acknowledged; empty: none. */
  acknowledged = '';
  /** Time of the last answer, in milliseconds since the epoch. */
  answeredAt: number | undefined;
  /** Of the last response; undefined: there was none. */
  lastNonce: string | undefined;

  constructor(typeUrl: string, variant: XdsVariant, isUsable: (name: string) => boolean = () => true) {
    this.typeUrl = typeUrl;
    this.#variant = variant;
    this.#isPartial = variant === 'delta' || named.has(typeUrl);
    this.#isUsable = isUsable;
    this.#refusals = new Refusals(typeUrl, this.#isPartial);
  }

  get target(): ResourceSet {
    return this.#target;
  }

  /** Of a new view. */
  set target(set: ResourceSet) {
    if (set === this.#target) return;
    this.#target = set;
    this.#refusals.restart();
  }

  wants(name: string): boolean {
    return (this.#wildcard || this.#names.has(name)) && this.#isUsable(name);
  }

  /** Whether the proxy asks for this name, whatever it can do with it. */
  names(name: string): boolean {
    return this.#wildcard || this.#names.has(name);
  }

  // -- What the proxy asks for

  /**
   * The first request of a stream.
   *
   * @param names empty: everything
   * @param versions what it has from an earlier stream
   */
  startDelta(names: readonly string[], versions: ReadonlyMap<string, string>): void {
    this.#wildcard = names.length === 0 || names.includes('*');
    for (const name of names) if (name !== '*') this.#names.add(this.#shared(name));
    if (this.#wildcard && versions.size === 0) {
      this.#due = true;
      for (const name of this.#names) if (!this.#target.has(name)) this.#odd.set(name, unknown);
      return;
    }
    this.#base = this.#target;
    const compare = (name: string, resource: XdsResource | undefined): void => {
      const version = versions.get(name);
      if (version === undefined) this.#odd.set(name, unknown);
      else if (version !== resource?.version) this.#odd.set(name, { version });
    };
    if (this.#wildcard) {
      for (const [name, resource] of this.#target) compare(name, resource);
      for (const name of [...this.#names, ...versions.keys()]) if (!this.#target.has(name)) compare(name, undefined);
    } else for (const name of this.#names) compare(name, this.#wanted(name));
  }

  /** Every name is answered: the proxy may have dropped what it had. */
  subscribe(names: readonly string[]): void {
    for (const name of names) {
      if (name === '*') this.#startWildcard();
      else {
        const shared = this.#shared(name);
        this.#names.add(shared);
        this.forget(shared);
      }
    }
  }

  #startWildcard(): void {
    if (this.#wildcard) return;
    const held = new Map<string, Held>();
    for (const name of this.#names) {
      const resource = this.#base.get(name);
      const odd = this.#odd.get(name) ?? (resource && { version: resource.version, resource });
      if (odd) held.set(name, odd);
    }
    this.#wildcard = true;
    this.#base = emptySet;
    this.#odd = held;
    this.#due = true;
  }

  unsubscribe(names: readonly string[]): void {
    for (const name of names) {
      if (name === '*') this.#wildcard = false;
      else if (this.#names.delete(name)) {
        // Who asks for everything, too, does not know whether it still gets this one.
        if (this.#wildcard) this.forget(name);
        else this.#odd.delete(name);
      }
    }
  }

  /** The first request of a stream in the state-of-the-world variant. */
  startSotw(names: readonly string[], version: string): void {
    if (this.#isPartial) {
      this.#due = names.length > 0;
      this.replaceNames(names);
    } else {
      this.#wildcard = true;
      // The proxy has just this set, from an earlier stream.
      if (version !== '' && version === versionOfSet(this.#target)) this.#base = this.#target;
      else this.#due = true;
    }
  }

  /** All names that are wanted, in the state-of-the-world variant. @returns whether some are no longer */
  replaceNames(names: readonly string[]): boolean {
    if (!this.#isPartial) return false;
    const wanted = new Set(names);
    const size = this.#names.size;
    for (const name of this.#names) {
      if (wanted.has(name)) continue;
      this.#names.delete(name);
      this.#odd.delete(name);
    }
    const isLess = this.#names.size < size;
    this.subscribe(names.filter((name) => !this.#names.has(name)));
    return isLess;
  }

  /** Whatever the proxy has under this name, it gets it again. */
  forget(name: string): void {
    this.#refusals.forget([name]);
    this.#odd.set(name, unknown);
  }

  /** The proxy has none of the virtual hosts of these routes: it takes no notice of those that come before their route configuration. */
  forgetVirtualHosts(routes: string): void {
    for (const set of [this.#base, this.#target]) for (const name of virtualHostsByRoutes(set).get(routes) ?? []) this.forget(name);
    this.tellAbsence(routes);
  }

  /** Envoy waits for a word about the virtual hosts of a route configuration: where there are none, the removal of one that never was. */
  tellAbsence(routes: string): void {
    this.#untold.add(routes);
  }

  #absent(): string[] {
    const there = virtualHostsByRoutes(this.#target);
    return [...this.#untold].filter((routes) => !there.has(routes)).map((routes) => `${routes}/`);
  }

  /** The name as the view has it, so that many proxies keep one text. */
  #shared(name: string): string {
    return this.#target.get(name)?.name ?? name;
  }

  // -- What is sent

  /** Whether nothing waits for an answer. @param overdue responses from before this time count as answered */
  isAnswered(overdue: number): boolean {
    return this.#unanswered.every(({ time }) => time <= overdue);
  }

  get isWaiting(): boolean {
    return this.#unanswered.length > 0;
  }

  /**
   * What is to be sent now; undefined: nothing is.
   *
   * @param last whether all else is there, so that what nothing refers to any more can go
   */
  next(last: boolean): Plan | undefined {
    if (this.#base === this.#target && this.#odd.size + this.#untold.size === 0 && !this.#due) return undefined;
    if (this.#unanswered.length >= unansweredLimit) return undefined;
    for (let { part } = this.#refusals; part; part = this.#refusals.part) {
      const plan = this.#partialPlan(last, part);
      if (isWorth(plan)) return plan;
      this.#refusals.nextPart();
    }
    const plan = this.#isPartial ? this.#partialPlan(last, undefined) : this.#wholePlan(last);
    if (isWorth(plan)) return plan;
    this.#untold.clear();
    this.#apply(plan);
    return undefined;
  }

  /** Changes and removals of what is wanted. */
  #partialPlan(last: boolean, part: ReadonlySet<string> | undefined): Plan {
    const target = this.#target;
    const diff = diffOf(this.#base, target);
    const removesNow = last || !removedLast.has(this.typeUrl);
    const plan = this.#emptyPlan();
    plan.version = versionOfSet(target);
    // Most proxies have what they were sent, want all, and share the lists.
    if (this.#odd.size === 0 && this.#wildcard && diff.changed.every(({ name }) => this.#isUsable(name))) {
      if (!removesNow) this.#defer(diff.removed, plan);
      plan.content = { resources: diff.changed, removed: removesNow ? [...diff.removed, ...this.#absent()] : [], isShared: true };
      plan.changed = diff.changed;
      return plan;
    }
    const resources: XdsResource[] = [];
    const removed: string[] = [];
    for (const [name, held] of this.#odd) {
      if ((part && !part.has(name)) || !this.wants(name)) continue;
      const resource = this.#wanted(name);
      if (resource?.version === held.version) plan.settled.push(name);
      else if (resource && target.has(name)) {
        if (!this.#refusals.has(resource)) resources.push(resource);
      } else if (held !== unknown && !removesNow) continue;
      else if (resource) resources.push(resource);
      else if (this.#variant === 'delta') removed.push(name);
      else {
        // There are no removals, but whoever asks for what is not there waits for a response.
        plan.due ||= held === unknown;
        plan.settled.push(name);
      }
    }
    if (!part) {
      for (const resource of diff.changed) if (!this.#odd.has(resource.name) && this.wants(resource.name)) resources.push(resource);
      const gone = diff.removed.filter((name) => !this.#odd.has(name) && this.wants(name));
      if (!removesNow) this.#defer(gone, plan);
      else if (this.#tellsAbsence) resources.push(...gone.map(absentEndpoints));
      else if (this.#variant === 'delta') removed.push(...gone, ...this.#absent());
    }
    const isAll = resources.length === target.size && resources.every((resource) => target.get(resource.name) === resource);
    plan.content = { resources: isAll ? listOf(target) : resources, removed, isShared: isAll };
    plan.changed = resources;
    return plan;
  }

  get #tellsAbsence(): boolean {
    return this.typeUrl === typeUrls.endpoints;
  }

  /** What the proxy is to have under a name. */
  #wanted(name: string): XdsResource | undefined {
    return this.#target.get(name) ?? (this.#tellsAbsence ? absentEndpoints(name) : undefined);
  }

  /** All there is; while something else may refer to it, also what is to go. */
  #wholePlan(last: boolean): Plan {
    const target = this.#target;
    const { changed, removed } = diffOf(this.#base, target);
    const plan = this.#emptyPlan();
    if (!last && removedLast.has(this.typeUrl)) {
      for (const [name, held] of this.#odd) if (!target.has(name)) plan.deferred.set(name, held);
      this.#defer(removed, plan);
    }
    const kept = [...plan.deferred.values()].flatMap(({ resource }) => resource ?? []);
    const isNew = changed.some(({ name, version }) => this.#odd.get(name)?.version !== version);
    const goes = [...removed, ...this.#odd.keys()].some((name) => !target.has(name) && !plan.deferred.has(name));
    plan.due ||= isNew || goes;
    plan.settled = [...this.#odd.keys()];
    if (!plan.due) return plan;
    plan.changed = changed;
    plan.version = versionOfSet(target, kept);
    plan.content = { resources: kept.length > 0 ? [...target.values(), ...kept] : listOf(target), removed: [], isShared: kept.length === 0 };
    return plan;
  }

  #emptyPlan(): Plan {
    return { content: { resources: [], removed: [], isShared: false }, changed: [], due: this.#due, version: '', deferred: new Map(), settled: [] };
  }

  #defer(names: readonly string[], { deferred }: Plan): void {
    for (const name of names) {
      const resource = this.#base.get(name);
      if (resource) deferred.set(name, { version: resource.version, resource });
    }
  }

  /** The response is on its way. */
  sent(plan: Plan, nonce: string, time: number): void {
    this.lastNonce = nonce;
    this.#due = false;
    const { resources, removed } = plan.content;
    const names = [...resources.map(({ name }) => name), ...removed];
    if (this.#odd.size > 0) for (const name of names) this.#odd.delete(name);
    this.#refusals.forget(names);
    if (!this.#refusals.part) this.#untold.clear();
    this.#apply(plan);
    this.#refusals.nextPart();
    this.#unanswered.push({ nonce, content: plan.content, set: this.#target, version: plan.version, time });
  }

  #apply({ deferred, settled }: Plan): void {
    for (const name of settled) this.#odd.delete(name);
    for (const [name, held] of deferred) this.#odd.set(name, held);
    if (!this.#refusals.part) this.#base = this.#target;
  }

  // -- What the proxy answers

  /**
   * An answer to the response with this nonce, and to those before it.
   *
   * @param refusal why the response was not taken; undefined: it was
   * @returns the response, what was in it, and those before it that have no answer of their own; undefined for one that was answered already
   */
  answer(nonce: string, refusal: string | undefined, time: number): Answered | undefined {
    const at = this.#unanswered.findIndex((sent) => sent.nonce === nonce);
    const sent = this.#unanswered[at];
    if (!sent) return undefined;
    const passed = this.#unanswered.splice(0, at + 1).slice(0, -1);
    this.answeredAt = time;
    if (refusal === undefined) {
      this.#refusals.accepted(sent.content, !this.#isPartial || this.typeUrl === typeUrls.tablePart);
      if (this.#areRefusalsOver()) this.acknowledged = sent.version;
    } else {
      const { content, set, version } = sent;
      for (const name of this.#refusals.refused(content, { text: refusal, time, version }, set === this.#target)) this.#odd.set(name, unknown);
    }
    return { response: sent, resources: sent.content.resources, passed };
  }

  #areRefusalsOver(): boolean {
    return this.#refusals.settle(this.#target, (name) => this.wants(name));
  }

  // -- What is known of it

  /** The last one that still matters. */
  get refusal(): Refusal | undefined {
    return this.#refusals.last;
  }

  /** Whether the proxy has all that it can have. */
  get isCurrent(): boolean {
    return this.#isSent && !this.isWaiting;
  }

  /** Whether there is nothing to be sent, now or later. */
  get #isSent(): boolean {
    if (this.#base !== this.#target || this.#due) return false;
    for (const name of this.#odd.keys()) if (this.wants(name) && !this.#refusals.concerns(name)) return false;
    return true;
  }

  /** Whether all was sent, and nothing of it refused. Its answer may not have come. */
  isSentWhole(): boolean {
    return this.#areRefusalsOver() && this.#isSent && this.#untold.size === 0;
  }

  /** The last response, if it was not answered. */
  get unanswered(): object | undefined {
    return this.#unanswered.at(-1);
  }

  /** When the oldest response was sent that waits for its answer; undefined: none does. */
  get unansweredSince(): number | undefined {
    return this.#unanswered[0]?.time;
  }

  /** Version of the set that the proxy is to have. */
  get version(): string {
    return versionOfSet(this.#target);
  }
}

function isWorth({ content: { resources, removed }, due }: Plan): boolean {
  return due || resources.length > 0 || removed.length > 0;
}
