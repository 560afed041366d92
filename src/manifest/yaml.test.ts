import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseYaml, YamlError } from './yaml.ts';

const read = (text: string): unknown => parseYaml(text).value;

describe('YAML as Kubernetes reads it', () => {
  it.each([
    ['y', true],
    ['Yes', true],
    ['on', true],
    ['N', false],
    ['OFF', false],
    ['true', true],
    ['yep', 'yep'],
    ['nO', 'nO'],
    ['"yes"', 'yes'],
    ['~', null],
    ['Null', null],
    ['0644', 420],
    ['0o644', 420],
    ['0x1F', 31],
    ['0b101', 5],
    ['1_000', 1000],
    ['-7', -7],
    ['+7', 7],
    ['089', 89],
    ['1e3', 1000],
    ['1.5', 1.5],
    ['.5', 0.5],
    ['5.', 5],
    ['1:30', '1:30'],
    ['1.2.3', '1.2.3'],
    ['2001-01-01', '2001-01-01'],
    ['2001-01-01T00:00:00Z', '2001-01-01T00:00:00Z'],
    ['!!str 5', '5'],
    ['!!int "5"', 5],
    ['!custom text', 'text'],
    ['!!binary aGk=', 'aGk='],
    ['=', '='],
    ['<<', '<<'],
    ['[a, , b]', undefined],
    ['{"a": 1,}', { a: 1 }],
    ['{a, b: }', { a: null, b: null }],
    ['"\\u00e9\\x41\\/"', 'éA/'],
    ["'it''s'", "it's"],
    ['|\n  a\n   b\n', 'a\n b\n'],
    ['>-\n  a\n  b\n', 'a b'],
  ])('%j', (text, value) => {
    if (value === undefined) expect(() => read(text)).toThrow(YamlError);
    else expect(read(text)).toEqual(value);
  });

  it.each([
    ['booleans as keys', 'y: 1\non: 2\n', { true: 2 }],
    ['numbers as keys', '1: a\n0x10: b\n', { 1: 'a', 16: 'b' }],
    ['null as a key', 'null: a\n', { null: 'a' }],
    ['merge keys', 'a: &a {x: 1, y1: 2}\nb: {<<: *a, x: 3}\n', { a: { x: 1, y1: 2 }, b: { x: 3, y1: 2 } }],
    ['a list of merges', 'a: &a {x: 1}\nb: &b {x: 2, z: 3}\nc: {<<: [*a, *b]}\n', { a: { x: 1 }, b: { x: 2, z: 3 }, c: { x: 1, z: 3 } }],
    ['an anchor on a text', 'a: &x text\nb: *x\n', { a: 'text', b: 'text' }],
    ['a first document of two', 'a: 1\n--- {b: 2}\n', { a: 1 }],
  ])('%s', (_, text, value) => {
    try {
      expect(read(text)).toEqual(value);
    } catch (error) {
      // Equal keys are for the caller to decide.
      if (!(error instanceof YamlError && error.duplicateKey)) throw error;
      expect(parseYaml(text, true).value).toEqual(value);
    }
  });

  it.each([
    ['an unclosed quote', 'a: "b\n', 6],
    ['an unclosed list', 'a: [b\n', 6],
    ['a tab as indentation', 'a:\n\tb: c\n', 3],
    ['two values', 'a: b: c\n', 4],
    ['infinity', 'a: 1\nb: .inf\n', 8],
    ['YAML 1.2', '%YAML 1.2\n---\na: 1\n', 0],
    ['an unknown alias', 'a: *b\n', undefined],
    ['a merge of a list', 'a: {<<: [1]}\n', undefined],
  ])('%s is an error at its place', (_, text, offset) => {
    try {
      read(text);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(YamlError);
      if (offset !== undefined) expect((error as YamlError).offset).toBe(offset);
      expect((error as YamlError).offset).toBeLessThanOrEqual(text.length);
    }
  });

  it('equal keys are told apart from other errors; the last one wins', () => {
    expect(() => read('a: 1\nb: 2\na: 3\n')).toThrow(expect.objectContaining({ duplicateKey: true, offset: 10 }));
    expect(parseYaml('a: 1\nb: 2\na: 3\n', true).value).toEqual({ a: 3, b: 2 });
    expect(() => read('a: {b: 1, b: 2}\n')).toThrow(expect.objectContaining({ duplicateKey: true }));
  });

  it.each([
    ['a: yes', true],
    ['y: 1', true],
    ['a: true', false],
    ['a: "yes"', false],
    ['a: yesterday', false],
  ])('%j has a plain word that is a boolean: %j', (text, plain) => expect(parseYaml(text).plainWordBoolean).toBe(plain));

  it('a name of an object of JavaScript is a key like any other', () => {
    const value = read('__proto__: {polluted: true}\nconstructor: a\ntoString: b\n') as Record<string, unknown>;
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor', 'toString']);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it.each([
    [
      'exponential',
      ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]', ...Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(', ')}]`)].join(
        '\n',
      ),
    ],
    ['cyclic', 'a: &a {b: *a}\n'],
    ['a cyclic list', '&a [*a]\n'],
    ['deep', `${'['.repeat(2000)}${']'.repeat(2000)}`],
    ['deep maps', Array.from({ length: 2000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
  ])('%s documents are refused, and soon', (_, text) => {
    const start = performance.now();
    expect(() => read(text)).toThrow(YamlError);
    expect(performance.now() - start).toBeLessThan(20_000);
  });

  it('reads JSON as JSON does', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const text = JSON.stringify(value);
        fc.pre(!/\\u[dD][89a-fA-F]/.test(text) && !text.includes('-0'));
        expect(read(text)).toEqual(JSON.parse(text));
      }),
    );
  });
});
