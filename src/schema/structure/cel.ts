// What the compiled CEL rules of src/schema/generated call. Values have the types of their schemas; an error of CEL is thrown.
import { parseDuration } from '../../manifest/duration.ts';
import { isIp } from '../semantic/primitives.ts';
import { textLength } from './text-length.ts';

export { isIp } from '../semantic/primitives.ts';

/** A rule that cannot be evaluated; a cluster then refuses the value, as it does when the rule is false. */
class RuleError extends Error {}

type Fields = Readonly<Record<string, unknown>>;

export function has(value: unknown, field: string): boolean {
  return (value as Fields)[field] != null;
}

/** @throws when the field is missing, as CEL does */
export function get(value: unknown, field: string): unknown {
  const found = (value as Fields)[field];
  if (found == null) throw new RuleError(`no ${field}`);
  return found;
}

export function at(list: readonly unknown[], index: number): unknown {
  if (index >= list.length) throw new RuleError(`no item ${index}`);
  return list[index];
}

/** Either side may decide alone; an error counts only where none does. */
export function or(left: () => boolean, right: () => boolean): boolean {
  return !and(
    () => !left(),
    () => !right(),
  );
}

export function and(left: () => boolean, right: () => boolean): boolean {
  let error: unknown;
  try {
    if (!left()) return false;
  } catch (thrown) {
    error = thrown;
  }
  if (!right()) return false;
  if (error !== undefined) throw error;
  return true;
}

type Collection = readonly unknown[] | Fields;

/** Macros go over the items of a list, and over the keys of a map. */
function members(of: Collection): readonly unknown[] {
  return Array.isArray(of) ? of : Object.keys(of);
}

export function all(of: Collection, test: (item: unknown) => boolean): boolean {
  return members(of).every(test);
}

export function exists(of: Collection, test: (item: unknown) => boolean): boolean {
  return members(of).some(test);
}

/** Looks at all items, even where two are found: an error in any is an error. */
export function existsOne(of: Collection, test: (item: unknown) => boolean): boolean {
  let count = 0;
  for (const item of members(of)) if (test(item)) count++;
  return count === 1;
}

export function filter(of: Collection, test: (item: unknown) => boolean): unknown[] {
  return members(of).filter(test);
}

export function isIn(value: unknown, of: Collection): boolean {
  return Array.isArray(of) ? of.includes(value) : Object.hasOwn(of, value as string);
}

/** Characters of a text (not UTF-16 units), items of a list, entries of a map. */
export function size(value: string | Collection): number {
  if (typeof value === 'string') return textLength(value);
  return Array.isArray(value) ? value.length : Object.keys(value).length;
}

export function contains(text: string, part: string): boolean {
  return text.includes(part);
}

export function startsWith(text: string, part: string): boolean {
  return text.startsWith(part);
}

export function endsWith(text: string, part: string): boolean {
  return text.endsWith(part);
}

export function matches(text: string, pattern: RegExp): boolean {
  return pattern.test(text);
}

export function split(text: string, separator: string): string[] {
  return text.split(separator);
}

export function substring(text: string, start: number, end: number): string {
  const characters = [...text];
  if (start < 0 || end > characters.length || start > end) throw new RuleError('outside of the text');
  return characters.slice(start, end).join('');
}

/** A mesh has many timeouts and few lengths of them. */
const durations = new Map<string, number>();
const mostDurations = 1000;

/** In nanoseconds. */
export function duration(text: string): number {
  const known = durations.get(text);
  if (known !== undefined) return known;
  const parsed = parseDuration(text);
  if (parsed === undefined) throw new RuleError(`${text} is not a duration`);
  if (durations.size < mostDurations) durations.set(text, parsed);
  return parsed;
}

export function int(text: string): number {
  if (!/^[-+]?\d+$/.test(text)) throw new RuleError(`${text} is not a number`);
  return Number(text);
}

export interface Url {
  scheme: string;
}

export function isUrl(text: string): boolean {
  return parseUrl(text) !== undefined;
}

export function url(text: string): Url {
  const parsed = parseUrl(text);
  if (!parsed) throw new RuleError(`${text} is not a URL`);
  return parsed;
}

export function getScheme({ scheme }: Url): string {
  return scheme;
}

const escapes = /%(?![0-9A-Fa-f]{2})/;

/** An absolute URL or an absolute path, as Go's `url.ParseRequestURI` has it. */
function parseUrl(text: string): Url | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (text === '' || /[\x00-\x1f\x7f]/.test(text) || text.startsWith(':')) return undefined;
  if (text === '*') return { scheme: '' };
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text)?.[1] ?? '';
  const [rest = ''] = text.slice(scheme === '' ? 0 : scheme.length + 1).split('?', 1);
  if (!rest.startsWith('/')) return scheme === '' ? undefined : { scheme: scheme.toLowerCase() };
  let path = rest;
  if (scheme !== '' && rest.startsWith('//')) {
    const authority = /^\/\/([^/]*)/.exec(rest)?.[1] ?? '';
    if (!isAuthority(authority)) return undefined;
    path = rest.slice(2 + authority.length);
  }
  return escapes.test(path) ? undefined : { scheme: scheme.toLowerCase() };
}

/** `user:password@host:port`, the parts but the host optional. */
function isAuthority(text: string): boolean {
  const at = text.lastIndexOf('@');
  const user = text.slice(0, Math.max(at, 0));
  if (!/^[\w\-.~:!$&'()*+,;=%@]*$/.test(user) || escapes.test(user)) return false;
  const host = text.slice(at + 1);
  const literal = /^\[([^\]%]*)(?:%25(.+))?\](?::\d*)?$/.exec(host);
  if (literal) return isIp(literal[1] as string) && (literal[1] as string).includes(':') && !escapes.test(literal[2] ?? '');
  return /^[^\s[\]\\^`{|}#%:]*(?::\d*)?$/.test(host);
}
