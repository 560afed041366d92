// Fields of a message: values with their tags, lists and maps.
import type { Reader, Writer } from 'protobufjs';
import { isObject, type JsonObject, type JsonValue } from '../json.ts';
import type { FieldDescriptor, Scalar } from './descriptor.ts';
import { EnvoyApiError, shown, within } from './error.ts';
import { delimited, scalars, varint } from './scalars.ts';
import { type MessageCodec, setKey } from './well-known.ts';

/** One value of a field: a scalar, an enum, or a message with its length. */
export interface ValueCodec {
  wire: number;
  write(writer: Writer, value: JsonValue, depth: number): void;
  read(reader: Reader, depth: number): JsonValue;
  /** undefined: a message, whose presence is sent whatever it holds. */
  isDefault?(value: JsonValue): boolean;
  /** JSON's null is a value, and not an absent one. */
  takesNull?: boolean;
}

export interface Field {
  name: string;
  number: number;
  /** The oneof of whose members at most one may be there. */
  group: string | undefined;
  takesNull: boolean;
  /** With the tag, and nothing where the value is the default of a field without presence. */
  write(writer: Writer, value: JsonValue, depth: number): void;
  /** What comes behind a tag with the wire type, into the message. */
  read(reader: Reader, wire: number, message: JsonObject, depth: number): void;
}

export function messageValue({ write, read }: MessageCodec, takesNull = false): ValueCodec {
  return {
    wire: delimited,
    takesNull,
    write(writer, value, depth) {
      writer.fork();
      write(writer, value, depth + 1);
      writer.ldelim();
    },
    read: (reader, depth) => read(reader, reader.uint32() + reader.pos, depth + 1),
  };
}

/** @param name of the enum, for messages */
export function enumValue(name: string, numbers: ReadonlyMap<string, number>): ValueCodec {
  const names = new Map<number, string>();
  for (const [value, number] of numbers) if (!names.has(number)) names.set(number, value);
  const numberOf = (value: JsonValue): number => {
    const named = typeof value === 'string' ? numbers.get(value) : undefined;
    if (named !== undefined) return named;
    // Numbers that are not known are those of newer versions.
    if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 31) return value;
    const known = [...numbers.keys()];
    throw new EnvoyApiError(`${shown(value)} is no ${name}${known.length <= 12 ? `: one of ${known.join(', ')}` : ''}`);
  };
  return {
    wire: varint,
    write: (writer, value) => writer.int32(numberOf(value)),
    read(reader) {
      const number = reader.int32();
      return names.get(number) ?? number;
    },
    isDefault: (value) => value === 0 || numberOf(value) === 0,
  };
}

function singular({ name, number, group }: FieldDescriptor, codec: ValueCodec): Field {
  const tag = ((number << 3) | codec.wire) >>> 0;
  const { isDefault } = codec;
  const hasPresence = group !== undefined || !isDefault;
  return {
    name,
    number,
    group: group === '' ? undefined : group,
    takesNull: codec.takesNull === true,
    write(writer, value, depth) {
      const start = writer.pos;
      writer.uint32(tag);
      codec.write(writer, value, depth);
      // Checked like any other, but not sent.
      if (!hasPresence && isDefault(value)) writer.pos = start;
    },
    read(reader, wire, message, depth) {
      if (wire !== codec.wire) throw new EnvoyApiError(`has wire type ${wire} instead of ${codec.wire}`);
      const value = codec.read(reader, depth);
      if (hasPresence || !isDefault(value)) message[name] = value;
    },
  };
}

function repeated({ name, number }: FieldDescriptor, codec: ValueCodec): Field {
  const packed = codec.wire !== delimited;
  const tag = ((number << 3) | delimited) >>> 0;
  return {
    name,
    number,
    group: undefined,
    takesNull: false,
    write(writer, value, depth) {
      if (!Array.isArray(value)) throw new EnvoyApiError(`${shown(value)} is no list`);
      if (value.length === 0) return;
      if (packed) writer.uint32(tag).fork();
      let i = 0;
      try {
        for (; i < value.length; i++) {
          const item = value[i] as JsonValue;
          if (item === null && !codec.takesNull) throw new EnvoyApiError('is null');
          if (!packed) writer.uint32(tag);
          codec.write(writer, item, depth);
        }
      } catch (error) {
        throw within(error, `[${i}]`);
      }
      if (packed) writer.ldelim();
    },
    read(reader, wire, message, depth) {
      message[name] ??= [];
      const items = message[name] as JsonValue[];
      if (wire === codec.wire) items.push(codec.read(reader, depth));
      else if (packed && wire === delimited) for (const end = reader.uint32() + reader.pos; reader.pos < end; ) items.push(codec.read(reader, depth));
      else throw new EnvoyApiError(`has wire type ${wire} instead of ${codec.wire}`);
    },
  };
}

/** Entries are messages with the key as field 1 and the value as field 2; sorted, so that equal maps have equal bytes. */
function map({ name, number }: FieldDescriptor, keyType: Scalar, codec: ValueCodec): Field {
  const key = scalars[keyType];
  const tag = ((number << 3) | delimited) >>> 0;
  const keyTag = 8 | key.wire;
  const valueTag = 16 | codec.wire;
  const isText = keyType === 'string';
  const isBool = keyType === 'bool';
  return {
    name,
    number,
    group: undefined,
    takesNull: false,
    write(writer, value, depth) {
      if (!isObject(value)) throw new EnvoyApiError(`${shown(value)} is no object`);
      for (const text of Object.keys(value).sort()) {
        const member = value[text];
        if (member === undefined) continue;
        try {
          if (member === null && !codec.takesNull) throw new EnvoyApiError('is null');
          writer.uint32(tag).fork().uint32(keyTag);
          key.write(writer, isBool ? text === 'true' || (text === 'false' ? false : text) : text);
          writer.uint32(valueTag);
          codec.write(writer, member, depth);
          writer.ldelim();
        } catch (error) {
          throw within(error, `["${text}"]`);
        }
      }
    },
    read(reader, wire, message, depth) {
      if (wire !== delimited) throw new EnvoyApiError(`has wire type ${wire} instead of ${delimited}`);
      message[name] ??= {};
      const entries = message[name] as JsonObject;
      const end = reader.uint32() + reader.pos;
      let at: JsonValue = isText ? '' : isBool ? false : 0;
      let value: JsonValue | undefined;
      while (reader.pos < end) {
        const part = reader.uint32();
        if (part === keyTag) at = key.read(reader);
        else if (part === valueTag) value = codec.read(reader, depth);
        else reader.skipType(part & 7);
      }
      if (value !== undefined) setKey(entries, String(at), value);
    },
  };
}

export function fieldOf(descriptor: FieldDescriptor, codec: ValueCodec): Field {
  if (descriptor.list) return repeated(descriptor, codec);
  return descriptor.key ? map(descriptor, descriptor.key, codec) : singular(descriptor, codec);
}
