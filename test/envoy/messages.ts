// Types of the fields of Envoy's messages, for comparing.
import { enumNumbers, type FieldDescriptor, messageFields } from '../../src/envoy/proto/descriptor.ts';

export type ValueType = { kind: 'scalar'; name: string } | { kind: 'enum'; numbers: ReadonlyMap<string, number> } | { kind: 'message'; name: string };

export interface Field {
  /** `plain`: absent is the same as the default value, but for messages. */
  rule: 'plain' | 'present' | 'list' | 'map';
  type: ValueType;
}

const known = new Map<string, ReadonlyMap<string, Field>>();

/** Fields of a message by name; undefined for messages that are not of Envoy. */
export function fieldsOf(message: string): ReadonlyMap<string, Field> | undefined {
  const before = known.get(message);
  if (before) return before;
  // Of these the JSON is no object, or none with these fields.
  const descriptors = message.startsWith('google.protobuf.') ? undefined : messageFields(message);
  if (!descriptors) return undefined;
  const made = new Map(descriptors.map((field) => [field.name, fieldOf(field)]));
  known.set(message, made);
  return made;
}

function fieldOf({ type, list, key, group }: FieldDescriptor): Field {
  return { rule: list ? 'list' : key !== undefined ? 'map' : group !== undefined ? 'present' : 'plain', type: typeOf(type) };
}

function typeOf(name: string): ValueType {
  const numbers = enumNumbers(name);
  if (numbers) return { kind: 'enum', numbers };
  return /^[a-z0-9]+$/.test(name) ? { kind: 'scalar', name } : { kind: 'message', name };
}
