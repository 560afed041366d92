/** Messages of Envoy's API in the JSON form of protocol buffers, with the fields' own names (`connect_timeout`). */
export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;
export interface JsonObject {
  [field: string]: JsonValue | undefined;
}

/** A message inside of `google.protobuf.Any`. */
export interface TypedJson extends JsonObject {
  '@type': string;
}

/** The longest time that Envoy can hold, about 292 years. */
const maxSeconds = 9_223_372_035;

/** `1500` as `1.5s`; what is below zero as zero. */
export function duration(milliseconds: number): string {
  return `${Math.min(Math.max(Number((milliseconds / 1000).toFixed(6)), 0), maxSeconds)}s`;
}

/** Without the fields that are undefined. */
export function defined<T extends JsonObject>(object: T): T {
  for (const key in object) if (object[key] === undefined) delete object[key];
  return object;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Those of a list; none where it is no list. */
export function objectsIn(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
