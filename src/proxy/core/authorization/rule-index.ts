// Finds the first of many rules that holds without trying them all: each rule is noted under the values of that part of requests
// that tells it apart from the others best, and where many are noted under one value, under another part below that.
import type { AuthorizationCondition } from '../../../ir/authorization.ts';
import { type Attribute, attributeOf, isTextual } from './attributes.ts';
import type { Test } from './condition.ts';
import { identityPart, identityParts, type Keys, keysOf, pathPart } from './keys.ts';
import { BlockLookup, destinationPort, identitySegments, type Lookup, lowerCaseHost, PathLookup, TextLookup } from './rule-lookups.ts';
import type { Subject } from './subject.ts';

/** So many are tried one after the other. */
const few = 6;
/** A rule that lists more values than this may be noted under them, but not once more below. */
const mostNotes = 100_000;

export interface IndexedRule {
  /** Of all of the rule. */
  readonly condition: AuthorizationCondition;
  readonly test: Test;
}

/** Rules by the places that they have in a list. */
class Node {
  /** Ascending. */
  rest: readonly number[] = [];
  lookups: readonly Lookup<Node>[] = [];
}

/** The first ones are those of the request at hand; matching is not re-entrant. */
const found: Node[] = [];

export class RuleIndex {
  readonly #tests: readonly Test[];
  readonly #root: Node;

  constructor(rules: readonly IndexedRule[]) {
    this.#tests = rules.map(({ test }) => test);
    this.#root = new Builder(rules).build();
  }

  /** Place of the first rule that holds; -1: none does. */
  find(subject: Subject): number {
    const best = this.#first(this.#root, subject, this.#tests.length, 0);
    return best === this.#tests.length ? -1 : best;
  }

  /** @param from where in `found` there is room */
  #first(node: Node, subject: Subject, before: number, from: number): number {
    let best = before;
    for (const place of node.rest) {
      if (place >= best) break;
      if ((this.#tests[place] as Test)(subject)) best = place;
    }
    let end = from;
    for (const lookup of node.lookups) end = lookup.collect(subject, found, end);
    for (let i = from; i < end; i++) best = this.#first(found[i] as Node, subject, best, end);
    return best;
  }
}

class Builder {
  readonly #keys: readonly Keys[];
  /** Headers and claims that rules ask for. */
  readonly #attributes = new Map<string, Attribute>();
  #notes = 0;

  constructor(rules: readonly IndexedRule[]) {
    this.#keys = rules.map(({ condition }) => keysOf(condition));
    for (const { condition } of rules) this.#learn(condition);
  }

  build(): Node {
    const places = this.#keys.flatMap((keys, place) => (keys === 'never' ? [] : [place]));
    return this.#node(places, new Set());
  }

  #learn(condition: AuthorizationCondition): void {
    if (isTextual(condition)) {
      const attribute = attributeOf(condition);
      this.#attributes.set(attribute.id, attribute);
    } else if (condition.kind === 'all' || condition.kind === 'some') for (const one of condition.of) this.#learn(one);
  }

  /** @param used parts that the rules were told apart by already */
  #node(places: readonly number[], used: ReadonlySet<string>): Node {
    const node = new Node();
    if (places.length <= few || this.#notes > mostNotes) {
      node.rest = places;
      return node;
    }
    const crowds = this.#crowds(places, used);
    const rest: number[] = [];
    const parts = new Map<string, Map<string, number[]>>();
    for (const place of places) {
      const part = this.#bestPart(place, crowds, places.length);
      if (part === undefined) {
        rest.push(place);
        continue;
      }
      const values = parts.get(part) ?? new Map<string, number[]>();
      parts.set(part, values);
      for (const value of (this.#keys[place] as Exclude<Keys, 'never'>).get(part) ?? []) {
        this.#notes++;
        const noted = values.get(value);
        if (noted) noted.push(place);
        else values.set(value, [place]);
      }
    }
    node.rest = rest;
    node.lookups = [...parts].map(([part, values]) => {
      const lookup = this.#lookup(part);
      const below = new Set([...used, part]);
      for (const [value, noted] of values) lookup.note(value, this.#node(noted, below));
      return lookup;
    });
    return node;
  }

  /** How many rules would stand at each value of each part. */
  #crowds(places: readonly number[], used: ReadonlySet<string>): Map<string, Map<string, number>> {
    const crowds = new Map<string, Map<string, number>>();
    for (const place of places) {
      for (const [part, values] of this.#keys[place] as Exclude<Keys, 'never'>) {
        if (used.has(part)) continue;
        const counts = crowds.get(part) ?? new Map<string, number>();
        crowds.set(part, counts);
        for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
      }
    }
    return crowds;
  }

  /** The part at whose values the fewest others stand; undefined: none tells this rule from the others. */
  #bestPart(place: number, crowds: ReadonlyMap<string, ReadonlyMap<string, number>>, all: number): string | undefined {
    let best: string | undefined;
    let least = all;
    for (const [part, values] of this.#keys[place] as Exclude<Keys, 'never'>) {
      const counts = crowds.get(part);
      if (!counts) continue;
      let crowd = 0;
      for (const value of values) crowd = Math.max(crowd, counts.get(value) ?? 0);
      if (crowd < least) {
        least = crowd;
        best = part;
      }
    }
    return best;
  }

  #lookup(part: string): Lookup<Node> {
    switch (part) {
      case pathPart:
        return new PathLookup();
      case 'host':
        return new TextLookup(lowerCaseHost);
      case 'destination-port':
        return new TextLookup(destinationPort);
      case 'source-ip':
      case 'remote-ip':
      case 'destination-ip':
        return new BlockLookup(part);
    }
    for (const segment of identityParts) if (part === identityPart(segment)) return new TextLookup(identitySegments(segment));
    return new TextLookup(this.#attributes.get(part) as Attribute);
  }
}
