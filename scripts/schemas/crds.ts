// Reads the schemas of custom resource definitions: structure and rules, none of the texts.
import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import type { JsonSchema, KindSchema, Rule } from './json-schema.ts';

interface Definition {
  kind: string;
  spec: {
    group: string;
    names: { kind: string };
    versions: { name: string; served: boolean; schema: { openAPIV3Schema: JsonSchema } }[];
  };
}

const kept = new Set<string>([
  'type',
  'required',
  'enum',
  'pattern',
  'format',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
  'anyOf',
  'oneOf',
  'allOf',
  'not',
  'default',
  'x-kubernetes-int-or-string',
  'x-kubernetes-preserve-unknown-fields',
]);

/** Every served version of every kind in a file of definitions. */
export function readDefinitions(file: string, family: string): KindSchema[] {
  const out: KindSchema[] = [];
  for (const document of parseAllDocuments(readFileSync(file, 'utf8'))) {
    const definition = document.toJS() as Definition | null;
    if (definition?.kind !== 'CustomResourceDefinition') continue;
    const { group, names, versions } = definition.spec;
    for (const { name, served, schema } of versions) {
      if (!served) continue;
      const { apiVersion, kind, metadata, status, ...properties } = schema.openAPIV3Schema.properties ?? {};
      const body = structureOf({ ...schema.openAPIV3Schema, properties });
      body.required = body.required?.filter((field) => field in properties);
      out.push({ family, kind: names.kind, group, version: name, schema: body });
    }
  }
  return out;
}

function structureOf(schema: JsonSchema): JsonSchema {
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(schema)) if (kept.has(key)) out[key] = value;
  if (schema.properties) out.properties = Object.fromEntries(Object.entries(schema.properties).map(([name, child]) => [name, structureOf(child)]));
  if (schema.items) out.items = structureOf(schema.items);
  if (typeof schema.additionalProperties === 'object') out.additionalProperties = structureOf(schema.additionalProperties);
  const rules = (schema['x-kubernetes-validations'] ?? [])
    // A rule about the object before an update says nothing about a manifest.
    .filter(({ rule }) => !/\boldSelf\b/.test(rule))
    .map(({ rule, fieldPath }): Rule => ({ rule: rule.trim().replace(/\s+/g, ' '), fieldPath }));
  if (rules.length > 0) out['x-kubernetes-validations'] = rules;
  const list = schema['x-kubernetes-list-type'];
  if (list === 'map' || list === 'set') {
    out['x-kubernetes-list-type'] = list;
    if (list === 'map') out['x-kubernetes-list-map-keys'] = schema['x-kubernetes-list-map-keys'];
  }
  return out;
}
