// Values of patches as users write them, in the one form that the rest of src/envoy has: names of the .proto files, durations in
// seconds, enums by name. Istio reads them leniently (either spelling of a field, durations as Go writes them), Envoy does not.
import { isObject, type JsonObject, type JsonValue } from '../json.ts';
import type { FieldDescriptor } from '../proto/descriptor.ts';
import { messageName } from '../proto/messages.ts';
import { secondsOf } from './go-duration.ts';
import { enumShape, messageShape, wrapped } from './shapes.ts';

export interface ValueProblem {
  /** Within the value, as it is spelt there. */
  path: readonly (string | number)[];
  reason: 'unknown-field' | 'unknown-type' | 'invalid-value';
  message: string;
}

export interface NormalisedValue {
  /** Without what is not known. Undefined: the value cannot be what it has to be. */
  value: JsonObject | undefined;
  problems: readonly ValueProblem[];
}

/** @param type full name of the message that the value is to be */
export function normaliseValue(type: string, value: unknown): NormalisedValue {
  const reader = new Reader();
  const read = reader.message(type, value, []);
  const { problems } = reader;
  return { value: problems.some(({ reason }) => reason !== 'unknown-field') ? undefined : read, problems };
}

/** More than Envoy takes. */
const deepest = 200;

type Path = readonly (string | number)[];

const wholeNumbers: Readonly<Record<string, readonly [least: number, most: number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  sint32: [-(2 ** 31), 2 ** 31 - 1],
  sfixed32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  fixed32: [0, 2 ** 32 - 1],
  int64: [-(2 ** 63), 2 ** 63],
  sint64: [-(2 ** 63), 2 ** 63],
  sfixed64: [-(2 ** 63), 2 ** 63],
  uint64: [0, 2 ** 64],
  fixed64: [0, 2 ** 64],
};

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a map';
  return JSON.stringify(value) ?? 'nothing';
}

class Reader {
  readonly problems: ValueProblem[] = [];

  message(type: string, value: unknown, path: Path): JsonObject | undefined {
    if (!isMap(value)) return this.invalid(path, `is to be a map, the fields of ${type}`, value);
    if (path.length > deepest) return this.invalid(path.slice(0, 3), `is to be nested no deeper than ${deepest} fields, and this is`, value);
    const shape = messageShape(type);
    const out: JsonObject = {};
    for (const [key, item] of Object.entries(value)) {
      if (key === '@type') continue;
      const field = shape?.get(key);
      if (!field) this.problems.push({ path: [...path, key], reason: 'unknown-field', message: `${type} has no field ${key}: it is left out` });
      else if (item !== null || field.type === 'google.protobuf.Value') {
        // Of two spellings the camelCase one counts.
        if (key === field.name && Object.keys(value).some((other) => other !== key && shape?.get(other) === field)) continue;
        const other = field.group && Object.keys(out).find((name) => shape?.get(name)?.group === field.group);
        if (other) this.invalid([...path, key], `cannot be there beside ${other}: ${type} has one of them, and this is`, item);
        const read = this.field(field, item, [...path, key]);
        if (read !== undefined) out[field.name] = read;
      }
    }
    return out;
  }

  private field(field: FieldDescriptor, value: unknown, path: Path): JsonValue | undefined {
    if (field.list) {
      if (!Array.isArray(value)) return this.invalid(path, 'is to be a list', value);
      return value.map((item, i) => this.single(field.type, item, [...path, i])).filter((item) => item !== undefined);
    }
    if (!field.key) return this.single(field.type, value, path);
    if (!isMap(value)) return this.invalid(path, 'is to be a map', value);
    return fromEntries(Object.entries(value).map(([key, item]) => [key, this.single(field.type, item, [...path, key])]));
  }

  private single(type: string, value: unknown, path: Path): JsonValue | undefined {
    if (type === 'google.protobuf.Any') return this.any(value, path);
    if (type.startsWith('google.protobuf.')) return this.wellKnown(type, value, path);
    if (messageShape(type)) return this.message(type, value, path);
    const numbers = enumShape(type);
    return numbers ? this.enumeration(numbers, value, path) : this.scalar(type, value, path);
  }

  private any(value: unknown, path: Path): JsonObject | undefined {
    if (!isMap(value)) return this.invalid(path, 'is to be a map with "@type"', value);
    const url = value['@type'];
    if (typeof url !== 'string' || url === '') return this.invalid(path, 'needs "@type", the type of the configuration, and this is', value);
    const type = messageName(url);
    if (type.startsWith('google.protobuf.')) return { ...(value as JsonObject), '@type': url };
    if (!messageShape(type)) {
      this.problems.push({
        path: [...path, '@type'],
        reason: 'unknown-type',
        message: `${url} is no type of Envoy's API, version 3; what is not built in goes into type.googleapis.com/xds.type.v3.TypedStruct`,
      });
      return undefined;
    }
    return { '@type': url, ...this.message(type, value, path) };
  }

  private wellKnown(type: string, value: unknown, path: Path): JsonValue | undefined {
    const scalar = wrapped[type];
    if (scalar) return this.scalar(scalar, value, path);
    switch (type) {
      case 'google.protobuf.Duration': {
        const seconds = typeof value === 'string' ? secondsOf(value) : undefined;
        return seconds ?? this.invalid(path, 'is to be a duration such as 1.5s', value);
      }
      case 'google.protobuf.Struct':
      case 'google.protobuf.Empty':
        return isMap(value) ? (value as JsonObject) : this.invalid(path, 'is to be a map', value);
      case 'google.protobuf.ListValue':
        return Array.isArray(value) ? (value as JsonValue[]) : this.invalid(path, 'is to be a list', value);
      default:
        return value as JsonValue;
    }
  }

  private enumeration(numbers: ReadonlyMap<string, number>, value: unknown, path: Path): JsonValue | undefined {
    if (typeof value === 'number' && Number.isInteger(value)) return [...numbers].find(([, number]) => number === value)?.[0] ?? value;
    if (typeof value === 'string' && numbers.has(value)) return value;
    const names = [...numbers.keys()];
    return this.invalid(path, `is to be one of ${names.slice(0, 12).join(', ')}${names.length > 12 ? ' …' : ''}`, value);
  }

  private scalar(type: string, value: unknown, path: Path): JsonValue | undefined {
    if (type === 'bool') return typeof value === 'boolean' ? value : this.invalid(path, 'is to be true or false', value);
    if (type === 'string' || type === 'bytes') return typeof value === 'string' ? value : this.invalid(path, 'is to be text', value);
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    const range = wholeNumbers[type];
    if (!range && typeof value === 'string' && /^(?:NaN|-?Infinity)$/.test(value)) return value;
    if (!range) return typeof number === 'number' && !Number.isNaN(number) ? number : this.invalid(path, 'is to be a number', value);
    const [least, most] = range;
    if (typeof number !== 'number' || !Number.isInteger(number) || number < least || number > most) {
      return this.invalid(path, `is to be a whole number from ${least} to ${most}`, value);
    }
    // As text, where a number would lose digits.
    return Number.isSafeInteger(number) ? number : (value as JsonValue);
  }

  private invalid(path: Path, expected: string, value: unknown): undefined {
    this.problems.push({ path, reason: 'invalid-value', message: `${path.length > 0 ? path.join('.') : 'the value'} ${expected}, not ${describe(value)}` });
    return undefined;
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return isObject(value as JsonValue);
}

/** Also for keys that mean something to JavaScript. */
function fromEntries(entries: readonly (readonly [string, JsonValue | undefined])[]): JsonObject {
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}
