import { enumNumbers, type FieldDescriptor, messageFields, type Scalar } from '../proto/descriptor.ts';

/** Fields by both of their spellings: `connect_timeout`, `connectTimeout`. */
export type MessageShape = ReadonlyMap<string, FieldDescriptor>;

const shapes = new Map<string, MessageShape | undefined>();
const enums = new Map<string, ReadonlyMap<string, number> | undefined>();

/** Undefined for what is no message of Envoy or of its extensions, and for those of `google.protobuf`. */
export function messageShape(name: string): MessageShape | undefined {
  const known = shapes.get(name);
  if (known || shapes.has(name)) return known;
  const fields = name.startsWith('google.protobuf.') ? undefined : messageFields(name);
  const shape = fields && new Map(fields.flatMap((field) => [[field.json, field] as const, [field.name, field] as const]));
  shapes.set(name, shape);
  return shape;
}

/** Numbers by names; undefined for what is no enum. */
export function enumShape(name: string): ReadonlyMap<string, number> | undefined {
  const known = enums.get(name);
  if (known || enums.has(name)) return known;
  const numbers = enumNumbers(name);
  enums.set(name, numbers);
  return numbers;
}

/** Scalars in the messages that hold one, which JSON writes as the scalar itself. */
export const wrapped: Readonly<Record<string, Scalar>> = {
  'google.protobuf.BoolValue': 'bool',
  'google.protobuf.BytesValue': 'bytes',
  'google.protobuf.DoubleValue': 'double',
  'google.protobuf.FloatValue': 'float',
  'google.protobuf.Int32Value': 'int32',
  'google.protobuf.Int64Value': 'int64',
  'google.protobuf.StringValue': 'string',
  'google.protobuf.UInt32Value': 'uint32',
  'google.protobuf.UInt64Value': 'uint64',
};
