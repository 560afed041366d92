/** Values by prefixes of texts; an edge holds as many characters as no other prefix parts from it. */
export class PrefixTree<V> {
  /** From the root to here. */
  readonly #prefix: string;
  #value: V | undefined = undefined;
  readonly #children = new Map<number, PrefixTree<V>>();

  constructor(prefix = '') {
    this.#prefix = prefix;
  }

  get isEmpty(): boolean {
    return this.#value === undefined && this.#children.size === 0;
  }

  /** The value of a prefix, made where it is missing. The prefix begins with that of the tree. */
  at(prefix: string, make: () => V): V {
    if (prefix.length === this.#prefix.length) {
      this.#value ??= make();
      return this.#value;
    }
    const key = prefix.charCodeAt(this.#prefix.length);
    const child = this.#children.get(key);
    if (!child) {
      const made = new PrefixTree<V>(prefix);
      this.#children.set(key, made);
      return made.at(prefix, make);
    }
    if (prefix.startsWith(child.#prefix)) return child.at(prefix, make);
    let shared = this.#prefix.length + 1;
    while (shared < prefix.length && prefix.charCodeAt(shared) === child.#prefix.charCodeAt(shared)) shared++;
    const fork = new PrefixTree<V>(prefix.slice(0, shared));
    this.#children.set(key, fork);
    fork.#children.set(child.#prefix.charCodeAt(shared), child);
    return fork.at(prefix, make);
  }

  /**
   * Puts the values of all prefixes that a text begins with into a list that is used again and again.
   *
   * @param end of what counts of `text`
   * @param from where the values go
   * @returns the place behind the last of them
   */
  collect(text: string, end: number, into: V[], from: number): number {
    let to = from;
    for (let node: PrefixTree<V> | undefined = this; node !== undefined; ) {
      if (node.#value !== undefined) into[to++] = node.#value;
      const at: number = node.#prefix.length;
      if (at >= end) return to;
      const child: PrefixTree<V> | undefined = node.#children.get(text.charCodeAt(at));
      if (child === undefined || child.#prefix.length > end || !text.startsWith(child.#prefix)) return to;
      node = child;
    }
    return to;
  }

  *values(): Generator<V> {
    if (this.#value !== undefined) yield this.#value;
    for (const child of this.#children.values()) yield* child.values();
  }
}
