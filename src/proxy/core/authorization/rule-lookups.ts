// The values that a request has of its parts, and what is noted under them.
import { PrefixTree } from '../prefix-tree.ts';
import { type AddressCondition, addressBytes } from './addresses.ts';
import type { Attribute } from './attributes.ts';
import { pathOf, peerNames } from './attributes.ts';
import { blockKey, valuesAfter } from './keys.ts';
import type { Subject } from './subject.ts';

/** What is noted under the values of one part of requests. */
export interface Lookup<V> {
  /** @param value as in `Keys` */
  note(value: string, noted: V): void;
  /** Puts what is noted for this request into a list from a place on. @returns the place behind the last of it */
  collect(subject: Subject, into: V[], from: number): number;
}

type Texts = Pick<Attribute, 'collect'>;

/** Of the request at hand; matching is not re-entrant, so one is enough. */
const texts: string[] = [];

/** Texts of requests as they are. */
export class TextLookup<V> implements Lookup<V> {
  readonly #texts: Texts;
  readonly #noted = new Map<string, V>();

  constructor(of: Texts) {
    this.#texts = of;
  }

  note(value: string, noted: V): void {
    this.#noted.set(value, noted);
  }

  collect(subject: Subject, into: V[], from: number): number {
    let to = from;
    const count = this.#texts.collect(subject, texts, 0);
    for (let i = 0; i < count; i++) {
      const noted = this.#noted.get(texts[i] as string);
      if (noted !== undefined) into[to++] = noted;
    }
    return to;
  }
}

export const lowerCaseHost: Texts = {
  collect(subject, into, from) {
    into[from] = subject.authority.toLowerCase();
    return from + 1;
  },
};

export const destinationPort: Texts = {
  collect(subject, into, from) {
    into[from] = String(subject.localPort);
    return from + 1;
  },
};

/** Namespaces or service accounts of the peer. */
export function identitySegments(segment: string): Texts {
  return {
    collect(subject, into, from) {
      let to = from;
      for (const name of peerNames(subject)) for (const value of valuesAfter(name, segment)) into[to++] = value;
      return to;
    },
  };
}

export class PathLookup<V> implements Lookup<V> {
  readonly #exact = new Map<string, V>();
  readonly #prefixes = new PrefixTree<V>();

  note(value: string, noted: V): void {
    const text = value.slice(1);
    if (value[0] === '=') this.#exact.set(text, noted);
    else this.#prefixes.at(text, () => noted);
  }

  collect(subject: Subject, into: V[], from: number): number {
    const noted = this.#exact.size > 0 ? this.#exact.get(pathOf(subject)) : undefined;
    if (noted !== undefined) into[from] = noted;
    return this.#prefixes.collect(subject.path, subject.pathEnd, into, noted === undefined ? from : from + 1);
  }
}

/** Blocks of addresses, by their lengths. */
export class BlockLookup<V> implements Lookup<V> {
  readonly #kind: AddressCondition['kind'];
  readonly #noted = new Map<string, V>();
  readonly #lengths: { 4: number[]; 16: number[] } = { 4: [], 16: [] };

  constructor(kind: AddressCondition['kind']) {
    this.#kind = kind;
  }

  note(value: string, noted: V): void {
    this.#noted.set(value, noted);
    const isV6 = value.startsWith('v6 ');
    const lengths = this.#lengths[isV6 ? 16 : 4];
    const length = Number.parseInt(isV6 ? value.slice(3) : value, 10);
    if (!lengths.includes(length)) lengths.push(length);
  }

  collect(subject: Subject, into: V[], from: number): number {
    let to = from;
    const bytes = addressBytes(this.#kind, subject);
    if (bytes === undefined) {
      // Who is not known may be anybody.
      for (const noted of this.#noted.values()) into[to++] = noted;
      return to;
    }
    for (const length of this.#lengths[bytes.length as 4 | 16]) {
      const noted = this.#noted.get(blockKey(bytes, length));
      if (noted !== undefined) into[to++] = noted;
    }
    return to;
  }
}
