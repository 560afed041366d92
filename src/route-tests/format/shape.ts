// Shapes of values that users write: each reads a value strictly, and is its own JSON Schema, so that the two cannot differ.
import { parseDuration } from '../../manifest/duration.ts';
import { nearest } from '../../manifest/nearest.ts';
import type { Path } from '../../manifest/problem.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** What a reader tells, and asks for. */
export interface Reading {
  /** @param text what is wrong, after the path: `takes a number` */
  problem(path: Path, text: string, help?: string): void;
  /** A number or boolean as it is written: `1.10`, `yes`. Undefined where that is not known. */
  written(path: Path, value: number | boolean): string | undefined;
}

export interface Shape<T> {
  /** Undefined: a problem was told. */
  read(value: unknown, path: Path, reading: Reading): T | undefined;
  schema: JsonSchema;
}

/** A shape that a schema has once, by its name. */
export function named<T>(name: string, shape: Shape<T>): Shape<T> {
  return { ...shape, schema: { $ref: `#/definitions/${name}` } };
}

/** What a shape gives. */
export type Of<S> = S extends Shape<infer T> ? T : never;

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return isMap(value) ? 'a map' : JSON.stringify(value);
}

/** A text that is not empty. */
export function text(about: string, { pattern, example }: { pattern?: RegExp; example?: string } = {}): Shape<string> {
  return {
    schema: { type: 'string', minLength: 1, ...(pattern ? { pattern: pattern.source } : {}), description: about },
    read(value, path, { problem }) {
      if (typeof value === 'string' && value !== '' && (!pattern || pattern.test(value))) return value;
      problem(path, `takes ${example === undefined ? 'a text' : `a text such as ${example}`}, and is ${shown(value)}`);
      return undefined;
    },
  };
}

/** IPv4, and IPv6 without an IPv4 address in it. */
const addressPattern = ((): RegExp => {
  const octet = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
  const group = '[0-9A-Fa-f]{1,4}';
  const shortened = [1, 2, 3, 4, 5, 6].map((after) => `(?:${group}:){1,${7 - after}}(?::${group}){1,${after}}`);
  const ipv6 = [`(?:${group}:){7}${group}`, `(?:${group}:){1,7}:`, ...shortened, `:(?:(?::${group}){1,7}|:)`];
  return new RegExp(`^(?:(?:${octet}\\.){3}${octet}|${ipv6.join('|')})$`);
})();

/** An IP address. */
export function address(about: string): Shape<string> {
  return {
    schema: { type: 'string', pattern: addressPattern.source, description: about },
    read(value, path, { problem }) {
      if (typeof value === 'string' && addressPattern.test(value)) return value;
      problem(path, `takes an IP address such as 203.0.113.7, and is ${shown(value)}`);
      return undefined;
    },
  };
}

/** One of several words. */
export function word<const W extends string>(about: string, words: readonly W[]): Shape<W> {
  return {
    schema: { enum: words, description: about },
    read(value, path, { problem }) {
      if (words.includes(value as W)) return value as W;
      const near = typeof value === 'string' ? nearest(value, words) : undefined;
      problem(path, `takes ${words.join(' or ')}, and is ${shown(value)}`, near && `did you mean ${near}?`);
      return undefined;
    },
  };
}

/** A text, number or boolean, as the text that is written. */
export function scalar(about: string): Shape<string> {
  return {
    schema: { type: ['string', 'number', 'boolean'], description: about },
    read(value, path, { problem, written }) {
      if (typeof value === 'string') return value;
      if (typeof value === 'number' || typeof value === 'boolean') return written(path, value) ?? String(value);
      problem(path, `takes a text, and is ${shown(value)}`);
      return undefined;
    },
  };
}

export function number(about: string, { least = 0, most = Number.MAX_SAFE_INTEGER, whole = true } = {}): Shape<number> {
  return {
    schema: { type: whole ? 'integer' : 'number', minimum: least, ...(most === Number.MAX_SAFE_INTEGER ? {} : { maximum: most }), description: about },
    read(value, path, { problem }) {
      if (typeof value === 'number' && value >= least && value <= most && (!whole || Number.isInteger(value))) return value;
      const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
      problem(path, `takes a ${whole ? 'whole ' : ''}number ${range}, and is ${shown(value)}`);
      return undefined;
    },
  };
}

/** `true` alone, or both. */
export function boolean(about: string): Shape<boolean> {
  return {
    schema: { type: 'boolean', description: about },
    read(value, path, { problem }) {
      if (typeof value === 'boolean') return value;
      problem(path, `takes true or false, and is ${shown(value)}`);
      return undefined;
    },
  };
}

const durationPattern = /^(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+)$/;

