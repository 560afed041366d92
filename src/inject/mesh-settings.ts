// What injection asks of the mesh, from the text of a mesh configuration.
import type { MeshConfig } from '../manifest/istio/mesh.gen.ts';
import { formatPath } from '../manifest/problem.ts';
import { isMap } from '../model/untyped.ts';
import { decodeMessage } from '../schema/decode.ts';
import { InjectionError } from './error.ts';
import { fieldOfConfigMap } from './read-config.ts';
import type { MeshSettings } from './settings.ts';

/**
 * @param written YAML or JSON: the configuration, or the ConfigMap with it under the key `mesh`
 * @throws InjectionError for what is no mesh configuration
 */
export function parseMeshSettings(written: string): MeshSettings {
  const value = fieldOfConfigMap(written, 'mesh');
  if (!isMap(value)) throw new InjectionError('the mesh configuration has to be a map');
  const [error] = decodeMessage('istio.mesh.v1alpha1.MeshConfig', value, []).errors;
  if (error) throw new InjectionError(`the mesh configuration: ${formatPath(error.path)} ${error.text}`);
  const { enablePrometheusMerge, defaultConfig } = value as MeshConfig;
  return {
    ...(enablePrometheusMerge === undefined ? {} : { enablePrometheusMerge }),
    ...(defaultConfig === undefined ? {} : { defaultConfig }),
  };
}
