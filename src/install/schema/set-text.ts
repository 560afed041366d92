import { isMap } from '../../model/untyped.ts';
import { type FieldShape, fieldsOf } from '../../schema/messages.ts';

/** What stands after the = of `--set`: its type is what the schema says of its place. */
export class SetText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** A map of values, which a text of `--set` is not. */
export function isValueMap(value: unknown): value is Record<string, unknown> {
  return isMap(value) && !(value instanceof SetText);
}

/** A word without a schema means what it would mean in YAML. */
function scalarOf(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/.test(text) ? Number(text) : text;
}

/** With every text of `--set` in it as the scalar that it looks like. */
export function untyped(value: unknown): unknown {
  if (value instanceof SetText) return scalarOf(value.text);
  if (Array.isArray(value)) return value.map(untyped);
  return isValueMap(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, untyped(item)])) : value;
}

/** With the texts of `--set` as what the fields of a message take; decoding reads numbers from texts by itself. */
export function typedByMessage(message: string, value: unknown): unknown {
  const fields = fieldsOf(message);
  if (!fields || !isValueMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const field = fields.get(key);
      return [key, field ? typedByField(field, item) : item];
    }),
  );
}

function typedByField(field: FieldShape, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => typedByField({ ...field, repeated: false }, item));
  if (value instanceof SetText) {
    const { type, ref = '' } = field;
    const isFree = ref === 'google.protobuf.Value' || ref === 'google.protobuf.Struct';
    const isBoolean = type === 'bool' || ref === 'google.protobuf.BoolValue';
    if (isFree || (isBoolean && (value.text === 'true' || value.text === 'false'))) return scalarOf(value.text);
    // `--set list=a` is a list of one.
    return field.repeated ? [value.text] : value.text;
  }
  if (field.map && isValueMap(value)) {
    const { map } = field;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, typedByField(map, item)]));
  }
  return field.ref ? typedByMessage(field.ref, value) : value;
}
