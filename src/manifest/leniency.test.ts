import { describe, expect, it } from 'vitest';
import { loadSource } from './load.ts';
import { locate, positionAt } from './position.ts';
import type { Resource } from './resource.ts';
import { parseYaml } from './yaml.ts';

describe('what Kubernetes reads and YAML 1.2 does not', () => {
  it.each([
    ['a colon ends a text in a flow list', '[1.2.3.4, 001:db8::]', ['1.2.3.4', '001:db8::']],
    ['a bracket closes at the indentation of its key', 'a: {\n  b: [1,\n2\n],\n}\nc: 3', { a: { b: [1, 2] }, c: 3 }],
    ['brackets in quotes and comments close nothing', 'a: {\nb: "]}", # }\nc: 1\n}\nd: 2', { a: { b: ']}', c: 1 }, d: 2 }],
    ['tabs are between the parts', 'a: {\tb: 1,\tc:\t[ 2\t],\t"d\t":\t\'e:\tf\'\t}\t# :\tg', { a: { b: 1, c: [2], 'd\t': 'e:\tf' } }],
    ['a quoted text ends in a colon and a bracket', '{"a:]": "b:,"}', { 'a:]': 'b:,' }],
  ])('%s', (_, text, value) => expect(parseYaml(text).value).toEqual(value));

  it('errors keep their place', () => {
    expect(() => parseYaml('a: {\nb: 1\n}\nc: "x')).toThrow(expect.objectContaining({ offset: 17 }));
  });

  it('fields are found where they are written', () => {
    const text =
      'apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {\n  name: a\n}\nspec: {\n  hosts: [a.example],\n  addresses: [1.2.3.4, 001:db8::],\nresolution: DNS\n}\n';
    const source = { name: 'a.yaml', text, json: false };
    const [resource] = loadSource(source, { defaultNamespace: '' }).resources;
    const at = (...path: (string | number)[]): string => {
      const found = locate(resource as Resource, path);
      const { start, end } = found?.place.value ?? { start: 0, end: 0 };
      return `${positionAt(source, start).line} ${text.slice(start, end)}`;
    };
    expect(at('spec', 'resolution')).toBe('9 DNS');
    expect(at('spec', 'hosts', 0)).toBe('7 a.example');
    expect(at('spec', 'addresses', 1)).toBe('8 001:db8::');
  });
});
