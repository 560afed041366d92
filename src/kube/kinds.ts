import type { KubeResource } from './discovery.ts';

/** A kind that was not there may have come with a CRD: what discovery said is not trusted in this for longer, in milliseconds. */
const freshMs = 1_000;

interface Kinds {
  all: readonly KubeResource[];
  byKind: ReadonlyMap<string, KubeResource>;
}

/** The kinds of a cluster, asked for once, and again for what is not among them. */
export class KindCache {
  readonly #ask: () => Promise<readonly KubeResource[]>;
  #asked: { at: number; kinds: Promise<Kinds> } | undefined;

  constructor(ask: () => Promise<readonly KubeResource[]>) {
    this.#ask = ask;
  }

  async all(): Promise<readonly KubeResource[]> {
    return (await this.#kinds(Number.POSITIVE_INFINITY)).all;
  }

  /** @param fresh asks in any case */
  async find(apiVersion: string, kind: string, fresh: boolean): Promise<KubeResource | undefined> {
    const key = `${apiVersion}/${kind}`;
    if (fresh) return (await this.#kinds(0)).byKind.get(key);
    return (await this.#kinds(Number.POSITIVE_INFINITY)).byKind.get(key) ?? (await this.#kinds(freshMs)).byKind.get(key);
  }

  #kinds(maxAgeMs: number): Promise<Kinds> {
    if (this.#asked && performance.now() - this.#asked.at < maxAgeMs) return this.#asked.kinds;
    const kinds = this.#ask().then((all) => ({ all, byKind: new Map(all.map((resource) => [`${resource.apiVersion}/${resource.kind}`, resource])) }));
    const asked = { at: performance.now(), kinds };
    this.#asked = asked;
    // What failed is asked for again.
    kinds.catch(() => {
      if (this.#asked === asked) this.#asked = undefined;
    });
    return kinds;
  }
}
