/** Wildcard hosts by what follows their `*`, to find those that cover a host without trying each of them. */
export class WildcardIndex {
  private readonly suffixes = new Set<string>();
  private readonly lengths = new Set<number>();

  /** Hosts without a leading `*` are not kept. */
  add(host: string): void {
    if (!host.startsWith('*')) return;
    this.suffixes.add(host.slice(1));
    this.lengths.add(host.length - 1);
  }

  /** The wildcards that cover a host; a wildcard is covered by itself and by shorter ones that it ends with. */
  *covering(host: string): Generator<string> {
    const name = host.startsWith('*') ? host.slice(1) : host;
    for (const length of this.lengths) {
      if (length > name.length) continue;
      const suffix = name.slice(name.length - length);
      if (this.suffixes.has(suffix)) yield `*${suffix}`;
    }
  }

  covers(host: string): boolean {
    return !this.covering(host).next().done;
  }
}