/** Milliseconds of `1.5s`, `250ms`, `0`. */
export function duration(about: string): Shape<number> {
  return {
    schema: { anyOf: [{ type: 'string', pattern: durationPattern.source }, { const: 0 }], description: about },
    read(value, path, { problem }) {
      const nanoseconds = value === 0 ? 0 : typeof value === 'string' && durationPattern.test(value) ? parseDuration(value) : undefined;
      if (nanoseconds !== undefined) return nanoseconds / 1e6;
      problem(path, `takes a duration such as 1.5s or 250ms, and is ${shown(value)}`);
      return undefined;
    },
  };
}

export function list<T>(about: string, item: Shape<T>, least = 0): Shape<T[]> {
  return {
    schema: { type: 'array', items: item.schema, ...(least > 0 ? { minItems: least } : {}), description: about },
    read(value, path, reading) {
      if (!Array.isArray(value)) reading.problem(path, `takes a list, and is ${shown(value)}`);
      else if (value.length < least) reading.problem(path, 'takes a list with something in it');
      else return readAll(value, item, path, reading);
      return undefined;
    },
  };
}

/** One item, or a list of them. @param least of the list */
export function oneOrMore<T>(about: string, item: Shape<T>, least = 1): Shape<T[]> {
  return {
    schema: { anyOf: [item.schema, { type: 'array', items: item.schema, ...(least > 0 ? { minItems: least } : {}) }], description: about },
    read(value, path, reading) {
      if (Array.isArray(value)) {
        if (value.length >= least) return readAll(value, item, path, reading);
        reading.problem(path, 'takes a list with something in it');
        return undefined;
      }
      const one = item.read(value, path, reading);
      return one === undefined ? undefined : [one];
    },
  };
}

function readAll<T>(values: readonly unknown[], item: Shape<T>, path: Path, reading: Reading): T[] | undefined {
  const out: T[] = [];
  for (const [index, value] of values.entries()) {
    const one = item.read(value, [...path, index], reading);
    if (one !== undefined) out.push(one);
  }
  return out.length === values.length ? out : undefined;
}

/** A map from any names to values of one shape, as pairs in the order in which they are written. */
export function dictionary<T>(about: string, value: Shape<T>, names = /./): Shape<[name: string, value: T][]> {
  return {
    schema: { type: 'object', propertyNames: { pattern: names.source }, additionalProperties: value.schema, description: about },
    read(given, path, reading) {
      if (!isMap(given)) {
        reading.problem(path, `takes a map, and is ${shown(given)}`);
        return undefined;
      }
      const out: [string, T][] = [];
      const entries = Object.entries(given);
      for (const [name, one] of entries) {
        if (!names.test(name)) reading.problem([...path, name], 'is no name that can be here');
        const read = names.test(name) ? value.read(one, [...path, name], reading) : undefined;
        if (read !== undefined) out.push([name, read]);
      }
      return out.length === entries.length ? out : undefined;
    },
  };
}

/** A scalar, or something else: what the value is decides. */
export function scalarOr<A, B>(about: string, scalarShape: Shape<A>, other: Shape<B>): Shape<A | B> {
  return {
    schema: { anyOf: [scalarShape.schema, other.schema], description: about },
    read(value, path, reading) {
      return typeof value === 'object' && value !== null ? other.read(value, path, reading) : scalarShape.read(value, path, reading);
    },
  };
}

type Fields = Readonly<Record<string, Shape<unknown>>>;
type OfFields<F extends Fields, R extends keyof F> = { [Name in Exclude<keyof F, R>]?: Of<F[Name]> } & { [Name in R]: Of<F[Name]> };

/** A map with known fields; another one is a problem that says what may have been meant. @param least how many fields it has */
export function fields<F extends Fields, R extends keyof F & string = never>(
  about: string,
  known: F,
  required: readonly R[] = [],
  least = 0,
): Shape<OfFields<F, R>> {
  const names = Object.keys(known);
  return {
    schema: {
      type: 'object',
      properties: Object.fromEntries(names.map((name) => [name, (known[name] as Shape<unknown>).schema])),
      ...(required.length > 0 ? { required } : {}),
      ...(least > 0 ? { minProperties: least } : {}),
      additionalProperties: false,
      description: about,
    },
    read(value, path, reading) {
      if (!isMap(value)) {
        reading.problem(path, `takes a map, and is ${shown(value)}`);
        return undefined;
      }
      const out: Record<string, unknown> = {};
      let good = true;
      for (const [name, given] of Object.entries(value)) {
        if (!Object.hasOwn(known, name)) {
          const near = nearest(name, names);
          reading.problem([...path, name], 'is not known here', near === undefined ? `known are ${names.join(', ')}` : `did you mean ${near}?`);
          good = false;
          continue;
        }
        const read = (known[name] as Shape<unknown>).read(given, [...path, name], reading);
        if (read === undefined) good = false;
        else out[name] = read;
      }
      for (const name of required) {
        if (Object.hasOwn(value, name)) continue;
        reading.problem(path, `has no ${name}`);
        good = false;
      }
      if (Object.keys(value).length < least) {
        reading.problem(path, 'is empty', `it takes ${names.join(', ')}`);
        good = false;
      }
      return good ? (out as OfFields<F, R>) : undefined;
    },
  };
}
