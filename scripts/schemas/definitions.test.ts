import { describe, expect, it } from 'vitest';
import { profileValues } from '../../src/install/profiles.ts';
import { renderCrds } from '../../src/install/render/crds.ts';
import { readCompactDefinitions } from './definitions.ts';
import { readSchemas } from './files.ts';
import type { JsonSchema } from './json-schema.ts';

interface Version {
  name: string;
  served: boolean;
  storage: boolean;
  schema: { openAPIV3Schema: JsonSchema };
}

const rendered = renderCrds({ values: profileValues('default'), options: { weftVersion: '1' } }).map(
  ({ object }) => object as unknown as { metadata: { name: string }; spec: { group: string; names: { kind: string; plural: string }; versions: Version[] } },
);

/** Calls back with a schema and all that it is made of. */
function visit(schema: JsonSchema, see: (schema: JsonSchema) => void): void {
  see(schema);
  const { properties = {}, items, additionalProperties, anyOf = [], oneOf = [], allOf = [], not } = schema;
  const parts = [...Object.values(properties), ...anyOf, ...oneOf, ...allOf, items, additionalProperties, not];
  for (const part of parts) if (typeof part === 'object') visit(part, see);
}

const rule = { rule: '0 < self && self <= 65535', message: 'Their words.' };
const versions = ['v1', 'v1beta1'].map((name, i) => ({
  name,
  served: true,
  storage: i === 0,
  subresources: { status: {} },
  additionalPrinterColumns: [{ name: 'Age', type: 'date', jsonPath: '.x', description: 'Some text.' }],
  schema: {
    openAPIV3Schema: {
      type: 'object',
      description: 'Some text.',
      properties: {
        spec: {
          type: 'object',
          description: 'Some text.',
          default: {},
          'x-kubernetes-preserve-unknown-fields': true,
          properties: {
            description: { type: 'string', description: 'A field of this name stays.' },
            ports: {
              type: 'array',
              'x-kubernetes-list-type': 'map',
              'x-kubernetes-list-map-keys': ['number'],
              items: { type: 'object', properties: { number: { type: 'integer', 'x-kubernetes-validations': [rule] } } },
            },
          },
        },
      },
    },
  },
}));
const sample = [
  {
    kind: 'CustomResourceDefinition',
    metadata: { name: 'things.example.com', annotations: { a: 'b' } },
    spec: { group: 'example.com', names: { kind: 'Thing', plural: 'things', shortNames: ['th'] }, scope: 'Namespaced', versions },
  },
  { kind: 'ConfigMap' },
]
  .map((document) => JSON.stringify(document))
  .join('\n---\n');

describe('readCompactDefinitions', () => {
  const found = readCompactDefinitions(sample);
  const text = JSON.stringify([...found.values()]);

  it('leaves out other kinds and all texts, and keeps everything else', () => {
    expect([...found.keys()]).toEqual(['Thing']);
    expect(text).not.toMatch(/Some text|Their words|A field of this name|"annotations"/);
    expect(text).toContain('"description":{"type":"string"}');
    expect(text).toContain('"message":"has to be a port from 1 to 65535"');
    for (const kept of ['shortNames', 'subresources', 'x-kubernetes-list-map-keys', 'x-kubernetes-preserve-unknown-fields', '"default":{}', '"jsonPath":".x"'])
      expect(text).toContain(kept);
  });

  it('writes what versions share once', () => {
    expect(text.split('0 < self').length).toBe(2);
  });
});

describe('schemas/crds', () => {
  it('has the kinds and versions that schemas/istio has', () => {
    const schemas = readSchemas().filter(({ family }) => family === 'istio');
    const known = schemas.flatMap(({ schema: { properties } }) =>
      ((properties?.apiVersion?.enum ?? []) as string[]).map((version) => `${version} ${properties?.kind?.const}`),
    );
    const defined = rendered.flatMap(({ spec }) => spec.versions.map(({ name }) => `${spec.group}/${name} ${spec.names.kind}`));
    expect(defined.sort()).toEqual(known.sort());
  });

  it.each(rendered.map((object) => [object.spec.names.kind, object] as const))(
    '%s has one version that is stored, and no references and texts',
    (_, { metadata, spec }) => {
      expect(metadata.name).toBe(`${spec.names.plural}.${spec.group}`);
      expect(spec.versions.filter(({ storage }) => storage)).toHaveLength(1);
      for (const { schema } of spec.versions) {
        visit(schema.openAPIV3Schema, (part) => {
          expect(part).toBeTypeOf('object');
          expect(part.$ref).toBeUndefined();
          expect((part as { description?: unknown }).description).not.toBeTypeOf('string');
          for (const { rule, message } of part['x-kubernetes-validations'] ?? []) {
            expect(`${rule}: ${message}`).not.toMatch(/: (?:|undefined)$/);
          }
        });
      }
    },
  );

  it('has all rules', () => {
    let rules = 0;
    for (const { spec } of rendered) {
      for (const { schema } of spec.versions) visit(schema.openAPIV3Schema, (part) => (rules += part['x-kubernetes-validations']?.length ?? 0));
    }
    expect(rules).toBe(352);
  });
});
