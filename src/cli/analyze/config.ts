import { existsSync, readFileSync } from 'node:fs';
import { dirname, extname, join, matchesGlob, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AnyAnalyzer, Preset } from '../../analysis/engine.ts';
import { type Level, levels } from '../../analysis/message.ts';
import { nearest } from '../../manifest/nearest.ts';
import type { Resource } from '../../manifest/resource.ts';
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
  const file = path ?? findConfig('.');
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
    throw usageError(`the configuration ${file} cannot be read: ${(error as Error).message}`);
  }
  return { config: checkConfig(value, file), file };
}

function checkConfig(value: unknown, file: string): Config {
  const fail = (text: string): never => {
    throw usageError(`the configuration ${file}: ${text}`);
  };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail('has to be a map (a module exports it as default)');
  const config = value as Config;
  for (const key of Object.keys(config)) {
    if (keys.includes(key)) continue;
    const near = nearest(key, keys);
    fail(`unknown key "${key}"${near ? `; did you mean ${near}?` : `; known are ${keys.join(', ')}`}`);
  }
  const oneOf = (key: string, given: unknown, allowed: readonly string[]): void => {
    if (given !== undefined && !allowed.includes(given as string)) fail(`${key} has to be one of ${allowed.join(', ')}, not ${JSON.stringify(given)}`);
  };
  const texts = (key: string, given: unknown): void => {
    if (given !== undefined && !(Array.isArray(given) && given.every((g) => typeof g === 'string'))) fail(`${key} has to be a list of texts`);
  };
  const rules = (key: string, given: unknown, options: boolean): void => {
    if (given === undefined) return;
    if (typeof given !== 'object' || given === null || Array.isArray(given)) fail(`${key} has to be a map from codes or analyzers to levels`);
    for (const [rule, setting] of Object.entries(given as Record<string, unknown>)) {
      const level = options && Array.isArray(setting) ? setting[0] : setting;
      // `off` is a boolean to YAML 1.1.
      if (level === false) (given as Record<string, unknown>)[rule] = 'off';
      else oneOf(`${key}.${rule}`, level, ['off', 'error', 'warning', 'info']);
    }
  };
  oneOf('preset', config.preset, ['reference', 'recommended', 'strict']);
  oneOf('failureThreshold', config.failureThreshold, ['error', 'warning', 'info']);
  oneOf('outputThreshold', config.outputThreshold, ['error', 'warning', 'info']);
  rules('rules', config.rules, true);
  for (const [i, override] of (config.overrides ?? []).entries()) {
    texts(`overrides[${i}].files`, override.files);
    texts(`overrides[${i}].namespaces`, override.namespaces);
    rules(`overrides[${i}].rules`, override.rules, false);
  }
  texts('plugins', config.plugins);
  texts('suppress', config.suppress);
  if (config.assume !== undefined) {
    for (const key of Object.keys(config.assume)) if (key !== 'world' && key !== 'hosts') fail(`unknown key "assume.${key}"; known are world and hosts`);
    oneOf('assume.world', config.assume.world, ['auto', 'complete', 'mesh-only']);
    texts('assume.hosts', config.assume.hosts);
  }
  return config;
}

export function toLevel(level: RuleLevel): Level {
  return levels.find((l) => l.toLowerCase() === level) as Level;
}

/** The level that the configuration gives a code for a resource; undefined when it says nothing of it. */
export function levelsOf(config: Config, file: string | undefined): ((code: string, analyzer: string, resource: Resource) => Level | 'off' | undefined) | undefined {
  const { rules = {}, overrides = [] } = config;
  if (Object.keys(rules).length === 0 && overrides.length === 0) return undefined;
  const base = file ? dirname(resolve(file)) : process.cwd();
  const convert = (setting: RuleSetting | undefined): Level | 'off' | undefined => {
    const level = typeof setting === 'string' ? setting : setting?.[0];
    return level === undefined || level === 'off' ? level : toLevel(level);
  };
  return (code, analyzer, resource) => {
    let level = convert(rules[code] ?? rules[analyzer]);
    for (const override of overrides) {
      const source = resource.document?.source.name;
      const path = source === undefined ? '' : relative(base, resolve(source));
      if (override.files && !override.files.some((glob) => matchesGlob(path, glob))) continue;
      if (override.namespaces && !override.namespaces.some((glob) => matchesGlob(resource.namespace, glob))) continue;
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
