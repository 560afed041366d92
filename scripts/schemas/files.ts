// The committed schemas: schemas/FAMILY/KIND.json.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { JsonSchema, KindSchema } from './json-schema.ts';
import { shareSchemas } from './share.ts';

const folder = new URL('../../schemas/', import.meta.url);
const families = ['gateway-api', 'istio', 'kubernetes'];

export interface SchemaFile {
  family: string;
  /** Without `.json`: the kind, and the version where versions differ. */
  name: string;
  schema: JsonSchema;
}

/** Writes a file for each kind; versions of a kind with equal schemas share it. */
export function writeKinds(kinds: readonly KindSchema[]): void {
  const byKind = Map.groupBy(kinds, (k) => `${k.family}/${k.kind}`);
  for (const versions of byKind.values()) {
    const bySchema = Map.groupBy(versions, (v) => JSON.stringify(v.schema));
    for (const same of bySchema.values()) {
      const { family, kind, group, schema } = same[0] as KindSchema;
      const apiVersions = same.map(({ version }) => (group === '' ? version : `${group}/${version}`));
      const name = bySchema.size === 1 ? kind : `${kind}.${same.map((v) => v.version).join('.')}`;
      const { type, required, properties, ...rest } = shareSchemas(schema);
      writeSchema(family, name, {
        type,
        required: ['apiVersion', 'kind', 'metadata', ...(required ?? [])],
        properties: { apiVersion: { enum: apiVersions }, kind: { const: kind }, metadata: { type: 'object' }, status: {}, ...properties },
        ...rest,
      });
    }
  }
}

/** One line for each top-level entry, property and definition, so that a change can be reviewed. */
export function writeSchema(family: string, name: string, schema: JsonSchema): void {
  const lines = (value: unknown, key: string): string => {
    if (key !== 'properties' && key !== '$defs') return JSON.stringify(value);
    const entries = Object.entries(value as object).map(([k, v]) => `  ${JSON.stringify(k)}: ${JSON.stringify(v)}`);
    return `{\n${entries.join(',\n')}\n }`;
  };
  const all = { $schema: 'http://json-schema.org/draft-07/schema#', ...schema };
  const entries = Object.entries(all).filter(([, v]) => v !== undefined);
  mkdirSync(new URL(`${family}/`, folder), { recursive: true });
  writeFileSync(new URL(`${family}/${name}.json`, folder), `{\n${entries.map(([k, v]) => ` ${JSON.stringify(k)}: ${lines(v, k)}`).join(',\n')}\n}\n`);
}

export function removeSchemas(): void {
  for (const family of families) rmSync(new URL(`${family}/`, folder), { recursive: true, force: true });
}

/** All committed schemas in a fixed order. */
export function readSchemas(): SchemaFile[] {
  return families.flatMap((family) =>
    readdirSync(new URL(`${family}/`, folder))
      .sort()
      .map((file) => ({
        family,
        name: file.slice(0, -'.json'.length),
        schema: JSON.parse(readFileSync(new URL(`${family}/${file}`, folder), 'utf8')) as JsonSchema,
      })),
  );
}
