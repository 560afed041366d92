// The compiled rules give what an interpreter of CEL gives, for values made up from the schemas.
import { type CelInput, CelScalar, celEnv, celFunc, celMethod, isCelError, parse, plan } from '@bufbuild/cel';
import { strings } from '@bufbuild/cel/ext';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as runtime from '../../src/schema/structure/cel.ts';
import { type CelUses, compileRule } from './cel.ts';
import { readSchemas } from './files.ts';
import type { JsonSchema } from './json-schema.ts';
import { mapChildren } from './json-schema.ts';

interface Found {
  rule: string;
  schema: JsonSchema;
  root: JsonSchema;
}

/** Every rule once, with the schema of its value. */
function allRules(): Found[] {
  const found = new Map<string, Found>();
  for (const { schema: root } of readSchemas()) {
    const visit = (schema: JsonSchema): JsonSchema => {
      for (const { rule } of schema['x-kubernetes-validations'] ?? []) found.set(rule, { rule, schema, root });
      return mapChildren(schema, visit);
    };
    visit(root);
    for (const shared of Object.values(root.$defs ?? {})) visit(shared);
  }
  return [...found.values()];
}

const texts = [
  '',
  '*',
  'a*',
  'a',
  '80',
  '0',
  'x/y',
  '//',
  '/a/../b',
  '/a/.',
  'a.example',
  'A b',
  '1ms',
  '0s',
  '10s',
  'unix://',
  'unix:///a',
  'unix:///a/',
  'unix://@a',
  'http://a',
  'ftp://a',
  '%2f',
];

/** Values of a schema's types; texts are those that its rule speaks of, and ones that rules look for. */
function valuesOf(schema: JsonSchema, root: JsonSchema, words: readonly string[]): fc.Arbitrary<unknown> {
  const { $ref, type, properties, required = [], items, additionalProperties } = schema;
  if ($ref) return valuesOf(root.$defs?.[$ref.slice('#/$defs/'.length)] as JsonSchema, root, words);
  const child = (value: JsonSchema): fc.Arbitrary<unknown> => valuesOf(value, root, words);
  if (properties) {
    const names = new Set(words);
    // Fields that the rule does not name do not matter to it.
    const used = Object.entries(properties).filter(([name]) => names.has(name) || required.includes(name));
    return fc.record(Object.fromEntries(used.map(([name, value]) => [name, child(value)])), { requiredKeys: [] });
  }
  if (items) return fc.array(child(items), { maxLength: 3 });
  if (additionalProperties) return fc.dictionary(fc.constantFrom(...texts, ...words), child(additionalProperties), { maxKeys: 3 });
  if (type === 'integer' || type === 'number') return fc.constantFrom(0, 1, 80, 65535, 65536);
  if (type === 'boolean') return fc.boolean();
  if (type === 'object') return fc.constant({});
  return fc.constantFrom(...((schema.enum as string[] | undefined) ?? [...texts, ...words]));
}

/** As Kubernetes hands values to CEL: whole numbers are ints, fields named like words of CEL are escaped. */
function toCel(value: unknown): CelInput {
  if (typeof value === 'number') return BigInt(value);
  if (Array.isArray(value)) return value.map(toCel);
  if (typeof value === 'object' && value !== null) {
    return new Map(Object.entries(value).map(([key, item]) => [key === 'namespace' ? '__namespace__' : key, toCel(item)]));
  }
  return value as string | boolean;
}

const kubernetes = [
  celFunc('isURL', [CelScalar.STRING], CelScalar.BOOL, (text) => runtime.isUrl(text)),
  celFunc('url', [CelScalar.STRING], CelScalar.STRING, (text) => runtime.url(text).scheme),
  celMethod('getScheme', CelScalar.STRING, [], CelScalar.STRING, function () {
    return this;
  }),
];
const env = celEnv({ funcs: [...strings, ...kubernetes] });

describe('compiled CEL rules', () => {
  it.each(allRules())('$rule', ({ rule, schema, root }) => {
    const uses: CelUses = { helpers: new Set(), patterns: new Map() };
    const code = compileRule(rule, uses);
    const patterns = [...uses.patterns].map(([pattern, name]) => `const ${name} = ${pattern};`).join('');
    const holds = new Function(...Object.keys(runtime), `${patterns} return ${code};`)(...Object.values(runtime)) as (self: unknown) => boolean;
    const interpreted = plan(env, parse(rule));
    const words = [...rule.matchAll(/['"]([^'"\s]*)['"]|\.(\w+)\b/g)].flatMap(([, text, field]) => [text ?? field ?? '']);
    fc.assert(
      fc.property(valuesOf(schema, root, words), (self) => {
        // To Kubernetes an empty text is no duration; to the interpreter it is 0.
        fc.pre(!rule.includes('duration(') || !JSON.stringify(self).includes('""'));
        const expected = interpreted({ self: toCel(self) });
        let got: boolean;
        try {
          got = holds(self);
        } catch {
          got = false;
        }
        expect(got).toBe(isCelError(expected) ? false : expected);
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  it.each([
    ['self.foo()', 'the function foo'],
    ['self.map(x, x.y) == []', 'a macro'],
    ['self.matches(self)', 'a computed pattern'],
    ['self.matches("(?i)a")', "a pattern that is not JavaScript's"],
    ['{"a": 1} == self', 'a map'],
  ])('refuses %s, which no schema needed so far', (rule, why) => {
    expect(() => compileRule(rule, { helpers: new Set(), patterns: new Map() })).toThrow(why);
  });
});
