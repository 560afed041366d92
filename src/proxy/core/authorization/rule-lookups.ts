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
  /** Appends what is noted for this request. */
  collect(subject: Subject, into: V[]): void;
}

/** Texts of requests as they are. */
export class TextLookup<V> implements Lookup<V> {
  readonly #texts: Pick<Attribute, 'collect'>;
  readonly #noted = new Map<string, V>();

  constructor(texts: Pick<Attribute, 'collect'>) {
    this.#texts = texts;
  }

  note(value: string, noted: V): void {
    this.#noted.set(value, noted);
  }

  collect(subject: Subject, into: V[]): void {
    const start = texts.length;
    this.#texts.collect(subject, texts);
    for (let i = start; i < texts.length; i++) {
      const noted = this.#noted.get(texts[i] as string);
      if (noted !== undefined) into.push(noted);
    }
    texts.length = start;
  }
}

/** Of the request at hand; matching is not re-entrant, so one is enough. */
const texts: string[] = [];

export const lowerCaseHost: Pick<Attribute, 'collect'> = { collect: (subject, into) => void into.push(subject.authority.toLowerCase()) };

export const destinationPort: Pick<Attribute, 'collect'> = { collect: (subject, into) => void into.push(String(subject.localPort)) };

/** Namespaces or service accounts of the peer. */
export function identitySegments(segment: string): Pick<Attribute, 'collect'> {
  return {
    collect(subject, into) {
      for (const name of peerNames(subject)) into.push(...valuesAfter(name, segment));
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

  collect(subject: Subject, into: V[]): void {
    if (this.#exact.size > 0) {
      const noted = this.#exact.get(pathOf(subject));
      if (noted !== undefined) into.push(noted);
    }
    this.#prefixes.collect(subject.path, subject.pathEnd, into);
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

  collect(subject: Subject, into: V[]): void {
    const bytes = addressBytes(this.#kind, subject);
    if (bytes === undefined) {
      // Who is not known may be anybody.
      into.push(...this.#noted.values());
      return;
    }
    for (const length of this.#lengths[bytes.length as 4 | 16]) {
      const noted = this.#noted.get(blockKey(bytes, length));
      if (noted !== undefined) into.push(noted);
    }
  }
}
