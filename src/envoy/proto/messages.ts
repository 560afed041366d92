// Messages by their descriptors, made ready at first use.
import type { Reader, Writer } from 'protobufjs';
import { isObject, type JsonObject, type JsonValue } from '../json.ts';
import { enumNumbers, type FieldDescriptor, isMessage, messageFields, type Scalar } from './descriptor.ts';
import { checkDepth, EnvoyApiError, shown, within } from './error.ts';
import { enumValue, type Field, fieldOf, messageValue, type ValueCodec } from './fields.ts';
import { scalars } from './scalars.ts';
import { type MessageCodec, wellKnown } from './well-known.ts';

/** The name behind the last slash of a type URL. */
export const messageName = (typeUrl: string): string => typeUrl.slice(typeUrl.lastIndexOf('/') + 1);

const codecs = new Map<string, MessageCodec>();
const values = new Map<string, ValueCodec>();

/** By full name. @throws EnvoyApiError for a name that is no message's */
export function messageCodec(name: string): MessageCodec {
  const known = codecs.get(name);
  if (known) return known;
  const fields = messageFields(name);
  if (!fields) throw new EnvoyApiError(`${shown(name)} is no message of Envoy's API that is known here`);
  const made = name === 'google.protobuf.Any' ? any : (wellKnown.get(name) ?? new PlainMessage(name, fields));
  codecs.set(name, made);
  return made;
}

function valueCodec(type: string): ValueCodec {
  if (Object.hasOwn(scalars, type)) return scalars[type as Scalar];
  const known = values.get(type);
  if (known) return known;
  const numbers = enumNumbers(type);
  // Messages hold each other, so each is made ready when the first of it is written or read.
  let codec: MessageCodec | undefined;
  const made = numbers
    ? enumValue(type, numbers)
    : messageValue(
        {
          write(writer, value, depth) {
            codec ??= messageCodec(type);
            codec.write(writer, value, depth);
          },
          read(reader, end, depth) {
            codec ??= messageCodec(type);
            return codec.read(reader, end, depth);
          },
        },
        type === 'google.protobuf.Value',
      );
  values.set(type, made);
  return made;
}

/** google.protobuf.Any. */
const any: MessageCodec = {
  /** `{"@type": …, fields}`; what has a JSON form of its own is in `value`. */
  write(writer, value, depth) {
    if (!isObject(value)) throw new EnvoyApiError(`${shown(value)} is no object`);
    const typeUrl = value['@type'];
    if (typeof typeUrl !== 'string') {
      if (typeUrl === undefined && Object.keys(value).length === 0) return;
      throw new EnvoyApiError('has no "@type"');
    }
    const name = messageName(typeUrl);
    let content: JsonValue = value;
    if (wellKnown.has(name) || name === 'google.protobuf.Any') {
      const { '@type': _, value: inner, ...others } = value;
      // What has no value and no fields is a message without content.
      const [other] = Object.keys(others);
      if (other !== undefined) throw within(new EnvoyApiError(`is no field of ${name}: its JSON form is in "value"`), other);
      content = inner === undefined ? {} : inner;
    }
    const codec = messageCodec(name);
    writer.uint32(10).string(typeUrl).uint32(18).fork();
    codec.write(writer, content, depth + 1);
    writer.ldelim();
  },

  /** A message that is not known is given as `{"@type": …, "value": base64}`. */
  read(reader, end, depth) {
    let typeUrl = '';
    let start = end;
    let length = 0;
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (tag === 10) typeUrl = reader.string();
      else if (tag === 18) {
        length = reader.uint32();
        start = reader.pos;
        reader.skip(length);
      } else reader.skipType(tag & 7);
    }
    if (typeUrl === '') return {};
    const name = messageName(typeUrl);
    if (!isMessage(name)) return { '@type': typeUrl, value: Buffer.from(reader.buf.subarray(start, start + length)).toString('base64') };
    reader.pos = start;
    const value = messageCodec(name).read(reader, start + length, depth + 1);
    reader.pos = end;
    return wellKnown.has(name) || name === 'google.protobuf.Any' ? { '@type': typeUrl, value } : { '@type': typeUrl, ...(value as JsonObject) };
  },
};

class PlainMessage implements MessageCodec {
  readonly #name: string;
  readonly #byName = new Map<string, Field>();
  readonly #byNumber = new Map<number, Field>();

  constructor(name: string, fields: readonly FieldDescriptor[]) {
    this.#name = name;
    for (const descriptor of fields) {
      const field = fieldOf(descriptor, valueCodec(descriptor.type));
      this.#byNumber.set(descriptor.number, field);
      this.#byName.set(descriptor.json, field);
    }
    // A name goes before the JSON name of another.
    for (const field of this.#byNumber.values()) this.#byName.set(field.name, field);
  }

  write(writer: Writer, value: JsonValue, depth: number): void {
    checkDepth(depth);
    if (!isObject(value)) throw new EnvoyApiError(`${shown(value)} is no ${this.#name}, which is an object`);
    const fields: Field[] = [];
    const values: JsonValue[] = [];
    for (const key in value) {
      const given = value[key];
      if (given === undefined) continue;
      const field = this.#byName.get(key);
      if (!field) {
        // A resource says its own type, and so does what is in an Any.
        if (key !== '@type') throw within(new EnvoyApiError(`is no field of ${this.#name}`), key);
        if (typeof given === 'string' && messageName(given) === this.#name) continue;
        throw new EnvoyApiError(`"@type" is ${shown(given)}, where a ${this.#name} is expected`);
      }
      if (given === null && !field.takesNull) continue;
      // Bytes are in the order of the fields' numbers, whatever the order of the JSON.
      let at = fields.length;
      for (let before = fields[at - 1]; before && before.number > field.number; before = fields[at - 1]) {
        fields[at] = before;
        values[at] = values[at - 1] as JsonValue;
        at--;
      }
      if (fields[at - 1] === field) throw within(new EnvoyApiError('is there twice'), key);
      fields[at] = field;
      values[at] = given;
    }
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i] as Field;
      if (field.group !== undefined) this.#checkGroup(fields, field);
      try {
        field.write(writer, values[i] as JsonValue, depth);
      } catch (error) {
        throw within(error, field.name);
      }
    }
  }

  #checkGroup(fields: readonly Field[], member: Field): void {
    const first = fields.find(({ group }) => group === member.group);
    if (first === member) return;
    throw within(new EnvoyApiError(`cannot be beside "${first?.name}": ${this.#name} has one of them`), member.name);
  }

  read(reader: Reader, end: number, depth: number): JsonObject {
    checkDepth(depth);
    const message: JsonObject = {};
    while (reader.pos < end) {
      const tag = reader.uint32();
      const field = this.#byNumber.get(tag >>> 3);
      if (!field) throw new EnvoyApiError(`has field number ${tag >>> 3}, which ${this.#name} has not`);
      try {
        field.read(reader, tag & 7, message, depth);
      } catch (error) {
        throw within(error, field.name);
      }
    }
    return message;
  }
}
