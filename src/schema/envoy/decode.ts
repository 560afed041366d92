import { isMap } from '../../manifest/is-map.ts';
import type { Path } from '../../manifest/problem.ts';
import { type EnvoyField, envoyEnum, envoyFields, pickField } from './messages.ts';
import { cannotHold, durationMismatch, enumNumberMismatch, type Mismatch, scalarMismatch, timestampMismatch } from './scalar.ts';

/** A value that Envoy's message cannot hold. */
export interface EnvoyError {
  path: Path;
  /** What is wrong, in our words. */
  text: string;
  /** The words of the reference's decoder. */
  reference: string;
  /** The URL of an Any whose message is not known. */
  unresolved?: string;
  /** What the field can be, for an enum. */
  choices?: readonly string[];
}

/** Fields that one message does not have. */
export interface EnvoyUnknown {
  /** The message in the value. */
  path: Path;
  message: string;
  fields: readonly string[];
  /** The message as a text names it, with the Anys around it. */
  where: string;
  /** The words of the reference's decoder, which stops at one of the fields. */
  reference: string;
}

export interface EnvoyDecoded {
  errors: EnvoyError[];
  unknown: EnvoyUnknown[];
}

/**
 * Compares a value with the message that it has to become, as the reference's decoder does (golang/protobuf jsonpb, which Istio
 * uses because Envoy's documentation spells fields in snake_case and durations as Go does). All errors are reported, the one at
 * which the decoder stops first. The value stays as it is.
 */
export function decodeEnvoy(message: string, value: unknown): EnvoyDecoded {
  const decoder = new Decoder();
  decoder.message(message, value);
  return { errors: decoder.errors, unknown: decoder.unknown };
}

const wrapper = /^google\.protobuf\.(?:Bool|Bytes|String|U?Int32|U?Int64|Float|Double)Value$/;
/** Messages whose JSON form is a value of its own, so that an Any holds them in a field `value`. */
const ownForm = /^google\.protobuf\.(?:Any|Empty|\w+Value|Duration|Timestamp|Value|Struct)$/;

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (isMap(value)) return 'a map';
  return typeof value === 'string' ? `the text ${JSON.stringify(value)}` : String(value);
}

class Decoder {
  readonly errors: EnvoyError[] = [];
  readonly unknown: EnvoyUnknown[] = [];
  private readonly path: (string | number)[] = [];
  /** URLs of the Anys around the value. */
  private readonly anys: string[] = [];
  /** The field that is being read, as errors name it. */
  private where = 'the value';

  private fail(text: string, reference: string, extra: Partial<EnvoyError> = {}): void {
    this.errors.push({ path: [...this.path], text: `${this.where} ${text}`, reference: this.inAnys(reference), ...extra });
  }

  private inAnys(reference: string): string {
    return this.anys.map((url) => `can't unmarshal Any nested proto ${url}: `).join('') + reference;
  }

  /** A message as texts name it: the configuration of an Any by its URL, and the Anys around. */
  private label(name: string): string {
    const own = this.anys.at(-1);
    const around = own?.endsWith(`/${name}`) ? this.anys.slice(0, -1) : this.anys;
    return `${around === this.anys ? name : own}${around.length > 0 ? ` (inside ${around.join(', ')})` : ''}`;
  }

  private mismatch(mismatch: Mismatch | undefined, value: unknown, prefix = ''): void {
    if (!mismatch) return;
    const reference = `${prefix}${mismatch.reference}`;
    this.fail(`has to be ${mismatch.expected}, and this is ${describe(value)} (a cluster says "${reference}")`, reference);
  }

  private at(key: string | number, read: () => void): void {
    this.path.push(key);
    read();
    this.path.pop();
  }

  message(name: string, value: unknown): void {
    if (value === null) return;
    if (wrapper.test(name)) {
      const [field] = envoyFields(name) ?? [];
      if (field) this.mismatch(scalarMismatch(field.type, value), value);
      return;
    }
    switch (name) {
      case 'google.protobuf.Any':
        this.any(value);
        break;
      case 'google.protobuf.Duration':
        this.mismatch(durationMismatch(value), value);
        break;
      case 'google.protobuf.Timestamp':
        this.mismatch(timestampMismatch(value), value);
        break;
      case 'google.protobuf.Struct':
        this.isMap(value, 'bad StructValue: ');
        break;
      case 'google.protobuf.ListValue':
        this.isList(value, 'bad ListValue: ');
        break;
      case 'google.protobuf.Value':
        break;
      default:
        if (this.isMap(value)) this.fields(name, value);
    }
  }

