import { createRequire } from 'node:module';
import { isAbsolute, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AnyAnalyzer } from '../../analysis/engine.ts';
import { usageError } from '../exit.ts';

/**
 * Loads analyzers of third parties: modules that export one analyzer, or a list of them, as default.
 *
 * @param folder paths are from here; names without a leading dot or slash that are no file are packages
 * @throws CliError (usage) for a module that cannot be loaded or exports something else
 */
export async function loadPlugins(modules: readonly string[], folder: string): Promise<AnyAnalyzer[]> {
  const out: AnyAnalyzer[] = [];
  for (const name of modules) {
    let exported: unknown;
    try {
      const url = pathToFileURL(locate(name, folder)).href;
      exported = ((await import(url)) as { default?: unknown }).default;
    } catch (error) {
      throw usageError(`the plug-in ${name} cannot be loaded: ${(error as Error).message}`);
    }
    for (const analyzer of Array.isArray(exported) ? exported : [exported]) out.push(check(analyzer, name));
  }
  return out;
}

function locate(name: string, folder: string): string {
  if (isAbsolute(name)) return name;
  if (/^\.{1,2}[\\/]|\.[cm]?[jt]s$/.test(name)) return resolve(folder, name);
  return createRequire(join(resolve(folder), 'weft.config.js')).resolve(name);
}

function check(value: unknown, module: string): AnyAnalyzer {
  const analyzer = value as Partial<AnyAnalyzer> | undefined;
  const wrong =
    typeof analyzer !== 'object' || analyzer === null
      ? 'has to export an analyzer (or a list of them) as default'
      : typeof analyzer.name !== 'string'
        ? 'exports an analyzer without a name'
        : typeof analyzer.check !== 'function'
          ? `exports ${analyzer.name} without a function check`
          : typeof analyzer.messages !== 'object'
            ? `exports ${analyzer.name} without messages`
            : undefined;
  if (wrong) throw usageError(`the plug-in ${module} ${wrong}`);
  return { reads: [], preset: 'recommended', summary: '', ...analyzer } as AnyAnalyzer;
}
