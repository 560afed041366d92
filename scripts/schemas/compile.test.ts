import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { kindName } from '../../src/manifest/kinds.ts';
import { structures } from '../../src/schema/generated/registry.gen.ts';
import { compileSchemas } from './compile.ts';
import { readSchemas } from './files.ts';

const generated = await compileSchemas(readSchemas());

describe('src/schema/generated', () => {
  it.each([...generated.keys()])('%s is what schemas/ compiles to: else run npm run schemas -- --compile-only', (name) => {
    expect(readFileSync(new URL(`../../src/schema/generated/${name}`, import.meta.url), 'utf8')).toBe(generated.get(name));
  });

  it('has every kind that a schema is of', () => {
    const kinds = readSchemas().flatMap(({ schema: { properties } }) => {
      const versions = (properties?.apiVersion?.enum ?? []) as string[];
      return versions.map((version) => `${version} ${kindName(version, String(properties?.kind?.const))}`);
    });
    const loaded = Object.entries(structures).flatMap(([kind, all]) => all.flatMap(({ versions }) => versions.map((version) => `${version} ${kind}`)));
    expect(loaded.sort()).toEqual(kinds.sort());
  });
});

describe('schemas/', () => {
  it('holds structure, and no text of others', () => {
    for (const { schema } of readSchemas()) expect(JSON.stringify(schema)).not.toMatch(/"(?:description|message|title|example)":"/);
  });
});
