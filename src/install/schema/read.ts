// Reads what a user gave by the schema: right types, known names, allowed values. What is wrong is reported and left out.
import { nearest } from '../../manifest/nearest.ts';
import type { Path } from '../../manifest/problem.ts';
import { decodeMessage } from '../../schema/decode.ts';
import { isValueMap, SetText, typedByMessage, untyped } from './set-text.ts';
import type { ListSchema, MapSchema, ObjectSchema, Schema, TextSchema } from './types.ts';

/** @param text what is wrong, after the path of the value: `has to be …` */
export type Report = (path: Path, text: string, help?: string) => void;

/** What an unknown name most likely stands for, from the root of the values. */
export type Suggest = (path: Path) => string | undefined;

export interface Reading {
  report: Report;
  suggest?: Suggest;
}

/**
 * @returns the value with the types of the schema, as far as it can be used; undefined for nothing; null where a user takes away
 * what is there by default
 */
export function readValue(schema: Schema, value: unknown, path: Path, reading: Reading): unknown {
  const { report } = reading;
  // An empty `key:` is how people leave out a value; only what may be absent can be taken away.
  if (value === null || value === undefined) return value === null && schema.optional ? null : undefined;
  switch (schema.type) {
    case 'object':
      return readObject(schema, value, path, reading);
    case 'map':
      return readMap(schema, value, path, reading);
    case 'list':
      return readList(schema, value, path, reading);
    case 'text':
      return readText(schema, value, path, report);
    case 'integer': {
      const number = value instanceof SetText && /^-?\d+$/.test(value.text) ? Number(value.text) : value;
      if (typeof number === 'number' && Number.isInteger(number) && number >= schema.min && number <= schema.max) return number;
      report(path, `has to be a whole number from ${schema.min} to ${schema.max}, and this is ${describe(value)}`);
      return undefined;
    }
    case 'boolean': {
      const word = value instanceof SetText ? value.text : value;
      if (typeof word === 'boolean' || (schema.or !== undefined && word === schema.or)) return word;
      if (value instanceof SetText && (word === 'true' || word === 'false')) return word === 'true';
      report(path, `has to be true${schema.or === undefined ? ' or false' : `, false or ${schema.or}`}, and this is ${describe(value)}`);
      return undefined;
    }
    case 'free':
      return untyped(value);
    case 'message': {
      const message = structuredClone(untyped(typedByMessage(schema.message, value)));
      const { errors, unknown } = decodeMessage(schema.message, message, path);
      for (const error of errors) report(error.path, error.text);
      for (const { path: at, field, known } of unknown) reportUnknown(report, at, field, known);
      return isValueMap(message) && errors.length === 0 ? message : undefined;
    }
  }
}

function readObject(schema: ObjectSchema, value: unknown, path: Path, reading: Reading): unknown {
  if (!isValueMap(value)) {
    reading.report(path, `has to be a map, and this is ${describe(value)}`);
    return undefined;
  }
  const out: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    const field = Object.hasOwn(schema.fields, key) ? schema.fields[key] : undefined;
    if (!field) {
      reportUnknown(reading.report, [...path, key], key, Object.keys(schema.fields), reading.suggest?.([...path, key]));
      continue;
    }
    const read = readValue(field, item, [...path, key], reading);
    if (read !== undefined) out[key] = read;
  }
  return out;
}

function reportUnknown(report: Report, path: Path, key: string, known: readonly string[], meant?: string): void {
  const near = meant ?? nearest(key, known);
  report(path, 'is unknown', near === undefined ? `there are: ${[...known].sort().join(', ')}` : `did you mean ${near}?`);
}

function readMap(schema: MapSchema, value: unknown, path: Path, reading: Reading): unknown {
  if (!isValueMap(value)) {
    reading.report(path, `has to be a map, and this is ${describe(value)}`);
    return undefined;
  }
  const out: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    const at = [...path, key];
    if (schema.key && !schema.key.holds(key)) reading.report(at, `is a key that is not ${schema.key.name}`);
    else {
      const read = item === null ? null : readValue(schema.values, item, at, reading);
      if (read !== undefined) out[key] = read;
    }
  }
  return out;
}

function readList(schema: ListSchema, value: unknown, path: Path, reading: Reading): unknown {
  const { report } = reading;
  // `--set list=a` is a list of one.
  const list = value instanceof SetText && schema.items.type === 'text' ? (value.text === '' ? [] : [value]) : value;
  if (!Array.isArray(list)) {
    report(path, `has to be a list, and this is ${describe(value)}`);
    return undefined;
  }
  const items = list.flatMap((item: unknown, i) => {
    const at = [...path, i];
    const read = item === null ? undefined : readValue(schema.items, item, at, reading);
    if (read === undefined) {
      if (item === null || item === undefined) report(at, 'is empty');
      return [];
    }
    const missing = missingFields(schema, read);
    for (const field of missing) report(at, `has no ${field}`);
    return missing.length > 0 ? [] : [read];
  });
  // Half of a list is not what is meant by it.
  return schema.mergeBy === undefined && items.length < list.length ? undefined : items;
}

/** Items of lists that are merged have all but their name from elsewhere. */
function missingFields({ mergeBy, items }: ListSchema, item: unknown): string[] {
  if (items.type !== 'object' || !isValueMap(item)) return [];
  const needed = mergeBy === undefined ? Object.keys(items.fields).filter((field) => !items.fields[field]?.optional) : [mergeBy];
  return needed.filter((field) => item[field] === undefined);
}

function readText(schema: TextSchema, value: unknown, path: Path, report: Report): string | undefined {
  const text = value instanceof SetText ? value.text : schema.numbers && typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string') {
    const help = typeof value === 'object' ? undefined : 'put it in quotes';
    report(path, `has to be text, and this is ${describe(value)}`, help);
    return undefined;
  }
  const { oneOf, format } = schema;
  if (oneOf && !oneOf.includes(text)) {
    const near = nearest(text, oneOf);
    report(path, `has to be ${alternatives(oneOf)}, and this is ${describe(text)}`, near === undefined ? undefined : `did you mean ${near}?`);
    return undefined;
  }
  if (format && !format.holds(text)) {
    report(path, `has to be ${format.name}, and this is ${describe(text)}`);
    return undefined;
  }
  return text;
}

function alternatives(words: readonly string[]): string {
  return words.length === 1 ? (words[0] as string) : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

function describe(value: unknown): string {
  if (value instanceof SetText) return JSON.stringify(value.text);
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  if (typeof value === 'string') return value.includes('\n') ? 'this text' : JSON.stringify(value);
  return `the ${typeof value} ${String(value)}`;
}
