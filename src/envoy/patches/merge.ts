// Merging of messages in their JSON form as protocol buffers merge them: messages field by field, lists one after the other, entries of
// maps and everything else replaced. A default value of a field that cannot tell it from none is none: it changes nothing.
import { isObject, type JsonObject, type JsonValue } from '../json.ts';
import type { FieldDescriptor } from '../proto/descriptor.ts';
import { messageName } from '../proto/messages.ts';
import { enumShape, type MessageShape, messageShape, wrapped } from './shapes.ts';

export interface Merging {
  /** A value of the patch does not replace another one, since it is the field's default. */
  kept?: (path: readonly string[], there: JsonValue) => void;
  /** The patch has an extension of another type than the one that is there. */
  mismatch?: (path: readonly string[], there: string, given: string) => void;
}

/** @returns `into` itself where `from` changes nothing; neither is changed */
export function mergeMessage(type: string, into: JsonObject, from: JsonObject, merging: Merging, path: readonly string[] = []): JsonObject {
  const shape = messageShape(type);
  let out = into;
  const set = (name: string, value: JsonValue | undefined): void => {
    if (out === into) out = { ...into };
    if (value === undefined) delete out[name];
    else out[name] = value;
  };
  for (const [name, value] of Object.entries(from)) {
    const field = shape?.get(name);
    if (value === undefined || !field) continue;
    const there = into[name];
    const merged = mergeField(field, there, value, merging, [...path, name]);
    if (field.group) for (const other of othersOf(field, shape)) if (out[other] !== undefined) set(other, undefined);
    if (merged !== there) set(name, merged);
  }
  return out;
}

function othersOf({ name, group }: FieldDescriptor, shape: MessageShape | undefined): string[] {
  return [...(shape ?? [])].filter(([key, field]) => key === field.name && field.group === group && key !== name).map(([key]) => key);
}

function mergeField(field: FieldDescriptor, there: JsonValue | undefined, given: JsonValue, merging: Merging, path: readonly string[]): JsonValue | undefined {
  if (there === undefined) return given;
  if (field.list) return joined(there, given);
  if (field.key || field.type === 'google.protobuf.Struct') return entries(there, given);
  if (field.type === 'google.protobuf.Value' || field.type === 'google.protobuf.ListValue')
    return isObject(there) ? entries(there, given) : joined(there, given);
  if (messageShape(field.type)) return isObject(there) && isObject(given) ? mergeMessage(field.type, there, given, merging, path) : given;
  if (!isDefault(field, given)) return given;
  if (there !== given) merging.kept?.(path, there);
  return there;
}

function joined(there: JsonValue, given: JsonValue): JsonValue {
  if (!Array.isArray(there) || !Array.isArray(given)) return given;
  return given.length === 0 ? there : [...there, ...given];
}

function entries(there: JsonValue, given: JsonValue): JsonValue {
  if (!isObject(there) || !isObject(given)) return given;
  return Object.keys(given).length === 0 ? there : { ...there, ...given };
}

/** Whether a value cannot be told from none once it is encoded, or merged into a wrapper that is there. */
function isDefault({ type, group }: FieldDescriptor, value: JsonValue): boolean {
  const isWrapper = Object.hasOwn(wrapped, type);
  if (group !== undefined && !isWrapper) return false;
  const numbers = enumShape(type);
  if (numbers) return value === 0 || (typeof value === 'string' && numbers.get(value) === 0);
  return isWrapper || !type.startsWith('google.protobuf.') ? value === 0 || value === false || value === '' || value === '0' : false;
}

/**
 * Merges an extension into one of the same name: a filter, a transport socket. Unlike elsewhere the message inside of `typed_config` is
 * merged, where both have the same type.
 */
export function mergeExtension(type: string, into: JsonObject, from: JsonObject, merging: Merging, path: readonly string[] = []): JsonObject {
  const { typed_config: given, ...rest } = from;
  const merged = mergeMessage(type, into, rest, merging, path);
  if (!isObject(given)) return merged;
  const there = into.typed_config;
  if (!isObject(there) && into.config_discovery === undefined) return { ...merged, typed_config: given };
  const [thereType, givenType] = [isObject(there) ? String(there['@type']) : 'a configuration that is fetched', String(given['@type'])];
  if (!isObject(there) || messageName(thereType) !== messageName(givenType)) {
    merging.mismatch?.([...path, 'typed_config'], thereType, givenType);
    return into;
  }
  const config = mergeMessage(messageName(thereType), there, given, merging, [...path, 'typed_config']);
  return config === there ? merged : { ...merged, typed_config: config };
}
