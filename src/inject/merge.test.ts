import { expect, it } from 'vitest';
import { parseYaml } from '../manifest/yaml.ts';
import { mergeMaps } from './merge.ts';

const yaml = (text: string): object => parseYaml(text).value as object;

it.each([
  ['maps merge', '{a: {b: 1}}', '{a: {c: 2}}', '{a: {b: 1, c: 2}}'],
  ['null deletes', '{a: 1, b: 2}', '{a: null}', '{b: 2}'],
  ['what is new is added', '{}', '{a: {b: [1]}}', '{a: {b: [1]}}'],
  ['lists without a key are replaced', '{args: [a, b]}', '{args: [c]}', '{args: [c]}'],
  [
    'lists with a key merge',
    '{env: [{name: A, value: "1"}]}',
    '{env: [{name: B, value: "2"}, {name: A, value: "3"}]}',
    '{env: [{name: A, value: "3"}, {name: B, value: "2"}]}',
  ],
  ['one source of a variable', '{env: [{name: A, valueFrom: {x: 1}}]}', '{env: [{name: A, value: "1"}]}', '{env: [{name: A, value: "1"}]}'],
  [
    'one action of a probe',
    '{livenessProbe: {httpGet: {path: /}, periodSeconds: 1}}',
    '{livenessProbe: {exec: {command: [a]}}}',
    '{livenessProbe: {exec: {command: [a]}, periodSeconds: 1}}',
  ],
  [
    'the same action of a probe',
    '{livenessProbe: {httpGet: {path: /, port: 1}}}',
    '{livenessProbe: {httpGet: {path: /x}}}',
    '{livenessProbe: {httpGet: {path: /x, port: 1}}}',
  ],
  [
    'one action of a hook',
    '{lifecycle: {preStop: {exec: {command: [a]}}}}',
    '{lifecycle: {preStop: {sleep: {seconds: 1}}}}',
    '{lifecycle: {preStop: {sleep: {seconds: 1}}}}',
  ],
  [
    'one source of a volume',
    '{volumes: [{name: v, emptyDir: {}}]}',
    '{volumes: [{name: v, secret: {secretName: s}}]}',
    '{volumes: [{name: v, secret: {secretName: s}}]}',
  ],
  [
    'the same source of a volume',
    '{volumes: [{name: v, emptyDir: {medium: Memory}}]}',
    '{volumes: [{name: v, emptyDir: {sizeLimit: 1}}]}',
    '{volumes: [{name: v, emptyDir: {medium: Memory, sizeLimit: 1}}]}',
  ],
  [
    'a port for each protocol',
    '{ports: [{containerPort: 53, protocol: UDP}]}',
    '{ports: [{containerPort: 53, name: tcp}]}',
    '{ports: [{containerPort: 53, protocol: UDP}, {containerPort: 53, name: tcp}]}',
  ],
  [
    'a port without a protocol is of TCP',
    '{ports: [{containerPort: 80}]}',
    '{ports: [{containerPort: 80, protocol: TCP}]}',
    '{ports: [{containerPort: 80, protocol: TCP}]}',
  ],
  ['an item is deleted', '{env: [{name: A}, {name: B}]}', '{env: [{name: A, $patch: delete}, {name: C, $patch: delete}]}', '{env: [{name: B}]}'],
  ['a list is replaced', '{env: [{name: A}]}', '{env: [{$patch: replace}, {name: B}]}', '{env: [{name: B}]}'],
  ['a map is replaced', '{a: {b: 1}}', '{a: {$patch: replace, c: 2}}', '{a: {c: 2}}'],
  ['a map is deleted', '{a: {b: 1}, c: 1}', '{a: {$patch: delete}}', '{c: 1}'],
  ['to merge is the usual', '{a: {b: 1}}', '{a: {$patch: merge, c: 2}}', '{a: {b: 1, c: 2}}'],
  ['a map in the place of a text', '{a: b}', '{a: {c: 1}}', '{a: {c: 1}}'],
])('%s', (_, base, patch, expected) => {
  const before = yaml(base);
  expect(mergeMaps(before, yaml(patch))).toEqual(yaml(expected));
  expect(before).toEqual(yaml(base));
});

it.each([
  ['{a: {$patch: other}}', 'a: $patch is delete, replace or merge'],
  ['{a: {$retainKeys: [b]}}', '$retainKeys is not known'],
  ['{env: [{value: a}]}', 'env[0] has no name'],
])('%s', (patch, text) => {
  expect(() => mergeMaps({}, yaml(patch))).toThrow(text);
});

it('fields that are called like those of every object are fields', () => {
  expect(mergeMaps({ a: 1 }, { constructor: { toString: [{ x: 1 }] } })).toEqual({ a: 1, constructor: { toString: [{ x: 1 }] } });
  expect(mergeMaps({ a: 1 }, JSON.parse('{"__proto__": {"b": 2}, "c": 3}'))).toEqual({ a: 1, c: 3 });
});

it('long lists take time by their length', () => {
  const env = Array.from({ length: 100_000 }, (_, i) => ({ name: `V${i}`, value: 'x' }));
  const began = performance.now();
  expect(mergeMaps({ env }, { env: env.map(({ name }) => ({ name, value: 'y' })) }).env.every(({ value }) => value === 'y')).toBe(true);
  // A comparison of each with each takes many seconds.
  expect(performance.now() - began).toBeLessThan(8_000);
});