  private isMap(value: unknown, prefix = ''): value is Record<string, unknown> {
    if (isMap(value)) return true;
    this.mismatch(cannotHold(value, 'a map', 'map[string]json.RawMessage'), value, prefix);
    return false;
  }

  private isList(value: unknown, prefix = ''): value is unknown[] {
    if (Array.isArray(value)) return true;
    this.mismatch(cannotHold(value, 'a list', '[]json.RawMessage'), value, prefix);
    return false;
  }

  private fields(name: string, value: Readonly<Record<string, unknown>>): void {
    const fields = envoyFields(name);
    if (!fields) return;
    const rest = new Set(Object.keys(value));
    const where = this.label(name);
    for (const field of fields) {
      rest.delete(field.name);
      rest.delete(field.json);
      const picked = pickField(value, field);
      if (!picked || picked.value === null) continue;
      this.where = `field ${JSON.stringify(picked.key)} of ${where}`;
      this.at(picked.key, () => this.field(field, picked.value));
    }
    if (rest.size === 0) return;
    const reference = this.inAnys(`unknown field ${JSON.stringify([...rest][0])} in ${name}`);
    this.unknown.push({ path: [...this.path], message: name, fields: [...rest], where, reference });
  }

  private field(field: EnvoyField, value: unknown): void {
    const { where } = this;
    if (field.list) {
      if (!this.isList(value)) return;
      value.forEach((item, i) => {
        this.where = `item ${i} of ${where}`;
        this.at(i, () => this.single(field.type, item));
      });
    } else if (field.mapKey === undefined) {
      this.single(field.type, value);
    } else if (this.isMap(value)) {
      for (const [key, item] of Object.entries(value)) this.at(key, () => this.entry(field, where, key, item));
    }
  }

  private entry({ mapKey, type }: EnvoyField, where: string, key: string, item: unknown): void {
    this.where = `the key of ${where}`;
    if (mapKey !== 'string') this.mismatch(scalarMismatch(mapKey as string, key), key);
    this.where = `entry ${JSON.stringify(key)} of ${where}`;
    this.single(type, item);
  }

  private single(type: string, value: unknown): void {
    const values = envoyEnum(type);
    if (values) this.enum(type, values, value);
    else if (envoyFields(type)) this.message(type, value);
    else this.mismatch(scalarMismatch(type, value), value);
  }

  private enum(name: string, values: readonly string[], value: unknown): void {
    if (value === null) return;
    if (typeof value !== 'string') {
      this.mismatch(enumNumberMismatch(value, `a value of ${name}`), value);
    } else if (!values.includes(value)) {
      const reference = `unknown value ${JSON.stringify(JSON.stringify(value))} for enum ${name}`;
      this.fail(`has to be a value of ${name}, and ${JSON.stringify(value)} is none`, reference, { choices: values });
    }
  }

  private any(value: unknown): void {
    if (!this.isMap(value)) return;
    const { '@type': url, ...rest } = value;
    if (url === undefined) {
      this.fail('has no "@type", which tells what the configuration is for', "Any JSON doesn't have '@type'");
    } else if (typeof url === 'string') {
      this.configuration(url, rest);
    } else {
      const reference = `can't unmarshal Any's '@type': ${JSON.stringify(JSON.stringify(url))}`;
      this.at('@type', () => this.fail(`has a "@type" that is ${describe(url)} and has to be text`, reference));
    }
  }

  /** What an Any holds beside its `@type`. */
  private configuration(url: string, value: Readonly<Record<string, unknown>>): void {
    const name = url.slice(url.lastIndexOf('/') + 1);
    if (!envoyFields(name)) {
      const reference = `could not resolve Any message type: ${url}`;
      this.at('@type', () => this.fail(`has the "@type" ${url}, and Istio knows no message of this type`, reference, { unresolved: url }));
      return;
    }
    if (ownForm.test(name) && !Object.hasOwn(value, 'value')) {
      this.fail(`is a ${url} without "value"`, "Any JSON doesn't have 'value'");
      return;
    }
    this.anys.push(url);
    if (ownForm.test(name)) {
      this.where = `"value" of the ${url} in ${this.where}`;
      this.at('value', () => this.message(name, value.value));
    } else {
      this.fields(name, value);
    }
    this.anys.pop();
  }
}
