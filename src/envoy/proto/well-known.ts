// Messages of google.protobuf that have a JSON form of their own. Any is in messages.ts.
import type { Reader, Writer } from 'protobufjs';
import { isObject, type JsonObject, type JsonValue } from '../json.ts';
import type { Scalar } from './descriptor.ts';
import { checkDepth, EnvoyApiError, shown, within } from './error.ts';
import { scalars } from './scalars.ts';

/** The content of a message, without its tag and length. */
export interface MessageCodec {
  /** @throws EnvoyApiError */
  write(writer: Writer, value: JsonValue, depth: number): void;
  /** Up to the end of the message. */
  read(reader: Reader, end: number, depth: number): JsonValue;
}

/** Sets a key that came from outside: `__proto__` is one like all others. */
export function setKey(object: JsonObject, key: string, value: JsonValue): void {
  if (key === '__proto__') Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
}

/** `seconds` (field 1) and `nanos` (field 2), of which both are left out when they are zero. */
function writeSeconds(writer: Writer, seconds: number, nanos: number): void {
  if (seconds !== 0) writer.uint32(8).int64(seconds);
  if (nanos !== 0) writer.uint32(16).int32(nanos);
}

function readSeconds(reader: Reader, end: number): { seconds: number; nanos: number } {
  let seconds = 0;
  let nanos = 0;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === 8) seconds = Number(reader.int64());
    else if (tag === 16) nanos = reader.int32();
    else reader.skipType(tag & 7);
  }
  return { seconds, nanos };
}

/** Of nanoseconds: none, or 3, 6 or 9 digits. */
function fraction(nanos: number): string {
  if (nanos === 0) return '';
  const digits = String(nanos).padStart(9, '0');
  return `.${digits.endsWith('000000') ? digits.slice(0, 3) : digits.endsWith('000') ? digits.slice(0, 6) : digits}`;
}

const longest = 315_576_000_000;

const duration: MessageCodec = {
  write(writer, value) {
    const parts = typeof value === 'string' ? /^(-?)(\d{1,12})(?:\.(\d{1,9}))?s$/.exec(value) : null;
    if (!parts || Number(parts[2]) > longest) throw new EnvoyApiError(`${shown(value)} is no duration such as "1.5s"`);
    const sign = parts[1] ? -1 : 1;
    writeSeconds(writer, sign * Number(parts[2]), sign * Number((parts[3] ?? '').padEnd(9, '0')));
  },
  read(reader, end) {
    const { seconds, nanos } = readSeconds(reader, end);
    return `${seconds < 0 || nanos < 0 ? '-' : ''}${Math.abs(seconds)}${fraction(Math.abs(nanos))}s`;
  },
};

const timestamp: MessageCodec = {
  write(writer, value) {
    const parts = typeof value === 'string' ? /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(value) : null;
    const milliseconds = parts ? Date.parse(`${parts[1]}${parts[3]}`) : Number.NaN;
    if (!parts || Number.isNaN(milliseconds)) throw new EnvoyApiError(`${shown(value)} is no time such as "2026-01-02T03:04:05Z"`);
    writeSeconds(writer, milliseconds / 1000, Number((parts[2] ?? '').padEnd(9, '0')));
  },
  read(reader, end) {
    const { seconds, nanos } = readSeconds(reader, end);
    const time = new Date(seconds * 1000);
    if (Number.isNaN(time.getTime())) throw new EnvoyApiError(`${seconds} s are no time`);
    return `${time.toISOString().slice(0, 19)}${fraction(nanos)}Z`;
  },
};

function wrapper(type: Scalar): MessageCodec {
  const { wire, write, read, isDefault } = scalars[type];
  const tag = 8 | wire;
  const zero = type === 'bool' ? false : type === 'string' || type === 'bytes' ? '' : type.endsWith('64') ? '0' : 0;
  return {
    write(writer, value) {
      const start = writer.pos;
      writer.uint32(tag);
      write(writer, value);
      // Checked like any other, but not sent.
      if (isDefault(value)) writer.pos = start;
    },
    read(reader, end) {
      let value: JsonValue = zero;
      while (reader.pos < end) {
        const at = reader.uint32();
        if (at === tag) value = read(reader);
        else reader.skipType(at & 7);
      }
      return value;
    },
  };
}

