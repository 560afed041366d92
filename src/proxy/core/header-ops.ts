import type { HeaderOps } from '../../ir/route.ts';
import type { ExchangeRecord } from './exchange-record.ts';
import { compileFormat, type Format, type FormatOptions } from './format.ts';
import type { Headers } from './headers.ts';
import { removeHeader, setHeader } from './headers.ts';
import { inlineRequestHeaders, inlineResponseHeaders } from './inline-headers.ts';

interface HeaderValue {
  name: string;
  value: Format;
  /** One occurrence only: another value is joined to it with a comma. */
  inline: boolean;
}

const inline = { request: new Set(inlineRequestHeaders), response: new Set(inlineResponseHeaders) };

/** Framing and hop-by-hop headers belong to the codecs: a value of a user would break the message. */
const framing: ReadonlySet<string> = new Set(['connection', 'content-length', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']);

/** Pseudo headers and `host` cannot be changed by header operations (RT-R34). */
export const isMutable = (name: string): boolean => name !== '' && name !== 'host' && !name.startsWith(':');

/** Whether an operation has any effect on a header; `name` in lower case. */
export function canChange(op: 'remove' | 'set' | 'add', name: string): boolean {
  return isMutable(name) && (op === 'remove' || !framing.has(name));
}

/** Header operations of one level, ready to apply: removes, then sets, then adds (RT-R30). */
export class HeaderMutations {
  readonly #remove: readonly string[];
  readonly #set: readonly HeaderValue[];
  readonly #add: readonly HeaderValue[];

  constructor(remove: readonly string[], set: readonly HeaderValue[], add: readonly HeaderValue[]) {
    this.#remove = remove;
    this.#set = set;
    this.#add = add;
  }

  /** Changes the headers in place. All values are read before the first header is written; an empty one is not added (RT-R31). */
  apply(headers: Headers, record: ExchangeRecord): void {
    for (const name of this.#remove) removeHeader(headers, name);
    const set = this.#set.length;
    const values: string[] = [];
    for (const { value } of this.#set) values.push(value.render(record, ''));
    for (const { value } of this.#add) values.push(value.render(record, ''));
    for (let i = 0; i < set; i++) if (values[i] !== '') setHeader(headers, (this.#set[i] as HeaderValue).name, values[i] as string);
    for (let i = 0; i < this.#add.length; i++) {
      const value = values[set + i] as string;
      if (value !== '') addHeader(headers, this.#add[i] as HeaderValue, value);
    }
  }
}

function addHeader(headers: Headers, { name, inline: joined }: HeaderValue, value: string): void {
  if (joined) {
    const at = indexOfHeader(headers, name);
    if (at >= 0) {
      headers[at + 1] += `,${value}`;
      return;
    }
  }
  headers.push(name, value);
}

/** Index of the first occurrence of a header; -1 when it is missing. */
export function indexOfHeader(headers: Headers, name: string): number {
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) return i;
  return -1;
}

/**
 * Levels compiled into one: all removes, then all sets, then all adds, each in the order of the levels (RT-R32).
 *
 * @param problems gets a line for each value that is no format: that header is left alone
 * @returns undefined when nothing is left to do
 */
export function compileHeaderOps(
  levels: readonly (HeaderOps | undefined)[],
  message: 'request' | 'response',
  options: FormatOptions,
  problems: string[],
): HeaderMutations | undefined {
  const remove: string[] = [];
  const set: HeaderValue[] = [];
  const add: HeaderValue[] = [];
  for (const ops of levels) {
    for (const name of ops?.remove ?? []) if (canChange('remove', name.toLowerCase())) remove.push(name.toLowerCase());
    for (const entry of ops?.add ?? []) {
      const name = entry.name.toLowerCase();
      if (!canChange('add', name)) continue;
      const value = compileFormat(entry.value, options);
      if ('error' in value) problems.push(`header ${entry.name}: ${value.error}`);
      else (entry.set ? set : add).push({ name, value, inline: inline[message].has(name) });
    }
  }
  return remove.length + set.length + add.length === 0 ? undefined : new HeaderMutations(remove, set, add);
}
