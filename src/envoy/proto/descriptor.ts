// The messages of Envoy's API (those of Istio 1.28), as schemas/envoy-messages.json has them.
import shapes from '../../../schemas/envoy-messages.json' with { type: 'json' };

/** Scalar types of protocol buffers. */
export type Scalar =
  | 'bool'
  | 'bytes'
  | 'double'
  | 'fixed32'
  | 'fixed64'
  | 'float'
  | 'int32'
  | 'int64'
  | 'sfixed32'
  | 'sfixed64'
  | 'sint32'
  | 'sint64'
  | 'string'
  | 'uint32'
  | 'uint64';

export interface FieldDescriptor {
  name: string;
  /** Of JSON, which takes the name itself, too. */
  json: string;
  number: number;
  /** A scalar, or the full name of a message or enum. */
  type: string;
  list: boolean;
  /** Type of the keys of a map. */
  key: Scalar | undefined;
  /** The oneof that it belongs to; empty: it is optional, so that it is sent with its default value, too. */
  group: string | undefined;
}

const messages: Readonly<Record<string, string>> = shapes.messages;
const enums: Readonly<Record<string, string>> = shapes.enums;

/** `name/jsonName#number?oneof:type`, with `[]` or `{key}` before the type. */
const fieldPattern = /^(\w+)(?:\/(\w+))?#(\d+)(?:\?(\w*))?:(\[\])?(?:\{(\w+)\})?(.+)$/;

function fieldOf(text: string): FieldDescriptor {
  const [, name = '', json, number, group, list, key, type = ''] = fieldPattern.exec(text) ?? [];
  return {
    name,
    json: json ?? name.replace(/_+([a-z]?)/g, (_, letter: string) => letter.toUpperCase()),
    number: Number(number),
    type,
    list: list !== undefined,
    key: key as Scalar | undefined,
    group,
  };
}

/** undefined: no message is called so. */
export function messageFields(name: string): FieldDescriptor[] | undefined {
  const text = Object.hasOwn(messages, name) ? messages[name] : undefined;
  if (text === undefined) return undefined;
  return text === '' ? [] : text.split(' ').map(fieldOf);
}

/** Numbers by the names of the values; undefined: no enum is called so. */
export function enumNumbers(name: string): Map<string, number> | undefined {
  const text = Object.hasOwn(enums, name) ? enums[name] : undefined;
  if (text === undefined) return undefined;
  const numbers = new Map<string, number>();
  let next = 0;
  for (const entry of text.split(' ')) {
    const [value = '', number = next] = entry.split('=');
    numbers.set(value, Number(number));
    next = Number(number) + 1;
  }
  return numbers;
}

export function isMessage(name: string): boolean {
  return Object.hasOwn(messages, name);
}
