// Writes schemas/crds/KIND.json: the definitions of the mesh's kinds as `weft install` applies them, complete but for their texts.
// What broken rules say are our own words.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import type { JsonSchema, Rule } from './json-schema.ts';
import { mapChildren } from './json-schema.ts';
import { messageFor } from './shape.ts';
import { shareSchemas } from './share.ts';

const folder = new URL('../../schemas/crds/', import.meta.url);

interface Column {
  name: string;
  type: string;
  jsonPath: string;
  description?: string;
}

interface Version {
  name: string;
  served: boolean;
  storage: boolean;
  additionalPrinterColumns?: Column[];
  schema: { openAPIV3Schema: JsonSchema };
  subresources?: object;
}

interface Definition {
  kind: string;
  metadata: { name: string };
  spec: { names: { kind: string }; versions: Version[] };
}

/** The definitions of a file by their kind, with what versions have in common written once. */
export function readCompactDefinitions(text: string): Map<string, object> {
  const out = new Map<string, object>();
  for (const document of parseAllDocuments(text)) {
    const definition = document.toJS() as Definition | null;
    if (definition?.kind !== 'CustomResourceDefinition') continue;
    const { versions, ...rest } = definition.spec;
    const schemas = Object.fromEntries(versions.map(({ name, schema }) => [name, withoutTexts(schema.openAPIV3Schema)]));
    const { properties, $defs } = shareSchemas({ properties: schemas });
    const compact = versions.map(({ additionalPrinterColumns, schema: _, ...version }) => ({
      ...version,
      ...(additionalPrinterColumns ? { additionalPrinterColumns: additionalPrinterColumns.map(({ description, ...column }) => column) } : {}),
      schema: { openAPIV3Schema: properties?.[version.name] },
    }));
    out.set(rest.names.kind, { name: definition.metadata.name, spec: { ...rest, versions: compact }, $defs: $defs ?? {} });
  }
  return out;
}

function withoutTexts(schema: JsonSchema): JsonSchema {
  const { description, ...kept } = mapChildren(schema, withoutTexts) as JsonSchema & { description?: string };
  const rules = kept['x-kubernetes-validations'];
  if (rules) kept['x-kubernetes-validations'] = rules.map((rule): Rule => ({ rule: rule.rule, message: messageFor(rule.rule) }));
  return kept;
}

/** A line for each version and definition, so that a change can be reviewed. */
export function writeDefinitions(file: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [kind, definition] of readCompactDefinitions(readFileSync(file, 'utf8'))) {
    const { name, spec, $defs } = definition as { name: string; spec: { versions: object[] }; $defs: object };
    const { versions, ...rest } = spec;
    const lines = [
      `{"name":${JSON.stringify(name)},`,
      `"spec":${JSON.stringify(rest).slice(0, -1)},"versions":[`,
      `${versions.map((version) => JSON.stringify(version)).join(',\n')}]},`,
      `"$defs":{${Object.entries($defs)
        .map(([key, value]) => `\n${JSON.stringify(key)}:${JSON.stringify(value)}`)
        .join(',')}}}`,
    ];
    writeFileSync(new URL(`${kind}.json`, folder), `${lines.join('\n')}\n`);
  }
}
