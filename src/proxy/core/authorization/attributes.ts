import type { AuthorizationCondition } from '../../../ir/authorization.ts';
import { headerValue } from '../route-condition.ts';
import type { Subject } from './subject.ts';
import type { TextTest } from './text-test.ts';

/** A part of requests that conditions on texts are about. */
export interface Attribute {
  /** The same for the same part. */
  readonly id: string;
  /** Whether one of the texts passes; a part that is not there has none. */
  some(subject: Subject, test: TextTest): boolean;
  /** Puts all texts into a list from a place on. @returns the place behind the last of them */
  collect(subject: Subject, into: string[], from: number): number;
}

/** A part that is one text; empty: it is not there. */
class Single implements Attribute {
  readonly id: string;
  readonly #of: (subject: Subject) => string;

  constructor(id: string, of: (subject: Subject) => string) {
    this.id = id;
    this.#of = of;
  }

  some(subject: Subject, test: TextTest): boolean {
    const text = this.#of(subject);
    return text !== '' && test.holds(text);
  }

  collect(subject: Subject, into: string[], from: number): number {
    const text = this.#of(subject);
    if (text === '') return from;
    into[from] = text;
    return from + 1;
  }
}

/** The path without its query. */
export function pathOf(subject: Subject): string {
  return subject.pathEnd === subject.path.length ? subject.path : subject.path.slice(0, subject.pathEnd);
}

function putAll(values: readonly unknown[], into: string[], from: number): number {
  let to = from;
  for (const value of values) if (typeof value === 'string') into[to++] = value;
  return to;
}

const method = new Single('method', (subject) => subject.method);
const serverName = new Single('server-name', (subject) => subject.serverName);
const path = new Single('path', pathOf);

/** The authority; one that is sent empty is there all the same. */
const host: Attribute = {
  id: 'host',
  some: (subject, test) => test.holds(subject.authority),
  collect(subject, into, from) {
    into[from] = subject.authority;
    return from + 1;
  },
};

/** Who the peer proved to be: by its URI names, else its DNS names, else its subject, as Envoy has it; nobody without a certificate. */
export function peerNames({ peerUriSans, peerDnsSans, peerSubject }: Subject): readonly string[] {
  if (peerUriSans.length > 0) return peerUriSans;
  return peerDnsSans.length > 0 || peerSubject === '' ? peerDnsSans : [peerSubject];
}

const peer: Attribute = {
  id: 'peer',
  some(subject, test) {
    for (const name of peerNames(subject)) if (test.holds(name)) return true;
    return false;
  },
  collect: (subject, into, from) => putAll(peerNames(subject), into, from),
};

/** Each value of a header that was sent several times by itself (MAT-R19). */
class Header implements Attribute {
  readonly id: string;
  readonly #name: string;

  constructor(name: string) {
    this.#name = name.toLowerCase();
    this.id = `header ${this.#name}`;
  }

  some(subject: Subject, test: TextTest): boolean {
    const first = headerValue(subject, this.#name);
    if (first === undefined) return false;
    if (test.holds(first)) return true;
    const { headers } = subject;
    for (let i = 0, seen = false; i < headers.length; i += 2) {
      if (headers[i] !== this.#name) continue;
      if (seen && test.holds(headers[i + 1] as string)) return true;
      seen = true;
    }
    return false;
  }

  collect(subject: Subject, into: string[], from: number): number {
    const first = headerValue(subject, this.#name);
    if (first === undefined) return from;
    let to = from;
    into[to++] = first;
    const { headers } = subject;
    for (let i = 0, seen = false; i < headers.length; i += 2) {
      if (headers[i] !== this.#name) continue;
      if (seen) into[to++] = headers[i + 1] as string;
      seen = true;
    }
    return to;
  }
}

/** The value at a path of a token's payload; undefined where there is none. */
export function claimAt(payload: unknown, at: readonly string[]): unknown {
  let claim = payload;
  for (const key of at) {
    if (typeof claim !== 'object' || claim === null || !Object.hasOwn(claim, key)) return undefined;
    claim = (claim as Record<string, unknown>)[key];
  }
  return claim;
}

/** A text, or the texts of a list where it may be one (SEC-R26). */
class Claim implements Attribute {
  readonly id: string;
  readonly #path: readonly string[];
  readonly #textOnly: boolean;

  constructor(at: readonly string[], textOnly: boolean) {
    this.#path = at;
    this.#textOnly = textOnly;
    this.id = `claim ${textOnly ? 'text ' : ''}${JSON.stringify(at)}`;
  }

  some(subject: Subject, test: TextTest): boolean {
    const claim = claimAt(subject.claims, this.#path);
    if (typeof claim === 'string') return test.holds(claim);
    if (this.#textOnly || !Array.isArray(claim)) return false;
    for (const one of claim) if (typeof one === 'string' && test.holds(one)) return true;
    return false;
  }

  collect(subject: Subject, into: string[], from: number): number {
    const claim = claimAt(subject.claims, this.#path);
    if (typeof claim === 'string') {
      into[from] = claim;
      return from + 1;
    }
    return this.#textOnly || !Array.isArray(claim) ? from : putAll(claim, into, from);
  }
}

/** Conditions on texts. */
export type TextualCondition = AuthorizationCondition & { kind: 'peer' | 'method' | 'server-name' | 'host' | 'path' | 'header' | 'claim' };

export function isTextual(condition: AuthorizationCondition): condition is TextualCondition {
  switch (condition.kind) {
    case 'peer':
    case 'method':
    case 'server-name':
    case 'host':
    case 'path':
    case 'header':
    case 'claim':
      return true;
    default:
      return false;
  }
}

export function attributeOf(condition: TextualCondition): Attribute {
  switch (condition.kind) {
    case 'peer':
      return peer;
    case 'method':
      return method;
    case 'server-name':
      return serverName;
    case 'host':
      return host;
    case 'path':
      return path;
    case 'header':
      return new Header(condition.name);
    case 'claim':
      return new Claim(condition.path, condition.textOnly === true);
  }
}
