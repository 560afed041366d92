import { type JsonSchema, mapChildren } from './json-schema.ts';

/** Shorter schemas are written where they are used, however often that is. */
const worthSharing = 100;

/** Writes every sub-schema that occurs more than once as one of `$defs`, named after the field that has it first. */
export function shareSchemas(root: JsonSchema): JsonSchema {
  const count = new Map<string, number>();
  const tally = (schema: JsonSchema): JsonSchema => {
    const text = JSON.stringify(schema);
    const seen = count.get(text) ?? 0;
    count.set(text, seen + 1);
    // What a repeated schema holds is repeated with it, and not for reasons of its own.
    return seen > 0 ? schema : mapChildren(schema, tally);
  };
  mapChildren(root, tally);

  const $defs: Record<string, JsonSchema> = {};
  const names = new Map<string, string>();
  const replace = (schema: JsonSchema, field: string): JsonSchema => {
    const text = JSON.stringify(schema);
    // A default belongs to the field, and not to what may be in it.
    if ((count.get(text) ?? 0) < 2 || text.length < worthSharing || schema.default !== undefined) return mapChildren(schema, replace);
    let name = names.get(text);
    if (name === undefined) {
      name = field;
      for (let n = 2; name in $defs; n++) name = `${field}${n}`;
      names.set(text, name);
      $defs[name] = {};
      $defs[name] = mapChildren(schema, replace);
    }
    return { $ref: `#/$defs/${name}` };
  };
  const shared = mapChildren(root, replace);
  return Object.keys($defs).length > 0 ? { ...shared, $defs } : shared;
}
