import { existsSync, readFileSync } from 'node:fs';
import { dirname, extname, join, matchesGlob, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AnyAnalyzer, Preset } from '../../analysis/engine.ts';
import { type Level, levels } from '../../analysis/message.ts';
import { isMap } from '../../manifest/is-map.ts';
import { nearest } from '../../manifest/nearest.ts';
import type { Assume } from '../../model/mesh.ts';
import { usageError } from '../exit.ts';

export type RuleLevel = 'off' | 'error' | 'warning' | 'info';
/** A level, or a level with options for the analyzer. */
export type RuleSetting = RuleLevel | readonly [RuleLevel, Record<string, unknown>];

/** What weft.config.{ts,js,yaml,json} says. Flags win over it. */
export interface Config {
  preset?: Preset;
  /** By code (`WFT1005`) or name of an analyzer (`service.PortNameAnalyzer`). */
  rules?: Record<string, RuleSetting>;
  /** Other levels for some files or namespaces (globs); the last one that fits wins. */
  overrides?: { files?: string[]; namespaces?: string[]; rules: Record<string, RuleLevel> }[];
  /** Modules with analyzers of your own: paths from the configuration, or packages. */
  plugins?: string[];
  assume?: {
    world?: Assume;
    /** Hosts outside of the input that exist; `*.example.com` stands for all below. */
    hosts?: string[];
  };
  failureThreshold?: RuleLevel;
  outputThreshold?: RuleLevel;
  /** As --suppress takes them. */
  suppress?: string[];
  baseline?: string;
  meshConfigFile?: string;
}

export interface LoadedConfig {
  config: Config;
  /** Where it was read; undefined when there is none. */
  file: string | undefined;
}

const names = ['weft.config.ts', 'weft.config.js', 'weft.config.mjs', 'weft.config.yaml', 'weft.config.yml', 'weft.config.json'];
const keys = ['preset', 'rules', 'overrides', 'plugins', 'assume', 'failureThreshold', 'outputThreshold', 'suppress', 'baseline', 'meshConfigFile'];

/** The configuration of a folder or of the nearest one above it that has one; not looked for above a repository. */
export function findConfig(folder: string): string | undefined {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const found = names.map((n) => join(at, n)).find((f) => existsSync(f));
    if (found) return found;
    if (existsSync(join(at, '.git')) || dirname(at) === at) return undefined;
  }
}

/**
 * @param path from --config; else it is searched from the working directory upwards
 * @throws CliError (usage) for a file that cannot be read or says what no configuration says
 */
export async function loadConfig(path: string | undefined): Promise<LoadedConfig> {
  const found = path === undefined ? findConfig('.') : undefined;
  const file = path ?? (found && relative('.', found));
  if (file === undefined) return { config: {}, file };
  let value: unknown;
  try {
    if (/^\.[cm]?[jt]s$/.test(extname(file))) {
      const url = pathToFileURL(resolve(file)).href;
      value = ((await import(url)) as { default?: unknown }).default;
    } else {
      const { parseYaml } = await import('../../manifest/yaml.ts');
      value = parseYaml(readFileSync(file, 'utf8')).value ?? {};
    }
  } catch (error) {
    throw usageError(`the configuration ${file} cannot be read: ${lineOf(file, error)}${error instanceof Error ? error.message : String(error)}`);
  }
  return { config: checkConfig(value, file), file };
}

/** Where a YAML or JSON text is wrong: `line 3: `. */
function lineOf(file: string, error: unknown): string {
  if (!(error instanceof Error && error.name === 'YamlError' && 'offset' in error)) return '';
  return `line ${readFileSync(file, 'utf8').slice(0, Number(error.offset)).split('\n').length}: `;
}

const ruleLevels: readonly string[] = ['off', 'error', 'warning', 'info'];
const thresholds: readonly string[] = ['error', 'warning', 'info'];

