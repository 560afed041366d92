// One stream of a proxy: what it asks for, what it is sent and in which order, what it answers. Without I/O and clock.
import { typeUrls } from '../type-urls.ts';
import { Acknowledgements } from './acknowledgements.ts';
import { gatesOf, rankOf, removedLast } from './order.ts';
import { References } from './reference-check.ts';
import { type DeltaRequest, readDeltaRequest, readSotwRequest, type SotwRequest } from './requests.ts';
import { encodeResponse, type Message } from './responses.ts';
import { emptySet, routesOfVirtualHost } from './set-diff.ts';
import { Subscription } from './subscription.ts';
import type { View, XdsResource, XdsVariant } from './view.ts';

/** Where responses go. */
export interface SessionOutput {
  /** Whether one can be sent now; if not, `push` is called when it can. */
  ready(): boolean;
  send(response: Message): void;
}

export interface SessionSettings {
  variant: XdsVariant;
  view: View;
  output: SessionOutput;
  /** For this long, what depends on a response waits for its answer; milliseconds. */
  answerTimeoutMs: number;
  /** A response was refused. */
  refused(typeUrl: string, text: string): void;
}

const nothing: ReadonlyMap<string, string> = new Map();

/** After a reconnection a proxy asks for one type after the other; nothing is removed before it has had the time, in milliseconds. */
const startMs = 1_000;

