// Key sets of issuers, fetched in the background and kept: requests never wait for a source that has answered once.
import type { KeySource } from '../../ir/authentication.ts';
import type { Clock, Random, Timer } from '../core/clock.ts';
import { KeySet } from '../core/jwt/key-set.ts';
import { type FetchKeys, nameOf, type RemoteSource } from './fetch-keys.ts';
import type { KeyLookup } from './key-lookup.ts';

export interface JwksStoreOptions {
  clock: Clock;
  random: Random;
  fetch: FetchKeys;
  /** A source failed, or has keys again: for a log. Once for each time that the reason changes. */
  tell?: (message: string) => void;
  /** A source has other keys than before. */
  changed?: (source: RemoteSource) => void;
}

const second = 1000;
const minute = 60 * second;

/** As the reference's control plane asks. */
const refreshMs = 20 * minute;
/** After a failure, then twice as long each time. */
const retryMs = { first: second, most: minute };
/** Keys of a source that is gone for so long are not used any more. */
const keptMs = 7 * 24 * 60 * minute;
/** Between fetches for tokens with unknown keys: anybody can make such tokens. */
const renewMs = 10 * second;
const mostAtOnce = 16;
/** Further sources have no keys. */
const mostSources = 1000;

export class JwksStore implements KeyLookup {
  private readonly options: JwksStoreOptions;
  private readonly entries = new Map<string, Entry>();
  private readonly inline = new Map<string, KeySet | undefined>();
  private readonly waiting: Entry[] = [];
  private running = 0;

  constructor(options: JwksStoreOptions) {
    this.options = options;
  }

  /** From now on these sources are kept, and no others. */
  retain(sources: readonly KeySource[]): void {
    const wanted = new Map<string, RemoteSource>();
    const texts = new Set<string>();
    for (const source of sources) {
      if (source.kind === 'inline') texts.add(source.jwks);
      else wanted.set(keyOf(source), source);
    }
    for (const text of this.inline.keys()) if (!texts.has(text)) this.inline.delete(text);
    for (const [key, entry] of this.entries) {
      if (wanted.has(key)) continue;
      entry.close();
      this.entries.delete(key);
    }
    for (const [key, source] of wanted) {
      if (this.entries.has(key) || this.entries.size >= mostSources) continue;
      const entry = new Entry(source, this.options, (one) => this.enqueue(one));
      this.entries.set(key, entry);
      entry.start();
    }
  }

  keys(source: KeySource): KeySet | undefined {
    return source.kind === 'inline' ? this.inlineKeys(source.jwks) : this.entries.get(keyOf(source))?.usable;
  }

  /** Every source has keys, or was asked once in vain; it takes no longer than `ms`. */
  async settled(ms: number): Promise<void> {
    const firsts = [...this.entries.values()].flatMap(({ first }) => first ?? []);
    if (firsts.length === 0) return;
    const late = Promise.withResolvers<void>();
    const timer = this.options.clock.setTimer(ms, late.resolve);
    await Promise.race([Promise.all(firsts), late.promise]);
    timer.cancel();
  }

  first(source: KeySource): Promise<void> | undefined {
    return source.kind === 'inline' ? undefined : this.entries.get(keyOf(source))?.first;
  }

  renew(source: KeySource): Promise<void> | undefined {
    return source.kind === 'inline' ? undefined : this.entries.get(keyOf(source))?.renew();
  }

  close(): void {
    for (const entry of this.entries.values()) entry.close();
    this.entries.clear();
    this.waiting.length = 0;
  }

  private inlineKeys(text: string): KeySet | undefined {
    if (this.inline.has(text)) return this.inline.get(text);
    const parsed = KeySet.parse(text);
    const keys = parsed instanceof KeySet ? parsed : undefined;
    this.inline.set(text, keys);
    return keys;
  }

  private enqueue(entry: Entry): void {
    this.waiting.push(entry);
    this.next();
  }

  private next(): void {
    while (this.running < mostAtOnce) {
      const entry = this.waiting.shift();
      if (entry === undefined) return;
      this.running++;
      void entry.run().finally(() => {
        this.running--;
        this.next();
      });
    }
  }
}

function keyOf(source: RemoteSource): string {
  return `${source.timeoutMs} ${source.kind} ${source.kind === 'remote' ? source.uri : source.issuer}`;
}

/** One source. */
class Entry {
  /** Until the first attempt is over. */
  first: Promise<void> | undefined;
  private readonly source: RemoteSource;
  private readonly options: JwksStoreOptions;
  private readonly enqueue: (entry: Entry) => void;
  private readonly abort = new AbortController();
  private keys: KeySet | undefined;
  private fetchedAt = 0;
  private askedAt = 0;
  private failures = 0;
  private problem = '';
  private timer: Timer | undefined;
  private attempt: PromiseWithResolvers<void> | undefined;

  constructor(source: RemoteSource, options: JwksStoreOptions, enqueue: (entry: Entry) => void) {
    this.source = source;
    this.options = options;
    this.enqueue = enqueue;
  }

  start(): void {
    this.first = this.ask();
  }

  get usable(): KeySet | undefined {
    return this.keys;
  }

  renew(): Promise<void> | undefined {
    if (this.attempt !== undefined) return this.attempt.promise;
    return this.options.clock.now() - this.askedAt < renewMs ? undefined : this.ask();
  }

  close(): void {
    this.timer?.cancel();
    this.abort.abort();
    this.attempt?.resolve();
  }

  /** Its turn has come. Never rejects. */
  async run(): Promise<void> {
    const { source, options, abort } = this;
    if (abort.signal.aborted) return;
    try {
      this.arrived(await options.fetch(source, abort.signal));
    } catch (error) {
      this.failed((error as Error).message);
    }
    this.first = undefined;
    this.attempt?.resolve();
    this.attempt = undefined;
  }

  private ask(): Promise<void> {
    this.timer?.cancel();
    this.timer = undefined;
    this.askedAt = this.options.clock.now();
    this.attempt = Promise.withResolvers();
    const { promise } = this.attempt;
    this.enqueue(this);
    return promise;
  }

  private arrived(keys: KeySet): void {
    const { clock, random, tell, changed } = this.options;
    if (this.abort.signal.aborted) return;
    this.fetchedAt = clock.now();
    this.failures = 0;
    if (this.problem !== '') tell?.(`there are keys of ${nameOf(this.source)} again`);
    this.problem = '';
    // Not all at the same time, where many proxies began together.
    this.again(refreshMs * (0.9 + 0.2 * random()));
    if (this.keys?.text === keys.text) return;
    this.keys = keys;
    changed?.(this.source);
  }

  private failed(problem: string): void {
    if (this.abort.signal.aborted) return;
    const { tell, random, clock, changed } = this.options;
    if (this.keys !== undefined && clock.now() - this.fetchedAt > keptMs) {
      this.keys = undefined;
      changed?.(this.source);
    }
    if (problem !== this.problem) tell?.(`no keys for tokens: ${problem}${this.keys ? '; the last ones stay in use' : ''}`);
    this.problem = problem;
    this.again(Math.min(retryMs.first * 2 ** this.failures, retryMs.most) * (0.9 + 0.2 * random()));
    this.failures++;
  }

  private again(ms: number): void {
    this.timer?.cancel();
    this.timer = this.options.clock.setTimer(ms, () => {
      if (this.attempt === undefined) void this.ask();
    });
  }
}
