import type { KubeObject } from '../kube/object.ts';
import { Resource } from '../manifest/resource.ts';
import type { MeshOptions } from '../model/mesh.ts';
import { mergeMeshConfigs } from '../pipeline/mesh-configs.ts';
import { loadValidators } from '../schema/validate.ts';

export type Configuration = Pick<MeshOptions, 'meshConfig' | 'meshConfigResource' | 'meshNetworksResource'>;

/**
 * The mesh configuration that a ConfigMap has, on top of the built-in one.
 *
 * @param map undefined: there is none, and the built-in configuration counts
 * @returns the configuration; what is wrong with it, where it is not to be used
 */
export async function readConfiguration(map: KubeObject | undefined, istioNamespace: string): Promise<{ configuration: Configuration; problems: string[] }> {
  const resource = map && new Resource(map, 'ConfigMap', istioNamespace, undefined);
  const { problems, ...configuration } = await mergeMeshConfigs(resource, { istioNamespace, preset: 'recommended' });
  const said = problems.map(({ text }) => text);
  if (said.length === 0) {
    const validate = await loadValidators(['MeshConfig', 'MeshNetworks'], false);
    const { meshConfigResource, meshNetworksResource } = configuration;
    for (const one of [meshConfigResource, meshNetworksResource])
      if (one) said.push(...validate(one).flatMap(({ level, text, path }) => (level === 'Error' ? [`${(path ?? []).join('.')}: ${text}`] : [])));
  }
  return { configuration, problems: said };
}