const empty: MessageCodec = {
  write(_, value) {
    if (!isObject(value)) throw new EnvoyApiError(`${shown(value)} is no object`);
    const [name] = Object.keys(value).filter((key) => key !== '@type');
    if (name !== undefined) throw within(new EnvoyApiError('is no field of google.protobuf.Empty'), name);
  },
  read(reader, end) {
    while (reader.pos < end) reader.skipType(reader.uint32() & 7);
    return {};
  },
};

/** google.protobuf.Struct: the same content, the same bytes. */
export const struct: MessageCodec = {
  write(writer, value, depth) {
    checkDepth(depth);
    if (!isObject(value)) throw new EnvoyApiError(`${shown(value)} is no object`);
    for (const key of Object.keys(value).sort()) {
      const member = value[key];
      if (member === undefined) continue;
      writer.uint32(10).fork().uint32(10).string(key).uint32(18).fork();
      try {
        // The entry of the map is a message, too.
        anyValue.write(writer, member, depth + 2);
      } catch (error) {
        throw within(error, key);
      }
      writer.ldelim().ldelim();
    }
  },
  read(reader, end, depth) {
    checkDepth(depth);
    const object: JsonObject = {};
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (tag !== 10) {
        reader.skipType(tag & 7);
        continue;
      }
      const entryEnd = reader.uint32() + reader.pos;
      let key = '';
      let value: JsonValue = null;
      while (reader.pos < entryEnd) {
        const part = reader.uint32();
        if (part === 10) key = reader.string();
        else if (part === 18) value = anyValue.read(reader, reader.uint32() + reader.pos, depth + 2);
        else reader.skipType(part & 7);
      }
      setKey(object, key, value);
    }
    return object;
  },
};

const list: MessageCodec = {
  write(writer, value, depth) {
    checkDepth(depth);
    if (!Array.isArray(value)) throw new EnvoyApiError(`${shown(value)} is no list`);
    for (const [i, item] of value.entries()) {
      writer.uint32(10).fork();
      try {
        anyValue.write(writer, item, depth + 1);
      } catch (error) {
        throw within(error, `[${i}]`);
      }
      writer.ldelim();
    }
  },
  read(reader, end, depth) {
    checkDepth(depth);
    const items: JsonValue[] = [];
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (tag === 10) items.push(anyValue.read(reader, reader.uint32() + reader.pos, depth + 1));
      else reader.skipType(tag & 7);
    }
    return items;
  },
};

/** google.protobuf.Value. */
const anyValue: MessageCodec = {
  write(writer, value, depth) {
    if (value === null) writer.uint32(8).uint32(0);
    else if (typeof value === 'number') {
      if (!Number.isFinite(value)) throw new EnvoyApiError(`${value} is no number of JSON`);
      writer.uint32(17).double(value);
    } else if (typeof value === 'string') writer.uint32(26).string(value);
    else if (typeof value === 'boolean') writer.uint32(32).bool(value);
    else {
      const isList = Array.isArray(value);
      writer.uint32(isList ? 50 : 42).fork();
      (isList ? list : struct).write(writer, value, depth + 1);
      writer.ldelim();
    }
  },
  read(reader, end, depth) {
    let value: JsonValue = null;
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (tag === 17) value = reader.double();
      else if (tag === 26) value = reader.string();
      else if (tag === 32) value = reader.bool();
      else if (tag === 42) value = struct.read(reader, reader.uint32() + reader.pos, depth + 1);
      else if (tag === 50) value = list.read(reader, reader.uint32() + reader.pos, depth + 1);
      else {
        if (tag === 8) value = null;
        reader.skipType(tag & 7);
      }
    }
    return value;
  },
};

/** By full name. */
export const wellKnown: ReadonlyMap<string, MessageCodec> = new Map([
  ['google.protobuf.Duration', duration],
  ['google.protobuf.Timestamp', timestamp],
  ['google.protobuf.Empty', empty],
  ['google.protobuf.Struct', struct],
  ['google.protobuf.ListValue', list],
  ['google.protobuf.Value', anyValue],
  ['google.protobuf.BoolValue', wrapper('bool')],
  ['google.protobuf.BytesValue', wrapper('bytes')],
  ['google.protobuf.DoubleValue', wrapper('double')],
  ['google.protobuf.FloatValue', wrapper('float')],
  ['google.protobuf.Int32Value', wrapper('int32')],
  ['google.protobuf.Int64Value', wrapper('int64')],
  ['google.protobuf.StringValue', wrapper('string')],
  ['google.protobuf.UInt32Value', wrapper('uint32')],
  ['google.protobuf.UInt64Value', wrapper('uint64')],
]);
