// Whatever is given, the answer is values or problems.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { mergeValues } from './merge.ts';
import { renderManifests } from './render/manifests.ts';
import { toYaml } from './render/yaml.ts';
import type { Schema } from './schema/types.ts';
import { valuesSchema } from './schema.ts';
import { formatSetPath } from './set-path.ts';

const words = [
  '',
  'a',
  'A b',
  '1',
  '0',
  '-1',
  'true',
  'null',
  '10.0.0.0/8',
  '10.0.0.1',
  'cluster.local',
  '100m',
  '5Gi',
  'auto',
  'x'.repeat(300),
  '{',
  '{a,b}',
  '*',
  '__proto__',
  '\u0000',
  'spec: {}',
];
const anything = fc.oneof(fc.constantFrom(...words), fc.integer({ min: -2, max: 70_000 }), fc.boolean(), fc.constant(null), fc.jsonValue({ maxDepth: 2 }));

/** A value of the schema, mostly, with parts of other types. */
function anyOf(schema: Schema, depth = 0): fc.Arbitrary<unknown> {
  const rarely = <T>(good: fc.Arbitrary<T>): fc.Arbitrary<unknown> => fc.oneof({ arbitrary: good, weight: 30 }, { arbitrary: anything, weight: 1 });
  switch (schema.type) {
    case 'object': {
      const fields = Object.fromEntries(Object.entries(schema.fields).map(([name, field]) => [name, anyOf(field, depth + 1)]));
      const some = fc.subarray(Object.keys(fields), { maxLength: Math.min(depth === 0 ? 3 : 4, Object.keys(fields).length) });
      const required = Object.keys(fields).filter((name) => depth > 1 && ['name', 'port', 'key', 'operator'].includes(name));
      return rarely(
        some.chain((names) =>
          fc.record(Object.fromEntries([...new Set([...required, ...names])].map((name) => [name, fields[name] as fc.Arbitrary<unknown>]))),
        ),
      );
    }
    case 'map':
      return rarely(fc.dictionary(fc.constantFrom('a', 'a.b/c', 'A', 'istio', '__proto__', 'x y'), anyOf(schema.values), { maxKeys: 2 }));
    case 'list':
      return rarely(fc.array(anyOf(schema.items, depth + 1), { maxLength: 2 }));
    case 'text':
      return rarely(fc.constantFrom(...(schema.oneOf ?? words.filter((word) => schema.format?.holds(word) ?? true))));
    case 'integer':
      return rarely(fc.integer({ min: schema.min, max: schema.max }));
    case 'boolean':
      return rarely(fc.boolean());
    case 'free':
      return fc.dictionary(fc.constantFrom('a', 'b'), anything, { maxKeys: 2 });
    case 'message':
      return rarely(fc.record({ accessLogFile: fc.constant('/dev/stdout'), trustDomain: fc.constantFrom('a', 'b c') }, { requiredKeys: [] }));
  }
}

const path = fc.oneof(
  fc.constantFrom(
    'controller',
    'controller.env',
    'gateways[0]',
    'gateways[2]',
    'gateways[name:a]',
    'gateways[0].service.ports[0]',
    'image.pullSecrets[0]',
    'meshConfig',
    'values.global',
    'components.ingressGateways[0].k8s',
    'injector.neverInjectSelector[0]',
  ),
  fc
    .array(fc.oneof(fc.constantFrom(...Object.keys(valuesSchema.fields), 'replicas', 'values', 'global', 'k8s', '__proto__'), fc.nat(3)), { maxLength: 4 })
    .map((parts) => formatSetPath(['controller', ...parts])),
);
const setting = fc.oneof(
  fc
    .tuple(path, fc.constantFrom('', '.replicas', '.name', '.enabled', '.a', '[0]', '[1].x', '.matchLabels.a'), fc.constantFrom(...words))
    .map(([a, b, value]) => `${a}${b}=${value}`),
  fc.string({ maxLength: 12 }),
);

it('of values and settings that are wrong here and there', () => {
  let rendered = 0;
  fc.assert(
    fc.property(fc.array(anyOf(valuesSchema), { maxLength: 2 }), fc.array(setting, { maxLength: 3 }), (files, set) => {
      const texts = files.map((value, i) => ({ name: `${i}.yaml`, text: toYaml(value ?? {}) }));
      const { values, overrides, problems } = mergeValues({ files: texts, set });
      if (problems.length > 0) return;
      // The same comes of what is kept of it, and of the values themselves.
      expect(mergeValues({ files: [{ name: 'o', text: toYaml(overrides) }], set: [] })).toEqual({ values, overrides, problems: [] });
      expect(mergeValues({ files: [{ name: 'v', text: toYaml(values) }], set: [] }).problems).toEqual([]);
      renderManifests({ ...values, crds: { enabled: false } }, { weftVersion: '1', overrides });
      rendered++;
    }),
    { numRuns: 1500, seed: 7 },
  );
  expect(rendered).toBeGreaterThan(150);
});

it('of an IstioOperator that is anything', () => {
  const key = fc.constantFrom(
    'values',
    'global',
    'proxy',
    'components',
    'pilot',
    'k8s',
    'ingressGateways',
    'env',
    'hub',
    'service',
    'ports',
    'hpaSpec',
    'gateways',
    'istio-ingressgateway',
    'meshConfig',
    'enabled',
    'label',
    'name',
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof({ maxDepth: 6 }, anything, fc.dictionary(key, tie('tree'), { maxKeys: 4 }), fc.array(tie('tree'), { maxLength: 2 })),
  }));
  fc.assert(
    fc.property(fc.dictionary(key, tree, { maxKeys: 4 }), (spec) => {
      const text = toYaml({ apiVersion: 'install.istio.io/v1alpha1', kind: 'IstioOperator', spec });
      for (const { where } of mergeValues({ files: [{ name: 'io.yaml', text }], set: [] }).problems) expect(where).toMatch(/^(?:io\.yaml:\d+)?$/);
    }),
    { numRuns: 500, seed: 7 },
  );
});
