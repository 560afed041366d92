import { matchesLabels } from './selectors.ts';

export type Labels = Readonly<Record<string, string>>;

function add<T>(index: Map<string, T[]>, key: string, item: T): void {
  const list = index.get(key);
  if (list) list.push(item);
  else index.set(key, [item]);
}

/** Finds what has the labels of a selector, without a look at everything else. */
export class LabelIndex<T> {
  private readonly all: readonly T[];
  private readonly labelsOf: (item: T) => Labels;
  private pairs: Map<string, T[]> | undefined;

  constructor(all: readonly T[], labelsOf: (item: T) => Labels) {
    this.all = all;
    this.labelsOf = labelsOf;
  }

  /** In the order of the input; all of them for an empty selector. */
  matching(selector: Labels): readonly T[] {
    if (this.all.length === 0) return this.all;
    const wanted = Object.entries(selector);
    if (wanted.length === 0) return this.all;
    if (!this.pairs) {
      this.pairs = new Map();
      for (const item of this.all) {
        for (const [key, value] of Object.entries(this.labelsOf(item))) add(this.pairs, `${key}=${value}`, item);
      }
    }
    let rarest: readonly T[] | undefined;
    for (const [key, value] of wanted) {
      const having = this.pairs.get(`${key}=${value}`) ?? [];
      if (!rarest || having.length < rarest.length) rarest = having;
    }
    return (rarest ?? []).filter((item) => matchesLabels(selector, this.labelsOf(item)));
  }
}

/** Finds the selectors that labels satisfy. Empty selectors are none here: they select nothing. */
export class SelectorIndex<T> {
  private readonly byPair = new Map<string, { item: T; order: number }[]>();
  private readonly selectorOf: (item: T) => Labels;

  constructor(all: Iterable<T>, selectorOf: (item: T) => Labels) {
    this.selectorOf = selectorOf;
    const use = new Map<string, number>();
    const list = [...all];
    for (const item of list) for (const pair of pairsOf(selectorOf(item))) use.set(pair, (use.get(pair) ?? 0) + 1);
    for (const [order, item] of list.entries()) {
      // Under the pair that the fewest selectors have, so that lists stay short however common `app.kubernetes.io/part-of=shop` is.
      const pairs = pairsOf(selectorOf(item)).sort((a, b) => (use.get(a) ?? 0) - (use.get(b) ?? 0));
      if (pairs[0] !== undefined) add(this.byPair, pairs[0], { item, order });
    }
  }

  /** In the order of the input. */
  selecting(labels: Labels): T[] {
    return pairsOf(labels)
      .flatMap((pair) => this.byPair.get(pair) ?? [])
      .filter(({ item }) => matchesLabels(this.selectorOf(item), labels))
      .sort((a, b) => a.order - b.order)
      .map(({ item }) => item);
  }
}

function pairsOf(labels: Labels): string[] {
  return Object.entries(labels).map(([key, value]) => `${key}=${value}`);
}
