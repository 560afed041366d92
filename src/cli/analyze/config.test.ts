import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AnyAnalyzer } from '../../analysis/engine.ts';
import { CliError } from '../exit.ts';
import { type Config, findConfig, levelsOf, loadConfig, optionsOf, unknownRules } from './config.ts';

let folder: string;
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'weft-config-')));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function load(name: string, text: string): Promise<Config> {
  const file = join(folder, name);
  writeFileSync(file, text);
  return (await loadConfig(file)).config;
}

describe('findConfig', () => {
  it('is the nearest above, and none from outside of a repository', () => {
    for (const path of ['repo/.git', 'repo/below/deep', 'repo/other']) mkdirSync(join(folder, path), { recursive: true });
    writeFileSync(join(folder, 'weft.config.json'), '{}');
    expect(findConfig(join(folder, 'repo/below/deep'))).toBeUndefined();
    writeFileSync(join(folder, 'repo/weft.config.yaml'), '');
    expect(findConfig(join(folder, 'repo/below/deep'))).toBe(join(folder, 'repo/weft.config.yaml'));
    writeFileSync(join(folder, 'repo/below/weft.config.json'), '{}');
    writeFileSync(join(folder, 'repo/below/weft.config.ts'), '');
    expect(findConfig(join(folder, 'repo/below/deep'))).toBe(join(folder, 'repo/below/weft.config.ts'));
    expect(findConfig(join(folder, 'repo/other'))).toBe(join(folder, 'repo/weft.config.yaml'));
  });
});

describe('loadConfig', () => {
  it.each([
    ['nothing', 'a.yaml', '', {}],
    [
      'YAML, where off is a boolean',
      'a.yaml',
      'rules: {A: off, B: [Warning, {most: 1}], C: [off]}\noverrides: [{namespaces: [a*], rules: {A: off}}]\n',
      { rules: { A: 'off', B: ['warning', { most: 1 }], C: ['off', {}] }, overrides: [{ namespaces: ['a*'], rules: { A: 'off' } }] },
    ],
    [
      'thresholds in any case',
      'a.json',
      '{"failureThreshold": "WARNING", "outputThreshold": "info"}',
      { failureThreshold: 'warning', outputThreshold: 'info' },
    ],
    ['an override without rules', 'a.json', '{"overrides": [{"files": ["a"]}]}', { overrides: [{ files: ['a'], rules: {} }] }],
    ['a module', 'a.mjs', 'export default Object.freeze({ rules: Object.freeze({ A: "off" }) });', { rules: { A: 'off' } }],
    ['a module in TypeScript', 'a.ts', 'const rules: Record<string, string> = { A: "Error" };\nexport default { rules };', { rules: { A: 'error' } }],
  ])('reads %s', async (_, name, text, config) => expect(await load(name, text)).toEqual(config));

  it.each([
    ['a.yaml', 'a: [', /cannot be read: line 1: /],
    ['a.yaml', 'preset: strict\npreset: strict', /line 2: duplicated/],
    ['b.mjs', 'throw new Error("broken");', /cannot be read: broken/],
    ['c.mjs', 'export const a = 1;', /has to be a map, not undefined \(a module exports it as default\)/],
    ['a.yaml', 'rules: {A: 5}', /rules.A has to be one of off, error, warning, info, not 5/],
    ['a.yaml', 'rules: {A: }', /rules.A has to be one of .*, not null/],
    ['a.yaml', 'rules: {A: on}', /rules.A has to be one of .*, not true/],
    ['a.yaml', 'rules: {A: [warning, {}, 1]}', /rules.A has to be a level, or a list of a level and options/],
    ['a.yaml', 'rules: {A: [warning, a]}', /rules.A\[1\] has to be a map, not "a"/],
    ['a.yaml', 'overrides: [{rules: {A: [off, {}]}}]', /overrides\[0\].rules.A has to be one of/],
    ['a.yaml', 'overrides: [{files: a, rules: {}}]', /overrides\[0\].files has to be a list of texts, not "a"/],
    ['a.yaml', 'assume: {hosts: [1]}', /assume.hosts has to be a list of texts, not a list/],
    ['a.yaml', 'meshConfigFile: ""', /meshConfigFile has to be text/],
    ['a.yaml', 'constructor: 1', /unknown key "constructor"/],
    ['a.yaml', '__proto__: {preset: strict}', /unknown key "__proto__"/],
  ])('%s: %j is a mistake of usage', async (name, text, message) => {
    const error = await load(name, text).then(
      () => undefined,
      (e) => e,
    );
    expect(error).toBeInstanceOf(CliError);
    expect(error.exit).toBe(64);
    expect(error.message).toMatch(message);
  });
});