export class Session {
  readonly #settings: SessionSettings;
  #view: View;
  /** In the order in which they are sent. */
  readonly #subscriptions: Subscription[] = [];
  readonly #byType = new Map<string, Subscription>();
  /** Route configurations that the proxy has, which decides about their virtual hosts. */
  readonly #routes = new Set<string>();
  /** Those that it may have taken from a response of which it has refused a part. */
  readonly #uncertainRoutes = new Set<string>();
  /** Clusters that the proxy got before it asked for endpoints on this stream. */
  readonly #sentClusters = new Set<string>();
  /**
   * Envoy asks for clusters first, but after a reconnection not while some that it has got wait for endpoints. Then it gets all
   * endpoints, even those that it has, and what refers to clusters waits.
   */
  #isWarming = false;
  #lastStart = 0;
  #nonce = 0;
  readonly #references = new References({
    subscription: (typeUrl) => this.#byType.get(typeUrl),
    hasRoutes: (name) => this.#routes.has(name) && !this.#uncertainRoutes.has(name),
  });
  readonly #acknowledgements = new Acknowledgements();

  constructor(settings: SessionSettings) {
    this.#settings = settings;
    this.#view = settings.view;
  }

  get view(): View {
    return this.#view;
  }

  get subscriptions(): readonly Subscription[] {
    return this.#subscriptions;
  }

  /**
   * Generation of the last view of which the proxy has acknowledged everything: also what it only asked for when it had the rest; -1: of
   * none yet, on this stream. It stays when something that comes later is refused.
   */
  get acknowledged(): number {
    return this.#acknowledgements.generation;
  }

  /** Whether the proxy has yet to ask for something that it needs, as one does that has just connected. */
  get isStarting(): boolean {
    return !this.#references.areAsked();
  }

  setView(view: View, now: number): void {
    if (view === this.#view) return;
    this.#view = view;
    this.push(now);
  }

  /** @throws Error for bytes that are no request */
  receive(bytes: Uint8Array, now: number): void {
    if (this.#settings.variant === 'delta') this.#receiveDelta(readDeltaRequest(bytes), now);
    else this.#receiveSotw(readSotwRequest(bytes), now);
    this.push(now);
  }

  #receiveDelta({ typeUrl, nonce, refusal, subscribe, unsubscribe, initialVersions }: DeltaRequest, now: number): void {
    const known = this.#byType.get(typeUrl);
    const subscription = known ?? this.#subscribe(typeUrl, now);
    if (known) {
      if (nonce !== '') this.#answer(known, nonce, refusal, now);
      known.subscribe(subscribe);
      known.unsubscribe(unsubscribe);
    } else {
      if (this.#byType.has(typeUrls.cluster)) this.#isWarming = false;
      else if (typeUrl === typeUrls.endpoints || initialVersions.size > 0) this.#isWarming = true;
      subscription.startDelta(subscribe, typeUrl === typeUrls.endpoints && this.#isWarming ? nothing : initialVersions);
      if (typeUrl === typeUrls.endpoints) for (const name of this.#sentClusters) if (subscription.wants(name)) subscription.forget(name);
      if (typeUrl === typeUrls.virtualHost) for (const routes of this.#routes) subscription.tellAbsence(routes);
    }
    if (unsubscribe.length > 0 || (typeUrl === typeUrls.routes && subscribe.length > 0)) this.#references.changed(typeUrl);
    if (typeUrl !== typeUrls.routes) return;
    for (const name of unsubscribe) {
      this.#routes.delete(name);
      this.#uncertainRoutes.delete(name);
    }
    if (!known) for (const name of initialVersions.keys()) this.#routes.add(name);
  }

  #receiveSotw({ typeUrl, nonce, refusal, names, version }: SotwRequest, now: number): void {
    const known = this.#byType.get(typeUrl);
    if (!known) this.#subscribe(typeUrl, now).startSotw(names, version);
    else if (nonce === '' || nonce === known.lastNonce) {
      this.#answer(known, nonce, refusal, now);
      if (known.replaceNames(names)) this.#references.changed(typeUrl);
    }
    // What has an older nonce was written before the proxy had the last response, which it is still to answer.
  }

  #subscribe(typeUrl: string, now: number): Subscription {
    this.#lastStart = now;
    const isUsable = typeUrl === typeUrls.virtualHost ? (name: string) => this.#routes.has(routesOfVirtualHost(name)) : undefined;
    const subscription = new Subscription(typeUrl, this.#settings.variant, isUsable);
    subscription.target = this.#view.resources(typeUrl) ?? emptySet;
    this.#byType.set(typeUrl, subscription);
    this.#subscriptions.push(subscription);
    this.#subscriptions.sort((a, b) => rankOf(a.typeUrl) - rankOf(b.typeUrl));
    return subscription;
  }

  #answer(subscription: Subscription, nonce: string, refusal: string | undefined, now: number): void {
    const answered = subscription.answer(nonce, refusal, now);
    if (!answered) return;
    for (const response of answered.passed) this.#acknowledgements.refused(response);
    if (refusal === undefined) this.#acknowledgements.taken(answered.response);
    else {
      this.#acknowledgements.refused(answered.response);
      this.#settings.refused(subscription.typeUrl, refusal);
    }
    if (subscription.typeUrl !== typeUrls.routes) return;
    // What it no longer wants it has thrown away.
    const routes = answered.resources.filter(({ name }) => subscription.wants(name));
    this.#hasRoutes(routes, refusal === undefined);
  }

  /** Envoy has no virtual hosts of a route configuration that is new to it, and it waits for a word about them. */
  #hasRoutes(resources: readonly XdsResource[], isCertain: boolean): void {
    const hosts = this.#byType.get(typeUrls.virtualHost);
    for (const { name } of resources) {
      if (this.#routes.has(name) && !(isCertain && this.#uncertainRoutes.delete(name))) continue;
      this.#routes.add(name);
      if (!isCertain) this.#uncertainRoutes.add(name);
      hosts?.forgetVirtualHosts(name);
    }
  }

  /** Envoy makes a changed cluster anew, and waits for endpoints, though it had them: they are called like their cluster. */
  #resendEndpoints(clusters: readonly XdsResource[]): void {
    const endpoints = this.#byType.get(typeUrls.endpoints);
    for (const { name } of clusters) {
      if (!endpoints) this.#sentClusters.add(name);
      else if (endpoints.wants(name)) endpoints.forget(name);
    }
  }

  /** Sends what is to be sent now. Time alone may allow more: called every second or so, it goes on. */
  push(now: number): void {
    this.#sendAll(now);
    this.#noteSent();
  }

  #noteSent(): void {
    const { generation } = this.#view;
    if (this.acknowledged === generation || !this.#references.areAsked()) return;
    if (!this.#subscriptions.every((subscription) => subscription.isSentWhole())) return;
    this.#acknowledgements.sent(
      generation,
      this.#subscriptions.flatMap(({ unanswered }) => unanswered ?? []),
    );
  }

  #sendAll(now: number): void {
    for (const subscription of this.#subscriptions) subscription.target = this.#view.resources(subscription.typeUrl) ?? emptySet;
    for (const subscription of this.#subscriptions) {
      if (this.#isOpen(subscription, now) && this.#sendNext(subscription, false, now) === 'held up') return;
    }
    if (now < this.#lastStart + startMs || !this.#subscriptions.every((subscription) => subscription.isAnswered(this.#overdue(now)))) return;
    for (const subscription of this.#subscriptions) {
      if (!removedLast.has(subscription.typeUrl) || this.#view.isComing?.(subscription.typeUrl)) continue;
      if (this.#sendNext(subscription, true, now) !== 'nothing') return;
    }
  }

  /** @returns what there was: `held up`, something that cannot be sent now */
  #sendNext(subscription: Subscription, last: boolean, now: number): 'nothing' | 'sent' | 'held up' {
    const plan = subscription.next(last);
    if (!plan) return 'nothing';
    const { variant, output } = this.#settings;
    if (!output.ready()) return 'held up';
    const nonce = String(++this.#nonce);
    const response = encodeResponse(variant, { typeUrl: subscription.typeUrl, version: plan.version, nonce }, plan.content);
    subscription.sent(plan, nonce, now);
    if (subscription.typeUrl === typeUrls.cluster) this.#resendEndpoints(plan.changed);
    output.send(response);
    return 'sent';
  }

  /** Whether all that has to be there before is, and the last response was answered. */
  #isOpen(subscription: Subscription, now: number): boolean {
    const overdue = this.#overdue(now);
    if (!subscription.isAnswered(overdue) || this.#view.isComing?.(subscription.typeUrl)) return false;
    const gates = gatesOf(subscription.typeUrl);
    if (this.#isWarming && gates.includes(typeUrls.cluster) && this.#lastStart > overdue) return false;
    return gates.every((typeUrl) => this.#byType.get(typeUrl)?.isAnswered(overdue) ?? true);
  }

  #overdue(now: number): number {
    return now - this.#settings.answerTimeoutMs;
  }
}
