import { parseDuration } from '../manifest/duration.ts';
import type { Path } from '../manifest/problem.ts';
import { enums, type FieldShape, fieldsOf } from './messages.ts';

/** A value of a type that its field cannot hold; the reference refuses the whole resource for it. */
export interface DecodeError {
  path: Path;
  /** `has to be a list, and this is a map` */
  text: string;
}

/** A field that the message does not have, with what else it has. */
export interface UnknownField {
  path: Path;
  field: string;
  known: string[];
}

export interface Decoded {
  errors: DecodeError[];
  unknown: UnknownField[];
}

/**
 * Reads a value as the message's JSON form, in place: proto spellings become camelCase, `null` and unknown fields go, enum
 * numbers become names, quoted numbers become numbers, and of the fields of a oneof the last stays. After it the value has the
 * types of src/manifest/istio. Reports all errors.
 */
export function decodeMessage(message: string, value: unknown, path: Path): Decoded {
  const out: Decoded = { errors: [], unknown: [] };
  readMessage(message, value, [...path], out);
  return out;
}

type Mutable = (string | number)[];

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value === null) return 'null';
  if (typeof value === 'object') return 'a map';
  if (typeof value === 'string') return `the text ${JSON.stringify(value)}`;
  return `the ${typeof value} ${String(value)}`;
}

function fail(out: Decoded, path: Mutable, expected: string, value: unknown): void {
  out.errors.push({ path: [...path], text: `has to be ${expected}, and this is ${describe(value)}` });
}

function readMessage(message: string, value: unknown, path: Mutable, out: Decoded): void {
  const fields = fieldsOf(message);
  if (!fields) return;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    fail(out, path, 'a map', value);
    return;
  }
  const object = value as Record<string, unknown>;
  const keys = Object.keys(object);
  let choices = 0;
  for (const key of keys) {
    const field = fields.get(key);
    if (!field) {
      if (object[key] !== undefined) out.unknown.push({ path: [...path, key], field: key, known: [...new Set([...fields.values()].map((f) => f.name))] });
      delete object[key];
      continue;
    }
    // Where a field is there in both spellings, the camelCase one counts, even if it is null.
    if (key !== field.name && keys.includes(field.name)) {
      delete object[key];
      continue;
    }
    path.push(key);
    const item = object[key];
    if (item === null && field.ref !== 'google.protobuf.Value') {
      delete object[key];
    } else {
      const read = field.repeated ? readList(field, item, path, out) : readSingle(field, item, path, out);
      if (field.name !== key) delete object[key];
      object[field.name] = read;
      if (field.oneof) choices++;
    }
    path.pop();
  }
  if (choices > 1) keepLastChoices(fields, object);
}

/** Of the fields of a oneof that are set, the one that the message declares last counts. */
function keepLastChoices(fields: ReadonlyMap<string, FieldShape>, object: Record<string, unknown>): void {
  const last = new Map<string, string>();
  for (const { name, oneof } of fields.values()) if (oneof && object[name] !== undefined) last.set(oneof, name);
  for (const { name, oneof } of fields.values()) if (oneof && last.get(oneof) !== name) delete object[name];
}

function readList(field: FieldShape, value: unknown, path: Mutable, out: Decoded): unknown {
  if (!Array.isArray(value)) {
    fail(out, path, 'a list', value);
    return [];
  }
  for (let i = 0; i < value.length; i++) {
    path.push(i);
    // A null item stays: validation reports it with its own words.
    if (value[i] !== null) value[i] = readSingle(field, value[i], path, out);
    else if (field.type !== 'message') value[i] = defaultOf(field);
    path.pop();
  }
  return value;
}

/** What `null` stands for in a list or a map. */
function defaultOf({ type, ref }: FieldShape): unknown {
  if (type === 'enum') return nameOf(enums[ref as string] ?? {}, 0);
  return type === 'string' || type === 'bytes' ? '' : 0;
}

function readSingle(field: FieldShape, value: unknown, path: Mutable, out: Decoded): unknown {
  switch (field.type) {
    case 'string':
      if (typeof value !== 'string') fail(out, path, 'text', value);
      return value;
    case 'bytes':
      if (typeof value !== 'string' || !isBase64(value)) fail(out, path, 'text in base64', value);
      return value;
    case 'bool':
      if (typeof value !== 'boolean') fail(out, path, 'true or false', value);
      return value;
    case 'map':
      return readMap(field, value, path, out);
    case 'enum':
      return readEnum(field.ref as string, value, path, out);
    case 'message':
      return readWellKnown(field.ref as string, value, path, out);
    default:
      return readNumber(field.type, value, path, out);
  }
}

