import { enums, type FieldShape, fieldsOf } from './messages.ts';

/**
 * One text for all spellings of a decoded message: fields in one order, without those that have their default or are unknown
 * (proto3 JSON). Two values with equal texts mean the same.
 */
export function canonicalText(message: string, value: object | null | undefined): string {
  return JSON.stringify(canonicalMessage(message, value ?? {}));
}

type Value = Readonly<Record<string, unknown>>;

function canonicalMessage(message: string, value: object): unknown {
  const out: Record<string, unknown> = {};
  for (const [name, field] of fieldsOf(message) ?? []) {
    const item = (value as Value)[name];
    if (name !== field.name || item === undefined || isDefault(field, item)) continue;
    out[name] = canonicalField(field, item);
  }
  return out;
}

function isDefault(field: FieldShape, item: unknown): boolean {
  if (field.repeated) return (item as unknown[]).length === 0;
  if (field.type === 'map') return Object.keys(item as object).length === 0;
  // Which field of a oneof is set has a meaning even if its value is the default.
  if (field.type === 'message' || field.oneof) return false;
  if (field.type === 'enum') return enums[field.ref as string]?.[item as string] === 0;
  return item === '' || item === 0 || item === false;
}

function canonicalField(field: FieldShape, item: unknown): unknown {
  if (field.repeated) return (item as unknown[]).map((one) => canonicalValue(field, one));
  if (field.type !== 'map') return canonicalValue(field, item);
  const entries = Object.entries(item as Value).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([key, one]) => [key, canonicalValue(field.map as FieldShape, one)]);
}

function canonicalValue(field: FieldShape, item: unknown): unknown {
  const isMessage = field.type === 'message' && fieldsOf(field.ref as string) !== undefined;
  return isMessage ? canonicalMessage(field.ref as string, (item ?? {}) as object) : item;
}
