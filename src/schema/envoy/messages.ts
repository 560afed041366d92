// The shape of Envoy's messages, read once from schemas/envoy-messages.json. Only what checks an EnvoyFilter imports this module.
import shapes from '../../../schemas/envoy-messages.json' with { type: 'json' };

export interface EnvoyField {
  /** snake_case name, as Envoy's documentation has it. */
  name: string;
  /** camelCase name; both are accepted. */
  json: string;
  /** A scalar, or the full name of a message or enum. */
  type: string;
  list: boolean;
  /** Type of the keys, for maps. */
  mapKey: string | undefined;
}

const messages: Readonly<Record<string, string>> = shapes.messages;
const enums: Readonly<Record<string, string>> = shapes.enums;

const parsedMessages = new Map<string, readonly EnvoyField[]>();
const parsedEnums = new Map<string, readonly string[]>();

/** `name/jsonName#number?oneof:[]type`; the JSON name is left out where it is the camelCase of the name. */
function parseField(text: string): EnvoyField {
  const [, name = '', json, list, mapKey, type = ''] = /^(\w+)(?:\/(\w+))?#\d+(?:\?\w*)?:(\[\])?(?:\{(\w+)\})?(.+)$/.exec(text) ?? [];
  return { name, json: json ?? name.replace(/_+([a-z]?)/g, (_, c: string) => c.toUpperCase()), type, list: list !== undefined, mapKey };
}

/** Fields of a message in the order of their declaration; undefined for what is no message of Envoy or of its extensions. */
export function envoyFields(message: string): readonly EnvoyField[] | undefined {
  const found = parsedMessages.get(message);
  if (found) return found;
  const text = Object.hasOwn(messages, message) ? messages[message] : undefined;
  if (text === undefined) return undefined;
  const fields = text === '' ? [] : text.split(' ').map(parseField);
  parsedMessages.set(message, fields);
  return fields;
}

/** Values of an enum; undefined for what is none. */
export function envoyEnum(name: string): readonly string[] | undefined {
  const found = parsedEnums.get(name);
  if (found) return found;
  const text = Object.hasOwn(enums, name) ? enums[name] : undefined;
  if (text === undefined) return undefined;
  const values = text.split(' ').map((value) => value.replace(/=.*/, ''));
  parsedEnums.set(name, values);
  return values;
}

export function envoyMessageNames(): string[] {
  return Object.keys(messages);
}

/** The value of a field and the key under which it is written. Of two spellings the camelCase one counts; null is not set. */
export function pickField(object: Readonly<Record<string, unknown>>, field: EnvoyField): { key: string; value: unknown } | undefined {
  for (const key of [field.json, field.name]) {
    if (Object.hasOwn(object, key)) return { key, value: object[key] };
  }
  return undefined;
}
