// Where `weft kube-inject` has the configuration of the injector from: files, what an installation would have, or the cluster.
import { readFileSync } from 'node:fs';
import type { InjectionConfig } from '../../inject/config.ts';
import { InjectionError } from '../../inject/error.ts';
import { parseMeshSettings } from '../../inject/mesh-settings.ts';
import { parseInjectionConfig } from '../../inject/read-config.ts';
import type { MeshSettings } from '../../inject/settings.ts';
import { CliError, usageError } from '../exit.ts';
import { version } from '../version.ts';
import type { KubeInjectFlags } from './flags.ts';

/** What decides how pods are injected, besides the pods. */
export interface InjectorSettings {
  config: InjectionConfig;
  mesh: MeshSettings;
  /** Of all kubelets; undefined where no cluster was asked. */
  nodeVersions?: readonly string[];
}

/**
 * Reads the configuration that the flags name. A cluster is asked only where no file says it.
 *
 * @throws CliError for flags that contradict each other, for what is not there, and for what is no configuration
 */
export async function readSettings(flags: KubeInjectFlags): Promise<InjectorSettings> {
  const { injectConfigFile, operatorFileName } = flags;
  if (injectConfigFile !== undefined && operatorFileName !== undefined)
    throw usageError('--injectConfigFile and --operatorFileName both say what is injected: give one of them');
  if (injectConfigFile !== undefined) return ofFiles(flags, injectConfigFile);
  if (operatorFileName !== undefined) return ofValues(flags, operatorFileName);
  if (flags.valuesFile !== undefined) throw usageError('--valuesFile goes with --injectConfigFile');
  const { settingsOfCluster } = await import('./cluster-settings.ts');
  return settingsOfCluster(flags, meshOf(flags));
}

function ofFiles(flags: KubeInjectFlags, file: string): InjectorSettings {
  const values = flags.valuesFile === undefined ? undefined : readText('valuesFile', flags.valuesFile);
  const config = parsed('injectConfigFile', file, () => parseInjectionConfig(readText('injectConfigFile', file), values));
  return { config: flags.revision ? { ...config, revision: flags.revision } : config, mesh: meshOf(flags) ?? {} };
}

/** What an installation with these values would inject. */
async function ofValues(flags: KubeInjectFlags, file: string): Promise<InjectorSettings> {
  const { readValues } = await import('../install/read-values.ts');
  const { injectionConfig } = await import('../../install/render/configmaps.ts');
  const { revision, givenNamespace: istioNamespace } = flags;
  const { values } = readValues({
    filename: [file],
    ...(revision === undefined ? {} : { revision }),
    ...(istioNamespace === undefined ? {} : { istioNamespace }),
  });
  const mesh = meshOf(flags) ?? parsed('operatorFileName', file, () => parseMeshSettings(JSON.stringify(values.meshConfig)));
  return { config: injectionConfig({ values, options: { weftVersion: version } }), mesh };
}

function meshOf({ meshConfigFile: file }: KubeInjectFlags): MeshSettings | undefined {
  return file === undefined ? undefined : parsed('meshConfigFile', file, () => parseMeshSettings(readText('meshConfigFile', file)));
}

function parsed<T>(flag: string, file: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw error instanceof InjectionError ? new CliError(`--${flag} ${file}: ${error.message}`, undefined, error.help) : error;
  }
}

function readText(flag: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CliError(`--${flag}: cannot read ${file}: ${code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a directory' : message}`);
  }
}
