// Messages in the JSON form of protocol buffers, as a proxy or a tool wrote them: nothing about their shape is certain. Fields are asked for by
// their own names (`connect_timeout`), and found where they are written `connectTimeout`, too: both forms are valid, and tools write both.

export type Json = Readonly<Record<string, unknown>>;

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const camelCase = new Map<string, string>();

/** A field as it is; undefined where it is not there. */
export function field(message: Json, name: string): unknown {
  if (Object.hasOwn(message, name)) return message[name];
  let other = camelCase.get(name);
  if (other === undefined) {
    other = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    camelCase.set(name, other);
  }
  return Object.hasOwn(message, other) ? message[other] : undefined;
}

/** A message inside, by the names of the fields on the way; empty where there is none. */
export function message(from: Json, ...names: readonly string[]): Json {
  let at: Json = from;
  for (const name of names) {
    const next = field(at, name);
    if (!isJson(next)) return {};
    at = next;
  }
  return at;
}

/** A repeated field of messages. */
export function messages(from: Json, name: string): Json[] {
  const value = field(from, name);
  return Array.isArray(value) ? value.filter(isJson) : [];
}

/** A text or the name of an enum's value; empty where there is none. */
export function text(from: Json, name: string): string {
  const value = field(from, name);
  return typeof value === 'string' ? value : '';
}

/** A repeated field of texts. */
export function texts(from: Json, name: string): string[] {
  const value = field(from, name);
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

/** A number; those of 64 bits are written as texts. */
export function number(from: Json, name: string): number | undefined {
  const value = field(from, name);
  const read = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  return typeof read === 'number' ? read : undefined;
}

/** `envoy.config.listener.v3.Listener` as `Listener`; empty where the message does not say what it is. */
export function typeName(from: Json): string {
  const type = from['@type'];
  return typeof type === 'string' ? type.slice(type.lastIndexOf('.') + 1) : '';
}
