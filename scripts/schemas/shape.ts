// Writes src/schema/structure/shape.ts values as code.
import type { SchemaFile } from './files.ts';
import type { JsonSchema } from './json-schema.ts';
import { type Words, wordsFor } from './words.ts';

/** Fields of which only one may be given, as the generators of CRDs spell a `oneof`: none of them, or exactly one. */
export function exclusiveFields(schema: JsonSchema): string[][] {
  const sets = [schema, ...(schema.allOf ?? [])].map((part) => {
    const [none, ...each] = part.oneOf ?? [];
    const fields = none?.not?.anyOf?.map((option) => option.required?.[0] ?? '');
    return fields && fields.join() === each.map((option) => option.required?.[0]).join() ? fields : [];
  });
  return sets.filter((fields) => fields.length > 0);
}

/** Whether the schema says that a value of type IPAddress is an IP address. */
export function demandsIpAddress(schema: JsonSchema): boolean {
  return schema.oneOf?.[0]?.properties?.type?.enum?.[0] === 'IPAddress' && schema.oneOf[0].properties.value?.anyOf?.[0]?.format === 'ipv4';
}

/** `self.all(a, self.exists_one(b, a.name == b.name))`: the field in which items differ. */
const allDiffer = /^self\.all\((\w+), self\.exists_one\((\w+), \1\.(\w+) == \2\.\3\)\)$/;
const atMostOne = /^\(has\(self\.\w+\) \? 1 : 0\)(?: \+ \(has\(self\.\w+\) \? 1 : 0\))+ <= 1$/;

/** What an API server says of a value that breaks a rule, after the path of the value. */
export function messageFor(rule: string): string {
  const spelling = rule.trim().replace(/\s+/g, ' ');
  const differ = allDiffer.exec(spelling)?.[3];
  if (differ) return `must not have two items of the same ${differ}`;
  if (atMostOne.test(spelling)) return `may have only one of ${[...spelling.matchAll(/has\(self\.(\w+)\)/g)].map((m) => m[1]).join(', ')}`;
  return wordsFor(spelling).text;
}

const identifier = (name: string): string => name.replace(/\W/g, '_');

/** What every object has, whatever its kind. */
const common = ['apiVersion', 'kind', 'metadata'];

interface Emitted {
  code: string;
  /** Has defaults, or holds what has. */
  filled: boolean;
}

/**
 * Code that declares `shape_NAME` for each schema.
 *
 * @param compile a rule as a JavaScript function
 */
export function emitShape(files: readonly SchemaFile[], compile: (rule: string) => string): string {
  const rules = new Map<string, string>();
  const lines: string[] = [];
  for (const { name, schema } of files) emitFile(name, schema);
  return [...[...rules].map(([code, rule]) => `const ${rule} = ${code};`), ...lines].join('\n');

  function emitFile(file: string, root: JsonSchema): void {
    const shared = new Map<string, Emitted | undefined>();
    const properties = root.properties?.kind ? { ...root.properties, ...Object.fromEntries(common.map((field) => [field, {}])) } : root.properties;
    const shape = emit({ ...root, properties });
    lines.push(`const shape_${identifier(file)} = ${shape?.code ?? '{}'};`);

    function emit(schema: JsonSchema): Emitted | undefined {
      if (schema.$ref) return reference(schema.$ref);
      if (schema['x-kubernetes-preserve-unknown-fields']) return undefined;
      const parts: string[] = [];
      let filled = false;
      const child = (value: JsonSchema): string | undefined => {
        const emitted = emit(value);
        filled ||= emitted?.filled ?? false;
        return emitted?.code;
      };
      if (schema.properties) {
        const fields = Object.entries(schema.properties).map(([field, value]) => `${JSON.stringify(field)}: ${child(value) ?? 0}`);
        parts.push(`fields: {${fields.join(', ')}}`);
        const defaults = Object.entries(schema.properties).flatMap(([field, value]) => (value.default === undefined ? [] : [[field, value.default]]));
        if (defaults.length > 0) {
          parts.push(`defaults: ${JSON.stringify(Object.fromEntries(defaults))}`);
          filled = true;
        }
      }
      const values = schema.additionalProperties && child(schema.additionalProperties);
      if (values) parts.push(`values: ${values}`);
      const items = schema.items && child(schema.items);
      if (items) parts.push(`items: ${items}`);
      parts.push(...emitRules(schema));
      if (filled) parts.push('filled: true');
      return parts.length > 0 ? { code: `{${parts.join(', ')}}`, filled } : undefined;
    }

    function reference(ref: string): Emitted | undefined {
      if (!ref.startsWith('#')) return { code: `shape_${identifier(ref.slice(0, -'.json'.length))}`, filled: false };
      const name = ref.slice('#/$defs/'.length);
      if (!shared.has(name)) {
        const emitted = emit(root.$defs?.[name] as JsonSchema);
        const constant = `shape_${identifier(file)}_${name}`;
        if (emitted) lines.push(`const ${constant} = ${emitted.code};`);
        shared.set(name, emitted && { ...emitted, code: constant });
      }
      return shared.get(name);
    }
  }

  function emitRules(schema: JsonSchema): string[] {
    const parts: string[] = [];
    const oneOf = exclusiveFields(schema).filter((fields) => fields.length > 1);
    const unique = schema['x-kubernetes-list-type'] ? [schema['x-kubernetes-list-map-keys'] ?? []] : [];
    const own: string[] = [];
    if (demandsIpAddress(schema)) {
      const said = { text: 'has to have an IP address as its value, because its type is IPAddress', field: 'value' };
      own.push(constant(said, compile("self.type != 'IPAddress' || !has(self.value) || isIP(self.value)")));
    }
    for (const { rule, fieldPath } of schema['x-kubernetes-validations'] ?? []) {
      if (fieldPath) throw new Error(`the rule ${rule} is about another field, ${fieldPath}`);
      const differ = allDiffer.exec(rule)?.[3];
      if (differ) {
        if (!unique.some((keys) => keys.join() === differ)) unique.push([differ]);
      } else if (atMostOne.test(rule)) oneOf.push([...rule.matchAll(/has\(self\.(\w+)\)/g)].map((m) => m[1] as string));
      else own.push(constant(wordsFor(rule), compile(rule)));
    }
    if (oneOf.length > 0) parts.push(`oneOf: ${JSON.stringify(oneOf)}`);
    if (unique.length > 0) parts.push(`unique: ${JSON.stringify(unique)}`);
    if (own.length > 0) parts.push(`rules: [${own.join(', ')}]`);
    return parts;
  }

  function constant({ text, field }: Words, holds: string): string {
    const code = `{ text: ${JSON.stringify(text)}, ${field === undefined ? '' : `field: ${JSON.stringify(field)}, `}holds: ${holds} }`;
    const name = rules.get(code) ?? `rule${rules.size}`;
    rules.set(code, name);
    return name;
  }
}
