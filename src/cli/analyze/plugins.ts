import { createRequire } from 'node:module';
import { isAbsolute, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AnyAnalyzer, Preset } from '../../analysis/engine.ts';
import { type Level, levels } from '../../analysis/message.ts';
import { isMap } from '../../manifest/is-map.ts';
import { usageError } from '../exit.ts';

const presets: readonly Preset[] = ['reference', 'recommended', 'strict'];

/**
 * Loads analyzers of third parties: modules that export one analyzer, or a list of them, as default.
 *
 * @param folder paths are from here; names without a leading dot or slash that are no file are packages
 * @param others analyzers whose names are taken
 * @throws CliError (usage) for a module that cannot be loaded or exports something else
 */
export async function loadPlugins(modules: readonly string[], folder: string, others: readonly AnyAnalyzer[] = []): Promise<AnyAnalyzer[]> {
  const out: AnyAnalyzer[] = [];
  const taken = new Set(others.map((analyzer) => analyzer.name));
  for (const name of modules) {
    let exported: unknown;
    try {
      const url = pathToFileURL(locate(name, folder)).href;
      exported = ((await import(url)) as { default?: unknown }).default;
    } catch (error) {
      throw usageError(`the plug-in ${name} cannot be loaded: ${reasonOf(error)}`);
    }
    for (const one of Array.isArray(exported) ? exported : [exported]) {
      const analyzer = check(one, name);
      if (taken.has(analyzer.name)) throw usageError(`the plug-in ${name} exports ${analyzer.name}, and there is an analyzer of that name already`);
      taken.add(analyzer.name);
      out.push(analyzer);
    }
  }
  return out;
}

/** What Node says, without the module of weft that asked for it. */
function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/ imported from .*|\nRequire stack:[\s\S]*/, '');
}

function locate(name: string, folder: string): string {
  if (isAbsolute(name)) return name;
  if (/^\.{1,2}[\\/]|\.[cm]?[jt]s$/.test(name)) return resolve(folder, name);
  return createRequire(join(resolve(folder), 'weft.config.js')).resolve(name);
}

function check(value: unknown, module: string): AnyAnalyzer {
  const wrong = whatIsWrong(value);
  if (wrong) throw usageError(`the plug-in ${module} ${wrong}`);
  return { reads: [], preset: 'recommended', summary: '', ...(value as object) } as unknown as AnyAnalyzer;
}

/** Follows "the plug-in x"; undefined when nothing is. */
function whatIsWrong(value: unknown): string | undefined {
  if (!isMap(value)) return 'has to export an analyzer (or a list of them) as default';
  const { name, check, messages, reads = [], preset = 'recommended' } = value as Record<keyof AnyAnalyzer, unknown>;
  if (typeof name !== 'string' || name === '') return 'exports an analyzer without a name';
  if (typeof check !== 'function') return `exports ${name} without a function check`;
  if (!isMap(messages)) return `exports ${name} without messages`;
  if (!Array.isArray(reads) || !reads.every((kind) => typeof kind === 'string')) return `exports ${name}, whose reads are not a list of kinds`;
  if (!presets.includes(preset as Preset)) return `exports ${name} with the preset ${JSON.stringify(preset)}; there are ${presets.join(', ')}`;
  for (const [code, message] of Object.entries(messages)) {
    const { text, level } = isMap(message) ? message : {};
    if (typeof text !== 'function') return `exports ${name}, whose message ${code} has no function text`;
    if (!levels.includes(level as Level))
      return `exports ${name}, whose message ${code} has the level ${JSON.stringify(level)}; there are ${levels.join(', ')}`;
  }
  return undefined;
}