function readMap(shape: FieldShape, value: unknown, path: Mutable, out: Decoded): unknown {
  const field = shape.map as FieldShape;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    fail(out, path, 'a map', value);
    return {};
  }
  const map = value as Record<string, unknown>;
  for (const key of Object.keys(map)) {
    path.push(key);
    if (shape.key !== undefined && !(/^(?:0|[1-9]\d*)$/.test(key) && Number(key) <= 4294967295)) fail(out, path, 'under a key that is a whole number', key);
    if (map[key] === null) {
      if (field.type !== 'message') map[key] = defaultOf(field);
    } else map[key] = readSingle(field, map[key], path, out);
    path.pop();
  }
  return map;
}

function readEnum(ref: string, value: unknown, path: Mutable, out: Decoded): unknown {
  const values = enums[ref];
  if (!values) return value;
  if (typeof value === 'number' && Number.isInteger(value)) return nameOf(values, value);
  if (typeof value !== 'string' || !Object.hasOwn(values, value)) {
    out.errors.push({ path: [...path], text: `has to be one of ${Object.keys(values).join(', ')}, and this is ${describe(value)}` });
  }
  return value;
}

/** The reference accepts numbers that name nothing, and then treats them as none of the values. */
function nameOf(values: Readonly<Record<string, number>>, value: number): string {
  for (const [name, number] of Object.entries(values)) if (number === value) return name;
  return String(value);
}

/** With padding, as the standard alphabet has it; line breaks do not count. */
function isBase64(text: string): boolean {
  const digits = text.replace(/[\r\n]/g, '');
  return digits.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(digits);
}

function readWellKnown(ref: string, value: unknown, path: Mutable, out: Decoded): unknown {
  if (!ref.startsWith('google.protobuf.')) {
    readMessage(ref, value, path, out);
    return value;
  }
  switch (ref.slice('google.protobuf.'.length)) {
    case 'Duration':
      if (typeof value !== 'string' || parseDuration(value) === undefined) fail(out, path, 'a duration such as 10s or 1m30s', value);
      return value;
    case 'Timestamp':
    case 'StringValue':
      if (typeof value !== 'string') fail(out, path, 'text', value);
      return value;
    case 'BoolValue':
      if (typeof value !== 'boolean') fail(out, path, 'true or false', value);
      return value;
    case 'Struct':
      if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(out, path, 'a map', value);
      return value;
    case 'UInt32Value':
      return readNumber('uint32', value, path, out);
    case 'Int32Value':
      return readNumber('int32', value, path, out);
    case 'Int64Value':
      return readNumber('int64', value, path, out);
    case 'UInt64Value':
      return readNumber('uint64', value, path, out);
    case 'DoubleValue':
      return readNumber('double', value, path, out);
    default:
      return value;
  }
}

const ranges: Readonly<Record<string, readonly [number, number]>> = {
  int32: [-2147483648, 2147483647],
  sint32: [-2147483648, 2147483647],
  uint32: [0, 4294967295],
  int64: [-(2 ** 63), 2 ** 63],
  uint64: [0, 2 ** 64],
};

/** Numbers in quotes, as JSON writes them without: no `+`, no zeros in front, digits before and after the point. */
const quotedInteger = /^\s*-?(?:0|[1-9]\d*)\s*$/;
const quotedNumber = /^\s*-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?\s*$/;
const notFinite: ReadonlySet<string> = new Set(['NaN', 'Infinity', '-Infinity']);

function unquoted(value: string, isInteger: boolean): number | undefined {
  if (isInteger) return quotedInteger.test(value) ? Number(value) : undefined;
  return quotedNumber.test(value) || notFinite.has(value) ? Number(value) : undefined;
}

function readNumber(type: string, value: unknown, path: Mutable, out: Decoded): unknown {
  const range = ranges[type];
  const number = typeof value === 'string' ? unquoted(value, range !== undefined) : value;
  if (typeof number !== 'number') {
    fail(out, path, range ? 'a whole number' : 'a number', value);
    return value;
  }
  if (range && (!Number.isInteger(number) || number < range[0] || number > range[1])) {
    fail(out, path, `a whole number from ${range[0]} to ${range[1]}`, value);
  }
  return number;
}