describe('levelsOf', () => {
  const config: Config = {
    rules: { T1: 'warning', 'test.A': ['error', {}], T3: 'off' },
    overrides: [
      { files: ['below/**'], rules: { T1: 'info' } },
      { files: ['below/deep/*.yaml'], namespaces: ['pay*'], rules: { T1: 'off', 'test.A': 'info' } },
    ],
  };
  const level = levelsOf(config, '/mesh/weft.config.yaml');

  it.each([
    ['a code', 'T1', 'test.B', '/mesh/a.yaml', '', 'Warning'],
    ['an analyzer', 'T2', 'test.A', '/mesh/a.yaml', '', 'Error'],
    ['a code before its analyzer', 'T1', 'test.A', '/mesh/a.yaml', '', 'Warning'],
    ['off', 'T3', 'test.B', '/mesh/a.yaml', '', 'off'],
    ['neither', 'T2', 'test.B', '/mesh/a.yaml', '', undefined],
    ['a file', 'T1', 'test.B', '/mesh/below/a.yaml', '', 'Info'],
    ['a file elsewhere', 'T1', 'test.B', '/below/a.yaml', '', 'Warning'],
    ['the last override that fits', 'T1', 'test.B', '/mesh/below/deep/a.yaml', 'payment', 'off'],
    ['an override of which only the file fits', 'T1', 'test.B', '/mesh/below/deep/a.yaml', 'shop', 'Info'],
    ['an override of an analyzer', 'T2', 'test.A', '/mesh/below/deep/a.yaml', 'payment', 'Info'],
    ['no file', 'T1', 'test.B', undefined, '', 'Warning'],
  ] as const)('%s', (_, code, analyzer, source, namespace, expected) => expect(level?.(code, analyzer, source, namespace)).toBe(expected));

  it('is nothing where nothing is configured', () => {
    expect(levelsOf({}, undefined)).toBeUndefined();
    expect(levelsOf({ rules: {}, overrides: [] }, undefined)).toBeUndefined();
  });
});

const analyzers = [
  { name: 'test.A', messages: { T1: {}, T2: {} } },
  { name: 'test.B', messages: { T2: {} } },
] as unknown as AnyAnalyzer[];

it('options come from the settings of the codes of an analyzer, and over them from its own', () => {
  const options = optionsOf({ rules: { T1: ['off', { a: 1, b: 1 }], T2: ['info', { b: 2, c: 2 }], 'test.A': ['error', { c: 3 }] } }, analyzers);
  expect([options('test.A'), options('test.B'), options('test.C')]).toEqual([{ a: 1, b: 2, c: 3 }, { b: 2, c: 2 }, undefined]);
  expect(optionsOf({ rules: { T1: 'off' } }, analyzers)('test.A')).toBeUndefined();
});

it('rules that name nothing are told, with what was meant', () => {
  const config: Config = { rules: { T1: 'off', 'test.A': 'off', 'test.Ab': 'off', nothing: 'off' }, overrides: [{ rules: { nothing: 'off', T2: 'off' } }] };
  expect(unknownRules(config, analyzers, new Set(['T1', 'T2']))).toEqual([
    expect.stringMatching(/^no message and no analyzer is called "test.Ab"/),
    'no message and no analyzer is called "nothing"',
  ]);
});