/** What a module exports stays as it is: a copy of it is returned. */
function checkConfig(value: unknown, file: string): Config {
  const fail = (text: string): never => {
    throw usageError(`the configuration ${file}: ${text}`);
  };
  const map = (key: string, given: unknown): Record<string, unknown> => {
    if (!isMap(given)) return fail(`${key} has to be a map, not ${show(given)}`);
    return given;
  };
  const known = (key: string, given: Record<string, unknown>, allowed: readonly string[]): void => {
    const name = (field: string): string => (key === '' ? field : `${key}.${field}`);
    for (const field of Object.keys(given)) {
      if (allowed.includes(field)) continue;
      const near = nearest(field, allowed);
      fail(`unknown key "${name(field)}"${near ? `; did you mean ${name(near)}?` : `; known are ${allowed.join(', ')}`}`);
    }
  };
  const oneOf = (key: string, given: unknown, allowed: readonly string[]): void => {
    if (given !== undefined && !allowed.includes(given as string)) fail(`${key} has to be one of ${allowed.join(', ')}, not ${show(given)}`);
  };
  const text = (key: string, given: unknown): void => {
    if (given !== undefined && (typeof given !== 'string' || given === '')) fail(`${key} has to be text, not ${show(given)}`);
  };
  const texts = (key: string, given: unknown): void => {
    if (given !== undefined && !(Array.isArray(given) && given.every((g) => typeof g === 'string')))
      fail(`${key} has to be a list of texts, not ${show(given)}`);
  };
  const level = (key: string, given: unknown): RuleLevel => {
    // `off` is a boolean to YAML 1.1.
    const word = given === false ? 'off' : lower(given);
    oneOf(key, word ?? null, ruleLevels);
    return word as RuleLevel;
  };
  const threshold = (key: 'failureThreshold' | 'outputThreshold'): void => {
    if (config[key] !== undefined) config[key] = lower(config[key]) as RuleLevel;
    oneOf(key, config[key], thresholds);
  };
  const rules = <T>(key: string, given: unknown, read: (key: string, setting: unknown) => T): Record<string, T> | undefined => {
    if (given === undefined) return undefined;
    return Object.fromEntries(Object.entries(map(key, given)).map(([rule, setting]) => [rule, read(`${key}.${rule}`, setting)]));
  };
  const setting = (key: string, given: unknown): RuleSetting => {
    if (!Array.isArray(given)) return level(key, given);
    if (given.length > 2) fail(`${key} has to be a level, or a list of a level and options`);
    return [level(key, given[0]), given[1] === undefined ? {} : map(`${key}[1]`, given[1])];
  };
  if (!isMap(value)) return fail(`has to be a map, not ${show(value)} (a module exports it as default)`);
  known('', value, keys);
  const config = { ...value } as Config;
  oneOf('preset', config.preset, ['reference', 'recommended', 'strict']);
  threshold('failureThreshold');
  threshold('outputThreshold');
  config.rules = rules('rules', config.rules, setting);
  if (config.overrides !== undefined) {
    if (!Array.isArray(config.overrides)) return fail(`overrides has to be a list, not ${show(config.overrides)}`);
    config.overrides = config.overrides.map((given: unknown, i) => {
      const override = map(`overrides[${i}]`, given);
      known(`overrides[${i}]`, override, ['files', 'namespaces', 'rules']);
      texts(`overrides[${i}].files`, override.files);
      texts(`overrides[${i}].namespaces`, override.namespaces);
      return { ...override, rules: rules(`overrides[${i}].rules`, override.rules, level) ?? {} };
    });
  }
  texts('plugins', config.plugins);
  texts('suppress', config.suppress);
  text('baseline', config.baseline);
  text('meshConfigFile', config.meshConfigFile);
  if (config.assume !== undefined) {
    const assume = map('assume', config.assume);
    known('assume', assume, ['world', 'hosts']);
    oneOf('assume.world', assume.world, ['auto', 'complete', 'mesh-only']);
    texts('assume.hosts', assume.hosts);
  }
  return config;
}

/** Levels are taken in any case, as the flags take them. */
function lower(value: unknown): unknown {
  return typeof value === 'string' ? value.toLowerCase() : value;
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'a map' : String(value);
}

export function toLevel(level: RuleLevel): Level {
  return levels.find((l) => l.toLowerCase() === level) as Level;
}

/** The level that the configuration gives a code in a file and a namespace; undefined when it says nothing of it. */
export type LevelAt = (code: string, analyzer: string, source: string | undefined, namespace: string) => Level | 'off' | undefined;

/** @param file where the configuration was read: its globs for files are from there */
export function levelsOf(config: Config, file: string | undefined): LevelAt | undefined {
  const { rules = {}, overrides = [] } = config;
  if (Object.keys(rules).length === 0 && overrides.length === 0) return undefined;
  const base = file ? dirname(resolve(file)) : process.cwd();
  const convert = (setting: RuleSetting | undefined): Level | 'off' | undefined => {
    const level = typeof setting === 'string' ? setting : setting?.[0];
    return level === undefined || level === 'off' ? level : toLevel(level);
  };
  return (code, analyzer, source, namespace) => {
    let level = convert(rules[code] ?? rules[analyzer]);
    for (const override of overrides) {
      const path = source === undefined ? '' : relative(base, resolve(source));
      if (override.files && !override.files.some((glob) => matchesGlob(path, glob))) continue;
      if (override.namespaces && !override.namespaces.some((glob) => matchesGlob(namespace, glob))) continue;
      level = convert(override.rules[code] ?? override.rules[analyzer]) ?? level;
    }
    return level;
  };
}

/** Options of an analyzer: of the setting under its name, and of those under its codes. */
export function optionsOf(config: Config, analyzers: readonly AnyAnalyzer[]): (analyzer: string) => Record<string, unknown> | undefined {
  const { rules = {} } = config;
  return (name) => {
    const analyzer = analyzers.find((a) => a.name === name);
    let options: Record<string, unknown> | undefined;
    for (const rule of [...Object.keys(analyzer?.messages ?? {}), name]) {
      const setting = rules[rule];
      if (Array.isArray(setting)) options = { ...options, ...(setting[1] as Record<string, unknown>) };
    }
    return options;
  };
}

/** Rules of the configuration that name nothing, with what was meant. */
export function unknownRules(config: Config, analyzers: readonly AnyAnalyzer[], codes: ReadonlySet<string>): string[] {
  const known = new Set([...codes, ...analyzers.map((a) => a.name)]);
  const used = [...Object.keys(config.rules ?? {}), ...(config.overrides ?? []).flatMap((o) => Object.keys(o.rules ?? {}))];
  return [...new Set(used)]
    .filter((rule) => !known.has(rule))
    .map((rule) => {
      const near = nearest(rule, known);
      return `no message and no analyzer is called "${rule}"${near ? `; did you mean ${near}?` : ''}`;
    });
}
